//! What is written beside a node: how often its work is done, and what happens when it fails.

use hap::{AtMax, CircuitBreaker, Defaults, FailedItems, Loop, Map, Node, OnFailure, Repeat, Retry, RetryOn};

use crate::format;
use crate::terminal::clean_line;

/// The longest condition or value in a mark: a drawing is no listing.
const MAX_TEXT: usize = 48;

/// The marks of a node.
pub(super) fn of_node(node: &Node, defaults: &Defaults) -> Vec<String> {
    let mut marks = Vec::new();
    match &node.repeat {
        Repeat::Once => {}
        Repeat::Map(map) => marks.push(map_mark(map)),
        Repeat::Loop(repeated) => marks.push(loop_mark(repeated)),
    }
    marks.extend(node.retry.as_ref().map(retry_mark));
    marks.extend(node.circuit_breaker.as_ref().map(breaker_mark));
    marks.extend(
        node.deadline
            .map(|deadline| format!("deadline {}", format::duration(deadline))),
    );
    match &node.on_failure {
        None => {}
        // Worth a word only where the graph says otherwise.
        Some(OnFailure::Fail) if defaults.on_failure.is_none() => {}
        Some(on_failure) => marks.extend(failure_mark(on_failure)),
    }
    marks
}

/// What holds for all nodes of a graph.
pub(super) fn of_defaults(defaults: &Defaults) -> Vec<String> {
    let mut marks: Vec<String> = defaults.retry.as_ref().map(retry_mark).into_iter().collect();
    marks.extend(defaults.circuit_breaker.as_ref().map(breaker_mark));
    marks.extend(
        defaults
            .deadline
            .map(|deadline| format!("deadline {}", format::duration(deadline))),
    );
    marks.extend(defaults.on_failure.as_ref().and_then(failure_mark));
    marks
}

fn text(text: &str) -> String {
    format::shorten(&clean_line(text), MAX_TEXT)
}

fn map_mark(map: &Map) -> String {
    let mut mark = format!("×N over {}", text(&map.over.text));
    if let Some(parallel) = map.max_parallel {
        mark.push_str(&format!(", {parallel} at one time"));
    }
    mark.push_str(match map.failed_items {
        FailedItems::Fail => "",
        FailedItems::Skip => ", failed items left out",
        FailedItems::Null => ", null for failed items",
    });
    mark
}

fn loop_mark(repeated: &Loop) -> String {
    let kept = match repeated.at_max {
        AtMax::Fail => "",
        AtMax::Keep => ", then kept",
    };
    format!(
        "↻ until {}, at most {}{kept}",
        text(&repeated.until.text),
        repeated.max_rounds
    )
}

fn retry_mark(retry: &Retry) -> String {
    let mut mark = format::things(retry.attempts as usize, "attempt");
    if retry.on != Retry::default().on {
        let names = RetryOn::NAMES.iter().filter(|(_, on)| retry.on.contains(on));
        let names: Vec<&str> = names.map(|(name, _)| *name).collect();
        mark.push_str(&format!(" ({})", names.join(", ")));
    }
    mark
}

fn breaker_mark(breaker: &CircuitBreaker) -> String {
    format!("breaker opens for {}", format::duration(breaker.open_for))
}

/// What happens on a failure. A fallback is drawn as an edge.
fn failure_mark(on_failure: &OnFailure) -> Option<String> {
    match on_failure {
        OnFailure::Fail => Some("on failure: fail".to_owned()),
        OnFailure::Stop => Some("on failure: stop the run".to_owned()),
        OnFailure::Continue => Some("on failure: go on without".to_owned()),
        OnFailure::Output(output) => Some(format!("on failure: {}", text(output.as_str()))),
        OnFailure::Node(_) => None,
    }
}
