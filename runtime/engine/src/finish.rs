//! From the last decision to the outcome of a run.

use std::collections::BTreeMap;

use hap_model::{
    Failure, FailureKind, Limit, NodeIndex, NodeRecord, NodeStatus, RunOutcome, RunStatus, SkipReason, Usage,
};

use crate::run::Shared;
use crate::schedule::{Decision, Schedule};
use crate::views::{merge, view_failure};

/// The status of nodes that the entry does not lead to.
pub(crate) fn unreachable() -> NodeStatus {
    NodeStatus::Skipped {
        reason: SkipReason::Unreachable,
    }
}

/// The outcome of a run whose nodes are all decided.
pub(crate) fn outcome(shared: &Shared, schedule: &mut Schedule) -> RunOutcome {
    let plan = shared.graph.plan();
    let (context, errors) = merge(schedule.take_frontier())
        .map(|state| state.resolve_all())
        .unwrap_or_default();
    let failure = errors.first().map(|error| view_failure(plan, error));
    let mut execution_path = Vec::new();
    let mut agent_metadata = BTreeMap::new();
    let mut status = if failure.is_some() {
        RunStatus::Error
    } else {
        RunStatus::Success
    };
    for (position, node) in plan.nodes().iter().enumerate() {
        let index = NodeIndex(position as u32);
        let missing = || Decision {
            failure: Some(std::sync::Arc::new(Failure::new(
                FailureKind::Internal,
                "the run ended before the node did",
            ))),
            ..Decision::without_attempt(NodeStatus::Failed)
        };
        let decision = schedule.node(index).decided.clone().unwrap_or_else(missing);
        status = worse(status, &decision.status);
        if decision.attempts > 0 {
            execution_path.push(node.id.clone());
        }
        let agent = shared.graph.agent(index);
        agent_metadata.insert(
            node.id.clone(),
            record(agent.manifest().name.clone(), agent.digest(), decision),
        );
    }
    for (id, agent) in plan.unreachable() {
        let decision = Decision::without_attempt(unreachable());
        agent_metadata.insert(id.clone(), record(agent.to_string(), None, decision));
    }
    let outputs = context
        .iter()
        .filter(|(_, (_, written))| *written)
        .map(|(key, (value, _))| (key.clone(), value.clone()));
    // Whatever became of its nodes, a run that was ended for a reason ended for that reason.
    let (status, failure) = match shared.stopped.get() {
        Some(stopped)
            if matches!(
                stopped.kind,
                FailureKind::Limit {
                    limit: Limit::WallTime,
                    ..
                }
            ) =>
        {
            (RunStatus::Timeout, Some(stopped.clone()))
        }
        Some(stopped) => (RunStatus::Error, Some(stopped.clone())),
        None => (status, failure),
    };
    RunOutcome {
        run_id: shared.context.id.clone(),
        status,
        failure,
        started_at_unix_nanos: shared.context.started_at_unix_nanos,
        seed: shared.context.seed,
        duration: shared.start.elapsed(),
        execution_path,
        agent_metadata,
        outputs: outputs.collect(),
        graph_context: context
            .into_iter()
            .map(|(key, (value, _))| (key, value))
            .collect(),
        inputs: shared.inputs.iter().cloned().collect(),
    }
}

fn record(agent: String, digest: Option<hap_model::Digest>, decision: Decision) -> NodeRecord {
    let Decision {
        status,
        attempts,
        start,
        duration,
        usage,
        failure,
    } = decision;
    let usage: Usage = usage;
    NodeRecord {
        agent,
        digest,
        status,
        attempts,
        start,
        duration,
        usage,
        failure,
    }
}

/// Cancelling a run outweighs a failure, and a failure outweighs success.
fn worse(run: RunStatus, node: &NodeStatus) -> RunStatus {
    match (run, node) {
        (RunStatus::Cancelled, _) | (_, NodeStatus::Cancelled) => RunStatus::Cancelled,
        (_, NodeStatus::Failed | NodeStatus::Limited) => RunStatus::Error,
        (run, _) => run,
    }
}
