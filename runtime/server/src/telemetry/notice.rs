//! What the operator may log as it happens. No input, no output and no secret is in it.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use serde::Serialize;

/// One thing that happened. Serialized, `event` says which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Notice {
    /// A request was answered. Of a stream, it is the beginning that is told.
    Request {
        /// The method of HTTP.
        method: String,
        /// The route that took it, such as `/runs/{run}/events`; `other` where there was none.
        route: String,
        /// The status of HTTP.
        status: u16,
        /// The address that it came from, where that is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        peer: Option<IpAddr>,
        /// How long it took, in microseconds.
        duration_us: u64,
        /// The trace that it belongs to.
        #[serde(skip_serializing_if = "Option::is_none")]
        trace_id: Option<String>,
    },
    /// A run began.
    RunStarted {
        /// The run.
        run_id: String,
        /// The tenant that it is of.
        tenant: String,
        /// The user who asked for it.
        user: String,
        /// `agent` or `graph`.
        kind: &'static str,
        /// The name of the agent or graph.
        name: String,
        /// The trace that it belongs to.
        #[serde(skip_serializing_if = "Option::is_none")]
        trace_id: Option<String>,
    },
    /// A run ended.
    RunFinished {
        /// The run.
        run_id: String,
        /// The tenant that it is of.
        tenant: String,
        /// How it ended.
        status: String,
        /// How long it took, in microseconds.
        duration_us: u64,
        /// The trace that it belongs to.
        #[serde(skip_serializing_if = "Option::is_none")]
        trace_id: Option<String>,
    },
}

/// Takes the notices, one call of it for each. It must be quick: requests and runs wait for it.
#[derive(Clone)]
pub struct Observer(Arc<dyn Fn(&Notice) + Send + Sync>);

impl Observer {
    /// Hands every notice to `take`.
    pub fn new(take: impl Fn(&Notice) + Send + Sync + 'static) -> Observer {
        Observer(Arc::new(take))
    }

    pub(crate) fn tell(&self, notice: &Notice) {
        (self.0)(notice);
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}
