//! From the last decision to the outcome of a run, and to the records of its nodes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hap_model::{
    Failure, FailureKind, FallbackIndex, Json, Limit, NodeId, NodeIndex, NodeRecord, NodeStatus, PlanNode,
    PlanOnFailure, PlanRepeat, Reducers, Replacement, RunOutcome, RunStatus, SkipReason,
};

use crate::loaded::{Body, LoadedGraph};
use crate::schedule::{Account, Decision, Schedule};
use crate::scope::Scope;
use crate::shared::Shared;
use crate::views::{Writes, merge, view_failure};

/// The status of nodes that the entry does not lead to.
pub(crate) fn unreachable() -> NodeStatus {
    NodeStatus::Skipped {
        reason: SkipReason::Unreachable,
    }
}

/// The status of fallbacks whose node did not fail.
pub(crate) fn not_needed() -> NodeStatus {
    NodeStatus::Skipped {
        reason: SkipReason::NotNeeded,
    }
}

/// The records of a graph's nodes.
pub(crate) struct Records {
    /// In topological order, each followed by its fallback; last the nodes that the entry does not lead to.
    pub(crate) in_order: Vec<(NodeId, NodeRecord)>,
    /// The fallbacks among them: their failures are told by those that they stood in for.
    pub(crate) fallbacks: BTreeSet<NodeId>,
}

impl Records {
    /// Adds a node's record in its place.
    fn add(&mut self, node: &PlanNode, stands_in_for: Option<&PlanNode>, mut record: NodeRecord) {
        // A graph has far fewer nodes.
        record.order = self.in_order.len() as u32;
        record.stands_in_for = stands_in_for.map(|node| node.id.clone());
        record.failed_items = match (&record.status, &node.repeat) {
            (
                NodeStatus::Degraded {
                    by: Replacement::Items { .. },
                },
                PlanRepeat::Map(map),
            ) => Some(map.failed_items),
            _ => None,
        };
        self.in_order.push((node.id.clone(), record));
    }
}

/// One record for each node of a graph, not of those in it.
pub(crate) fn records(graph: &LoadedGraph, schedule: &Schedule) -> Records {
    let plan = graph.plan();
    let mut records = Records {
        in_order: Vec::with_capacity(plan.len()),
        fallbacks: plan.fallbacks().iter().map(|node| node.id.clone()).collect(),
    };
    for (position, node) in plan.nodes().iter().enumerate() {
        let index = NodeIndex(position as u32);
        let missing = || Decision {
            failure: Some(Arc::new(Failure::new(
                FailureKind::Internal,
                "the run ended before the node did",
            ))),
            ..Decision::without_attempt(NodeStatus::Failed)
        };
        let decision = schedule.node(index).decided.clone().unwrap_or_else(missing);
        records.add(node, None, record(graph.body(index), decision));
        let mut last = node;
        while let Some((index, fallback)) = fallback_of(graph, last) {
            let decision = schedule
                .fallback(index)
                .cloned()
                .unwrap_or_else(|| Decision::without_attempt(not_needed()));
            records.add(fallback, Some(last), record(graph.fallback(index), decision));
            last = fallback;
        }
    }
    for (id, body) in plan.unreachable() {
        let decision = Decision::without_attempt(unreachable());
        let mut record = record_of(body.to_string(), None, decision);
        record.order = records.in_order.len() as u32;
        records.in_order.push((id.clone(), record));
    }
    records
}

fn fallback_of<'a>(graph: &'a LoadedGraph, node: &PlanNode) -> Option<(FallbackIndex, &'a PlanNode)> {
    match node.on_failure {
        PlanOnFailure::Node(index) => Some((index, graph.plan().fallback(index))),
        _ => None,
    }
}

fn record(body: &Body, decision: Decision) -> NodeRecord {
    let digest = body.agent().and_then(|agent| agent.digest());
    record_of(body.name(), digest, decision)
}

