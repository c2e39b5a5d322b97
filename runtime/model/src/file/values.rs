//! Single values of a graph file: numbers, times and words, each with its bounds.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::graph::Located;
use crate::problem::{Problem, Problems, nearest, shown};

/// A whole number within `bounds`.
pub(super) fn whole(
    name: &str,
    text: &Located,
    bounds: RangeInclusive<u64>,
    problems: &mut Problems,
) -> Option<u64> {
    let number = text.text.parse().ok().filter(|number| bounds.contains(number));
    if number.is_none() {
        let message = format!(
            "`{name}` must be a whole number from {} to {}, not `{}`",
            bounds.start(),
            bounds.end(),
            shown(&text.text)
        );
        problems.push(Problem::error(text.place, message));
    }
    number
}

/// A number, whole or not.
pub(super) fn fraction(name: &str, text: &Located, problems: &mut Problems) -> Option<f64> {
    let number = text.text.parse().ok().filter(|number: &f64| number.is_finite());
    if number.is_none() {
        let message = format!("`{name}` must be a number, not `{}`", shown(&text.text));
        problems.push(Problem::error(text.place, message));
    }
    number
}

/// A span of time: a whole number with `ms`, `s`, `m` or `h`.
pub(super) fn span(name: &str, text: &Located, problems: &mut Problems) -> Option<Duration> {
    let written = text.text.trim();
    let end = written
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(written.len());
    let (digits, unit) = written.split_at(end);
    let milliseconds: Option<u64> = match unit.trim() {
        "ms" => Some(1),
        "s" => Some(1000),
        "m" => Some(60_000),
        "h" => Some(3_600_000),
        _ => None,
    };
    let span = digits
        .parse::<u64>()
        .ok()
        .zip(milliseconds)
        .and_then(|(number, unit)| number.checked_mul(unit));
    if span.is_none() {
        let message = format!("`{name}` is no time: `{}`", shown(written));
        let problem = Problem::error(text.place, message);
        problems.push(
            problem.hint("write a whole number with a unit (ms, s, m, h), for example `200ms` or `2s`"),
        );
    }
    span.map(Duration::from_millis)
}

/// One of some words.
pub(super) fn one_of<T: Clone>(
    name: &str,
    text: &Located,
    words: &[(&'static str, T)],
    problems: &mut Problems,
) -> Option<T> {
    let found = words.iter().find(|(word, _)| *word == text.text);
    if found.is_none() {
        let message = format!("`{name}` cannot be `{}`", shown(&text.text));
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let hint = match nearest(&text.text, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it can be {}", known.join(", ")),
        };
        problems.push(Problem::error(text.place, message).hint(hint));
    }
    found.map(|(_, value)| value.clone())
}
