//! Registration, parameters and what becomes of a handler that fails.
//!
//! What must stay true: an error of parameters says which parameter it is about.

use super::{SUBTRACT, Seen, Settings, answer, answer_text, block_on, service};
use crate::rpc::{MethodSpec, Methods, NoParams, ParamSpec, RegisterError, RpcError};
use serde::Deserialize;
use serde_json::{Value, json};

fn call(method: &str, params: &str) -> Value {
    answer(&format!(
        r#"{{"jsonrpc":"2.0","method":"{method}","params":{params},"id":1}}"#
    ))
}

#[track_caller]
fn invalid(method: &str, params: &str, problem: &str) -> Value {
    let mut answer = call(method, params);
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
    assert_eq!(answer["error"]["message"], format!("Invalid params: {problem}"));
    answer["error"]["data"].take()
}

#[test]
fn too_many_parameters_by_position_are_refused() {
    let data = invalid("subtract", "[1,2,3]", "`subtract` takes at most 2 and got 3");
    assert_eq!(data, json!({"kind": "invalid-params", "limit": 2}));
    invalid("get_data", "[null]", "`get_data` takes at most 0 and got 1");
}

#[test]
fn a_missing_parameter_is_named() {
    for params in ["[1]", r#"{"minuend":1}"#] {
        let data = invalid("subtract", params, "`subtrahend` is missing");
        assert_eq!(data, json!({"kind": "invalid-params", "param": "subtrahend"}));
    }
    let answer = answer(r#"{"jsonrpc":"2.0","method":"subtract","id":1}"#);
    assert_eq!(answer["error"]["data"]["param"], "minuend");
}

#[test]
fn an_unknown_parameter_is_named_with_the_nearest_one() {
    let data = invalid(
        "subtract",
        r#"{"minuent":1}"#,
        "`subtract` has no parameter `minuent`",
    );
    assert_eq!(data["hint"], "did you mean `minuend`?");
    assert_eq!(data["param"], "minuent");
    let data = invalid(
        "subtract",
        r#"{"zebra":1}"#,
        "`subtract` has no parameter `zebra`",
    );
    assert_eq!(data["hint"], Value::Null);
}

#[test]
fn a_parameter_that_is_given_twice_is_refused() {
    invalid(
        "subtract",
        r#"{"minuend":1,"subtrahend":2,"minuend":3}"#,
        "`minuend` is given twice",
    );
}

#[test]
fn no_parameters_may_be_given_in_three_ways() {
    for message in [
        r#"{"jsonrpc":"2.0","method":"get_data","id":1}"#,
        r#"{"jsonrpc":"2.0","method":"get_data","params":[],"id":1}"#,
        r#"{"jsonrpc":"2.0","method":"get_data","params":{},"id":1}"#,
    ] {
        assert_eq!(answer(message)["result"], json!(["hello", 5]), "{message}");
    }
}

#[test]
fn a_value_of_the_wrong_type_is_told_with_its_path() {
    let wrong = r#"invalid type: string "x", expected i64"#;
    let data = invalid("subtract", r#"[1,"x"]"#, &format!("`subtrahend`: {wrong}"));
    assert_eq!(data["path"], "subtrahend");
    let data = invalid(
        "update",
        r#"{"list":[1,null,"x"]}"#,
        &format!("`list[2]`: {wrong}"),
    );
    assert_eq!(data["path"], "list[2]");
}

#[test]
fn raw_json_passes_through_a_handler_unchanged() {
    let value = r#"{"b": 1.0,"a":12345678901234567890123, "b":[ ]}"#;
    for params in [format!("[{value}]"), format!(r#"{{"value":{value}}}"#)] {
        let text = answer_text(&format!(
            r#"{{"jsonrpc":"2.0","method":"echo","params":{params},"id":1}}"#
        ))
        .unwrap();
        assert_eq!(text, format!(r#"{{"jsonrpc":"2.0","result":{value},"id":1}}"#));
    }
}

#[test]
fn an_alias_reaches_the_method() {
    assert_eq!(call("data.get", "[]")["result"], json!(["hello", 5]));
}

#[test]
fn an_unknown_method_is_told_with_the_nearest_one() {
    let answer = call("substract", "[]");
    assert_eq!(answer["error"]["message"], "Method not found");
    assert_eq!(answer["error"]["data"]["hint"], "did you mean `subtract`?");
}

#[test]
fn an_error_of_a_handler_is_the_answer() {
    assert_eq!(
        call("fail", "{}")["error"],
        json!({"code": 1003, "message": "there is no such run", "data": {"kind": "not-found", "run": "r1"}})
    );
}

#[test]
fn a_panic_is_an_internal_error_that_gives_nothing_away_and_the_service_goes_on() {
    let methods = service(Settings::default());
    let seen = Seen::default();
    let panics = br#"{"jsonrpc":"2.0","method":"panic","id":1}"#;
    let text = String::from_utf8(block_on(methods.handle(seen.clone(), panics)).unwrap()).unwrap();
    assert!(
        text.contains("-32603") && text.contains("Internal error"),
        "{text}"
    );
    assert!(!text.contains("secret"));
    let works = br#"{"jsonrpc":"2.0","method":"get_data","id":2}"#;
    assert!(block_on(methods.handle(seen, works)).is_some());
}

#[test]
fn a_panic_before_the_first_await_is_caught_too() {
    let mut methods: Methods<()> = Methods::default();
    let handler = |(), NoParams {}| -> std::future::Ready<Result<(), RpcError>> { panic!("at once") };
    methods.register(MethodSpec::new("m"), handler).unwrap();
    let answer = block_on(methods.handle((), br#"{"jsonrpc":"2.0","method":"m","id":1}"#)).unwrap();
    assert!(String::from_utf8(answer).unwrap().contains("-32603"));
}

#[test]
fn a_notification_is_not_answered_even_when_it_fails() {
    for message in [
        r#"{"jsonrpc":"2.0","method":"fail"}"#,
        r#"{"jsonrpc":"2.0","method":"panic"}"#,
        r#"{"jsonrpc":"2.0","method":"subtract","params":["x"]}"#,
        r#"{"jsonrpc":"2.0","method":"no such method"}"#,
    ] {
        assert_eq!(answer_text(message), None, "{message}");
    }
}

#[test]
fn a_result_that_is_too_long_is_an_error() {
    let methods = service(Settings {
        answer_bytes: 10,
        ..Settings::default()
    });
    let message = br#"{"jsonrpc":"2.0","method":"echo","params":["1234567890"],"id":1}"#;
    let answer: Value =
        serde_json::from_slice(&block_on(methods.handle(Seen::default(), message)).unwrap()).unwrap();
    assert_eq!(answer["error"]["code"], 1011);
    assert_eq!(answer["error"]["data"]["limit"], 10);
}

#[test]
fn values_nested_deeper_than_a_handler_can_read_are_refused() {
    #[derive(Deserialize)]
    struct Any {
        value: Value,
    }
    let mut methods: Methods<()> = Methods::new(Settings {
        depth: 10_000,
        ..Settings::default()
    });
    let spec = MethodSpec::new("m").params(const { &[ParamSpec::required("value")] });
    methods
        .register(spec, |(), Any { value }| async move { Ok(value) })
        .unwrap();
    let (open, close) = ("[".repeat(5000), "]".repeat(5000));
    let message = format!(r#"{{"jsonrpc":"2.0","method":"m","params":[{open}{close}],"id":1}}"#);
    let answer = block_on(methods.handle((), message.as_bytes())).unwrap();
    assert!(String::from_utf8(answer).unwrap().contains("-32602"));
}

#[test]
fn mistakes_in_registering_are_told_and_change_nothing() {
    fn add(methods: &mut Methods<()>, spec: MethodSpec) -> Result<(), RegisterError> {
        methods.register(spec, |(), NoParams {}| async { Ok(()) })
    }
    const SAME: &[ParamSpec] = &[ParamSpec::optional("a"), ParamSpec::optional("a")];
    const ORDER: &[ParamSpec] = &[ParamSpec::optional("a"), ParamSpec::required("b")];
    let mut methods = Methods::default();
    add(&mut methods, SUBTRACT).unwrap();
    let new = MethodSpec::new;
    for (spec, error) in [
        (new("subtract"), RegisterError::Taken("subtract")),
        (
            new("minus").aliases(&["subtract"]),
            RegisterError::Taken("subtract"),
        ),
        (new("a").aliases(&["a"]), RegisterError::Taken("a")),
        (new("rpc.mine"), RegisterError::Reserved("rpc.mine")),
        (
            new("m").params(SAME),
            RegisterError::SameParam {
                method: "m",
                param: "a",
            },
        ),
        (
            new("m").params(ORDER),
            RegisterError::RequiredAfterOptional {
                method: "m",
                param: "b",
            },
        ),
    ] {
        assert_eq!(add(&mut methods, spec), Err(error));
    }
    assert_eq!(methods.specs().count(), 1);
    add(&mut methods, new("minus")).unwrap();
    add(&mut methods, new("rpc.discover")).unwrap();
}
