//! The error of a call, as it stands in a response.
//!
//! What must stay true: an error made here has an object as `data` with the code's `kind` in it, so that a
//! client needs to look at one place only. An error read from a peer is kept as it came. For -32700, -32600,
//! -32601 and -32603 the message is word for word the specification's; what is known beyond it is the `hint`.

use super::Code;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// The longest piece of a peer's own text that an error repeats.
const QUOTED: usize = 80;

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{message} ({code})")]
pub struct RpcError {
    /// The number of the code: see [`Code`] for those that HAP makes.
    pub code: i64,
    /// One short sentence for a person.
    pub message: String,
    /// More for a program: `kind`, often `hint`, and what the code's meaning promises.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

impl RpcError {
    /// An error with this code and message, and the code's `kind` in its data.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code: code.number(),
            message: message.into(),
            data: None,
        }
        .with("kind", code.kind())
    }

    /// An error with this code and the message that the code has when nothing more is known.
    pub fn of(code: Code) -> Self {
        Self::new(code, code.info().title)
    }

    /// -32700, with what is wrong.
    pub fn parse_error(hint: impl Into<String>) -> Self {
        Self::of(Code::ParseError).hint(hint)
    }

    /// -32600, with what is wrong.
    pub fn invalid_request(hint: impl Into<String>) -> Self {
        Self::of(Code::InvalidRequest).hint(hint)
    }

    /// -32601 for this method, with the nearest name that there is.
    pub fn method_not_found(method: &str, nearest: Option<&str>) -> Self {
        let error = Self::of(Code::MethodNotFound).with("method", quoted(method));
        match nearest {
            Some(nearest) => error.hint(format!("did you mean `{nearest}`?")),
            None => error,
        }
    }

    /// -32602, with what is wrong in the message, because a client often shows nothing else.
    pub fn invalid_params(problem: impl std::fmt::Display) -> Self {
        Self::new(
            Code::InvalidParams,
            format!("{}: {problem}", Code::InvalidParams.info().title),
        )
    }

    /// -32603. What went wrong inside is for the server's own log and is not told to the peer.
    pub fn internal() -> Self {
        Self::of(Code::InternalError)
    }

    /// 1009, with the time after which the caller may try again.
    pub fn over_quota(message: impl Into<String>, retry_after: Duration) -> Self {
        let milliseconds = u64::try_from(retry_after.as_millis()).unwrap_or(u64::MAX);
        Self::new(Code::OverQuota, message).with("retry_after_ms", milliseconds)
    }

    /// 1011 for something that may have at most `limit` bytes.
    pub fn too_large(what: &str, limit: usize) -> Self {
        Self::new(Code::TooLarge, format!("{what} is larger than {limit} bytes")).with("limit", limit)
    }

    /// The same error with advice for a person.
    pub fn hint(self, hint: impl Into<String>) -> Self {
        self.with("hint", hint.into())
    }

    /// The same error with one more member in its data; data that is no object is replaced.
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        if let Some(Value::Object(members)) = &mut self.data {
            members.insert(key.to_owned(), value.into());
        } else {
            let mut members = serde_json::Map::new();
            members.insert(key.to_owned(), value.into());
            self.data = Some(Value::Object(members));
        }
        self
    }

    /// The code, when it is one that HAP knows.
    pub fn known_code(&self) -> Option<Code> {
        Code::from_number(self.code)
    }
}

impl From<Code> for RpcError {
    fn from(code: Code) -> Self {
        Self::of(code)
    }
}

/// The beginning of a text that a peer sent, short enough to be sent back and without what a terminal obeys.
pub(super) fn quoted(text: &str) -> String {
    let mut characters = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c });
    let mut start: String = characters.by_ref().take(QUOTED).collect();
    if characters.next().is_some() {
        start.push('…');
    }
    start
}

/// The candidate that the peer most likely meant; none when no candidate is close.
pub(super) fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // A longer name is no slip of the pen, and comparing it would cost its length times each candidate's.
    if name.len() > QUOTED {
        return None;
    }
    let allowed = (name.chars().count() / 3).max(1);
    candidates
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= allowed && *distance < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