fn record_of(agent: String, digest: Option<hap_model::Digest>, decision: Decision) -> NodeRecord {
    let Decision {
        status,
        start,
        duration,
        failure,
        account,
    } = decision;
    let Account {
        attempts,
        usage,
        items,
        rounds,
        nodes,
    } = account;
    NodeRecord {
        agent,
        order: 0,
        stands_in_for: None,
        digest,
        status,
        attempts,
        start,
        duration,
        usage,
        failure,
        items,
        failed_items: None,
        rounds,
        nodes,
    }
}

/// What the nodes of a nested graph wrote, for a context with the reducers `outer`.
pub(crate) fn written(
    graph: &LoadedGraph,
    schedule: &mut Schedule,
    outer: &Reducers,
) -> Result<Writes, Failure> {
    match merge(schedule.take_frontier()) {
        None => Ok(Vec::new()),
        Some(state) => state
            .written(outer)
            .map_err(|error| view_failure(graph.plan(), &error)),
    }
}

/// The outcome of a run whose nodes are all decided.
pub(crate) fn outcome(shared: &Shared, scope: &Scope) -> RunOutcome {
    let mut schedule = scope.schedule();
    let (context, errors) = merge(schedule.take_frontier())
        .map(|state| state.resolve_all())
        .unwrap_or_default();
    let failure = errors
        .first()
        .map(|error| view_failure(scope.graph.plan(), error));
    let records = records(&scope.graph, &schedule);
    let execution_path = records
        .in_order
        .iter()
        .filter(|(_, record)| record.start.is_some())
        .map(|(id, _)| id.clone())
        .collect();
    let cancelled = shared.context.cancellation.is_cancelled();
    let mut status = if failure.is_some() {
        RunStatus::Error
    } else {
        RunStatus::Success
    };
    for (id, record) in &records.in_order {
        // What became of a fallback shows in the node that it stood in for.
        if !records.fallbacks.contains(id) {
            status = worse(status, &record.status, cancelled);
        }
    }
    let (status, failure) = match shared.stopped.get() {
        Some(stopped) => (stopped_status(stopped), Some(stopped.clone())),
        None => (status, failure),
    };
    let outputs: BTreeMap<Arc<str>, Json> = context
        .iter()
        .filter(|(_, (_, written))| *written)
        .map(|(key, (value, _))| (key.clone(), value.clone()))
        .collect();
    RunOutcome {
        run_id: shared.context.id.clone(),
        status,
        failure,
        started_at_unix_nanos: shared.context.started_at_unix_nanos,
        seed: shared.context.seed,
        duration: shared.start.elapsed(),
        execution_path,
        agent_metadata: records.in_order.into_iter().collect(),
        outputs,
        graph_context: context
            .into_iter()
            .map(|(key, (value, _))| (key, value))
            .collect(),
        inputs: shared.inputs.iter().cloned().collect(),
    }
}

/// Whatever became of its nodes, a run that was ended for a reason ended for that reason.
fn stopped_status(stopped: &Failure) -> RunStatus {
    match stopped.kind {
        FailureKind::Limit {
            limit: Limit::WallTime,
            ..
        } if stopped.causes.is_empty() => RunStatus::Timeout,
        _ => RunStatus::Error,
    }
}

/// Cancelling a run outweighs a failure, a failure outweighs a replacement, and that outweighs success.
fn worse(run: RunStatus, node: &NodeStatus, cancelled: bool) -> RunStatus {
    match (run, node) {
        (RunStatus::Cancelled, _) => RunStatus::Cancelled,
        (_, NodeStatus::Cancelled) if cancelled => RunStatus::Cancelled,
        (_, NodeStatus::Failed | NodeStatus::Limited | NodeStatus::Cancelled) => RunStatus::Error,
        (RunStatus::Success, NodeStatus::Degraded { .. }) => RunStatus::Partial,
        (run, _) => run,
    }
}
