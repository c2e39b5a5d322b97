//! What all connections of one server share.

use std::sync::{Arc, OnceLock};

use hap::Runtime;

use crate::auth::AuthProvider;
use crate::catalog::Catalog;
use crate::limits::Limits;
use crate::methods::{self, Caller};
use crate::rpc::Methods;
use crate::runs::Runs;
use crate::settings::Settings;
use crate::telemetry::Telemetry;
use crate::turns::Turns;

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
    pub(crate) telemetry: Arc<Telemetry>,
}

impl Inner {
    /// The methods as an OpenRPC document.
    pub(crate) fn document(&self) -> &serde_json::Value {
        self.document.get_or_init(|| methods::document(&self.methods))
    }

    /// Why the server is not to be given work, as a line.
    pub(crate) fn not_ready(&self) -> Option<&'static str> {
        if self.runs.is_draining() {
            return Some("shutting down\n");
        }
        (!self.catalog.was_read()).then_some("the folders are not read yet\n")
    }
}
