//! Why an attempt of a node did not produce an output, told so that people and programs can act on it.

use std::borrow::Cow;
use std::fmt;
use std::mem;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

use crate::budget::Limit;
use crate::event::LogRecord;
use crate::graph::MAX_ATTEMPTS;
use crate::json::Json;
use crate::node_path::NodePath;

/// The class of a failure: what a host or a caller may do about it. The text never decides.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FailureKind {
    /// The agent says that the context or the params are not what it accepts.
    InvalidInput,
    /// The agent says that something it depends on was unavailable; the same request may succeed later.
    Unavailable {
        /// How long to wait before the next attempt, where the agent knows.
        #[serde(
            rename = "retry_after_ms",
            serialize_with = "milliseconds",
            deserialize_with = "from_milliseconds",
            default
        )]
        #[cfg_attr(feature = "schema", schemars(with = "Option<u64>"))]
        retry_after: Option<Duration>,
    },
    /// The agent says that it failed.
    Failed,
    /// The agent was not asked, because it kept failing and its circuit breaker is open.
    CircuitOpen {
        /// How long until it is asked again.
        #[serde(
            rename = "retry_after_ms",
            serialize_with = "whole_milliseconds",
            deserialize_with = "from_whole_milliseconds"
        )]
        #[cfg_attr(feature = "schema", schemars(with = "u64"))]
        retry_after: Duration,
    },
    /// The node's deadline passed, with all its attempts and waits.
    Deadline,
    /// The condition of an edge or a loop has no answer: it names what is not there, or is no boolean.
    Condition,
    /// What a map is to go over is no list, or too long a list.
    NotAList,
    /// Items of a map failed.
    Items,
    /// A loop's condition did not hold after its last round.
    LoopBound,
    /// A node of a nested graph failed.
    NestedGraph,
    /// The agent stopped without an answer: a panic, `unreachable`, a division by zero, an exhausted stack.
    Trap,
    /// A limit of the budget was reached.
    Limit {
        /// Which one.
        limit: Limit,
        /// What was allowed, in the limit's unit.
        allowed: u64,
        /// What was used or asked for, in the limit's unit.
        used: u64,
    },
    /// The output is not what the contract or the graph allows: no JSON, a key twice, a key outside `writes`.
    InvalidOutput,
    /// Nodes that run at the same time wrote one key with different values, and the key has no reducer.
    WriteConflict,
    /// The component cannot be instantiated: an import that this host does not serve, or too large for the pool.
    Instantiation,
    /// The run was cancelled.
    Cancelled,
    /// A fault of the host itself.
    Internal,
}

fn whole_milliseconds<S: serde::Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(value.as_millis() as u64)
}

fn milliseconds<S: serde::Serializer>(value: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    value
        .map(|duration| duration.as_millis() as u64)
        .serialize(serializer)
}

fn from_whole_milliseconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    Ok(Duration::from_millis(u64::deserialize(deserializer)?))
}

fn from_milliseconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    Ok(Option::<u64>::deserialize(deserializer)?.map(Duration::from_millis))
}

impl FailureKind {
    /// The kind in one word, as it stands in results.
    pub fn name(&self) -> &'static str {
        match self {
            FailureKind::InvalidInput => "invalid-input",
            FailureKind::Unavailable { .. } => "unavailable",
            FailureKind::Failed => "failed",
            FailureKind::CircuitOpen { .. } => "circuit-open",
            FailureKind::Deadline => "deadline",
            FailureKind::Condition => "condition",
            FailureKind::NotAList => "not-a-list",
            FailureKind::Items => "items",
            FailureKind::LoopBound => "loop-bound",
            FailureKind::NestedGraph => "nested-graph",
            FailureKind::Trap => "trap",
            FailureKind::Limit { .. } => "limit",
            FailureKind::InvalidOutput => "invalid-output",
            FailureKind::WriteConflict => "write-conflict",
            FailureKind::Instantiation => "instantiation",
            FailureKind::Cancelled => "cancelled",
            FailureKind::Internal => "internal",
        }
    }
}

/// One failed attempt: its class, a sentence for people, and what helps to find the cause.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Failure {
    /// The class.
    #[serde(flatten)]
    pub kind: FailureKind,
    /// One sentence: what happened.
    pub message: String,
    /// Where it happened: set by whoever knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// What would mend it, where the host knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The agent's own details, for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<Json>,
    /// The guest's call stack, innermost first, where it trapped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backtrace: Vec<String>,
    /// The last records that the agent logged or printed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub last_log: Vec<LogRecord>,
    /// The last calls that the agent made to the host, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub last_calls: Vec<HostCall>,
    /// The failures behind this one: earlier attempts, the fallback's, those of a nested graph's nodes or of a map's items.
    /// The first [`MAX_CAUSES`] are kept, those after the first [`MAX_CAUSES_IN_FULL`] without what only helps to find the cause.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<Failure>,
}

/// How many failures a failure keeps as its causes: all attempts of a node and one more, so that no attempt is missing.
pub const MAX_CAUSES: usize = MAX_ATTEMPTS as usize;

/// How many of the causes are kept with logs, calls, backtraces and details.
pub const MAX_CAUSES_IN_FULL: usize = 10;

/// The longest message of a cause after these, in bytes.
const MAX_BRIEF_MESSAGE: usize = 1 << 10;

/// Where a failure happened.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Origin {
    /// The node, the item or the round.
    pub node: NodePath,
    /// Which attempt; 0 where no attempt was made.
    pub attempt: u32,
    /// The agent's name.
    pub agent: String,
}

