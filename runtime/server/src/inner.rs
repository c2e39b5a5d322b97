//! What all connections of one server share.

use std::sync::Arc;

use hap::Runtime;
use tokio_util::sync::CancellationToken;

use crate::auth::AuthProvider;
use crate::catalog::Catalog;
use crate::limits::Limits;
use crate::methods::Caller;
use crate::rpc::Methods;
use crate::runs::Runs;
use crate::settings::Settings;

/// What all connections share.
pub(crate) struct Inner {
    pub(crate) runtime: Runtime,
    pub(crate) catalog: Catalog,
    pub(crate) runs: Arc<Runs>,
    pub(crate) settings: Settings,
    pub(crate) auth: Arc<dyn AuthProvider>,
    pub(crate) methods: Methods<Caller>,
    pub(crate) limits: Arc<Limits>,
    /// Cancelled when the server begins to shut down, for whoever waits for messages without an end.
    pub(crate) stopping: CancellationToken,
    /// One for each request that is worked on.
    pub(crate) requests: tokio::sync::Semaphore,
}
