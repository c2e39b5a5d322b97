//! The failures behind a failure: earlier attempts, a fallback's, those of items and of the nodes of a graph, each with its
//! own causes below it.

use hap::{Failure, Origin};

use crate::format;
use crate::terminal::clean_line;

use super::failure::evidence;

/// How many causes of one failure are told.
const MAX_SIBLINGS: usize = 5;

/// How many causes of causes are told.
const MAX_DEPTH: usize = 8;

/// How many lines are told in all.
const MAX_LINES: usize = 60;

/// Of how many causes everything is told that helps: of the first ones at the bottom, and of their last attempts.
const MAX_IN_FULL: usize = 2;

/// The longest message of a cause.
const MAX_MESSAGE: usize = 600;

/// Where a failure happened, in words.
pub(super) fn place(origin: &Origin) -> String {
    let attempt = match origin.attempt {
        0 => String::new(),
        attempt => format!(", attempt {attempt}"),
    };
    format!("`{}`, {}{attempt}", origin.node, clean_line(&origin.agent))
}

/// The causes of a failure, a line each and more for what helps; causes of causes stand in.
pub(super) fn lines(failure: &Failure) -> Vec<String> {
    let mut told = Told {
        lines: Vec::new(),
        in_full: 0,
    };
    told.add(failure, 0);
    let left_out = told.lines.len().saturating_sub(MAX_LINES);
    if left_out > 0 {
        told.lines.truncate(MAX_LINES);
        told.lines.push("… and more: `--json` tells all".to_owned());
    }
    told.lines
}

struct Told {
    lines: Vec<String>,
    in_full: usize,
}

impl Told {
    fn add(&mut self, failure: &Failure, depth: usize) {
        let indent = "  ".repeat(depth);
        if depth >= MAX_DEPTH && !failure.causes.is_empty() {
            return self.lines.push(format!("{indent}… and more: `--json` tells all"));
        }
        for cause in failure.causes.iter().take(MAX_SIBLINGS) {
            if self.lines.len() > MAX_LINES {
                return;
            }
            self.lines.push(format!("{indent}{}", line(failure, cause)));
            let is_bottom = cause.causes.iter().all(|other| is_attempt(cause, other));
            if is_bottom && !is_attempt(failure, cause) && self.in_full < MAX_IN_FULL {
                self.in_full += 1;
                self.add_evidence(cause, &indent);
            }
            self.add(cause, depth + 1);
        }
        if let Some(more) = failure.causes.len().checked_sub(MAX_SIBLINGS)
            && more > 0
        {
            self.lines.push(format!("{indent}… and {more} more"));
        }
    }

    fn add_evidence(&mut self, failure: &Failure, indent: &str) {
        for (label, text) in evidence(failure) {
            let space = if text.starts_with('\n') { "" } else { " " };
            let text = format!("  {label}:{space}{}", text.replace('\n', "\n    "));
            self.lines
                .extend(text.lines().map(|line| format!("{indent}{line}")));
        }
    }
}

/// Whether a cause is an earlier attempt of the same.
fn is_attempt(failure: &Failure, cause: &Failure) -> bool {
    match (&failure.origin, &cause.origin) {
        (Some(own), Some(other)) => own.node == other.node && other.attempt > 0,
        _ => false,
    }
}

fn line(failure: &Failure, cause: &Failure) -> String {
    let message = format::shorten(&clean_line(&cause.to_string()), MAX_MESSAGE);
    match &cause.origin {
        Some(origin) if is_attempt(failure, cause) => format!("attempt {}: {message}", origin.attempt),
        Some(origin) => format!("{}: {message}", place(origin)),
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hap::{FailureKind, NodeId, NodePath};

    fn failure(kind: FailureKind, message: &str, node: &str, attempt: u32) -> Failure {
        let mut path = NodePath::from(&NodeId::new("each").unwrap()).item(3);
        if !node.is_empty() {
            path = path.child(&NodeId::new(node).unwrap());
        }
        let agent = "a\x1b[2Jgent".to_owned();
        Failure::new(kind, message).at(Origin {
            node: path,
            attempt,
            agent,
        })
    }

    #[test]
    fn the_whole_chain_is_told_and_what_helps_at_its_bottom() {
        let root = failure(FailureKind::Trap, "bad\nluck", "in", 3).hint("eat more");
        let earlier = failure(FailureKind::Failed, "first", "in", 1).hint("nothing");
        let root = root.because_of([earlier]);
        let middle = failure(FailureKind::NestedGraph, "its graph failed", "", 0).because_of([root]);
        let top = Failure::new(FailureKind::Items, "1 of 4 items failed").because_of([middle]);
        assert_eq!(
            lines(&top),
            [
                "`each[3]`, a [2Jgent: nested-graph: its graph failed",
                "  `each[3]/in`, a [2Jgent, attempt 3: trap: bad luck",
                "    hint: eat more",
                "    attempt 1: failed: first",
            ]
        );
    }

    #[test]
    fn wide_and_deep_chains_are_cut() {
        let wide = (0..10).fold(Failure::new(FailureKind::Failed, "x"), |inner, _| {
            let causes = (0..10)
                .map(|_| inner.clone())
                .take(if inner.causes.len() > 3 { 2 } else { 10 });
            Failure::new(FailureKind::Failed, "x").because_of(causes.collect::<Vec<_>>())
        });
        let told = lines(&wide);
        assert!(told.len() <= MAX_LINES + 1, "{}", told.len());
        assert!(told.last().unwrap().contains("`--json` tells all"), "{told:?}");
        let deep = (0..30).fold(Failure::new(FailureKind::Failed, "x"), |inner, _| {
            Failure::new(FailureKind::Failed, "x").because_of([inner])
        });
        assert_eq!(lines(&deep).len(), MAX_DEPTH + 1);
    }
}
