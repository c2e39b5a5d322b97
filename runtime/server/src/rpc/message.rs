//! The parts of a JSON-RPC 2.0 message, and how those that HAP sends are written.
//!
//! What must stay true: an id is kept as the text it was written in and goes back as that text (`1`, `1.0`
//! and `"1"` are three ids), and every message written here is one complete JSON text.

use super::RpcError;
use serde::Serialize;
use serde_json::value::RawValue;
use std::fmt;

/// What a call came to: the result as JSON text, or an error.
pub type Outcome = Result<Box<RawValue>, RpcError>;

/// The id of a request: the JSON text of a string, a number or null.
///
/// Two ids are equal when they are written alike. That is right for a peer, which must send an id back as
/// it got it, but `"A"` and `"\u0041"` are different here.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Id(Box<str>);

impl Id {
    /// The id `null`, which also stands for an id that could not be told.
    pub fn null() -> Self {
        Self("null".into())
    }

    /// An id from a number.
    pub fn number(number: u64) -> Self {
        Self(number.to_string().into())
    }

    /// An id from a text.
    pub fn string(text: &str) -> Self {
        Self(serde_json::Value::from(text).to_string().into())
    }

    /// The id that this JSON text writes; none if it is neither a string nor a number nor null.
    pub fn from_raw(raw: &RawValue) -> Option<Self> {
        match raw.get().as_bytes().first()? {
            b'"' | b'-' | b'0'..=b'9' | b'n' => Some(Self(raw.get().into())),
            _ => None,
        }
    }

    /// The JSON text, as it was written.
    pub fn raw(&self) -> &str {
        &self.0
    }

    /// Whether this is `null`.
    pub fn is_null(&self) -> bool {
        self.raw() == "null"
    }

    /// The number, if it is written as an integer that fits.
    pub fn as_u64(&self) -> Option<u64> {
        serde_json::from_str(self.raw()).ok()
    }

    /// The text, if it is a string.
    pub fn as_text(&self) -> Option<String> {
        serde_json::from_str(self.raw()).ok()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The parameters of a call, not yet looked into.
///
/// They stay one piece of text, because a list of a million zeros taken apart needs twenty times the memory
/// that it has on the wire, and the method alone knows how many it wants.
#[derive(Debug, Clone, Default)]
pub enum Params {
    /// There is no `params`.
    #[default]
    None,
    /// The text of an object.
    Named(Box<RawValue>),
    /// The text of an array.
    Positional(Box<RawValue>),
}

impl Params {
    /// Parameters of a value: an object, a list, or nothing (`()`).
    ///
    /// # Errors
    /// -32602 for any other value.
    pub fn of(value: &impl Serialize) -> Result<Self, RpcError> {
        let raw = serde_json::value::to_raw_value(value);
        let raw = raw.map_err(|error| RpcError::invalid_params(error.to_string()))?;
        match raw.get().as_bytes().first() {
            Some(b'{') => Ok(Self::Named(raw)),
            Some(b'[') => Ok(Self::Positional(raw)),
            Some(b'n') => Ok(Self::None),
            _ => Err(RpcError::invalid_params("they must be an object or a list")),
        }
    }
}

/// A request, or a notification if it has no id.
#[derive(Debug, Clone)]
pub struct Call {
    /// The id; a call that has `"id": null` is a request all the same.
    pub id: Option<Id>,
    /// The name of the method.
    pub method: String,
    /// Its parameters.
    pub params: Params,
}

impl Call {
    /// Whether no answer is wanted.
    pub fn is_notification(&self) -> bool {
        self.id.is_none()
    }
}

/// The answer to a request.
#[derive(Debug, Clone)]
pub struct Response {
    /// The id of the request.
    pub id: Id,
    /// What it came to.
    pub outcome: Outcome,
}

impl Response {
    /// An answer that is an error.
    pub fn error(id: Id, error: RpcError) -> Self {
        Self {
            id,
            outcome: Err(error),
        }
    }

    /// The JSON text of the response.
    pub fn to_bytes(&self) -> Vec<u8> {
        let id = self.id.raw();
        match &self.outcome {
            Ok(result) => format!(r#"{{"jsonrpc":"2.0","result":{},"id":{id}}}"#, result.get()),
            Err(error) => format!(r#"{{"jsonrpc":"2.0","error":{},"id":{id}}}"#, error_text(error)),
        }
        .into_bytes()
    }
}

/// An error in JSON. Its parts are text, a number and a `Value`, of which none can fail to be written; if
/// one did, the peer would still get the code.
fn error_text(error: &RpcError) -> String {
    serde_json::to_string(error).unwrap_or_else(|_| format!(r#"{{"code":{},"message":""}}"#, error.code))
}

/// The JSON text of a notification. Fails if `params` is neither an object nor an array nor nothing (null).
pub fn notification(method: &str, params: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    call_text(method, params, None)
}

/// The JSON text of a request. Fails if `params` is neither an object nor an array nor nothing (null).
pub fn request(id: &Id, method: &str, params: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    call_text(method, params, Some(id))
}

fn call_text(method: &str, params: &impl Serialize, id: Option<&Id>) -> Result<Vec<u8>, serde_json::Error> {
    use serde::ser::Error as _;
    let mut out = format!(r#"{{"jsonrpc":"2.0","method":{}"#, serde_json::to_string(method)?);
    let params = serde_json::to_string(params)?;
    if params.starts_with(['{', '[']) {
        out.push_str(r#","params":"#);
        out.push_str(&params);
    } else if params != "null" {
        return Err(serde_json::Error::custom(
            "parameters must be an object or an array",
        ));
    }
    if let Some(id) = id {
        out.push_str(r#","id":"#);
        out.push_str(id.raw());
    }
    out.push('}');
    Ok(out.into_bytes())
}
