//! How each node ended and what it spent, as a table.

use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};
use hap::{FailureKind, NodeRecord, NodeStatus, Replacement, RunOutcome, RunStatus, SkipReason};

use crate::format;
use crate::terminal::{Look, Terminal, clean_line};

use super::{Entry, counts, entries};

/// How many rows the table has at most: of larger graphs it shows what went wrong and what took longest.
const MAX_ROWS: usize = 40;

/// Tells how each node ended and what it spent. The nodes of a graph in the graph follow the node whose work it is.
pub(crate) fn table(terminal: &Terminal, outcome: &RunOutcome) {
    let mut all = Vec::new();
    let mut waiting = entries(&outcome.agent_metadata, None);
    waiting.reverse();
    while let Some(entry) = waiting.pop() {
        waiting.extend(entry.within().into_iter().rev());
        all.push(entry);
    }
    let (shown, left_out) = choose(all);
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(LineStyle::new('─', '─', '─', '─')));
    table.set_header(["node", "agent", "status", "time", "fuel", "memory"]);
    for entry in &shown {
        table.add_row(row(entry));
    }
    for column in 3..6 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    // No cell has a second line, so the rows of the table are the lines after the heading and its rule.
    for (index, line) in table.lines().enumerate() {
        let look = match index.checked_sub(2).map(|index| shown.get(index)) {
            None => Some(Look::Dim),
            Some(Some(entry)) => look(&entry.record.status),
            Some(None) => None,
        };
        let line = line.trim_end();
        terminal.tell(&look.map_or(line.to_owned(), |look| terminal.paint(look, line)));
    }
    if left_out > 0 {
        terminal.tell(&format!(
            " … and {} that went well",
            format::things(left_out, "quicker node")
        ));
    }
    if outcome.status == RunStatus::Success {
        let label = terminal.paint(Look::Good, "success:");
        let time = format::duration(outcome.duration);
        terminal.tell(&format!("{label} {} in {time}", counts(outcome)));
    }
}

/// The rows to show: all, or those that did not go well and then those that took longest; and how many are left out.
fn choose(all: Vec<Entry<'_>>) -> (Vec<Entry<'_>>, usize) {
    let left_out = all.len().saturating_sub(MAX_ROWS);
    if left_out == 0 {
        return (all, 0);
    }
    let mut by_weight: Vec<(usize, Entry<'_>)> = all.into_iter().enumerate().collect();
    by_weight.sort_by_key(|(_, entry)| {
        let well = entry.record.status == NodeStatus::Done;
        (well, std::cmp::Reverse(entry.record.duration))
    });
    by_weight.truncate(MAX_ROWS);
    by_weight.sort_by_key(|(place, _)| *place);
    (by_weight.into_iter().map(|(_, entry)| entry).collect(), left_out)
}

fn row(entry: &Entry<'_>) -> [String; 6] {
    let record = entry.record;
    let ran = record.start.is_some();
    let spent = |text: String| if ran { text } else { String::new() };
    let status = match more_than_once(record) {
        Some(counts) => format!("{}, {counts}", status(record)),
        None => status(record),
    };
    [
        // Of a path, the end tells most.
        format::shorten_start(&entry.path, 40),
        format::shorten_start(&clean_line(&record.agent), 40),
        status,
        spent(record.duration.map(format::duration).unwrap_or_default()),
        spent(format::count(record.usage.fuel)),
        spent(format::bytes(record.usage.memory_bytes)),
    ]
}

fn status(record: &NodeRecord) -> String {
    match &record.status {
        NodeStatus::Skipped {
            reason: SkipReason::Upstream { node },
        } => format!(
            "skipped: `{}` did not end well",
            format::shorten(node.as_str(), 30)
        ),
        NodeStatus::Skipped {
            reason: SkipReason::Unreachable,
        } => "skipped: the entry does not lead to it".to_owned(),
        NodeStatus::Skipped {
            reason: SkipReason::NotTaken,
        } => "skipped: no edge to it was taken".to_owned(),
        NodeStatus::Skipped {
            reason: SkipReason::NotNeeded,
        } => "skipped: not needed".to_owned(),
        NodeStatus::Degraded { by } => replaced(by),
        status => match &record.failure {
            Some(failure) => match &failure.kind {
                FailureKind::Limit { limit, .. } => format!("{}: {limit}", status.name()),
                kind if kind.name() == status.name() => status.name().to_owned(),
                kind => format!("{}: {}", status.name(), kind.name()),
            },
            None => status.name().to_owned(),
        },
    }
}

/// How many items, rounds or attempts there were, where that is worth telling.
fn more_than_once(record: &NodeRecord) -> Option<String> {
    if let Some(items) = record.items {
        let all = items.done + items.failed;
        return Some(match items.failed {
            0 => format::things(all, "item"),
            _ => format!("{} of {}", items.done, format::things(all, "item")),
        });
    }
    if let Some(rounds) = record.rounds {
        return Some(format::things(rounds as usize, "round"));
    }
    (record.attempts > 1 && record.nodes.is_empty())
        .then(|| format::things(record.attempts as usize, "attempt"))
}

/// What took the place of what a node should have written.
fn replaced(by: &Replacement) -> String {
    match by {
        Replacement::Nothing => "degraded: went on without its output".to_owned(),
        Replacement::Output => "degraded: another output in its place".to_owned(),
        Replacement::Node { node } => {
            format!("degraded: `{}` in its place", format::shorten(node.as_str(), 30))
        }
        Replacement::Items { failed } => format!("degraded: {} failed", format::things(*failed, "item")),
        _ => "degraded: in its graph".to_owned(),
    }
}

fn look(status: &NodeStatus) -> Option<Look> {
    match status {
        NodeStatus::Done => None,
        NodeStatus::Failed | NodeStatus::Limited => Some(Look::Bad),
        NodeStatus::Degraded { .. } => Some(Look::Warning),
        _ => Some(Look::Dim),
    }
}
