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
    pub start: Option<Duration>,
    /// From the first attempt's start to the end. Real time: the same run differs here.
    #[serde(
        rename = "duration_us",
        serialize_with = "microseconds",
        deserialize_with = "from_microseconds",
        default,
        skip_serializing_if = "Option::is_none"
    )]
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
