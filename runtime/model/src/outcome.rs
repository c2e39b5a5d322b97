//! What came of a run: one status for the run, one for every node, and the context as far as it got.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

use crate::budget::Usage;
use crate::failure::Failure;
use crate::graph::FailedItems;
use crate::id::{Digest, NodeId, RunId};
use crate::json::Json;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RunStatus {
    /// Every node that the entry reaches is done.
    Success,
    /// No node failed for good, but some were replaced or done without: they are those with the status `degraded`.
    Partial,
    /// A node failed, or two nodes wrote one key.
    Error,
    /// The run's own time was up.
    Timeout,
    /// The run was cancelled.
    Cancelled,
}

impl fmt::Display for RunStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RunStatus::Success => "success",
            RunStatus::Partial => "partial",
            RunStatus::Error => "error",
            RunStatus::Timeout => "timeout",
            RunStatus::Cancelled => "cancelled",
        })
    }
}

/// How a node ended: exactly one of these.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "status", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum NodeStatus {
    /// It produced an output, which was merged.
    Done,
    /// It failed as a whole or in part, and something else took the place of what is missing.
    Degraded {
        /// What that is.
        #[serde(flatten)]
        by: Replacement,
    },
    /// It failed.
    Failed,
    /// It reached a limit of its budget.
    Limited,
    /// It did not run.
    Skipped {
        /// Why not.
        #[serde(flatten)]
        reason: SkipReason,
    },
    /// It was stopped, or not started, because the run was cancelled.
    Cancelled,
}

/// What took the place of what a node should have written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "replaced_by", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Replacement {
    /// Nothing: the run went on without its output.
    Nothing,
    /// The output that its `on_failure` names.
    Output,
    /// The output of its fallback node.
    Node {
        /// The fallback.
        #[serde(rename = "fallback")]
        node: NodeId,
    },
    /// Nothing or `null` for the items of a map that failed.
    Items {
        /// How many failed.
        failed: usize,
    },
    /// What nodes of a nested graph were replaced by.
    Within,
}

/// Why a node did not run.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "reason", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SkipReason {
    /// The graph's entry does not lead to it.
    Unreachable,
    /// A node that it waits for did not produce an output.
    Upstream {
        /// The first such node in topological order.
        #[serde(rename = "upstream")]
        node: NodeId,
    },
    /// Every edge into it was decided, and none was taken.
    NotTaken,
    /// It stands in for a node that did not fail.
    NotNeeded,
}

impl NodeStatus {
    /// Whether it left an output for the nodes after it, its own or a replacement.
    pub fn is_good(&self) -> bool {
        matches!(self, NodeStatus::Done | NodeStatus::Degraded { .. })
    }

    /// The status in one word.
    pub fn name(&self) -> &'static str {
        match self {
            NodeStatus::Done => "done",
            NodeStatus::Degraded { .. } => "degraded",
            NodeStatus::Failed => "failed",
            NodeStatus::Limited => "limited",
            NodeStatus::Skipped { .. } => "skipped",
            NodeStatus::Cancelled => "cancelled",
        }
    }
}

/// What is recorded about one node of a run.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NodeRecord {
    /// The agent's name, or the entrypoint where the node never ran.
    pub agent: String,
    /// Its place among the nodes of its graph, from 0: in topological order, each followed by its fallback, and last those that
    /// the entry does not lead to.
    #[serde(default)]
    pub order: u32,
    /// The node that it stands in for, where it is a fallback.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stands_in_for: Option<NodeId>,
    /// The component's digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// How it ended.
    #[serde(flatten)]
    pub status: NodeStatus,
    /// How many attempts were made.
    pub attempts: u32,
    /// When the first attempt began, since the start of the run. Real time: the same run differs here.
    #[serde(
        rename = "start_us",
        serialize_with = "microseconds",
        deserialize_with = "from_microseconds",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Option<u64>"))]
    pub start: Option<Duration>,
    /// From the first attempt's start to the end. Real time: the same run differs here.
    #[serde(
        rename = "duration_us",
        serialize_with = "microseconds",
        deserialize_with = "from_microseconds",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Option<u64>"))]
    pub duration: Option<Duration>,
    /// What all attempts spent.
    pub usage: Usage,
    /// Why it did not end well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Arc<Failure>>,
    /// What became of the items, where it is a map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<ItemCounts>,
    /// What became of those without, where it was replaced in part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed_items: Option<FailedItems>,
    /// How many rounds were begun, where it is a loop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rounds: Option<u32>,
    /// The nodes of its graph, where its work is a graph: in the last round of a loop; not where it is a map.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub nodes: BTreeMap<NodeId, NodeRecord>,
}

