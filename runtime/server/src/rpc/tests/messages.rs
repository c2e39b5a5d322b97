//! Reading and writing of single messages.
//!
//! What must stay true: these go by the specification, not by what is easy to read.

use super::{answer, answer_text};
use crate::rpc::{
    Call, Id, Incoming, Item, Limits, Params, Response, RpcError, notification, parse, request,
};
use serde_json::json;

const LIMITS: Limits = Limits { depth: 16, batch: 10 };

fn single(text: &str) -> Item {
    match parse(text.as_bytes(), LIMITS) {
        Incoming::Single(item) => item,
        Incoming::Batch(items) => panic!("a batch: {items:?}"),
    }
}

fn call(text: &str) -> Call {
    match single(text) {
        Item::Call(call) => call,
        other => panic!("no call: {other:?}"),
    }
}

fn refused(text: &str) -> (String, i64, String) {
    match single(text) {
        Item::Refused(refusal) => {
            let hint = refusal.error.data.unwrap()["hint"].as_str().unwrap().to_owned();
            (refusal.id.to_string(), refusal.error.code, hint)
        }
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn ids_go_back_as_they_were_written() {
    let ids = [
        "1",
        "1.0",
        "1e0",
        "-0",
        "\"1\"",
        "\"\"",
        "\"\\u0041\"",
        "\"é\\n\"",
        "null",
        "123456789012345678901234567890",
        "1e999",
        "0.1000",
    ];
    for id in ids {
        let text = answer_text(&format!(r#"{{"jsonrpc":"2.0","method":"get_data","id": {id} }}"#)).unwrap();
        assert_eq!(
            text,
            format!(r#"{{"jsonrpc":"2.0","result":["hello",5],"id":{id}}}"#)
        );
    }
}

#[test]
fn an_id_of_null_is_a_request_and_no_id_is_a_notification() {
    assert!(
        call(r#"{"jsonrpc":"2.0","method":"m","id":null}"#)
            .id
            .unwrap()
            .is_null()
    );
    assert!(call(r#"{"jsonrpc":"2.0","method":"m"}"#).is_notification());
}

#[test]
fn an_id_of_another_type_is_refused_without_an_id() {
    for id in ["true", "[1]", "{}"] {
        let (told, code, hint) = refused(&format!(r#"{{"jsonrpc":"2.0","method":"m","id":{id}}}"#));
        assert_eq!((told.as_str(), code), ("null", -32600));
        assert!(hint.contains("`id`"), "{hint}");
    }
}

#[test]
fn a_refusal_has_the_id_if_it_can_be_told() {
    for (message, told, about) in [
        (r#"{"jsonrpc":"2.0","id":7}"#, "7", "`method` is missing"),
        (r#"{"jsonrpc":"2.0","id":7,"method":1}"#, "7", "`method`"),
        (r#"{"jsonrpc":"1.0","id":"a","method":"m"}"#, "\"a\"", "`jsonrpc`"),
        (r#"{"jsonrpc":2.0,"id":"a","method":"m"}"#, "\"a\"", "`jsonrpc`"),
        (r#"{"id":7.0,"method":"m"}"#, "7.0", "`jsonrpc`"),
        (
            r#"{"jsonrpc":"2.0","id":7,"method":"m","params":null}"#,
            "7",
            "`params`",
        ),
        (
            r#"{"jsonrpc":"2.0","id":7,"method":"m","params":"x"}"#,
            "7",
            "`params`",
        ),
        (r#"{"jsonrpc":"2.0","method":"m","params":1}"#, "null", "`params`"),
        (
            r#"{"jsonrpc":"2.0","id":7,"method":"m","method":"n"}"#,
            "7",
            "`method` stands there twice",
        ),
        (
            r#"{"jsonrpc":"2.0","id":7,"id":7,"method":"m"}"#,
            "null",
            "`id` stands there twice",
        ),
        (
            r#"{"jsonrpc":"2.0","id":7,"id":8,"method":"m","method":"m"}"#,
            "null",
            "twice",
        ),
        (
            r#"{"jsonrpc":"2.0","id":7,"method":"m","m\u0065thod":"n"}"#,
            "7",
            "`method` stands there twice",
        ),
        ("7", "null", "not an object"),
        ("null", "null", "not an object"),
        (r#""text""#, "null", "not an object"),
    ] {
        let (id, code, hint) = refused(message);
        assert_eq!((id.as_str(), code), (told, -32600), "{message}");
        assert!(hint.contains(about), "{message}: {hint}");
    }
}

#[test]
fn members_without_a_meaning_are_ignored() {
    let call = call(r#"{"jsonrpc":"2.0","method":"m","id":1,"trace":{"a":[1]},"trace":2,"result":3}"#);
    assert_eq!(call.method, "m");
    assert!(matches!(call.params, Params::None));
}

#[test]
fn what_is_not_json_is_a_parse_error() {
    for bytes in [
        b"".as_slice(),
        b"  ",
        b"{",
        b"{}x",
        b"[1,]",
        b"{'a':1}",
        b"\xff\xfe",
        b"nul",
        b"01",
        b"[1] [2]",
        b"{\"jsonrpc\":\"2.0\",\"method\":\"\xff\",\"id\":1}",
        b"\"\n\"",
        b"{\"a\":1,}",
        b"NaN",
    ] {
        match parse(bytes, LIMITS) {
            Incoming::Single(Item::Refused(refusal)) => {
                assert_eq!(refusal.error.code, -32700, "{}", bytes.escape_ascii());
                assert!(refusal.id.is_null());
            }
            other => panic!("{}: {other:?}", bytes.escape_ascii()),
        }
    }
}

#[test]
fn depth_is_limited_to_the_bracket_and_brackets_in_texts_do_not_count() {
    let message = |depth: usize, text: &str| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"m{text}","params":{open}{close}}}"#)
    };
    call(&message(15, ""));
    call(&message(15, r#"\"[[[[{{{{\\"#));
    let (id, code, hint) = refused(&message(16, ""));
    assert_eq!(
        (id.as_str(), code, hint.as_str()),
        ("null", -32700, "nested deeper than 16")
    );
}

#[test]
fn a_million_brackets_do_no_harm_even_if_the_depth_is_not_limited() {
    let unlimited = Limits {
        depth: usize::MAX,
        batch: 10,
    };
    let open = "[".repeat(1_000_000);
    assert!(matches!(
        parse(open.as_bytes(), unlimited),
        Incoming::Single(Item::Refused(_))
    ));
    let message = format!("{open}{}", "]".repeat(1_000_000));
    assert!(matches!(parse(message.as_bytes(), unlimited), Incoming::Batch(_)));
}

#[test]
fn a_response_is_told_from_a_call() {
    match single(r#"{"jsonrpc":"2.0","result":[1, 2],"id":"x"}"#) {
        Item::Response(Response { id, outcome }) => {
            assert_eq!(id, Id::string("x"));
            assert_eq!(outcome.unwrap().get(), "[1, 2]");
        }
        other => panic!("{other:?}"),
    }
    match single(r#"{"jsonrpc":"2.0","error":{"code":5,"message":"no","data":[1]},"id":null}"#) {
        Item::Response(Response { id, outcome }) => {
            assert!(id.is_null());
            let expected = RpcError {
                code: 5,
                message: "no".into(),
                data: Some(json!([1])),
            };
            assert_eq!(outcome.unwrap_err(), expected);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_response_is_never_answered_so_that_two_servers_cannot_talk_for_ever() {
    assert_eq!(answer_text(r#"{"jsonrpc":"2.0","result":1,"id":1}"#), None);
    assert_eq!(
        answer_text(r#"{"jsonrpc":"2.0","error":{"code":1,"message":""},"id":1}"#),
        None
    );
    let first = answer_text(r#"{"jsonrpc":"2.0","method":"nothing","id":1}"#).unwrap();
    assert_eq!(answer_text(&first), None);
}

#[test]
fn a_response_that_is_wrong_is_refused_but_not_under_its_id() {
    for message in [
        r#"{"jsonrpc":"2.0","result":1,"error":{"code":1,"message":""},"id":1}"#,
        r#"{"jsonrpc":"2.0","result":1}"#,
        r#"{"result":1,"id":1}"#,
        r#"{"jsonrpc":"2.0","error":"no","id":1}"#,
    ] {
        let (id, code, _) = refused(message);
        assert_eq!((id.as_str(), code), ("null", -32600), "{message}");
    }
}

#[test]
fn calls_that_are_written_can_be_read() {
    let written = request(&Id::number(7), "a\"b", &json!({"x": 1})).unwrap();
    assert_eq!(
        String::from_utf8(written).unwrap(),
        r#"{"jsonrpc":"2.0","method":"a\"b","params":{"x":1},"id":7}"#
    );
    let written = notification("run.event", &()).unwrap();
    assert_eq!(
        String::from_utf8(written).unwrap(),
        r#"{"jsonrpc":"2.0","method":"run.event"}"#
    );
    assert!(notification("m", &5).is_err());
    assert!(notification("m", &"text").is_err());
}

#[test]
fn an_id_tells_its_number_or_text() {
    assert_eq!(Id::number(7).as_u64(), Some(7));
    assert_eq!(Id::number(7).as_text(), None);
    assert_eq!(Id::string("a\n").as_text().as_deref(), Some("a\n"));
    assert_eq!(Id::string("7").as_u64(), None);
    assert_eq!(Id::null().as_u64(), None);
}

#[test]
fn a_name_that_the_specification_reserves_is_an_unknown_method() {
    let answer = answer(r#"{"jsonrpc":"2.0","method":"rpc.anything","id":1}"#);
    assert_eq!(answer["error"]["code"], -32601);
}
