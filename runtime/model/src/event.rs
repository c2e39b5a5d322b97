//! Events: what happens in a run, in one order. Everything that watches a run (terminal, server, journal) is a
//! reader of these.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::failure::Failure;
use crate::id::{NodeId, RunId};
use crate::json::Json;
use crate::outcome::{NodeStatus, RunStatus};

/// The importance of a log record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the five levels of every logging library")]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Level::Trace => "trace",
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        })
    }
}

/// Where a log record came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogSource {
    /// The `log` interface.
    Log,
    /// A line on standard output.
    Stdout,
    /// A line on standard error.
    Stderr,
    /// The host itself, about what the agent did: that it was refused something.
    Host,
}

/// One log record of an agent's. Its text is capped and free of control characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogRecord {
    /// How important it is.
    pub level: Level,
    /// How it was written.
    pub source: LogSource,
    /// The text.
    pub message: String,
    /// Further fields, a JSON value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fields: Option<Json>,
}

/// How far an agent says it has come.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Progress {
    /// A short line for people.
    Status(String),
    /// From 0 to 1.
    Fraction(f32),
    /// A piece of the output to come. Only a preview: it is never merged.
    Partial(Json),
}

/// One thing that happened in a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    /// Counts the run's events from 0, without gaps.
    pub sequence: u64,
    /// Since the start of the run.
    #[serde(rename = "elapsed_us", serialize_with = "microseconds")]
    pub elapsed: Duration,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

fn microseconds<S: serde::Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(value.as_micros() as u64)
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum EventKind {
    /// The run began. Always the first event.
    RunStarted {
        /// The run.
        run: RunId,
        /// How many nodes the graph has.
        nodes: usize,
    },
    /// An attempt of a node began.
    NodeStarted {
        /// The node.
        node: NodeId,
        /// 1 on the first attempt.
        attempt: u32,
    },
    /// An agent told how far it has come.
    NodeProgress {
        /// The node.
        node: NodeId,
        /// How far.
        progress: Progress,
    },
    /// An agent wrote a log record.
    NodeLog {
        /// The node.
        node: NodeId,
        /// The record.
        record: LogRecord,
    },
    /// A node reached its final status. Exactly one for every node of the graph.
    NodeFinished {
        /// The node.
        node: NodeId,
        /// How it ended.
        #[serde(flatten)]
        status: NodeStatus,
        /// Fuel spent by all attempts.
        fuel: u64,
        /// The most memory that an attempt held, in bytes.
        memory_bytes: u64,
        /// The time from the first attempt's start to the end.
        #[serde(rename = "duration_us", serialize_with = "microseconds")]
        duration: Duration,
        /// Why, when it did not end well.
        #[serde(skip_serializing_if = "Option::is_none")]
        failure: Option<Arc<Failure>>,
    },
    /// The run ended. Always the last event.
    RunFinished {
        /// How.
        status: RunStatus,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            EventKind::RunStarted { run, nodes } => write!(f, "run {run} started: {nodes} nodes"),
            EventKind::NodeStarted { node, attempt: 1 } => write!(f, "{node}: started"),
            EventKind::NodeStarted { node, attempt } => write!(f, "{node}: started, attempt {attempt}"),
            EventKind::NodeProgress { node, progress } => match progress {
                Progress::Status(status) => write!(f, "{node}: {status}"),
                Progress::Fraction(fraction) => write!(f, "{node}: {:.0} %", fraction * 100.0),
                Progress::Partial(_) => write!(f, "{node}: partial output"),
            },
            EventKind::NodeLog { node, record } => write!(f, "{node}: {}: {}", record.level, record.message),
            EventKind::NodeFinished {
                node,
                status,
                failure: Some(failure),
                ..
            } => {
                write!(f, "{node}: {}: {failure}", status.name())
            }
            EventKind::NodeFinished { node, status, .. } => write!(f, "{node}: {}", status.name()),
            EventKind::RunFinished { status } => write!(f, "run finished: {status}"),
        }
    }
}

/// Receives the events of runs, each run's in order.
///
/// It is called on the threads that run nodes, so it must be quick and must not block.
pub trait EventSink: Send + Sync {
    /// Takes one event of a run.
    fn event(&self, run: &RunId, event: &Event);
}
