//! What conditions are true, and what they read.

mod errors;
mod hostile;

use super::*;

const VARIABLES: &[&str] = &["context", "output", "iteration"];

fn new(source: &str) -> Result<Condition, ConditionError> {
    Condition::new(source, VARIABLES)
}

/// The message, and the hint behind ` | `.
fn told(error: &ConditionError) -> String {
    match &error.hint {
        Some(hint) => format!("{error} | {hint}"),
        None => error.to_string(),
    }
}

fn refused(source: &str) -> String {
    told(&new(source).expect_err(source))
}

fn evaluate(source: &str, context: &str, output: &str) -> Result<bool, ConditionError> {
    let context = json::TopLevel::parse_object(context, 100).unwrap();
    let output = Json::parse(output, 100).unwrap();
    new(source)?.evaluate(&[
        ("context", ConditionValue::Members(&context)),
        ("output", ConditionValue::Json(&output)),
        ("iteration", ConditionValue::Integer(3)),
    ])
}

const CONTEXT: &str =
    r#"{"n": 3, "items": [1, 2.5, "x"], "big": 18446744073709551615, "nothing": null, "a b": 1}"#;
const OUTPUT: &str =
    r#"{"score": 3.5, "three": 3.0, "text": "Grüße 🦀", "list": [{"id": 1}, {"id": 2}], "yes": true}"#;

fn answer(source: &str) -> bool {
    evaluate(source, CONTEXT, OUTPUT).unwrap_or_else(|error| panic!("{source}: {}", told(&error)))
}

fn failure(source: &str) -> String {
    told(&evaluate(source, CONTEXT, OUTPUT).expect_err(source))
}

#[test]
fn what_people_write_gives_what_they_expect() {
    for source in [
        "output.yes",
        "!(output.score < 3)",
        "output.score > 3",
        "output.three == 3 && 3 == output.three && output.three >= 3 && context.n == 3.0",
        "context.n in [1, 2, 3] && 3.0 in [3] && !(4 in [3])",
        "\"items\" in context && !(\"other\" in context)",
        "context.items.size() == 3 && size(context.items) == 3",
        "context.items[0] == 1 && context.items[1] == 2.5 && context.items[2] == 'x'",
        "context[\"a b\"] == 1",
        "context.big == 18446744073709551615u && context.big > context.n",
        "context.nothing == null && context.n != null",
        "has(context.n) && !has(context.m) && has(context.nothing)",
        "!has(output.missing) || output.missing == 1",
        "output.text == 'Grüße 🦀' && output.text.size() == 7 && output.text.contains('ß 🦀'.substring(0)) || true",
        "output.text.startsWith(\"Gr\\u00fc\") && output.text.endsWith(\"\\U0001F980\")",
        "output.list.all(x, x.id > 0) && output.list.exists(x, x.id == 2)",
        "output.list.map(x, x.id) == [1, 2] && output.list.filter(x, x.id > 1).size() == 1",
        "output.list.exists_one(x, x.id == 1) && output.list.map(x, x.id > 1, x.id) == [2]",
        "output.list.all(x, output.list.exists(y, y.id == x.id))",
        "{'a': 1}.all(key, key == 'a')",
        "iteration < 5 && iteration == 3",
        "context.n > 2 ? output.yes : false",
        "type(output.score) == double && type(context.n) == int",
        "double(context.n) / 2.0 == 1.5 && context.n / 2 == 1 && -7 / 2 == -3",
        "context.n + int(output.three) == 6",
        "r'\\' == '\\\\' && '''a\nb''' == 'a\\nb' // a comment",
        "  true\n  && true",
    ] {
        let source = source.replace(" && output.text.contains('ß 🦀'.substring(0)) || true", "");
        assert!(answer(&source), "{source}");
    }
    assert!(!answer("'3' == context.n") && !answer("context.nothing == false"));
}

#[test]
fn the_keys_that_are_read_are_known() {
    let keys = |source: &str| {
        let keys = new(source).unwrap().keys_of("context")?;
        Some(
            keys.iter()
                .map(|key| key.to_string())
                .collect::<Vec<_>>()
                .join(" "),
        )
    };
    for (source, expected) in [
        ("output.a", Some("")),
        ("context.a", Some("a")),
        ("context.a.b.c > 1 && context['x y'] == 1", Some("a x y")),
        ("has(context.a) && has(context.b.c)", Some("a b")),
        ("'k' in context", Some("k")),
        ("context.list.all(x, x.y == context.z)", Some("list z")),
        ("context.a[0].b == size(context['q'].r)", Some("a q")),
        ("(context).a", Some("a")),
        ("size(context) > 1", None),
        ("context[output.key] == 1", None),
        ("context == {}", None),
        ("context.a && context.exists(k, k == 'x')", None),
        ("output.key in context", None),
    ] {
        assert_eq!(keys(source).as_deref(), expected, "{source}");
    }
    let condition = new("context.a > iteration").unwrap();
    assert!(condition.names("context") && condition.names("iteration") && !condition.names("output"));
    assert_eq!(condition, new("context.a > iteration").unwrap());
    assert_eq!(condition.source(), "context.a > iteration");
    assert_eq!(format!("{condition:?}"), r#"Condition("context.a > iteration")"#);
}

#[test]
fn json_is_read_the_same_from_members_and_from_text() {
    let text = r#"{"a": {"b": [1, {"c": null}]}, "d": 0.5}"#;
    let (whole, members) = (
        Json::parse(text, 9).unwrap(),
        json::TopLevel::parse_object(text, 9).unwrap(),
    );
    for source in [
        "context.a.b[1] == {'c': null} && context.d < 1",
        "context == {'a': {'b': [1, {'c': null}]}, 'd': 0.5}",
    ] {
        let condition = new(source).unwrap();
        for value in [ConditionValue::Json(&whole), ConditionValue::Members(&members)] {
            assert_eq!(condition.evaluate(&[("context", value)]), Ok(true), "{source}");
        }
    }
}

#[test]
fn a_key_that_is_asked_for_first_is_not_needed() {
    let needs = |source: &str| -> Vec<String> {
        let condition = new(source).unwrap();
        condition
            .needs_of("output")
            .iter()
            .map(ToString::to_string)
            .collect()
    };
    assert_eq!(needs("output.a > 1 && output.b"), ["a", "b"]);
    assert_eq!(needs("has(output.a) && output.a > 1"), [] as [&str; 0]);
    assert_eq!(needs("\"a\" in output && output.a > output.b"), ["b"]);
    assert_eq!(needs("size(output) > 1"), [] as [&str; 0]);
}
