//! What is told at the end of a run: how each node ended, and why those failed that did.

use std::fmt::Write;

use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};
use hap::{
    Failure, FailureKind, Level, LogRecord, LogSource, NodeId, NodePath, NodeRecord, NodeStatus, Plan,
    Replacement, RunOutcome, RunStatus, SkipReason,
};

use crate::format;
use crate::terminal::{Look, Terminal, clean, clean_line};

/// How many rows the table has at most: of larger graphs it shows what went wrong and what took longest.
const MAX_ROWS: usize = 40;

/// How many failures are told in full.
const MAX_FAILURES: usize = 10;

/// How many lines of a backtrace are told: the innermost ones, which name the fault.
const MAX_FRAMES: usize = 8;

/// How many of the last log records of a failed node are told.
const MAX_LOG_RECORDS: usize = 8;

/// How many digits of a component's digest are told: enough to know it again among a few.
const SHOWN_DIGITS: usize = 12;

/// Every node with its record, in topological order, those that the entry does not reach last.
fn records<'a>(plan: &'a Plan, outcome: &'a RunOutcome) -> Vec<(&'a NodeId, &'a NodeRecord)> {
    let unreachable = plan.unreachable().iter().map(|(id, _)| id);
    plan.topological_order()
        .chain(plan.fallbacks().iter().map(|node| &node.id))
        .chain(unreachable)
        .filter_map(|id| Some((id, outcome.agent_metadata.get(id)?)))
        .collect()
}

