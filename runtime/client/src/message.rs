//! JSON-RPC messages: one request, one answer.

use hap_server::rpc::RpcError;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::ClientError;

#[derive(Serialize)]
struct Request<'a> {
    jsonrpc: &'static str,
    id: u64,
    method: &'a str,
    params: &'a RawValue,
}

#[derive(Deserialize)]
struct Answer {
    result: Option<Box<RawValue>>,
    error: Option<RpcError>,
}

/// A value as JSON text.
pub(crate) fn raw(value: &impl Serialize) -> Result<Box<RawValue>, ClientError> {
    serde_json::value::to_raw_value(value).map_err(|error| ClientError::Answer(error.to_string()))
}

/// The text of a request that has a connection or a stream of its own: all of these have one id.
pub(crate) fn request(method: &str, params: &RawValue) -> Result<Vec<u8>, ClientError> {
    request_text(1, method, params).map(String::into_bytes)
}

/// The text of a request.
pub(crate) fn request_text(id: u64, method: &str, params: &RawValue) -> Result<String, ClientError> {
    let request = Request {
        jsonrpc: "2.0",
        id,
        method,
        params,
    };
    serde_json::to_string(&request).map_err(|error| ClientError::Answer(error.to_string()))
}

/// The result in an answer.
pub(crate) fn result(answer: &[u8]) -> Result<Box<RawValue>, ClientError> {
    let answer: Answer =
        serde_json::from_slice(answer).map_err(|error| ClientError::Answer(error.to_string()))?;
    match (answer.result, answer.error) {
        (_, Some(error)) => Err(ClientError::Server(error)),
        (Some(result), None) => Ok(result),
        // A result that is `null`.
        (None, None) => Ok(RawValue::NULL.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_results_or_errors() {
        let good = result(br#"{"jsonrpc":"2.0","id":1,"result":{"n":12345678901234567890123}}"#).unwrap();
        assert_eq!(good.get(), r#"{"n":12345678901234567890123}"#);
        let bad =
            result(br#"{"jsonrpc":"2.0","id":1,"error":{"code":1003,"message":"no","data":{"hint":"h"}}}"#);
        let bad = bad.unwrap_err();
        assert_eq!((bad.to_string().as_str(), bad.hint()), ("no", Some("h")));
        assert!(matches!(result(b"<html>"), Err(ClientError::Answer(_))));
    }
}
