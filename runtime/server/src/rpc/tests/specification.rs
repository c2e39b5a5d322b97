//! The examples of the JSON-RPC 2.0 specification, section 7, word for word.
//!
//! What must stay true: an answer may differ from the example only in `error.data`, which the specification
//! leaves to the server; its presence is checked and it is set aside for the comparison.

use super::{Seen, Settings, answer, block_on, service};
use serde_json::Value;

/// Takes the data out of an answer's error, which must have the code's kind there.
fn without_data(mut answer: Value) -> Value {
    let each: Vec<&mut Value> = match &mut answer {
        Value::Array(answers) => answers.iter_mut().collect(),
        single => vec![single],
    };
    for answer in each {
        if let Some(error) = answer.get_mut("error").and_then(Value::as_object_mut) {
            let data = error.remove("data").expect("an error of HAP has data");
            let code = crate::rpc::Code::from_number(error["code"].as_i64().unwrap()).unwrap();
            assert_eq!(data["kind"], code.kind());
        }
    }
    answer
}

#[track_caller]
fn example(request: &str, response: &str) {
    let expected: Value = serde_json::from_str(response).unwrap();
    assert_eq!(without_data(answer(request)), expected, "{request}");
}

#[test]
fn positional_parameters() {
    example(
        r#"{"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1}"#,
        r#"{"jsonrpc": "2.0", "result": 19, "id": 1}"#,
    );
    example(
        r#"{"jsonrpc": "2.0", "method": "subtract", "params": [23, 42], "id": 2}"#,
        r#"{"jsonrpc": "2.0", "result": -19, "id": 2}"#,
    );
}

#[test]
fn named_parameters() {
    example(
        r#"{"jsonrpc": "2.0", "method": "subtract", "params": {"subtrahend": 23, "minuend": 42}, "id": 3}"#,
        r#"{"jsonrpc": "2.0", "result": 19, "id": 3}"#,
    );
    example(
        r#"{"jsonrpc": "2.0", "method": "subtract", "params": {"minuend": 42, "subtrahend": 23}, "id": 4}"#,
        r#"{"jsonrpc": "2.0", "result": 19, "id": 4}"#,
    );
}

#[test]
fn a_notification() {
    example(
        r#"{"jsonrpc": "2.0", "method": "update", "params": [1,2,3,4,5]}"#,
        "null",
    );
    example(r#"{"jsonrpc": "2.0", "method": "foobar"}"#, "null");
}

#[test]
fn a_notification_reaches_its_handler() {
    let seen = Seen::default();
    let methods = service(Settings::default());
    let message = br#"{"jsonrpc": "2.0", "method": "update", "params": [[1,2]]}"#;
    assert_eq!(block_on(methods.handle(seen.clone(), message)), None);
    assert_eq!(seen.list(), ["update Some([Some(1), Some(2)])"]);
}

#[test]
fn a_method_that_does_not_exist() {
    example(
        r#"{"jsonrpc": "2.0", "method": "foobar", "id": "1"}"#,
        r#"{"jsonrpc": "2.0", "error": {"code": -32601, "message": "Method not found"}, "id": "1"}"#,
    );
}

#[test]
fn invalid_json() {
    example(
        r#"{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]"#,
        r#"{"jsonrpc": "2.0", "error": {"code": -32700, "message": "Parse error"}, "id": null}"#,
    );
}

#[test]
fn an_invalid_request_object() {
    example(
        r#"{"jsonrpc": "2.0", "method": 1, "params": "bar"}"#,
        r#"{"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null}"#,
    );
}

#[test]
fn a_batch_that_is_invalid_json() {
    example(
        r#"[
            {"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},
            {"jsonrpc": "2.0", "method"
        ]"#,
        r#"{"jsonrpc": "2.0", "error": {"code": -32700, "message": "Parse error"}, "id": null}"#,
    );
}

#[test]
fn an_empty_array() {
    example(
        "[]",
        r#"{"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null}"#,
    );
}

#[test]
fn an_invalid_batch_that_is_not_empty() {
    example(
        "[1]",
        r#"[{"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null}]"#,
    );
}

#[test]
fn an_invalid_batch() {
    example(
        "[1,2,3]",
        r#"[
            {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null},
            {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null},
            {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null}
        ]"#,
    );
}

#[test]
fn a_batch() {
    example(
        r#"[
            {"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},
            {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]},
            {"jsonrpc": "2.0", "method": "subtract", "params": [42,23], "id": "2"},
            {"foo": "boo"},
            {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},
            {"jsonrpc": "2.0", "method": "get_data", "id": "9"}
        ]"#,
        r#"[
            {"jsonrpc": "2.0", "result": 7, "id": "1"},
            {"jsonrpc": "2.0", "result": 19, "id": "2"},
            {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null},
            {"jsonrpc": "2.0", "error": {"code": -32601, "message": "Method not found"}, "id": "5"},
            {"jsonrpc": "2.0", "result": ["hello", 5], "id": "9"}
        ]"#,
    );
}

#[test]
fn a_batch_of_notifications() {
    example(
        r#"[
            {"jsonrpc": "2.0", "method": "notify_sum", "params": [1,2,4]},
            {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]}
        ]"#,
        "null",
    );
}
