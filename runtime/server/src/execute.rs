//! Executing an agent or a graph for a caller: within its places and its time, waited for or detached.

use std::sync::Arc;
use std::time::Duration;

use hap::{Limit, LoadedGraph, NodeRecord, RunOutcome};
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::methods::Caller;
use crate::rpc::RpcError;
use crate::runs::{Asked, RunEntry, Subject};

/// The longest idempotency key, in bytes.
const MAX_KEY_BYTES: usize = 200;

/// The longest text of a context, in bytes.
const MAX_CONTEXT_BYTES: usize = 256;

/// How an execution is asked for.
#[derive(Default, Deserialize)]
pub(crate) struct Execution {
    /// For correlation only.
    #[serde(default)]
    context: Option<ProtocolContext>,
    #[serde(default)]
    timeout_ms: Option<u64>,
    #[serde(default)]
    detached: bool,
    #[serde(default)]
    idempotency_key: Option<String>,
}

/// Who asks, as the original HAP's requests say it.
/// It is recorded with the run and believed by nobody: who the caller is, its credentials say.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct ProtocolContext {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<String>,
}

impl ProtocolContext {
    fn is_short(&self) -> bool {
        let texts = [&self.session_id, &self.user];
        texts
            .into_iter()
            .flatten()
            .all(|text| text.len() <= MAX_CONTEXT_BYTES)
    }
}

/// What an execution is answered with.
pub(crate) enum Started {
    /// The run's id: it goes on.
    Detached(String),
    /// How it ended.
    Finished(Finished),
}

/// A run that has ended.
pub(crate) struct Finished {
    pub(crate) outcome: Arc<RunOutcome>,
    /// The record of the one agent, where it was one.
    pub(crate) agent: Option<Arc<NodeRecord>>,
}

impl Serialize for Started {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Started::Detached(run) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("run_id", run)?;
                map.end()
            }
            Started::Finished(Finished {
                outcome,
                agent: Some(record),
            }) => {
                let mut map = serializer.serialize_map(Some(4))?;
                map.serialize_entry("run_id", &outcome.run_id)?;
                map.serialize_entry("status", &outcome.status)?;
                map.serialize_entry("output", &outcome.outputs)?;
                map.serialize_entry("metadata", record)?;
                map.end()
            }
            Started::Finished(finished) => finished.outcome.serialize(serializer),
        }
    }
}

/// Runs `loaded` for a caller, for at most `limit`.
pub(crate) async fn execute(
    caller: &Caller,
    loaded: &LoadedGraph,
    input: String,
    params: Option<&RawValue>,
    subject: Subject,
    execution: Execution,
    limit: Duration,
) -> Result<Started, RpcError> {
    let detached = execution.detached;
    let run = start(caller, loaded, input, params, subject, execution, limit)?;
    if detached {
        run.keep_going();
        return Ok(Started::Detached(run.id.clone()));
    }
    let outcome = run.waited_for(caller.server.settings.cancel_on_disconnect).await;
    Ok(Started::Finished(Finished { outcome, agent: None }))
}

/// Starts `loaded` for a caller, for at most `limit`.
pub(crate) fn start(
    caller: &Caller,
    loaded: &LoadedGraph,
    input: String,
    params: Option<&RawValue>,
    subject: Subject,
    execution: Execution,
    limit: Duration,
) -> Result<Arc<RunEntry>, RpcError> {
    let server = &caller.server;
    let key = execution.idempotency_key;
    if key
        .as_ref()
        .is_some_and(|key| key.is_empty() || key.len() > MAX_KEY_BYTES)
    {
        let message = format!("`idempotency_key` must have 1 to {MAX_KEY_BYTES} bytes");
        return Err(RpcError::invalid_params(message));
    }
    let time = match execution.timeout_ms {
        Some(0) => return Err(RpcError::invalid_params("`timeout_ms` must be more than zero")),
        Some(asked) => Duration::from_millis(asked).min(limit),
        None => limit,
    };
    if execution
        .context
        .as_ref()
        .is_some_and(|context| !context.is_short())
    {
        let message = format!("`context`: a text in it has more than {MAX_CONTEXT_BYTES} bytes");
        return Err(RpcError::invalid_params(message));
    }
    let asked = Asked {
        fingerprint: fingerprint(&subject, &input, params),
        subject,
        context: execution.context,
        key,
    };
    server.runs.start_once(&caller.principal, asked, || {
        let mut options = server.runtime.run_options().clone();
        let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        options.run_budget = lowered(options.run_budget, milliseconds);
        options.budget = lowered(options.budget, milliseconds);
        let started = server.runtime.start_with(loaded, input, options);
        started.map_err(|error| RpcError::invalid_params(error.to_string()))
    })
}

/// Tells whether two executions with one key ask for the same.
fn fingerprint(subject: &Subject, input: &str, params: Option<&RawValue>) -> [u8; 32] {
    let (kind, name) = match subject {
        Subject::Agent(name) => ("agent", name),
        Subject::Graph(name) => ("graph", name),
    };
    let mut hash = Sha256::new();
    for text in [kind, name, input, params.map_or("", RawValue::get)] {
        // The lengths keep the texts apart.
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    }
    hash.finalize().into()
}

fn lowered(budget: hap::Budget, milliseconds: u64) -> hap::Budget {
    let time = budget.get(Limit::WallTime).min(milliseconds.max(1));
    budget.with(Limit::WallTime, time)
}