/// A call that an agent made to the host, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HostCall {
    /// Interface and function, such as `hap:agent/resources.open`.
    pub function: Cow<'static, str>,
    /// What it was about, such as a document's name; made safe for terminals.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// What came of it, in a few words.
    pub result: Cow<'static, str>,
}

impl Failure {
    /// A failure of that class with a message.
    ///
    /// A message may quote an agent, so it is made safe for terminals and cut to 8 KiB.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Failure {
        let message = sanitize(&message.into(), 8 << 10);
        Failure {
            kind,
            message,
            hint: None,
            details: None,
            backtrace: Vec::new(),
            last_log: Vec::new(),
            last_calls: Vec::new(),
            origin: None,
            causes: Vec::new(),
        }
    }

    /// The same failure with the failures behind it.
    pub fn because_of(mut self, causes: impl IntoIterator<Item = Failure>) -> Failure {
        let room = MAX_CAUSES.saturating_sub(self.causes.len());
        self.causes.extend(causes.into_iter().take(room));
        self.shorten(MAX_CAUSES_IN_FULL);
        self
    }

    /// The same failure with another behind it that comes before those that are known.
    pub fn because_of_first(mut self, cause: Option<Failure>) -> Failure {
        if let Some(cause) = cause {
            self.causes.insert(0, cause);
            self.causes.truncate(MAX_CAUSES);
            self.shorten(MAX_CAUSES_IN_FULL);
        }
        self
    }

    /// Keeps the chain of causes after the first `in_full` ones, and leaves away what else there is to them: many
    /// attempts of a talkative agent are much text.
    fn shorten(&mut self, in_full: usize) {
        for cause in self.causes.iter_mut().skip(in_full) {
            *cause = Failure {
                kind: cause.kind.clone(),
                message: sanitize(&cause.message, MAX_BRIEF_MESSAGE),
                origin: cause.origin.clone(),
                hint: None,
                details: None,
                backtrace: Vec::new(),
                last_log: Vec::new(),
                last_calls: Vec::new(),
                causes: mem::take(&mut cause.causes),
            };
            cause.causes.truncate(1);
            cause.shorten(0);
        }
    }

    /// The same failure, which happened there unless it is known to have happened elsewhere.
    pub fn at(mut self, origin: Origin) -> Failure {
        self.origin.get_or_insert(origin);
        self
    }

    /// A limit of the budget that was reached: `used` of `allowed`.
    pub fn limit(limit: Limit, allowed: u64, used: u64) -> Failure {
        let message = format!(
            "limit `{limit}` reached: {} of {} used",
            limit.show(used),
            limit.show(allowed)
        );
        let hint = format!(
            "raise `budget.{limit}` of the node, the graph and the runtime if the agent is to be trusted"
        );
        Failure::new(FailureKind::Limit { limit, allowed, used }, message).hint(hint)
    }

    /// The same failure with a remedy.
    pub fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hint = Some(sanitize(&hint.into(), 1 << 10));
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.name(), self.message)
    }
}

impl std::error::Error for Failure {}

/// Text of a guest's made safe for terminals and logs: control characters but newline and tab become spaces, bidirectional
/// overrides go, and at most `max_bytes` remain.
pub fn sanitize(text: &str, max_bytes: usize) -> String {
    let mut out = String::with_capacity(text.len().min(max_bytes));
    for c in text.chars() {
        let c = match c {
            '\n' | '\t' => c,
            c if c.is_control() => ' ',
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' => continue,
            c => c,
        };
        if out.len() + c.len_utf8() > max_bytes {
            let end = out.floor_char_boundary(max_bytes.saturating_sub('…'.len_utf8()));
            out.truncate(end);
            out.push('…');
            return out;
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guest_text_loses_escapes_and_length() {
        assert_eq!(sanitize("a\x1b[31mb\r\n\tc\u{202e}d", 100), "a [31mb \n\tcd");
        assert_eq!(sanitize(&"é".repeat(10), 7), "éé…");
        assert!(sanitize(&"x".repeat(1000), 100).len() <= 100);
    }

    #[test]
    fn causes_after_the_first_ones_are_kept_in_brief_with_their_chain() {
        let cause = |number: usize| {
            let mut cause = Failure::new(FailureKind::Failed, format!("{number} {}", "x".repeat(5000)));
            cause.backtrace.push("in main".to_owned());
            let inner = (0..3).map(|inner| Failure::new(FailureKind::Trap, format!("{number}.{inner}")));
            cause.because_of(inner)
        };
        let failure = Failure::new(FailureKind::Failed, "last").because_of((1..200).map(cause));
        assert_eq!(failure.causes.len(), MAX_CAUSES);
        for (place, kept) in failure.causes.iter().enumerate() {
            assert!(kept.message.starts_with(&format!("{} ", place + 1)));
            let in_full = place < MAX_CAUSES_IN_FULL;
            assert_eq!(kept.backtrace.is_empty(), !in_full);
            assert_eq!(kept.causes.len(), if in_full { 3 } else { 1 });
            assert_eq!(kept.causes[0].message, format!("{}.0", place + 1));
        }
        let failure = failure.because_of_first(Some(Failure::new(FailureKind::Failed, "the fallback's")));
        assert_eq!(
            (failure.causes.len(), &*failure.causes[0].message),
            (MAX_CAUSES, "the fallback's")
        );
    }

    #[test]
    fn a_limit_names_itself_its_use_and_its_remedy() {
        let failure = Failure::limit(Limit::Memory, 64 << 20, 65 << 20);
        assert_eq!(
            failure.to_string(),
            "limit: limit `memory` reached: 65 MiB of 64 MiB used"
        );
        assert!(failure.hint.unwrap().contains("budget.memory"));
    }
}
