//! The call that an agent serves: its params, and which call it is.

use crate::{Error, Result, host};
use serde::de::DeserializeOwned;
use std::time::Duration;

/// The call that is being served.
///
/// Only [`params`](Self::params) may shape the output. Everything else is for correlation and for stopping
/// early, so that equal requests keep getting equal answers.
#[derive(Debug)]
pub struct Context {
    params: String,
}

impl Context {
    pub(crate) fn new(params: String) -> Self {
        Self { params }
    }

    /// The node's settings from the graph, verbatim. An object; empty where the graph sets none.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput), naming the place, where the params do not fit `P`.
    pub fn params<P: DeserializeOwned>(&self) -> Result<P> {
        parse("params", &self.params)
    }

    /// The graph run. Unique among the runs of one host; safe to log.
    #[must_use]
    pub fn run_id(&self) -> String {
        host::run::id()
    }

    /// The node of the graph that this call serves.
    #[must_use]
    pub fn node(&self) -> String {
        host::run::node()
    }

    /// Names this activation of the node, the same on every attempt: hand it to the outside world as
    /// idempotency key.
    #[must_use]
    pub fn operation_id(&self) -> String {
        host::run::operation_id()
    }

    /// 1 on the first attempt, one more on each retry.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        host::run::attempt()
    }

    /// The time left before the host stops the call, on the real clock; `None` is no limit.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        host::run::remaining_ms().map(Duration::from_millis)
    }

    /// Whether the host has asked this call to stop. Poll it in long loops and return early.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        host::run::is_cancelled()
    }
}

/// Parses one side of a request, and names the place that does not fit.
pub(crate) fn parse<T: DeserializeOwned>(part: &str, json: &str) -> Result<T> {
    let mut text = serde_json::Deserializer::from_str(json);
    serde_path_to_error::deserialize(&mut text).map_err(|error| {
        let path = error.path().to_string();
        let reason = error.inner();
        // serde_path_to_error writes the root as a lone dot.
        let place = if path == "." {
            String::new()
        } else {
            format!(" at `{path}`")
        };
        Error::invalid_input(format!("`{part}` does not fit{place}: {reason}"))
            .with_details(serde_json::json!({ "part": part, "path": path }))
    })
}
