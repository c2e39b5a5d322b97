//! One failure in full: what ran, what it used, and what helps to find the cause.

use std::fmt::Write;

use hap::{Failure, NodeRecord};

use crate::format;
use crate::terminal::{Look, Terminal, clean};

use super::causes;
use super::log::plain_log_line;

/// How many lines of a backtrace are told: the innermost ones, which name the fault.
const MAX_FRAMES: usize = 8;

/// How many of the last log records of a failed node are told.
const MAX_LOG_RECORDS: usize = 8;

/// How many digits of a component's digest are told: enough to know it again among a few.
const SHOWN_DIGITS: usize = 12;

/// The longest details of an agent's.
const MAX_DETAILS: usize = 1000;

/// What ran: the agent, the component where it is one, and which attempt.
fn who(record: &NodeRecord) -> String {
    let digest = record.digest.map(|digest| {
        let hex: String = digest.hex().chars().take(SHOWN_DIGITS).collect();
        format!(" (sha256:{hex})")
    });
    let attempt = match record.attempts {
        0 => String::new(),
        // Attempts of many items, rounds or nodes are not counted on from each other.
        attempts if is_many(record) => format!(", {}", format::things(attempts as usize, "attempt")),
        attempt => format!(", attempt {attempt}"),
    };
    format!("{}{}{attempt}", record.agent, digest.unwrap_or_default())
}

fn is_many(record: &NodeRecord) -> bool {
    record.items.is_some() || record.rounds.is_some() || !record.nodes.is_empty()
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

/// Tells a failure; `node` is the node that failed, with its path.
pub(super) fn tell(terminal: &Terminal, message: &str, node: Option<(&str, &NodeRecord)>, failure: &Failure) {
    terminal.error(message, None);
    let mut lines: Vec<(&str, String)> = Vec::new();
    if let Some((path, record)) = node {
        lines.push(("agent", who(record)));
        // Where it is the node itself, that has been said.
        if let Some(origin) = failure
            .origin
            .as_ref()
            .filter(|origin| origin.node.as_str() != path)
        {
            lines.push(("where", causes::place(origin)));
        }
        lines.extend(used(record).map(|used| ("used", used)));
    }
    lines.extend(evidence(failure));
    let causes = causes::lines(failure);
    if !causes.is_empty() {
        lines.push(("caused by", format!("\n{}", causes.join("\n"))));
    }
    let mut text = String::new();
    for (label, value) in lines {
        let label = terminal.paint(Look::Bold, &format!("{label}:"));
        let value = clean(&value).replace('\n', "\n    ");
        let space = if value.starts_with('\n') { "" } else { " " };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {label}{space}{value}");
    }
    if !text.is_empty() {
        terminal.tell(text.trim_end());
    }
}

/// What helps to find the cause, by label. Where the text begins with a newline, its lines stand below the label.
pub(super) fn evidence(failure: &Failure) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if let Some(hint) = &failure.hint {
        lines.push(("hint", hint.clone()));
    }
    if let Some(details) = &failure.details {
        lines.push(("details", format::shorten(details.as_str(), MAX_DETAILS)));
    }
    if !failure.backtrace.is_empty() {
        lines.push(("backtrace", frames(&failure.backtrace)));
    }
    if !failure.last_log.is_empty() {
        let first = failure.last_log.len().saturating_sub(MAX_LOG_RECORDS);
        let records = failure.last_log.iter().skip(first);
        let records: Vec<String> = records
            .map(|record| format!("\n{}", plain_log_line(record)))
            .collect();
        lines.push(("last log", records.concat()));
    }
    if !failure.last_calls.is_empty() {
        let call = |call: &hap::HostCall| match call.subject.as_str() {
            "" => format!("\n{}: {}", call.function, call.result),
            subject => format!("\n{} `{subject}`: {}", call.function, call.result),
        };
        let calls = failure.last_calls.iter().map(call).collect();
        lines.push(("last host calls", calls));
    }
    lines
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
