//! What took the place of what, in a run that is partial.

use hap::{FailedItems, NodeStatus, Replacement};

use crate::format;
use crate::terminal::{Look, Terminal, clean, clean_line};

use super::{Entry, causes};

/// How many replacements are told.
const MAX_TOLD: usize = 20;

/// The longest reason.
const MAX_REASON: usize = 600;

/// Tells what took the place of what: of the graph's nodes, and of those within where nothing else tells it.
pub(super) fn tell(terminal: &Terminal, all: Vec<Entry<'_>>) {
    let mut waiting = all;
    waiting.reverse();
    let mut told = 0usize;
    while let Some(entry) = waiting.pop() {
        let NodeStatus::Degraded { by } = &entry.record.status else {
            continue;
        };
        let mut within = entry.within();
        within.retain(|inner| matches!(inner.record.status, NodeStatus::Degraded { .. }));
        if *by == Replacement::Within && !within.is_empty() {
            within.reverse();
            waiting.append(&mut within);
            continue;
        }
        told += 1;
        if told <= MAX_TOLD {
            tell_one(terminal, &entry, by);
        }
    }
    if told > MAX_TOLD {
        let more = format::things(told - MAX_TOLD, "more node");
        terminal.warning(
            &format!("{more} were replaced"),
            Some("`--json` tells all of them"),
        );
    }
}

fn tell_one(terminal: &Terminal, entry: &Entry<'_>, by: &Replacement) {
    terminal.warning(&words(entry, by), None);
    let Some(failure) = &entry.record.failure else {
        return;
    };
    let reason = format::shorten(&clean_line(&failure.to_string()), MAX_REASON);
    let label = terminal.paint(Look::Bold, "because:");
    let mut text = format!("  {label} {reason}");
    for line in causes::lines(failure) {
        text.push_str(&format!("\n    {}", clean(&line)));
    }
    terminal.tell(&text);
}

fn words(entry: &Entry<'_>, by: &Replacement) -> String {
    let path = &entry.path;
    match by {
        Replacement::Nothing => format!("node `{path}` failed, and the run went on without its output"),
        Replacement::Output => {
            format!(
                "node `{path}` failed, and the output that its `on_failure` names took the place of its own"
            )
        }
        Replacement::Node { node } => {
            format!("node `{path}` failed, and its fallback `{node}` took its place")
        }
        Replacement::Items { failed } => {
            let all = entry
                .record
                .items
                .map_or(*failed, |items| items.done + items.failed);
            let instead = match entry.record.failed_items {
                Some(FailedItems::Null) => "`null` stands in their place",
                _ => "they are left out",
            };
            let all = format::things(all, "item");
            format!("{failed} of {all} of node `{path}` failed, and {instead}")
        }
        _ => format!("something in the graph of node `{path}` failed and was replaced"),
    }
}
