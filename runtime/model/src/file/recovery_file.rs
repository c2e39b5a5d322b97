//! `retry`, `circuit_breaker`, `deadline` and `on_failure` of a graph file.

use std::time::Duration;

use crate::graph::{CircuitBreaker, Located, MAX_ATTEMPTS, MAX_WAIT, OnFailure, Retry, RetryOn};
use crate::problem::{Problem, Problems, shown};

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
    if !matches!(tree.value, Value::Map(_)) {
        let message = format!(
            "`retry` must be a number of attempts or a mapping, not {}",
            tree.kind()
        );
        let problem = Problem::error(Some(tree.place), message);
        problems.push(problem.hint("for example `retry: 3` or `retry: {attempts: 3, delay: 1s}`"));
        return None;
    }
    let mut fields = Fields::of(tree, "`retry`", problems);
    let number = fields.text(&["attempts"], problems);
    let delay = fields.text(&["delay"], problems);
    let factor = fields.text(&["factor"], problems);
    let max_delay = fields.text(&["max_delay"], problems);
    let jitter = fields.text(&["jitter"], problems);
    let on = fields.texts(&["on"], problems);
    fields.finish(problems);
    let names_some = on.as_ref().is_some_and(|kinds| !kinds.is_empty());
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
            Some(kinds) => kinds.iter().filter_map(|kind| retry_on(kind, problems)).collect(),
            None => defaults.on,
        },
    };
    // That none of the names is known was told.
    if retry.on.is_empty() && names_some {
        return None;
    }
    checked(tree, retry, Retry::check, problems)
}

/// A failure after which it helps to try again.
fn retry_on(kind: &Located, problems: &mut Problems) -> Option<RetryOn> {
    if kind.text == "failed" || kind.text == "invalid-input" {
        let message = format!("`{}` is never tried again", kind.text);
        let problem = Problem::error(kind.place, message);
        problems.push(problem.hint("an agent that may be asked again says `unavailable`"));
        return None;
    }
    one_of("on", kind, &RetryOn::NAMES, problems)
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
    const FORMS: &str = "write `fail`, `stop`, `continue`, `{output: {…}}` or `{node: name}`";
    if !matches!(tree.value, Value::Map(_)) {
        let known = match &tree.value {
            Value::Text(word) => WORDS.iter().find(|(known, _)| known == word),
            _ => None,
        };
        if known.is_none() {
            let message = match &tree.value {
                Value::Text(word) => format!("`on_failure` cannot be `{}`", shown(word)),
                _ => format!("`on_failure` must be a word or a mapping, not {}", tree.kind()),
            };
            problems.push(Problem::error(Some(tree.place), message).hint(FORMS));
        }
        return known.map(|(_, on_failure)| on_failure.clone());
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
