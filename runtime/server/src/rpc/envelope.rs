//! The members of one call or response, and whether they are as the specification wants them.
//!
//! What must stay true: what is refused keeps its id if the id can be told; a response that is refused is not
//! answered under its id, and one that is not refused is not answered at all.

use super::parse::{Item, Refusal};
use super::{Call, Id, Params, Response, RpcError};
use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// The members of a call or a response that mean something. Others are allowed and mean nothing.
#[derive(Default)]
struct Envelope<'a> {
    jsonrpc: Option<&'a RawValue>,
    id: Option<&'a RawValue>,
    method: Option<&'a RawValue>,
    params: Option<&'a RawValue>,
    result: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
    /// A member that stands there twice: who reads the first and who reads the last would disagree.
    twice: Option<&'static str>,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Member {
    Jsonrpc,
    Id,
    Method,
    Params,
    Result,
    Error,
    #[serde(other)]
    Other,
}

struct EnvelopeVisitor;

impl<'de> Visitor<'de> for EnvelopeVisitor {
    type Value = Envelope<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Envelope<'de>, A::Error> {
        let mut read = Envelope::default();
        while let Some(member) = map.next_key::<Member>()? {
            let value = map.next_value::<&'de RawValue>()?;
            let (place, name) = match member {
                Member::Jsonrpc => (&mut read.jsonrpc, "jsonrpc"),
                Member::Id => (&mut read.id, "id"),
                Member::Method => (&mut read.method, "method"),
                Member::Params => (&mut read.params, "params"),
                Member::Result => (&mut read.result, "result"),
                Member::Error => (&mut read.error, "error"),
                Member::Other => continue,
            };
            if place.replace(value).is_some() {
                // An id that stands there twice cannot be told, whatever else is wrong.
                if read.twice != Some("id") {
                    read.twice = Some(name);
                }
            }
        }
        Ok(read)
    }
}

/// What one JSON text, alone or in a batch, is.
pub(super) fn item(raw: &RawValue) -> Item {
    use serde::Deserializer as _;
    let envelope = serde_json::Deserializer::from_str(raw.get()).deserialize_map(EnvelopeVisitor);
    let envelope = match envelope {
        Ok(envelope) => envelope,
        Err(error) => {
            let problem = if raw.get().starts_with('{') {
                error.to_string()
            } else {
                "not an object".into()
            };
            return Item::Refused(Refusal::unknown(RpcError::invalid_request(problem)));
        }
    };
    if envelope.method.is_none() && (envelope.result.is_some() || envelope.error.is_some()) {
        return match response(&envelope) {
            Ok(response) => Item::Response(response),
            // Not under the id it has: the peer could take that for the answer to a request of its own.
            Err(problem) => Item::Refused(Refusal::unknown(RpcError::invalid_request(problem))),
        };
    }
    match call(&envelope) {
        Ok(call) => Item::Call(call),
        Err(problem) => {
            let told = envelope
                .id
                .filter(|_| envelope.twice != Some("id"))
                .and_then(Id::from_raw);
            let error = RpcError::invalid_request(problem);
            Item::Refused(Refusal {
                id: told.unwrap_or_else(Id::null),
                error,
            })
        }
    }
}

/// What a call and a response have in common.
fn checked_id(envelope: &Envelope<'_>) -> Result<Option<Id>, String> {
    if let Some(name) = envelope.twice {
        return Err(format!("`{name}` stands there twice"));
    }
    if envelope.jsonrpc.and_then(text).as_deref() != Some("2.0") {
        return Err(r#"`jsonrpc` must be "2.0""#.into());
    }
    match envelope.id {
        None => Ok(None),
        Some(raw) => Id::from_raw(raw)
            .map(Some)
            .ok_or_else(|| "`id` must be a string, a number or null".into()),
    }
}

fn call(envelope: &Envelope<'_>) -> Result<Call, String> {
    let id = checked_id(envelope)?;
    let method = envelope.method.ok_or("`method` is missing")?;
    let method = text(method).ok_or("`method` must be a string")?;
    let params = match envelope.params {
        None => Params::None,
        Some(raw) if raw.get().starts_with('{') => Params::Named(raw.to_owned()),
        Some(raw) if raw.get().starts_with('[') => Params::Positional(raw.to_owned()),
        Some(_) => return Err("`params` must be an object or an array, or be left out".into()),
    };
    Ok(Call { id, method, params })
}

fn response(envelope: &Envelope<'_>) -> Result<Response, String> {
    let id = checked_id(envelope)?.ok_or("a response must have an `id`")?;
    let outcome = match (envelope.result, envelope.error) {
        (Some(result), None) => Ok(result.to_owned()),
        (None, Some(error)) => Err(serde_json::from_str(error.get())
            .map_err(|problem| format!("the response's `error` is not one: {problem}"))?),
        _ => return Err("a response has either a `result` or an `error`".into()),
    };
    Ok(Response { id, outcome })
}

/// The text of a JSON string; none for anything else.
fn text(raw: &RawValue) -> Option<String> {
    serde_json::from_str(raw.get()).ok()
}