/// What became of the items of a map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ItemCounts {
    /// Those with an output.
    pub done: usize,
    /// Those without.
    pub failed: usize,
}

fn microseconds<S: serde::Serializer>(value: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    value
        .map(|duration| duration.as_micros() as u64)
        .serialize(serializer)
}

fn from_microseconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    Ok(Option::<u64>::deserialize(deserializer)?.map(Duration::from_micros))
}

fn from_run_microseconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    Ok(Duration::from_micros(u64::deserialize(deserializer)?))
}

/// What came of a run. Serialized, its fields are those of the original HAP's final context.
///
/// Two runs of one graph on one input, with one start time and seed, are equal to the byte but for
/// `duration_us`, `start_us` and `run_id`; and but for the usage `log-rate`, where that limit is below `log-records`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RunOutcome {
    /// The run.
    pub run_id: RunId,
    /// How it ended.
    pub status: RunStatus,
    /// Why, where no single node is to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// The instant from which the virtual clocks started: nanoseconds since 1970-01-01T00:00Z.
    pub started_at_unix_nanos: u64,
    /// What the virtual randomness was made from.
    pub seed: u64,
    /// The whole time of the run. Real time.
    #[serde(
        rename = "duration_us",
        serialize_with = "run_microseconds",
        deserialize_with = "from_run_microseconds"
    )]
    #[cfg_attr(feature = "schema", schemars(with = "u64"))]
    pub duration: Duration,
    /// The nodes that ran, in topological order; each is followed by its fallback, when that ran.
    pub execution_path: Vec<NodeId>,
    /// One record a node, by name.
    pub agent_metadata: BTreeMap<NodeId, NodeRecord>,
    /// The merged context: the inputs, overlaid with what the nodes wrote.
    pub graph_context: BTreeMap<Arc<str>, Json>,
    /// The run's input.
    pub inputs: BTreeMap<Arc<str>, Json>,
    /// The keys of `graph_context` that a node wrote.
    pub outputs: BTreeMap<Arc<str>, Json>,
}

fn run_microseconds<S: serde::Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(value.as_micros() as u64)
}

impl RunOutcome {
    /// A key of the merged context.
    pub fn get(&self, key: &str) -> Option<&Json> {
        self.graph_context.get(key)
    }

