//! What agents log, a record a line.

use hap::{Level, LogRecord, LogSource, NodePath};

use crate::terminal::{Look, Terminal, clean_line};

/// A log record on one line, behind its node.
pub(crate) fn log_line(terminal: &Terminal, node: &NodePath, record: &LogRecord) -> String {
    told_line(terminal, record.level, node.as_str(), &log_text(record))
}

/// Anything else that is told among the log records, on one line.
pub(crate) fn told_line(terminal: &Terminal, level: Level, name: &str, words: &str) -> String {
    let look = match level {
        Level::Error => Look::Bad,
        Level::Warn => Look::Warning,
        _ => Look::Dim,
    };
    let name = terminal.paint(Look::Bold, &clean_line(name));
    let level = terminal.paint(look, &format!("{level}:"));
    format!("{name} {level} {}", clean_line(words))
}

/// The same without colours and node.
pub(super) fn plain_log_line(record: &LogRecord) -> String {
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
