//! Events: what happens in a run, in one order. Everything that watches a run (terminal, server, journal) is a
//! reader of these.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::failure::{Failure, HostCall};
use crate::id::RunId;
use crate::json::Json;
use crate::node_path::NodePath;
use crate::outcome::{NodeStatus, RunStatus};

/// The importance of a log record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Event {
    /// Counts the run's events from 0, without gaps.
    pub sequence: u64,
    /// Since the start of the run.
    #[serde(rename = "elapsed_us", serialize_with = "microseconds")]
    #[cfg_attr(feature = "schema", schemars(with = "u64"))]
    pub elapsed: Duration,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

fn microseconds<S: serde::Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(value.as_micros() as u64)
}

/// What an agent's circuit breaker lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum BreakerState {
    /// Every call.
    Closed,
    /// No call.
    Open,
    /// One call, to see whether it succeeds.
    HalfOpen,
}

impl fmt::Display for BreakerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BreakerState::Closed => "closed",
            BreakerState::Open => "open",
            BreakerState::HalfOpen => "half-open",
        })
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
        node: NodePath,
        /// 1 on the first attempt.
        attempt: u32,
    },
    /// An attempt failed, and another will be made.
    NodeRetrying {
        /// The node.
        node: NodePath,
        /// The attempt that failed.
        attempt: u32,
        /// How long until the next.
        #[serde(rename = "delay_us", serialize_with = "microseconds")]
        #[cfg_attr(feature = "schema", schemars(with = "u64"))]
        delay: Duration,
        /// Why it failed.
        failure: Arc<Failure>,
    },
    /// One item of a map is decided.
    ItemFinished {
        /// The map.
        node: NodePath,
        /// Which item, from 0.
        item: usize,
        /// How many there are.
        items: usize,
        /// Why it has no output, when it has none.
        #[serde(skip_serializing_if = "Option::is_none")]
        failure: Option<Arc<Failure>>,
    },
    /// One round of a loop is over.
    RoundFinished {
        /// The loop.
        node: NodePath,
        /// Which round, from 1.
        round: u32,
        /// Whether it was the last.
        last: bool,
    },
    /// An agent's circuit breaker changed its state.
    CircuitBreakerChanged {
        /// The agent.
        agent: String,
        /// The state that it is in now.
        state: BreakerState,
    },
    /// An agent told how far it has come.
    NodeProgress {
        /// The node.
        node: NodePath,
        /// How far.
        progress: Progress,
    },
    /// An agent wrote a log record.
    NodeLog {
        /// The node.
        node: NodePath,
        /// The record.
        record: LogRecord,
    },
    /// An agent called the host for something outside its sandbox, and the call is over. Only the first ones of each attempt
    /// are told.
    HostCalled {
        /// The node.
        node: NodePath,
        /// What was called, and what came of it.
        #[serde(flatten)]
        call: HostCall,
        /// How long it took. Real time.
        #[serde(rename = "duration_us", serialize_with = "microseconds")]
        duration: Duration,
    },
    /// A node reached its final status. Exactly one for every node of the graph, and for every node of a nested graph each
    /// time that it is run.
    NodeFinished {
        /// The node.
        node: NodePath,
        /// How it ended.
        #[serde(flatten)]
        status: NodeStatus,
        /// Fuel spent by all attempts.
        fuel: u64,
        /// The most memory that an attempt held, in bytes.
        memory_bytes: u64,
        /// The time from the first attempt's start to the end.
        #[serde(rename = "duration_us", serialize_with = "microseconds")]
        #[cfg_attr(feature = "schema", schemars(with = "u64"))]
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
            EventKind::NodeRetrying {
                node,
                attempt,
                delay,
                failure,
            } => write!(
                f,
                "{node}: attempt {attempt} failed, again in {} ms: {failure}",
                delay.as_millis()
            ),
            EventKind::ItemFinished {
                node,
                item,
                failure: Some(failure),
                ..
            } => write!(f, "{node}: item {item} failed: {failure}"),
            EventKind::ItemFinished {
                node, item, items, ..
            } => write!(f, "{node}: item {item} done, of {items}"),
            EventKind::RoundFinished { node, round, .. } => write!(f, "{node}: round {round} done"),
            EventKind::CircuitBreakerChanged { agent, state } => {
                write!(f, "the circuit breaker of agent {agent} is {state}")
            }
            EventKind::NodeProgress { node, progress } => match progress {
                Progress::Status(status) => write!(f, "{node}: {status}"),
                Progress::Fraction(fraction) => write!(f, "{node}: {:.0} %", fraction * 100.0),
                Progress::Partial(_) => write!(f, "{node}: partial output"),
            },
            EventKind::NodeLog { node, record } => write!(f, "{node}: {}: {}", record.level, record.message),
            EventKind::HostCalled { node, call, .. } => {
                write!(f, "{node}: called {}: {}", call.function, call.result)
            }
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
