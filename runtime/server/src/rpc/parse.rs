//! From the bytes of a message to the calls and responses in it.
//!
//! What must stay true: bytes of any kind lead to an [`Incoming`] and never to a panic; the depth is counted
//! in a loop before anything is read, so nesting costs no stack; a part of a batch that is refused never
//! brings down the others.

use super::envelope::item;
use super::{Call, Id, Response, RpcError};
use serde::de::{DeserializeSeed, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// What a message may be like at most. Its length is for the transport to limit, before it is kept.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many arrays and objects may stand inside each other, the message itself counted.
    pub depth: usize,
    /// How many parts a batch may have.
    pub batch: usize,
}

/// A message that came in.
#[derive(Debug, Clone)]
pub enum Incoming {
    /// One call or response.
    Single(Item),
    /// Several; never none.
    Batch(Vec<Item>),
}

/// One call or response that came in, alone or in a batch.
#[derive(Debug, Clone)]
pub enum Item {
    /// A request or a notification.
    Call(Call),
    /// The answer to a request that this side sent. It must not be answered.
    Response(Response),
    /// Something that is to be answered with an error.
    Refused(Refusal),
}

/// Why something was refused, and the id to say so with.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The id of what was refused; null if it could not be told.
    pub id: Id,
    /// What is wrong.
    pub error: RpcError,
}

impl Refusal {
    /// Of something whose id could not be told.
    pub(super) fn unknown(error: RpcError) -> Self {
        Self {
            id: Id::null(),
            error,
        }
    }
}

impl From<Refusal> for Response {
    fn from(refusal: Refusal) -> Self {
        Response::error(refusal.id, refusal.error)
    }
}

/// Reads a message.
pub fn parse(bytes: &[u8], limits: Limits) -> Incoming {
    let refuse = |error| Incoming::Single(Item::Refused(Refusal::unknown(error)));
    if deeper_than(bytes, limits.depth) {
        return refuse(RpcError::parse_error(format!(
            "nested deeper than {}",
            limits.depth
        )));
    }
    // `RawValue` checks the grammar of the whole message, without recursion and without building anything.
    let raw = match str::from_utf8(bytes) {
        Ok(text) => serde_json::from_str::<&RawValue>(text).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    let raw = match raw {
        Ok(raw) => raw,
        Err(problem) => return refuse(RpcError::parse_error(problem)),
    };
    if !raw.get().starts_with('[') {
        return Incoming::Single(item(raw));
    }
    match elements(raw, limits.batch) {
        Ok((_, 0)) => refuse(RpcError::invalid_request("a batch must not be empty")),
        Ok((parts, count)) if count == parts.len() => Incoming::Batch(parts.into_iter().map(item).collect()),
        Ok((_, count)) => refuse(
            RpcError::invalid_request(format!(
                "a batch may have at most {} calls and this one has {count}: send several",
                limits.batch
            ))
            .with("limit", limits.batch),
        ),
        Err(error) => refuse(RpcError::parse_error(error.to_string())),
    }
}

/// Whether brackets are nested deeper than `limit`. In bytes that are not JSON the answer may be either.
fn deeper_than(bytes: &[u8], limit: usize) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// The first `limit` elements of an array and how many it has in all.
pub(super) fn elements(array: &RawValue, limit: usize) -> Result<(Vec<&RawValue>, usize), serde_json::Error> {
    UpTo(limit).deserialize(&mut serde_json::Deserializer::from_str(array.get()))
}

struct UpTo(usize);

impl<'de> DeserializeSeed<'de> for UpTo {
    type Value = (Vec<&'de RawValue>, usize);

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for UpTo {
    type Value = (Vec<&'de RawValue>, usize);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
        let mut kept = Vec::new();
        while kept.len() < self.0 {
            match array.next_element()? {
                Some(element) => kept.push(element),
                None => {
                    let count = kept.len();
                    return Ok((kept, count));
                }
            }
        }
        let mut count = kept.len();
        while array.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok((kept, count))
    }
}
