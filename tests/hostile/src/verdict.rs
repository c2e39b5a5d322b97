//! What came of an attack, in words, and whether that is what must come of it.

use std::sync::Mutex;
use std::time::Duration;

use hap::{
    Budget, Event, EventKind, EventSink, FailureKind, Limit, NodeRecord, NodeStatus, RunId, RunOutcome,
    RunStatus,
};

/// The longest that a failure may be told with: an attack must not get its megabytes into a report.
const MAX_TOLD_BYTES: usize = 20_000;

/// How much later than its wall time a call may end: a guest gives way every few milliseconds, or every few hundred when
/// it works on whole memories, and the machine may be busy.
const MAX_LATENESS: Duration = Duration::from_millis(1500);

/// What came of a run with an attack in it, in the words of an attack's `expect`.
pub(crate) fn told(outcome: &RunOutcome, budget: &Budget) -> String {
    let (Some(honest), Some(attack)) = (record(outcome, "honest"), record(outcome, "attack")) else {
        return "the outcome lacks a node".to_owned();
    };
    if outcome.status == RunStatus::Cancelled {
        return "cancelled".to_owned();
    }
    if honest.status != NodeStatus::Done {
        return format!("the honest node beside it is {:?}", honest.status);
    }
    let late = attack
        .duration
        .unwrap_or_default()
        .saturating_sub(budget.wall_time());
    if late > MAX_LATENESS {
        return format!("late: it ended {} ms after its wall time", late.as_millis());
    }
    let Some(failure) = &attack.failure else {
        let mut outputs = String::from("{");
        for (key, value) in outcome.outputs.iter().filter(|(key, _)| ***key != *"honest") {
            let comma = if outputs.len() > 1 { "," } else { "" };
            outputs.push_str(&format!("{comma}\"{key}\":{}", value.as_str()));
            // More would not be shown.
            if outputs.len() > 1000 {
                break;
            }
        }
        let outputs = hap::sanitize(&outputs, 1000);
        return format!("done {outputs}}}");
    };
    match &failure.kind {
        FailureKind::Limit { limit, .. } => format!("limit {limit}"),
        kind => format!("{} {}", kind.name(), failure.message),
    }
}

fn record<'a>(outcome: &'a RunOutcome, name: &str) -> Option<&'a NodeRecord> {
    let mut records = outcome.agent_metadata.iter();
    records
        .find(|(id, _)| id.as_str() == name)
        .map(|(_, record)| record)
}

/// Whether what is told of an attack is what must come of it, and can be shown to people.
pub(crate) fn is_expected(told: &str, expected: &str) -> bool {
    let (kind, words) = expected.split_once(' ').unwrap_or((expected, ""));
    told.starts_with(kind) && told.contains(words) && told.len() < MAX_TOLD_BYTES && is_printable(told)
}

fn is_printable(text: &str) -> bool {
    let turns = |c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !text
        .chars()
        .any(|c| c.is_control() && c != '\n' && c != '\t' || turns(c))
}

/// Watches what an attack says: that it can be printed, and that it is no more than the budget allows.
pub(crate) struct Watch {
    allowed_records: u64,
    allowed_bytes: u64,
    said: Mutex<Said>,
}

#[derive(Default)]
struct Said {
    records: u64,
    bytes: u64,
    escapes: Option<String>,
}

impl Watch {
    pub(crate) fn new(budget: &Budget) -> Watch {
        Watch {
            allowed_records: budget.get(Limit::LogRecords),
            allowed_bytes: budget.get(Limit::LogBytes),
            said: Mutex::default(),
        }
    }

    /// What is wrong with what was said.
    pub(crate) fn trouble(&self) -> Option<String> {
        let said = self
            .said
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(text) = &said.escapes {
            return Some(format!("a record would steer a terminal: {text:?}"));
        }
        // The honest node says nothing; cleaning makes a byte that is no UTF-8 into three.
        let (records, bytes) = (said.records, said.bytes);
        (records > self.allowed_records || bytes > 3 * self.allowed_bytes)
            .then(|| format!("{records} records of {bytes} bytes reached the host"))
    }
}

impl EventSink for Watch {
    fn event(&self, _: &RunId, event: &Event) {
        let EventKind::NodeLog { record, .. } = &event.kind else {
            return;
        };
        let mut said = self
            .said
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        said.records += 1;
        said.bytes += record.message.len() as u64;
        if said.escapes.is_none() && !is_printable(&record.message) {
            said.escapes = Some(record.message.chars().take(100).collect());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_expected_by_its_kind_and_words() {
        assert!(is_expected("limit fuel", "limit fuel"));
        assert!(is_expected(
            "refused node `x`: limit `memory` reached",
            "refused limit `memory`"
        ));
        assert!(!is_expected("trap out of bounds", "limit fuel"));
        assert!(!is_expected("trap \x1b[2J", "trap"));
        assert!(!is_expected(
            &format!("trap {}", "x".repeat(MAX_TOLD_BYTES)),
            "trap"
        ));
    }
}
