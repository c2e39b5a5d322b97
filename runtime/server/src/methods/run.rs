//! `run/get`, `run/list`, `run/cancel`, `run/events`.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hap::{RunId, RunOutcome};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Access, Caller, Table};
use crate::auth::Scope;
use crate::execute::ProtocolContext;
use crate::rpc::{Code, MethodSpec, NoParams, ParamSpec, RegisterError, RpcError};
use crate::runs::{Read, RunEntry, Subject};

/// How many events one call gives at most.
const MAX_EVENTS: usize = 1000;

#[derive(Deserialize, JsonSchema)]
struct Named {
    /// The run's id.
    run: String,
}

#[derive(Deserialize, JsonSchema)]
struct Events {
    /// The run's id.
    run: String,
    /// The number of the first event that is wanted; 0 unless given.
    #[serde(default)]
    after: Option<u64>,
    /// How long to wait for it, in milliseconds, within the server's own bound; 0 not at all.
    #[serde(default)]
    wait_ms: Option<u64>,
}

/// What is told of a run.
#[derive(JsonSchema, Serialize)]
pub(crate) struct RunInfo {
    #[schemars(with = "RunId")]
    run_id: String,
    #[serde(flatten)]
    subject: Subject,
    /// Who asked for it, as its credentials say.
    user: String,
    /// What the caller said about itself, for correlation.
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<ProtocolContext>,
    /// `running`, or how it ended.
    status: String,
    /// When it was started: milliseconds since 1970-01-01T00:00Z.
    started_unix_ms: u64,
    /// Only where one run is asked for, and it has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Arc<RunOutcome>>,
}

#[derive(JsonSchema, Serialize)]
struct RunList {
    runs: Vec<RunInfo>,
}

/// A piece of a run's events.
#[derive(JsonSchema, Serialize)]
struct RunEvents {
    /// The number to ask for next.
    next: u64,
    /// How many events were forgotten before they could be read.
    missed: u64,
    /// Whether there will be no more.
    ended: bool,
    #[schemars(with = "Vec<hap::Event>")]
    events: Vec<Box<RawValue>>,
}

pub(super) fn add(table: &mut Table) -> Result<(), RegisterError> {
    let named = const { &[ParamSpec::required("run")] };
    let get = MethodSpec::new("run/get")
        .aliases(&["runs/get"])
        .params(named)
        .errors(&[Code::NotFound])
        .summary("A run's status, and its outcome once it has ended.");
    table.add(get, Access::Any(Scope::RunRead), self::get)?;
    let list = MethodSpec::new("run/list")
        .aliases(&["runs/list"])
        .summary("The tenant's runs that the server knows of, the latest first.");
    table.add(list, Access::Any(Scope::RunRead), self::list)?;
    let cancel = MethodSpec::new("run/cancel")
        .aliases(&["runs/cancel"])
        .params(named)
        .errors(&[Code::NotFound])
        .summary("Asks a run to stop. A run that has ended is as it is.");
    table.add(cancel, Access::Any(Scope::RunCancel), self::cancel)?;
    let events = MethodSpec::new("run/events")
        .aliases(&["runs/events"])
        .params(
            const {
                &[
                    ParamSpec::required("run"),
                    ParamSpec::optional("after"),
                    ParamSpec::optional("wait_ms"),
                ]
            },
        )
        .errors(&[Code::NotFound])
        .summary("A run's events from a number on, waiting for the next where there are none yet.");
    table.add(events, Access::Any(Scope::RunRead), self::events)
}

/// The run, if it is the tenant's and the caller may do `scope` on what it is of.
pub(crate) fn find(caller: &Caller, id: &str, scope: Scope) -> Result<Arc<RunEntry>, RpcError> {
    let run = caller.server.runs.get(&caller.principal.tenant, id);
    let run = run.ok_or_else(|| RpcError::new(Code::NotFound, "there is no such run"))?;
    caller.require(scope, Some(run.asked.subject.name()))?;
    Ok(run)
}

fn info(run: &RunEntry, with_outcome: bool) -> RunInfo {
    let outcome = run.outcome_now();
    let since_epoch = run
        .started
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    RunInfo {
        run_id: run.id.clone(),
        subject: run.asked.subject.clone(),
        user: run.user.clone(),
        context: run.asked.context.clone(),
        status: outcome
            .as_ref()
            .map_or("running".to_owned(), |outcome| outcome.status.to_string()),
        started_unix_ms: u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX),
        outcome: outcome.filter(|_| with_outcome),
    }
}

async fn get(caller: Caller, named: Named) -> Result<RunInfo, RpcError> {
    about(&caller, &named.run)
}

/// What a run is, for a caller who may know.
pub(crate) fn about(caller: &Caller, id: &str) -> Result<RunInfo, RpcError> {
    Ok(info(&*find(caller, id, Scope::RunRead)?, true))
}

async fn list(caller: Caller, _: NoParams) -> Result<RunList, RpcError> {
    let runs = caller.server.runs.list(&caller.principal.tenant);
    let visible = runs
        .iter()
        .filter(|run| caller.may(Scope::RunRead, run.asked.subject.name()));
    Ok(RunList {
        runs: visible.map(|run| info(run, false)).collect(),
    })
}

async fn cancel(caller: Caller, named: Named) -> Result<RunInfo, RpcError> {
    let run = find(&caller, &named.run, Scope::RunCancel)?;
    run.cancel();
    Ok(info(&run, false))
}

async fn events(caller: Caller, asked: Events) -> Result<RunEvents, RpcError> {
    let run = find(&caller, &asked.run, Scope::RunRead)?;
    let from = asked.after.unwrap_or_default();
    let limit = caller.server.settings.long_poll;
    let wait = asked
        .wait_ms
        .map_or(limit, |asked| Duration::from_millis(asked).min(limit));
    let read = tokio::time::timeout(wait, run.log.next(from, MAX_EVENTS));
    let read = tokio::select! {
        read = read => read,
        () = caller.cancelled() => return Err(RpcError::new(Code::Cancelled, "the call was cancelled")),
    };
    Ok(match read {
        Err(_) => RunEvents {
            next: from,
            missed: 0,
            ended: false,
            events: Vec::new(),
        },
        Ok(Read::End) => RunEvents {
            next: from,
            missed: 0,
            ended: true,
            events: Vec::new(),
        },
        Ok(Read::Events {
            first,
            missed,
            events,
        }) => RunEvents {
            next: first + events.len() as u64,
            missed,
            ended: false,
            // The server wrote them itself.
            events: events
                .iter()
                .filter_map(|kept| RawValue::from_string(kept.text.to_string()).ok())
                .collect(),
        },
    })
}
