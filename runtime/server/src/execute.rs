//! Executing an agent or a graph for a caller: within its places and its time, waited for or detached.

use std::sync::Arc;
use std::time::Duration;

use hap::{Identity, Limit, LoadedGraph, RunOutcome};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::auth::Scope;
use crate::methods::Caller;
use crate::resources;
use crate::rpc::{Code, RpcError};
use crate::runs::{Asked, RunEntry, Subject};

/// The longest idempotency key, in bytes.
const MAX_KEY_BYTES: usize = 200;

/// The longest text of a context, in bytes.
const MAX_CONTEXT_BYTES: usize = 256;

/// How an execution is asked for.
#[derive(Default, Deserialize, JsonSchema)]
pub(crate) struct Execution {
    /// Who asks, for correlation only.
    #[serde(default)]
    context: Option<ProtocolContext>,
    /// How long it may take, in milliseconds, within the server's own bound.
    #[serde(default)]
    #[schemars(range(min = 1))]
    timeout_ms: Option<u64>,
    /// Whether to answer with the run's id at once.
    #[serde(default)]
    detached: bool,
    /// The same key gives the same run, so a call can be sent again.
    #[serde(default)]
    #[schemars(length(min = 1, max = MAX_KEY_BYTES))]
    idempotency_key: Option<String>,
    /// Whether the run's events are sent on the connection that it is asked for on.
    #[serde(default)]
    subscribe: bool,
}

/// Who asks, as the original HAP's requests say it.
/// It is recorded with the run and believed by nobody: who the caller is, its credentials say.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub(crate) struct ProtocolContext {
    /// The session that the call belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_CONTEXT_BYTES))]
    session_id: Option<String>,
    /// The user on whose behalf the caller asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_CONTEXT_BYTES))]
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

/// What an execution has come to.
pub(crate) enum Started {
    /// The run's id: it goes on.
    Detached(String),
    /// How it ended.
    Finished(Arc<RunOutcome>),
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
    let subscription = if execution.subscribe {
        caller.require(Scope::RunRead, Some(subject.name()))?;
        let connection = caller.connection().map_err(|_| no_notifications())?;
        Some((connection, connection.subscription()?))
    } else {
        None
    };
    let detached = execution.detached;
    let run = start(caller, loaded, input, params, subject, execution, limit).await?;
    let told = subscription.map(|(connection, place)| connection.subscribe(place, run.clone(), 0));
    if detached {
        run.keep_going();
        return Ok(Started::Detached(run.id.clone()));
    }
    let outcome = wait(caller, &run).await?;
    if let Some(mut told) = told {
        // The answer comes behind the last event. That the sender is gone is what is waited for.
        let _ = told.changed().await;
    }
    Ok(Started::Finished(outcome))
}

/// Starts `loaded` for a caller, for at most `limit`, unless the run of the same key is there already.
///
/// # Errors
/// When the execution cannot be used, and when there is no place for it.
pub(crate) async fn start(
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
        offered: server.catalog.offers(&caller.principal.tenant, &subject),
        subject,
        context: execution.context,
        key,
    };
    match server.runs.known(&caller.principal, &asked)? {
        Some(run) => Ok(run),
        None => begin(caller, loaded, input, asked, time).await,
    }
}

/// Waits for the end of a run, for as long as the caller does.
///
/// # Errors
/// When the caller has cancelled the call, and the run goes on for others.
pub(crate) async fn wait(caller: &Caller, run: &RunEntry) -> Result<Arc<RunOutcome>, RpcError> {
    let cancels = caller.server.settings.cancel_on_disconnect;
    let outcome = run.waited_for(cancels, caller.cancelled()).await;
    outcome.ok_or_else(|| {
        let error = RpcError::new(
            Code::Cancelled,
            "the call was cancelled, and others wait for its run",
        );
        error.with("run_id", run.id.clone())
    })
}

/// Starts a run within what is left to the tenant, when it is the tenant's turn.
async fn begin(
    caller: &Caller,
    loaded: &LoadedGraph,
    input: String,
    asked: Asked,
    time: Duration,
) -> Result<Arc<RunEntry>, RpcError> {
    let server = &caller.server;
    let tenant = &caller.principal.tenant;
    // Who has nothing left need not wait to be told so; and while one waits, others spend.
    server.limits.left(tenant)?;
    let place = server.runs.place(tenant).await?;
    let left = server.limits.left(tenant)?;
    let identity = identity(caller, asked.context.as_ref());
    server.runs.start_once(&caller.principal, asked, place, || {
        let mut options = server.runtime.run_options().clone();
        let milliseconds = u64::try_from(time.min(left.time).as_millis()).unwrap_or(u64::MAX);
        options.run_budget = lowered(options.run_budget, milliseconds);
        options.budget = lowered(options.budget, milliseconds);
        let fuel = options.run_budget.get(Limit::Fuel).min(left.fuel);
        options.run_budget = options.run_budget.with(Limit::Fuel, fuel);
        options.resources = Arc::new(resources::of(caller));
        options.identity = Arc::new(identity);
        let started = server.runtime.start_with(loaded, input, options);
        started.map_err(|error| RpcError::invalid_params(error.to_string()))
    })
}

fn no_notifications() -> RpcError {
    let problem = "`subscribe`: this transport carries no notifications";
    let hint = "use a WebSocket or standard streams, or read `/runs/RUN/events`";
    RpcError::invalid_params(problem)
        .with("param", "subscribe")
        .hint(hint)
}

/// Who asks, for agents that a graph grants it: what the credentials say, and where they say nothing of a session, the
/// caller's own word.
fn identity(caller: &Caller, context: Option<&ProtocolContext>) -> Identity {
    let principal = &caller.principal;
    let said = || context.and_then(|context| context.session_id.as_ref()).cloned();
    Identity {
        request_id: caller.request.as_deref().map(str::to_owned),
        session_id: principal.session.clone().or_else(said),
        user: Some(principal.user.clone()),
        scopes: principal.scopes.iter().map(ToString::to_string).collect(),
    }
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