    /// How many nodes ended with each status, by the status's name. The counts add up to the number of nodes.
    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for record in self.agent_metadata.values() {
            *counts.entry(record.status.name()).or_default() += 1;
        }
        counts
    }

    /// The failures of all nodes: those that ran in topological order, then those that could not even start, by name.
    pub fn failures(&self) -> impl Iterator<Item = (&NodeId, &Failure)> {
        let ran = self
            .execution_path
            .iter()
            .filter_map(|id| self.agent_metadata.get_key_value(id));
        let rest = self
            .agent_metadata
            .iter()
            .filter(|(_, record)| record.start.is_none());
        ran.chain(rest)
            .filter_map(|(id, record)| Some((id, record.failure.as_deref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FailureKind, HostCall, Level, Limit, LogRecord, LogSource, NodePath, Origin};

    /// Failures of every kind, one of them with all that a failure can tell.
    fn failures() -> Vec<Failure> {
        let wait = Duration::from_millis(1500);
        let (limit, allowed, used) = (Limit::Memory, 1, 2);
        let kinds = [
            FailureKind::InvalidInput,
            FailureKind::Unavailable { retry_after: None },
            FailureKind::Unavailable {
                retry_after: Some(wait),
            },
            FailureKind::Failed,
            FailureKind::CircuitOpen { retry_after: wait },
            FailureKind::Deadline,
            FailureKind::Condition,
            FailureKind::NotAList,
            FailureKind::Items,
            FailureKind::LoopBound,
            FailureKind::NestedGraph,
            FailureKind::Trap,
            FailureKind::Limit { limit, allowed, used },
            FailureKind::InvalidOutput,
            FailureKind::WriteConflict,
            FailureKind::Instantiation,
            FailureKind::Cancelled,
            FailureKind::Internal,
        ];
        let mut all: Vec<Failure> = kinds.into_iter().map(|kind| Failure::new(kind, "why")).collect();
        let fields = Json::parse(r#"{"n":12345678901234567890123,"x":1.50}"#, 10).ok();
        let origin = Origin {
            node: NodePath::from(&NodeId::new("each").unwrap()).item(3),
            attempt: 2,
            agent: "a".to_owned(),
        };
        let mut full = Failure::new(FailureKind::Trap, "all").at(origin).hint("mend it");
        full.details = fields.clone();
        full.backtrace = vec!["f".to_owned()];
        full.last_log = vec![LogRecord {
            level: Level::Warn,
            source: LogSource::Stderr,
            message: "m".to_owned(),
            fields,
        }];
        full.last_calls = vec![HostCall {
            function: "open".into(),
            subject: "s".to_owned(),
            result: "refused".into(),
        }];
        all.push(full.because_of(all.clone()));
        all
    }

    #[test]
    fn what_is_written_of_a_failure_can_be_read() {
        for failure in failures() {
            let text = serde_json::to_string(&failure).unwrap();
            assert_eq!(serde_json::from_str::<Failure>(&text).unwrap(), failure, "{text}");
        }
    }

    #[test]
    fn what_is_written_of_a_node_can_be_read() {
        let node = NodeId::new("n").unwrap();
        let degraded = |by| NodeStatus::Degraded { by };
        let skipped = |reason| NodeStatus::Skipped { reason };
        for status in [
            NodeStatus::Done,
            NodeStatus::Failed,
            NodeStatus::Limited,
            NodeStatus::Cancelled,
            degraded(Replacement::Nothing),
            degraded(Replacement::Output),
            degraded(Replacement::Node { node: node.clone() }),
            degraded(Replacement::Items { failed: 3 }),
            degraded(Replacement::Within),
            skipped(SkipReason::Unreachable),
            skipped(SkipReason::Upstream { node: node.clone() }),
            skipped(SkipReason::NotTaken),
            skipped(SkipReason::NotNeeded),
        ] {
            let mut record = NodeRecord {
                agent: "a".to_owned(),
                order: 7,
                stands_in_for: None,
                digest: None,
                status,
                attempts: 0,
                start: None,
                duration: None,
                usage: Usage::default(),
                failure: None,
                items: None,
                failed_items: None,
                rounds: None,
                nodes: BTreeMap::new(),
            };
            for _ in 0..2 {
                let text = serde_json::to_string(&record).unwrap();
                let read: NodeRecord = serde_json::from_str(&text).unwrap();
                assert_eq!(read.status, record.status, "{text}");
                assert_eq!(serde_json::to_string(&read).unwrap(), text);
                record.nodes.insert(node.clone(), record.clone());
                record.stands_in_for = Some(node.clone());
                record.digest = Some(Digest::from_sha256([0xa7; 32]));
                record.start = Some(Duration::from_micros(3));
                record.duration = Some(Duration::from_micros(4));
                record.usage.log_bytes = 5;
                record.failure = failures().pop().map(Arc::new);
                record.items = Some(ItemCounts { done: 1, failed: 2 });
                record.failed_items = Some(FailedItems::Null);
                record.rounds = Some(6);
            }
        }
    }
}
