//! What runs at the moment, a line each: what a person sees of it while a run goes on.
//!
//! The items of a map share the line of their node, and so do the rounds of a loop: what matters is how far it has come.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use hap::{EventKind, NodePath, Progress};

use crate::terminal::clean_line;

/// The lines, in the order in which their work began.
#[derive(Default)]
pub(crate) struct Running {
    /// By the number that each got when it began.
    lines: BTreeMap<u64, Line>,
    numbers: HashMap<String, u64>,
    next: u64,
}

/// One node that runs.
pub(crate) struct Line {
    place: String,
    start: Instant,
    round: Option<u32>,
    items: Option<Items>,
    attempt: u32,
    /// When that attempt begins, where it has not.
    again: Option<Instant>,
    fraction: Option<f32>,
    status: String,
}

#[derive(Clone, Copy, Default)]
struct Items {
    done: usize,
    failed: usize,
    all: usize,
}

/// Whose line a piece of work has.
struct Owner<'a> {
    place: &'a str,
    /// Whether it is one of many that share the line.
    is_item: bool,
    round: Option<u32>,
}

fn owner(path: &NodePath) -> Owner<'_> {
    let path = path.as_str();
    if let Some((map, _)) = path.split_once('[') {
        return Owner {
            place: map,
            is_item: true,
            round: None,
        };
    }
    match path.rsplit_once('#') {
        Some((place, round)) if !round.contains('/') => Owner {
            place,
            is_item: false,
            round: round.parse().ok(),
        },
        _ => Owner {
            place: path,
            is_item: false,
            round: None,
        },
    }
}

impl Running {
    /// Takes note of what happened at `now`.
    pub(crate) fn event(&mut self, event: &EventKind, now: Instant) {
        match event {
            EventKind::NodeStarted { node, attempt } => {
                let owner = owner(node);
                let line = self.line(owner.place, now);
                if !owner.is_item {
                    line.begin(*attempt, None);
                    line.round = owner.round;
                }
            }
            EventKind::NodeRetrying {
                node, attempt, delay, ..
            } => {
                let owner = owner(node);
                let line = self.line(owner.place, now);
                if !owner.is_item {
                    line.begin(attempt.saturating_add(1), now.checked_add(*delay));
                }
            }
            EventKind::NodeProgress { node, progress } => {
                let owner = owner(node);
                let line = self.known(owner.place).filter(|_| !owner.is_item);
                match (line, progress) {
                    (Some(line), Progress::Status(status)) => line.status = clean_line(status),
                    (Some(line), Progress::Fraction(fraction)) => line.fraction = Some(*fraction),
                    _ => {}
                }
            }
            EventKind::ItemFinished {
                node, items, failure, ..
            } if !owner(node).is_item => {
                let counts = self.line(node.as_str(), now).items.get_or_insert_default();
                counts.all = *items;
                counts.done += 1;
                counts.failed += usize::from(failure.is_some());
            }
            EventKind::RoundFinished { node, round, last } => {
                let next = round.saturating_add(u32::from(!last));
                if let Some(line) = self.known(node.as_str()) {
                    line.round = Some(next);
                }
            }
            EventKind::NodeFinished { node, .. } => self.end(node.as_str()),
            _ => {}
        }
    }

    /// The lines.
    pub(crate) fn lines(&self) -> impl ExactSizeIterator<Item = &Line> {
        self.lines.values()
    }

    fn known(&mut self, place: &str) -> Option<&mut Line> {
        self.lines.get_mut(self.numbers.get(place)?)
    }

    /// The line of a place; it begins where there is none.
    fn line(&mut self, place: &str, now: Instant) -> &mut Line {
        let number = *self.numbers.entry(place.to_owned()).or_insert_with(|| {
            self.next += 1;
            self.next
        });
        self.lines.entry(number).or_insert_with(|| Line::new(place, now))
    }

    fn end(&mut self, place: &str) {
        if let Some(number) = self.numbers.remove(place) {
            self.lines.remove(&number);
        }
    }
}

impl Line {
    fn new(place: &str, start: Instant) -> Line {
        Line {
            place: place.to_owned(),
            start,
            round: None,
            items: None,
            attempt: 1,
            again: None,
            fraction: None,
            status: String::new(),
        }
    }

    fn begin(&mut self, attempt: u32, again: Option<Instant>) {
        self.attempt = attempt;
        self.again = again;
        self.fraction = None;
        self.status.clear();
    }

    /// Where the node stands.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// How long it has run and how far it has come.
    pub(crate) fn words(&self, now: Instant) -> String {
        let mut words = vec![seconds(now.saturating_duration_since(self.start))];
        words.extend(self.round.map(|round| format!("round {round}")));
        if let Some(items) = self.items {
            words.push(format!("{} of {} items", items.done, items.all));
            if items.failed > 0 {
                words.push(format!("{} failed", items.failed));
            }
        }
        let wait = self.again.and_then(|again| again.checked_duration_since(now));
        match wait.filter(|wait| !wait.is_zero()) {
            Some(wait) => words.push(format!("attempt {} in {}", self.attempt, seconds(wait))),
            None if self.attempt > 1 => words.push(format!("attempt {}", self.attempt)),
            None => {}
        }
        words.extend(self.fraction.map(|fraction| format!("{:.0} %", fraction * 100.0)));
        if !self.status.is_empty() {
            words.push(self.status.clone());
        }
        words.join(" · ")
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests;
