//! What is told at the end of a run: how each node ended, why those failed that did, and what took the place of what.

mod causes;
mod failure;
mod log;
mod replaced;
mod table;

use std::collections::BTreeMap;

use hap::{FailureKind, NodeId, NodeRecord, NodeStatus, RunOutcome, RunStatus};

use crate::format;
use crate::terminal::Terminal;

pub(crate) use log::{log_line, told_line};
pub(crate) use table::table;

/// How many failures are told in full.
const MAX_FAILURES: usize = 10;

/// A node of a run: of the graph itself, or of one in it.
#[derive(Clone)]
struct Entry<'a> {
    /// Where it stands.
    path: String,
    record: &'a NodeRecord,
    /// The record of the node whose fallback it is.
    stands_in_for: Option<&'a NodeRecord>,
}

/// Every node of a graph with its record, in topological order, each followed by its fallback, and last those that the
/// entry does not reach; not the nodes of the graphs in it.
fn entries<'a>(records: &'a BTreeMap<NodeId, NodeRecord>, around: Option<&str>) -> Vec<Entry<'a>> {
    let mut in_order: Vec<_> = records.iter().collect();
    in_order.sort_by_key(|(_, record)| record.order);
    let entry = |(id, record): (&NodeId, &'a NodeRecord)| Entry {
        path: around.map_or_else(|| id.to_string(), |around| format!("{around}/{id}")),
        record,
        stands_in_for: record.stands_in_for.as_ref().and_then(|owner| records.get(owner)),
    };
    in_order.into_iter().map(entry).collect()
}

impl<'a> Entry<'a> {
    /// The nodes of the graph that is its work, where they are known.
    fn within(&self) -> Vec<Entry<'a>> {
        entries(&self.record.nodes, Some(&self.path))
    }

    /// Whether it is told among the causes of another's failure: it is the fallback of a node that failed too.
    fn is_told_as_cause(&self) -> bool {
        let owner = self.stands_in_for.and_then(|owner| owner.failure.as_deref());
        match (owner, self.record.failure.as_deref()) {
            (Some(owner), Some(own)) => owner.causes.contains(own),
            _ => false,
        }
    }
}

/// Tells each failure in full, what took the place of what, and how the run ended where it did not end well.
pub(crate) fn failures(terminal: &Terminal, outcome: &RunOutcome) {
    let all = entries(&outcome.agent_metadata, None);
    let failed: Vec<&Entry<'_>> = all
        .iter()
        .filter(|entry| matches!(entry.record.status, NodeStatus::Failed | NodeStatus::Limited))
        .filter(|entry| !entry.is_told_as_cause())
        .collect();
    for entry in failed.iter().take(MAX_FAILURES) {
        if let Some(failure) = &entry.record.failure {
            let path = &entry.path;
            let message = match &failure.kind {
                // Here the message says it all.
                FailureKind::Failed | FailureKind::Limit { .. } => {
                    format!("node `{path}` failed: {}", failure.message)
                }
                kind => format!("node `{path}` failed ({}): {}", kind.name(), failure.message),
            };
            failure::tell(terminal, &message, Some((path, entry.record)), failure);
        }
    }
    if failed.len() > MAX_FAILURES {
        let more = format::things(failed.len() - MAX_FAILURES, "more node");
        terminal.error(&format!("{more} failed"), Some("`--json` tells all of them"));
    }
    if let Some(failure) = &outcome.failure {
        failure::tell(terminal, &failure.to_string(), None, failure);
    }
    let counts = counts(outcome);
    match outcome.status {
        RunStatus::Success => {}
        RunStatus::Partial => {
            replaced::tell(terminal, all);
            terminal.warning(&format!("the run is partial: {counts}"), None);
        }
        RunStatus::Cancelled => terminal.error(&format!("the run was cancelled: {counts}"), None),
        _ => terminal.error(&format!("the run failed: {counts}"), None),
    }
}

fn counts(outcome: &RunOutcome) -> String {
    let counts: Vec<String> = outcome
        .counts()
        .iter()
        .map(|(status, number)| format!("{number} {status}"))
        .collect();
    counts.join(", ")
}