/// Tells each failure in full, and how the run ended where it did not end well.
pub(crate) fn failures(terminal: &Terminal, plan: &Plan, outcome: &RunOutcome) {
    let failed: Vec<_> = records(plan, outcome)
        .into_iter()
        .filter(|(_, record)| matches!(record.status, NodeStatus::Failed | NodeStatus::Limited))
        .collect();
    for (id, record) in failed.iter().take(MAX_FAILURES) {
        if let Some(failure) = &record.failure {
            let message = match &failure.kind {
                // Here the message says it all.
                FailureKind::Failed | FailureKind::Limit { .. } => {
                    format!("node `{id}` failed: {}", failure.message)
                }
                kind => format!("node `{id}` failed ({}): {}", kind.name(), failure.message),
            };
            tell_failure(terminal, &message, Some(record), failure);
        }
    }
    if failed.len() > MAX_FAILURES {
        let more = format::things(failed.len() - MAX_FAILURES, "more node");
        terminal.error(&format!("{more} failed"), Some("`--json` tells all of them"));
    }
    if let Some(failure) = &outcome.failure {
        tell_failure(terminal, &failure.to_string(), None, failure);
    }
    let counts = counts(outcome);
    match outcome.status {
        RunStatus::Success => {}
        RunStatus::Partial => terminal.warning(&format!("the run is partial: {counts}"), None),
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

/// What ran: the agent, the component where it is one, and which attempt.
fn who(record: &NodeRecord) -> String {
    let digest = record.digest.map(|digest| {
        let hex: String = digest.hex().chars().take(SHOWN_DIGITS).collect();
        format!(" (sha256:{hex})")
    });
    let attempt = match record.attempts {
        0 => String::new(),
        attempt => format!(", attempt {attempt}"),
    };
    format!("{}{}{attempt}", record.agent, digest.unwrap_or_default())
}

/// What all attempts used, where there were any.
fn used(record: &NodeRecord) -> Option<String> {
    let time = record.duration.filter(|_| record.attempts > 0)?;
    Some(format!(
        "fuel {}, memory {}, time {}",
        format::count(record.usage.fuel),
        format::bytes(record.usage.memory_bytes),
        format::duration(time)
    ))
}

fn tell_failure(terminal: &Terminal, message: &str, record: Option<&NodeRecord>, failure: &Failure) {
    terminal.error(message, None);
    let mut text = String::new();
    let mut line = |label: &str, value: &str| {
        let label = terminal.paint(Look::Bold, &format!("{label}:"));
        let value = clean(value).replace('\n', "\n    ");
        let space = if value.starts_with('\n') { "" } else { " " };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {label}{space}{value}");
    };
    if let Some(record) = record {
        line("agent", &who(record));
        if let Some(used) = used(record) {
            line("used", &used);
        }
    }
    if let Some(hint) = &failure.hint {
        line("hint", hint);
    }
    if let Some(details) = &failure.details {
        line("details", &format::shorten(details.as_str(), 1000));
    }
    if !failure.backtrace.is_empty() {
        line("backtrace", &frames(&failure.backtrace));
    }
    if !failure.last_log.is_empty() {
        let first = failure.last_log.len().saturating_sub(MAX_LOG_RECORDS);
        let records = failure.last_log.iter().skip(first);
        let lines: Vec<String> = records
            .map(|record| format!("\n{}", plain_log_line(record)))
            .collect();
        line("last log", &lines.concat());
    }
    if !failure.last_calls.is_empty() {
        let call = |call: &hap::HostCall| match call.subject.as_str() {
            "" => format!("\n{}: {}", call.function, call.result),
            subject => format!("\n{} `{subject}`: {}", call.function, call.result),
        };
        line(
            "last host calls",
            &failure.last_calls.iter().map(call).collect::<String>(),
        );
    }
    if !text.is_empty() {
        terminal.tell(text.trim_end());
    }
}

fn frames(backtrace: &[String]) -> String {
    let mut text: String = backtrace
        .iter()
        .take(MAX_FRAMES)
        .map(|frame| format!("\n{frame}"))
        .collect();
    if backtrace.len() > MAX_FRAMES {
        let _ = write!(text, "\n… and {} more", backtrace.len() - MAX_FRAMES);
    }
    text
}

/// A log record on one line, with its node where that is not clear.
pub(crate) fn log_line(terminal: &Terminal, node: Option<&NodePath>, record: &LogRecord) -> String {
    let look = match record.level {
        Level::Error => Look::Bad,
        Level::Warn => Look::Warning,
        _ => Look::Dim,
    };
    let node = node.map(|node| terminal.paint(Look::Bold, node.as_str()) + " ");
    let level = terminal.paint(look, &format!("{}:", record.level));
    format!("{}{level} {}", node.unwrap_or_default(), log_text(record))
}

fn plain_log_line(record: &LogRecord) -> String {
    format!("{}: {}", record.level, log_text(record))
}

fn log_text(record: &LogRecord) -> String {
    let mut text = clean_line(&record.message);
    let source = match record.source {
        LogSource::Log => "",
        LogSource::Stdout => "(stdout) ",
        LogSource::Stderr => "(stderr) ",
        LogSource::Host => "(hap) ",
    };
    text.insert_str(0, source);
    match &record.fields {
        Some(fields) => format!("{text} {}", clean_line(fields.as_str())),
        None => text,
    }
}

/// Tells how each node ended and what it spent.
pub(crate) fn table(terminal: &Terminal, plan: &Plan, outcome: &RunOutcome) {
    let all = records(plan, outcome);
    let (shown, left_out) = choose(&all);
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(LineStyle::new('─', '─', '─', '─')));
    table.set_header(["node", "agent", "status", "time", "fuel", "memory"]);
    for (id, record) in &shown {
        table.add_row(row(id, record));
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
            Some(Some((_, record))) => look(&record.status),
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
fn choose<'a>(all: &[(&'a NodeId, &'a NodeRecord)]) -> (Vec<(&'a NodeId, &'a NodeRecord)>, usize) {
    if all.len() <= MAX_ROWS {
        return (all.to_vec(), 0);
    }
    let mut by_weight: Vec<usize> = (0..all.len()).collect();
    by_weight.sort_by_key(|&index| {
        all.get(index).map(|(_, record)| {
            let well = record.status == NodeStatus::Done;
            (well, std::cmp::Reverse(record.duration))
        })
    });
    by_weight.truncate(MAX_ROWS);
    by_weight.sort_unstable();
    let shown = by_weight
        .iter()
        .filter_map(|&index| all.get(index).copied())
        .collect();
    (shown, all.len() - MAX_ROWS)
}

fn row(id: &NodeId, record: &NodeRecord) -> [String; 6] {
    let ran = record.start.is_some();
    let spent = |text: String| if ran { text } else { String::new() };
    let status = match &record.status {
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
    };
    [
        format::shorten(id.as_str(), 40),
        format::shorten_start(&clean_line(&record.agent), 40),
        status,
        spent(record.duration.map(format::duration).unwrap_or_default()),
        spent(format::count(record.usage.fuel)),
        spent(format::bytes(record.usage.memory_bytes)),
    ]
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
