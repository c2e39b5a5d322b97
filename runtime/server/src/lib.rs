//! The HAP server: agents and graphs over JSON-RPC 2.0, for callers that have shown who they are, each within scopes and
//! quotas. Runs can be waited for or left alone, watched while they go on, and cancelled.
//!
//! A server stands alone or within another axum service:
//!
//! ```no_run
//! use std::sync::Arc;
//! use hap_server::auth::{OneToken, Scopes, TenantId};
//!
//! # async fn start() -> Result<(), Box<dyn std::error::Error>> {
//! let (auth, token) = OneToken::make(TenantId::local(), "operator", Scopes::all())?;
//! let runtime = hap::Runtime::builder().agents_dir("agents").build()?;
//! let server = hap_server::Server::builder(runtime, Arc::new(auth))
//!     .agents_dir("agents")
//!     .graphs_dir("graphs")
//!     .build()
//!     .await?;
//! eprintln!("token: {}", token.expose());
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
//! server.serve(listener, std::future::pending()).await?;
//! # Ok(()) }
//! ```

mod audit;
pub mod auth;
mod catalog;
mod execute;
mod http;
mod inner;
mod limits;
mod methods;
pub mod rpc;
mod runs;
mod settings;
mod stdio;
mod telemetry;

use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hap::Runtime;
use tokio::net::TcpListener;

pub use audit::{Audit, AuditRecord};
use auth::{AuthProvider, Principal};
use catalog::Catalog;
pub use catalog::{CatalogChange, Change, Offered};
use inner::Inner;
use runs::Runs;
pub use settings::Settings;
pub use telemetry::{Notice, Observer, Traces, TracesError};

/// A server. Cheap to clone; clones are the same server.
#[derive(Clone)]
pub struct Server(Arc<Inner>);

/// Why a server cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Two methods have one name: a fault of this crate.
    #[error(transparent)]
    Methods(#[from] rpc::RegisterError),
}

/// Builds a [`Server`].
pub struct ServerBuilder {
    runtime: Runtime,
    auth: Arc<dyn AuthProvider>,
    agents: Vec<PathBuf>,
    graphs: Vec<PathBuf>,
    settings: Settings,
    traces: Option<Traces>,
}

impl ServerBuilder {
    /// Adds a folder of agents: components, beside each other or in one folder a namespace. The runtime must know the
    /// folder too, so that graphs can name them.
    pub fn agents_dir(mut self, folder: impl Into<PathBuf>) -> ServerBuilder {
        self.agents.push(folder.into());
        self
    }

    /// Adds a folder of graph files.
    pub fn graphs_dir(mut self, folder: impl Into<PathBuf>) -> ServerBuilder {
        self.graphs.push(folder.into());
        self
    }

    /// Replaces the bounds.
    pub fn settings(mut self, settings: Settings) -> ServerBuilder {
        self.settings = settings;
        self
    }

    /// Sends a trace of every request and run. Whoever made `traces` [shuts it down](Traces::shutdown) after the server.
    pub fn traces(mut self, traces: Traces) -> ServerBuilder {
        self.traces = Some(traces);
        self
    }

    /// Gives the server. It offers what is in the folders once [`Server::refresh`] or [`Server::watch`] has read them.
    ///
    /// # Errors
    /// When this crate has a fault.
    pub async fn build(self) -> Result<Server, BuildError> {
        let settings = self.settings;
        let methods = methods::table(rpc::Settings {
            batch: settings.max_batch,
            ..rpc::Settings::default()
        })?;
        let graphs_per_tenant = settings.max_graphs_per_tenant;
        let telemetry = telemetry::Telemetry::new(&settings, self.traces);
        Ok(Server(Arc::new(Inner {
            catalog: Catalog::new(self.runtime.clone(), self.agents, self.graphs, graphs_per_tenant),
            runtime: self.runtime,
            runs: Runs::new(settings.clone(), telemetry.clone()),
            auth: self.auth,
            methods,
            limits: limits::Limits::new(&settings),
            requests: tokio::sync::Semaphore::new(settings.max_requests),
            settings,
            telemetry,
        })))
    }
}

impl Server {
    /// A builder. `runtime` runs what is asked for; `auth` knows who asks.
    pub fn builder(runtime: Runtime, auth: Arc<dyn AuthProvider>) -> ServerBuilder {
        ServerBuilder {
            runtime,
            auth,
            agents: Vec::new(),
            graphs: Vec::new(),
            settings: Settings::default(),
            traces: None,
        }
    }

    /// The routes, to be nested in another service. That service sees to TLS and to the bounds of connections.
    pub fn router(&self) -> axum::Router {
        http::router(self.0.clone())
    }

    /// Reads what changed in the folders of agents and graphs, and tells it. The server is ready once that was done.
    pub async fn refresh(&self) -> Vec<CatalogChange> {
        self.0.catalog.refresh().await
    }

    /// The names of the agents and of the graphs that the folders hold and that can be used.
    pub fn offered(&self) -> (Vec<String>, Vec<String>) {
        self.0.catalog.offered()
    }

    /// Reads the folders again and again, every `pause`, and hands what changed to `tell`; and forgets finished runs at their
    /// age, which otherwise happens when runs are asked for. Never ends.
    pub async fn watch(&self, pause: Duration, tell: impl Fn(CatalogChange)) {
        loop {
            self.0.runs.forget_old();
            self.refresh().await.into_iter().for_each(&tell);
            tokio::time::sleep(pause).await;
        }
    }

    /// Serves HTTP until `stop` is ready. Then no further run is taken in, those under way have
    /// [`Settings::drain`] to end, and what is left is cancelled.
    ///
    /// # Errors
    /// None at present; connections that break are no errors.
    pub async fn serve(&self, listener: TcpListener, stop: impl Future<Output = ()>) -> io::Result<()> {
        http::serve(
            listener,
            self.router(),
            &self.0.settings,
            stop,
            self.0.runs.drain(),
        )
        .await
    }

    /// Serves one caller over a pair of streams, such as standard input and output, until the input ends.
    ///
    /// # Errors
    /// When a stream breaks.
    pub async fn serve_streams(
        &self,
        input: impl tokio::io::AsyncRead + Unpin,
        output: impl tokio::io::AsyncWrite + Unpin,
        principal: Principal,
    ) -> io::Result<()> {
        stdio::serve(self.0.clone(), input, output, principal).await
    }
}
