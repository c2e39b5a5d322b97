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
}

impl Inner {
    /// The methods as an OpenRPC document.
    pub(crate) fn document(&self) -> &serde_json::Value {
        self.document.get_or_init(|| methods::document(&self.methods))
    }
}
