//! `retry`, `circuit_breaker`, `deadline` and `on_failure` of a graph file.

use std::time::Duration;

use crate::graph::{CircuitBreaker, Located, MAX_ATTEMPTS, MAX_WAIT, OnFailure, Retry, RetryOn};
use crate::problem::{Problem, Problems};

use super::fields::{Fields, located};
use super::tree::{Tree, Value};
use super::values::{fraction, one_of, span, whole};

/// When a failed attempt is made again. A number alone is the number of attempts.
pub(super) fn retry(tree: &Tree, problems: &mut Problems) -> Option<Retry> {
    let defaults = Retry::default();
    if let Value::Scalar(_) = &tree.value {
        let attempts = attempts(&located(tree, "retry", problems)?, problems)?;
        return Some(Retry { attempts, ..defaults });
    }
    let mut fields = Fields::of(tree, "`retry`", problems);
    let number = fields.text(&["attempts"], problems);
    let delay = fields.text(&["delay"], problems);
    let factor = fields.text(&["factor"], problems);
    let max_delay = fields.text(&["max_delay"], problems);
    let jitter = fields.text(&["jitter"], problems);
    let on = fields.texts(&["on"], problems);
    fields.finish(problems);
    let retry = Retry {
        attempts: number
            .and_then(|text| attempts(&text, problems))
            .unwrap_or(defaults.attempts),
        delay: delay
            .and_then(|text| span("delay", &text, problems))
            .unwrap_or(defaults.delay),
        factor: factor
            .and_then(|text| fraction("factor", &text, problems))
            .unwrap_or(defaults.factor),
        max_delay: max_delay
            .and_then(|text| span("max_delay", &text, problems))
            .unwrap_or(defaults.max_delay),
        jitter: jitter
            .and_then(|text| fraction("jitter", &text, problems))
            .unwrap_or(defaults.jitter),
        on: match on {
            Some(kinds) => kinds
                .iter()
                .filter_map(|kind| one_of("on", kind, &RetryOn::NAMES, problems))
                .collect(),
            None => defaults.on,
        },
    };
    checked(tree, retry, Retry::check, problems)
}

fn attempts(text: &Located, problems: &mut Problems) -> Option<u32> {
    whole("attempts", text, 1..=MAX_ATTEMPTS.into(), problems).map(|number| number as u32)
}

/// When an agent is left alone.
pub(super) fn circuit_breaker(tree: &Tree, problems: &mut Problems) -> Option<CircuitBreaker> {
    let mut fields = Fields::of(tree, "`circuit_breaker`", problems);
    let failure_rate = fields.text(&["failure_rate"], problems);
    let window = fields.text(&["window"], problems);
    let min_calls = fields.text(&["min_calls"], problems);
    let open_for = fields.text(&["open_for"], problems);
    fields.finish(problems);
    let defaults = CircuitBreaker::default();
    let window = window
        .and_then(|text| whole("window", &text, 1..=1000, problems))
        .map_or(defaults.window, |number| number as u32);
    let breaker = CircuitBreaker {
        failure_rate: failure_rate
            .and_then(|text| fraction("failure_rate", &text, problems))
            .unwrap_or(defaults.failure_rate),
        window,
        min_calls: min_calls
            .and_then(|text| whole("min_calls", &text, 1..=1000, problems))
            .map_or(defaults.min_calls.min(window), |number| number as u32),
        open_for: open_for
            .and_then(|text| span("open_for", &text, problems))
            .unwrap_or(defaults.open_for),
    };
    checked(tree, breaker, CircuitBreaker::check, problems)
}

fn checked<T>(
    tree: &Tree,
    value: T,
    check: impl Fn(&T) -> Result<(), String>,
    problems: &mut Problems,
) -> Option<T> {
    match check(&value) {
        Ok(()) => Some(value),
        Err(message) => {
            problems.push(Problem::error(Some(tree.place), message));
            None
        }
    }
}

/// How long a node may take in all.
pub(super) fn deadline(tree: &Tree, problems: &mut Problems) -> Option<Duration> {
    let text = located(tree, "deadline", problems)?;
    let deadline = span("deadline", &text, problems)?;
    if deadline.is_zero() || deadline > MAX_WAIT {
        let message = "`deadline` must be more than nothing and 24 hours at most";
        problems.push(Problem::error(text.place, message));
        return None;
    }
    Some(deadline)
}

/// What happens when a node fails for good: a word, `{output: …}` or `{node: …}`.
pub(super) fn on_failure(tree: &Tree, problems: &mut Problems) -> Option<OnFailure> {
    const WORDS: [(&str, OnFailure); 3] = [
        ("fail", OnFailure::Fail),
        ("stop", OnFailure::Stop),
        ("continue", OnFailure::Continue),
    ];
    if !matches!(tree.value, Value::Map(_)) {
        let word = located(tree, "on_failure", problems)?;
        return one_of("on_failure", &word, &WORDS, problems);
    }
    let mut fields = Fields::of(tree, "`on_failure`", problems);
    let output = fields.take(&["output"], problems);
    let node = fields.text(&["node"], problems);
    fields.finish(problems);
    match (output, node) {
        (Some(output), None) => Some(OnFailure::Output(output.to_json())),
        (None, Some(node)) => Some(OnFailure::Node(node)),
        _ => {
            let problem = Problem::error(
                Some(tree.place),
                "`on_failure` needs `output` or `node`, one of them",
            );
            problems
                .push(problem.hint("write `fail`, `stop`, `continue`, `{output: {…}}` or `{node: name}`"));
            None
        }
    }
}
