//! What all connections of one server share.

use std::sync::{Arc, OnceLock};

use hap::Runtime;
use tokio::sync::watch;

use crate::auth::{AuthProvider, TenantId};
use crate::catalog::Catalog;
use crate::http::Stopping;
use crate::limits::Limits;
use crate::methods::{self, Caller};
use crate::rpc::{Code, Methods, RpcError};
use crate::runs::Runs;
use crate::settings::Settings;
use crate::telemetry::Telemetry;
use crate::turns::{Turn, Turns};

/// What all connections share.
pub(crate) struct Inner {
    pub(crate) runtime: Runtime,
    pub(crate) catalog: Catalog,
    pub(crate) runs: Arc<Runs>,
    pub(crate) settings: Settings,
    pub(crate) auth: Arc<dyn AuthProvider>,
    pub(crate) methods: Methods<Caller>,
    pub(crate) limits: Arc<Limits>,
    /// The methods as an OpenRPC document, made when it is asked for first.
    pub(crate) document: OnceLock<serde_json::Value>,
    /// One for each request that is worked on.
    pub(crate) requests: Arc<Turns>,
    /// Whether connections may stay.
    pub(crate) stopping: watch::Sender<Stopping>,
    pub(crate) telemetry: Arc<Telemetry>,
}

impl Inner {
    /// The methods as an OpenRPC document.
    pub(crate) fn document(&self) -> &serde_json::Value {
        self.document.get_or_init(|| methods::document(&self.methods))
    }

    /// A place for one more request that is worked on, when it is the tenant's turn. Safe to cancel.
    ///
    /// # Errors
    /// When the turn does not come in time.
    pub(crate) async fn turn(&self, tenant: &TenantId) -> Result<Turn, RpcError> {
        let _waiting = self.telemetry.waits();
        let turn = tokio::time::timeout(self.settings.queue_time, self.requests.take(tenant)).await;
        turn.ok().flatten().ok_or_else(|| {
            let message = "the server has too many requests to work on";
            RpcError::new(Code::Unavailable, message).with("retry_after_ms", 1000)
        })
    }

    /// Why the server is not to be given work, as a line.
    pub(crate) fn not_ready(&self) -> Option<&'static str> {
        if self.runs.is_draining() {
            return Some("shutting down\n");
        }
        (!self.catalog.was_read()).then_some("the folders are not read yet\n")
    }
}
