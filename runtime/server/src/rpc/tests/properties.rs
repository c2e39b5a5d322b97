//! What holds for any input.
//!
//! What must stay true: no bytes make the dispatcher panic, and a request gets its one answer.

use super::{Seen, Settings, block_on, service};
use crate::rpc::{Incoming, Item, Limits, parse};
use proptest::prelude::*;
use serde_json::value::RawValue;

/// Runs a message and gives the ids of the answers as they are written.
fn answered_ids(message: &[u8]) -> Vec<String> {
    #[derive(serde::Deserialize)]
    struct Answer<'a> {
        #[serde(borrow)]
        id: &'a RawValue,
    }
    let Some(answer) = block_on(service(Settings::default()).handle(Seen::default(), message)) else {
        return Vec::new();
    };
    let text = str::from_utf8(&answer).unwrap();
    let answers: Vec<Answer<'_>> = if text.starts_with('[') {
        serde_json::from_str(text).unwrap()
    } else {
        vec![serde_json::from_str(text).unwrap()]
    };
    answers.iter().map(|answer| answer.id.get().to_owned()).collect()
}

fn id() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i64>().prop_map(|id| id.to_string()),
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,5})?([eE][+-]?[0-9]{1,3})?",
        any::<String>().prop_map(|id| serde_json::to_string(&id).unwrap()),
        "\"(\\\\u[0-9a-fA-F]{4}|\\\\n|[a-z]){0,6}\"",
        Just("null".to_owned()),
    ]
}

fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        any::<i32>().prop_map(|number| number.to_string()),
        "[a-z]{0,5}".prop_map(|text| format!("\"{text}\"")),
    ];
    leaf.prop_recursive(4, 20, 4, |inner| {
        let name = prop_oneof!["[a-z]{1,3}", Just("minuend".to_owned()), Just("list".to_owned())];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec((name, inner), 0..4).prop_map(|members| {
                let members: Vec<_> = members
                    .iter()
                    .map(|(name, value)| format!("\"{name}\":{value}"))
                    .collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

fn method() -> impl Strategy<Value = &'static str> {
    let names = [
        "subtract", "sum", "get_data", "update", "echo", "fail", "nothing", "rpc.x", "",
    ];
    prop::sample::select(names.to_vec())
}

/// A call that has an id or not, and any params, also such as are not allowed.
fn call() -> impl Strategy<Value = (Option<String>, String)> {
    let params = prop::option::of(prop_oneof![json(), json().prop_map(|value| format!("[{value}]"))]);
    (prop::option::of(id()), method(), params).prop_map(|(id, method, params)| {
        let mut text = format!(r#"{{"method":"{method}""#);
        if let Some(params) = params {
            text += &format!(r#","params":{params}"#);
        }
        if let Some(id) = &id {
            text += &format!(r#", "id" : {id} "#);
        }
        (id, text + r#","jsonrpc":"2.0"}"#)
    })
}

/// The id to answer with; a notification whose params are of a type that is not allowed is answered too.
fn expected(id: &Option<String>, text: &str) -> Option<String> {
    let limits = Limits {
        depth: 64,
        batch: 100,
    };
    let refused = matches!(parse(text.as_bytes(), limits), Incoming::Single(Item::Refused(_)));
    id.clone().or(refused.then(|| "null".to_owned()))
}

proptest! {
    #[test]
    fn random_bytes_are_answered_at_most_once_and_never_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        answered_ids(&bytes);
    }

    #[test]
    fn random_json_never_panics(text in json()) {
        answered_ids(text.as_bytes());
    }

    #[test]
    fn a_request_that_is_cut_or_changed_somewhere_never_panics(
        (_, text) in call(), place in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let mut bytes = text.into_bytes();
        let place = place.index(bytes.len());
        answered_ids(&bytes[..place]);
        bytes[place] = byte;
        answered_ids(&bytes);
    }

    #[test]
    fn a_request_gets_one_answer_with_its_id((id, text) in call()) {
        let expected: Vec<String> = expected(&id, &text).into_iter().collect();
        prop_assert_eq!(answered_ids(text.as_bytes()), expected);
    }

    #[test]
    fn each_request_of_a_batch_gets_one_answer_in_its_order(
        calls in prop::collection::vec(call(), 1..30),
    ) {
        let texts: Vec<&str> = calls.iter().map(|(_, text)| text.as_str()).collect();
        let ids: Vec<String> = calls.iter().filter_map(|(id, text)| expected(id, text)).collect();
        prop_assert_eq!(answered_ids(format!("[{}]", texts.join(" ,\n")).as_bytes()), ids);
    }
}
