//! JSON that comes in from guests and goes out to them: what is taken as JSON is JSON, keys are told apart, nesting is
//! counted, and taking a value apart and joining it again changes nothing. Reducers and the context are fed with the
//! lines of the input.

use std::time::Duration;

use hap_model::{Json, JsonError, MAX_JSON_DEPTH, Reducer, TopLevel};

use super::bounded::within;
use super::context;
use super::reference::{self, Facts, Refusal, Value};
use super::told::is_told_well;

/// The depth that the runtime allows where nothing is set.
const DEPTH: u64 = 100;

/// The property. `data` is one text; its lines but the first are texts too, and its first line is a program for the
/// context (see [`context::check`]).
pub fn check(data: &[u8]) {
    // What a guest returns is UTF-8 before it is anything else.
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    within(Duration::from_secs(1), || check_text(text));
}

fn check_text(text: &str) {
    let mut values: Vec<Json> = Vec::new();
    for line in std::iter::once(text).chain(text.lines().skip(1).take(12)) {
        for depth in [1, 3, DEPTH, MAX_JSON_DEPTH] {
            parses_alike(line, depth);
        }
        values.extend(Json::parse(line, DEPTH));
    }
    for (index, value) in values.iter().enumerate() {
        joins_to_the_same(value);
        for other in values.iter().skip(index) {
            same_value_is_equality(value, other);
        }
    }
    Reducer::NAMES
        .iter()
        .for_each(|(_, reducer)| folds(*reducer, &values));
    context::check(text.lines().next().unwrap_or_default().as_bytes(), &values);
}

/// The facts of a text that was accepted, or that this crate wrote.
fn facts(text: &str) -> Facts {
    reference::read(text).unwrap_or_else(|refusal| panic!("{refusal:?}: {text}"))
}

/// Both ways of reading agree with the naive one, and with `serde_json` where that reads as much.
fn parses_alike(text: &str, max_depth: u64) {
    let expected = reference::read(text);
    let whole = Json::parse(text, max_depth);
    let apart = TopLevel::parse(text, max_depth);
    let good = matches!(&expected, Ok(facts)
        if !facts.repeats_a_key && !facts.half_a_pair && facts.depth as u64 <= max_depth);
    assert_eq!(whole.is_ok(), good, "whole: {whole:?}, but {expected:?}");
    assert_eq!(apart.is_ok(), good, "apart: {apart:?}, but {expected:?}");
    for error in whole.err().into_iter().chain(apart.err()) {
        says_what_is_wrong(&error, &expected, max_depth);
    }
    let value: Result<serde_json::Value, _> = serde_json::from_str(text);
    match (&expected, value) {
        (Err(Refusal::Syntax), Ok(value)) => panic!("`serde_json` reads {value}"),
        (Ok(facts), Err(error)) => {
            // What `serde_json` cannot hold though the grammar allows it.
            let cannot = facts.half_a_pair || facts.depth > 126;
            assert!(
                cannot || error.to_string().starts_with("number out of range"),
                "{error}"
            );
        }
        _ => {}
    }
}

fn says_what_is_wrong(error: &JsonError, expected: &Result<Facts, Refusal>, max_depth: u64) {
    is_told_well(&error.to_string(), 300);
    let Ok(facts) = expected else { return };
    let right = match error {
        JsonError::Syntax(_) => facts.half_a_pair,
        JsonError::DuplicateKey(_) => facts.repeats_a_key,
        JsonError::TooDeep(limit) => *limit == max_depth && facts.depth as u64 > max_depth,
        _ => false,
    };
    assert!(right, "{error:?}, but {facts:?}");
}

/// Taken apart and joined again it is the same value, with the same text in each member.
fn joins_to_the_same(value: &Json) {
    let before = facts(value.as_str());
    let Ok(TopLevel::Object(members)) = TopLevel::parse(value.as_str(), DEPTH) else {
        assert!(!matches!(before.value, Value::Object(_)), "no object: {value}");
        return;
    };
    let member = |(key, value): &(std::sync::Arc<str>, Json)| {
        assert!(
            reference::read(value.as_str()).is_ok(),
            "a member is no JSON: {value}"
        );
        format!("{}:{value}", serde_json::to_string(&**key).unwrap())
    };
    let joined = format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","));
    assert_eq!(facts(&joined).value, before.value);
    let joined = Json::parse(&joined, DEPTH).unwrap();
    assert!(joined.same_value(value), "{joined} is not {value}");
    assert_eq!(
        Json::from_value(value).as_ref(),
        Ok(value),
        "serializing changes it"
    );
}

fn same_value_is_equality(a: &Json, b: &Json) {
    let (left, right) = (facts(a.as_str()), facts(b.as_str()));
    assert_eq!(a.same_value(b), left.value == right.value, "{a} and {b}");
    assert_eq!(a.same_value(b), b.same_value(a), "{a} and {b}");
}

/// Folding what a reducer does not refuse never panics and gives JSON; so does each reducer's own law.
fn folds(reducer: Reducer, values: &[Json]) {
    let taken: Vec<&Json> = values
        .iter()
        .filter(|value| reducer.refuses(value).is_none())
        .collect();
    for count in [0, 1, 2, taken.len()] {
        let taken = taken.get(..count).unwrap_or(&taken);
        let Ok(folded) = reducer.fold(taken) else {
            let may_fail = taken.is_empty() || reducer == Reducer::Sum;
            assert!(may_fail, "`{reducer}` fails on {taken:?}");
            continue;
        };
        assert!(
            Json::parse(folded.as_str(), DEPTH).is_ok(),
            "`{reducer}` gives {folded}"
        );
        obeys_its_law(reducer, taken, &folded);
    }
}

fn obeys_its_law(reducer: Reducer, taken: &[&Json], folded: &Json) {
    let items = |value: &Json| match facts(value.as_str()).value {
        Value::List(items) => items,
        _ => Vec::new(),
    };
    let all = || taken.iter().flat_map(|value| items(value)).collect::<Vec<_>>();
    match reducer {
        Reducer::Append if !taken.is_empty() => assert_eq!(items(folded), all()),
        Reducer::Union => {
            let mut once: Vec<Value> = Vec::new();
            all().into_iter().for_each(|item| {
                if !once.contains(&item) {
                    once.push(item);
                }
            });
            assert_eq!(items(folded), once);
        }
        Reducer::Sum => {
            let numbers: Option<Vec<i128>> = taken.iter().map(|value| value.as_str().parse().ok()).collect();
            if let (Some(numbers), 2..) = (numbers, taken.len()) {
                assert_eq!(folded.as_str(), numbers.iter().sum::<i128>().to_string());
            }
        }
        Reducer::Merge => {
            let values = taken.iter().map(|value| facts(value.as_str()).value);
            let merged = values.fold(Value::Object(Default::default()), deep_merge);
            assert_eq!(facts(folded.as_str()).value, merged);
        }
        Reducer::Min | Reducer::Max | Reducer::First | Reducer::Last => {
            assert!(taken.contains(&folded), "{folded} is none of {taken:?}");
        }
        _ => {}
    }
}

/// The later value wins unless both are objects.
fn deep_merge(early: Value, late: Value) -> Value {
    let (Value::Object(mut early), Value::Object(late)) = (early, late.clone()) else {
        return late;
    };
    for (key, value) in late {
        let merged = match early.remove(&key) {
            Some(old) => deep_merge(old, value),
            None => value,
        };
        early.insert(key, merged);
    }
    Value::Object(early)
}
