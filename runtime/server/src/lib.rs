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
mod connection;
mod execute;
mod http;
mod inner;
mod limits;
mod mcp;
mod methods;
mod progress;
mod quota;
mod resources;
pub mod rpc;
mod runs;
mod settings;
mod stdio;
mod telemetry;
mod tls;
mod turns;

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
pub use progress::{ProgressHandler, ProgressState, RunOf};
pub use quota::Quota;
use runs::Runs;
pub use settings::Settings;
pub use telemetry::{Notice, Observer, Traces, TracesError};
pub use tls::{Tls, TlsError};

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
    /// [`Settings::documents_uri`] cannot stand before a document's name.
    #[error("`{uri}` cannot stand before the names of documents: write a URI such as `hap://documents/`")]
    DocumentsUri {
        /// What it is.
        uri: String,
    },
}

/// Builds a [`Server`].
pub struct ServerBuilder {
    runtime: Runtime,
    auth: Arc<dyn AuthProvider>,
    agents: Vec<PathBuf>,
    agent_files: Vec<(String, PathBuf)>,
    graphs: Vec<PathBuf>,
    settings: Settings,
    progress: Option<Arc<dyn ProgressHandler>>,
    traces: Option<Traces>,
}

impl ServerBuilder {
    /// Adds a folder of agents: components, beside each other or in one folder a namespace. The runtime must know the
    /// folder too, so that graphs can name them.
    pub fn agents_dir(mut self, folder: impl Into<PathBuf>) -> ServerBuilder {
        self.agents.push(folder.into());
        self
    }

    /// Adds one component under a name, such as what a project makes: it may come, change and go like those of folders.
    pub fn agent_file(mut self, name: impl Into<String>, path: impl Into<PathBuf>) -> ServerBuilder {
        self.agent_files.push((name.into(), path.into()));
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

    /// Tells `handler` every event of every run.
    pub fn progress(mut self, handler: Arc<dyn ProgressHandler>) -> ServerBuilder {
        self.progress = Some(handler);
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
    /// When a setting cannot be used, and when this crate has a fault.
    pub async fn build(self) -> Result<Server, BuildError> {
        let settings = self.settings;
        if !mcp::is_documents_uri(&settings.documents_uri) {
            let uri = hap::sanitize(&settings.documents_uri, 200);
            return Err(BuildError::DocumentsUri { uri });
        }
        let methods = methods::table(rpc::Settings {
            batch: settings.max_batch,
            ..rpc::Settings::default()
        })?;
        let limits = limits::Limits::new(&settings);
        let telemetry = telemetry::Telemetry::new(&settings, self.traces);
        Ok(Server(Arc::new(Inner {
            catalog: Catalog::new(self.runtime.clone(), self.agents, self.agent_files, self.graphs),
            runtime: self.runtime,
            runs: Runs::new(
                settings.clone(),
                limits.clone(),
                telemetry.clone(),
                self.progress.map(progress::Teller::start),
            ),
            auth: self.auth,
            methods,
            document: std::sync::OnceLock::new(),
            limits,
            requests: turns::Turns::new(settings.max_requests),
            stopping: tokio::sync::watch::Sender::default(),
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
            agent_files: Vec::new(),
            graphs: Vec::new(),
            settings: Settings::default(),
            progress: None,
            traces: None,
        }
    }

    /// The bounds that it keeps.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The routes, to be nested in another service. That service sees to TLS and to the bounds of connections.
    pub fn router(&self) -> axum::Router {
        http::router(self.0.clone())
    }

    /// Reads what changed in the folders of agents and graphs and in the files of the certificate, and tells it. The server
    /// is ready once that was done.
    pub async fn refresh(&self) -> Vec<CatalogChange> {
        let mut changes = self.0.catalog.refresh().await;
        if let Some(tls) = &self.0.settings.tls {
            changes.extend(tls.refreshed());
        }
        changes
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
            &self.0.stopping,
            stop,
            self.0.runs.drain(),
        )
        .await
    }

    /// Calls a method for `principal`, within its scopes and quotas, without a socket: for a program that the server is part
    /// of. `params` is an object, a list, or nothing (`()`).
    ///
    /// ```no_run
    /// # async fn call(server: hap_server::Server) -> Result<(), hap_server::rpc::RpcError> {
    /// use hap_server::auth::Principal;
    /// use serde_json::json;
    ///
    /// let params = json!({ "name": "hello", "input": { "name": "Ada" } });
    /// let run = server.call(&Principal::local(), "graph/execute", &params).await?;
    /// println!("{}: {}", run["status"], run["outputs"]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Those of the method, which `rpc.discover` lists.
    pub async fn call(
        &self,
        principal: &Principal,
        method: &str,
        params: &impl serde::Serialize,
    ) -> Result<serde_json::Value, rpc::RpcError> {
        let call = rpc::Call {
            id: Some(rpc::Id::null()),
            method: method.to_owned(),
            params: rpc::Params::of(params)?,
        };
        let caller = methods::Caller::new(self.0.clone(), Arc::new(principal.clone()));
        let answer = self.0.methods.handle_call(caller, call).await;
        // What has an id is answered.
        let result = answer.ok_or_else(rpc::RpcError::internal)?.outcome?;
        serde_json::from_str(result.get()).map_err(|_| rpc::RpcError::internal())
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

    /// The same over the Model Context Protocol.
    ///
    /// # Errors
    /// When a stream breaks, or the client does not begin as the protocol wants it.
    pub async fn serve_mcp_streams(
        &self,
        input: impl tokio::io::AsyncRead + Send + Unpin + 'static,
        output: impl tokio::io::AsyncWrite + Send + Unpin + 'static,
        principal: Principal,
    ) -> io::Result<()> {
        mcp::serve_streams(self.0.clone(), input, output, principal).await
    }
}
