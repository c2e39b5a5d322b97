//! Executions: how they are asked for, and what comes of them.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

/// How an execution is asked for.
#[derive(Clone, Debug, Default)]
pub struct Execute {
    /// How long it may take at most, within the server's own bound.
    pub timeout: Option<Duration>,
    /// The same key gives the same run, so that a call can be sent again when the connection broke.
    pub idempotency_key: Option<String>,
}

impl Execute {
    pub(crate) fn params(self, key: &str, name: &str, input: Value) -> Value {
        let mut params = Map::new();
        params.insert(key.to_owned(), name.into());
        params.insert("input".to_owned(), input);
        if let Some(timeout) = self.timeout {
            let milliseconds = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
            params.insert("timeout_ms".to_owned(), milliseconds.into());
        }
        if let Some(key) = self.idempotency_key {
            params.insert("idempotency_key".to_owned(), key.into());
        }
        params.into()
    }
}

/// How a run of one agent ended.
#[derive(Clone, Debug, Deserialize)]
pub struct AgentResult {
    /// The run.
    pub run_id: String,
    /// `success`, `partial`, `error`, `timeout` or `cancelled`.
    pub status: String,
    /// What the agent answered with.
    pub output: Value,
    /// What it took: time, fuel, memory, logs.
    #[serde(default)]
    pub metadata: Value,
}

/// How a run of a graph ended.
#[derive(Clone, Debug, Deserialize)]
pub struct GraphResult {
    /// The run.
    pub run_id: String,
    /// `success`, `partial`, `error`, `timeout` or `cancelled`.
    pub status: String,
    /// What the nodes wrote.
    pub outputs: Value,
    /// The input, overlaid with what the nodes wrote.
    pub graph_context: Value,
    /// Why it failed, where no single node is to blame.
    #[serde(default)]
    pub failure: Option<Value>,
    /// One record a node, by name.
    pub agent_metadata: Value,
}
