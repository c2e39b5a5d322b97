//! The events of a run that a client of MCP is told: progress where it gave a token for it, log records where it
//! asked for them. A client that reads slowly keeps nothing waiting but its own answer; of what is forgotten
//! meanwhile it is not told.

#![expect(
    deprecated,
    reason = "the protocol is giving up logging, and the versions in use have it"
)]

use rmcp::model::{LoggingLevel, LoggingMessageNotificationParam, ProgressNotificationParam, ProgressToken};
use rmcp::{Peer, RoleServer};
use serde::Deserialize;
use serde_json::{Value, json};

use super::progress::Progress;
use crate::runs::{Read, RunEntry};

/// How many events are taken from a run's log at one time.
const PIECE: usize = 64;

/// What is read of an event.
#[derive(Deserialize)]
pub(super) struct Told {
    pub(super) event: String,
    #[serde(default)]
    pub(super) node: Option<String>,
    #[serde(default)]
    pub(super) nodes: Option<usize>,
    #[serde(default)]
    pub(super) progress: Option<ToldProgress>,
    #[serde(default)]
    pub(super) item: Option<usize>,
    #[serde(default)]
    pub(super) items: Option<usize>,
    #[serde(default)]
    pub(super) status: Option<String>,
    #[serde(default)]
    record: Option<Record>,
}

#[derive(Deserialize)]
pub(super) struct ToldProgress {
    #[serde(default)]
    pub(super) status: Option<String>,
    #[serde(default)]
    pub(super) fraction: Option<f64>,
}

#[derive(Deserialize)]
struct Record {
    level: String,
    message: String,
    #[serde(default)]
    fields: Option<Value>,
}

/// What a client wants to be told of a run.
pub(super) struct Wanted {
    pub(super) progress: Option<ProgressToken>,
    pub(super) log: Option<LoggingLevel>,
}

/// Tells a client the events of a run, until the run has ended or the client is gone.
pub(super) async fn tell(run: &RunEntry, wanted: Wanted, peer: &Peer<RoleServer>) {
    if wanted.progress.is_none() && wanted.log.is_none() {
        return;
    }
    let (mut progress, mut next) = (Progress::default(), 0);
    while let Read::Events { first, events, .. } = run.log.next(next, PIECE).await {
        next = first + events.len() as u64;
        for event in &events {
            // The server wrote them itself; of kinds that are not read here, nothing is needed.
            let Ok(told) = serde_json::from_str::<Told>(&event.text) else {
                continue;
            };
            if send(&told, &mut progress, &wanted, peer).await.is_none() {
                return;
            }
        }
    }
}

/// `None` when the client is gone.
async fn send(told: &Told, progress: &mut Progress, wanted: &Wanted, peer: &Peer<RoleServer>) -> Option<()> {
    if let Some(token) = &wanted.progress
        && let Some(step) = progress.take(told)
    {
        let mut params = ProgressNotificationParam::new(token.clone(), step.progress).with_total(step.total);
        params.message = step.message;
        peer.notify_progress(params).await.ok()?;
    }
    if let (Some(least), Some(record)) = (wanted.log, &told.record) {
        let level = level(&record.level);
        if severity(level) >= severity(least) {
            let data = match &record.fields {
                Some(fields) => json!({ "message": record.message, "fields": fields }),
                None => Value::from(record.message.clone()),
            };
            let params = LoggingMessageNotificationParam::new(level, data);
            let params = params.with_logger(told.node.clone().unwrap_or_default());
            peer.notify_logging_message(params).await.ok()?;
        }
    }
    Some(())
}

fn level(level: &str) -> LoggingLevel {
    match level {
        "error" => LoggingLevel::Error,
        "warn" => LoggingLevel::Warning,
        "info" => LoggingLevel::Info,
        _ => LoggingLevel::Debug,
    }
}

/// The levels in the order of RFC 5424, the least important first.
fn severity(level: LoggingLevel) -> u8 {
    match level {
        LoggingLevel::Debug => 0,
        LoggingLevel::Info => 1,
        LoggingLevel::Notice => 2,
        LoggingLevel::Warning => 3,
        LoggingLevel::Error => 4,
        LoggingLevel::Critical => 5,
        LoggingLevel::Alert => 6,
        LoggingLevel::Emergency => 7,
    }
}
