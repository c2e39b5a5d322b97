//! What schemas accept and refuse, and what is told.

use std::time::Duration;

use hap_model::{Failure, FailureKind, Json, Manifest};
use serde_json::{Value, json};

use super::Schemas;

pub(super) fn manifest(context: Option<Value>, output: Option<Value>) -> Manifest {
    let json = |schema: Value| Json::from_value(&schema).unwrap();
    Manifest {
        context_schema: context.map(json),
        output_schema: output.map(json),
        ..Manifest::in_process("x")
    }
}

pub(super) fn output(schema: Value) -> Schemas {
    let (schemas, warnings) = Schemas::of(&manifest(None, Some(schema)));
    assert_eq!(warnings, Vec::<String>::new());
    schemas
}

pub(super) fn refused(schema: Value) -> String {
    let (schemas, warnings) = Schemas::of(&manifest(None, Some(schema)));
    assert!(schemas.is_empty());
    warnings.into_iter().next().expect("a schema that is not checked")
}

fn why(schema: Value, value: Value) -> Failure {
    output(schema).check_output_now(&value.to_string()).unwrap_err()
}

#[test]
fn a_refusal_names_place_value_and_wish() {
    let schema = json!({
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": "string"},
            "terms": {"type": "array", "items": {"$ref": "#/$defs/term"}},
            "kind": {"enum": ["a", "b"]},
            "either": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        },
        "additionalProperties": false,
        "$defs": {"term": {"type": "object", "properties": {"n": {"type": "integer", "minimum": 3}}}},
    });
    let message = |value: Value| why(schema.clone(), value).message;
    for (value, wanted) in [
        (
            json!({"name": 1}),
            "at `/name` is the number 1: `string` is wanted",
        ),
        (json!({}), "at its top is an object: it lacks `name`"),
        (json!([]), "at its top is a list of 0: `object` is wanted"),
        (
            json!({"name": "", "terms": [{}, {"n": "x"}]}),
            "at `/terms/1/n` is the string `x`: `integer` is wanted",
        ),
        (
            json!({"name": "", "terms": [{"n": 2}]}),
            "at `/terms/0/n` is the number 2: `minimum` is 3",
        ),
        (
            json!({"name": "", "kind": "c"}),
            "at `/kind` is the string `c`: `enum` is [\"a\",\"b\"]",
        ),
        (
            json!({"name": "", "more": 1}),
            "it has `more`, which is not allowed",
        ),
        (
            json!({"name": "", "either": 1}),
            "none of the 2 schemas under `anyOf` accepts it",
        ),
    ] {
        let message = message(value);
        assert!(message.contains(wanted), "{message}\n{wanted}");
    }
    assert_eq!(why(schema, json!(1)).kind, FailureKind::InvalidOutput);
}

#[test]
fn at_most_three_reasons_are_told_and_they_are_short_and_clean() {
    let schema = json!({"items": {"maxLength": 1}});
    let value: Vec<String> = (0..50)
        .map(|_| format!("\u{1b}[31m{}", "x".repeat(5000)))
        .collect();
    let message = why(schema, json!(value)).message;
    assert_eq!(message.matches("maxLength").count(), 3, "{message}");
    assert!(message.len() < 1000 && !message.contains('\u{1b}'));
    let deep = why(
        json!({"additionalProperties": {"type": "string"}}),
        json!({"a/b~\n": 1}),
    )
    .message;
    assert!(deep.contains("at `/a~1b~0 `"), "{deep}");
}

#[test]
fn contexts_and_outputs_have_kinds_of_their_own() {
    let schema = json!({"required": ["k"]});
    let (schemas, _) = Schemas::of(&manifest(Some(schema.clone()), Some(schema)));
    let failure = schemas.check_context_now(&Json::empty_object()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::InvalidInput);
    assert!(failure.hint.is_some());
    assert_eq!(
        schemas.check_output_now("{}").unwrap_err().kind,
        FailureKind::InvalidOutput
    );
    assert_eq!(schemas.check_output_now(r#"{"k":null}"#), Ok(()));
}

#[test]
fn a_schema_that_accepts_everything_is_none() {
    for schema in [
        json!(true),
        json!({}),
        json!({"type": "object"}),
        json!({"type": ["object", "null"], "title": "t", "description": "d", "$schema": "https://json-schema.org/draft/2020-12/schema"}),
        json!({"type": "object", "properties": {"a": {"description": "d"}}, "required": [], "additionalProperties": true}),
        json!({"allOf": [{}, {"anyOf": [true, false]}], "items": {}, "format": "email", "x-own": {"type": "string"}}),
    ] {
        let (schemas, warnings) = Schemas::of(&manifest(Some(schema.clone()), None));
        assert!(schemas.is_empty() && warnings.is_empty(), "{schema} {warnings:?}");
        // The text is not looked at.
        let (schemas, _) = Schemas::of(&manifest(None, Some(json!({}))));
        assert_eq!(schemas.check_output_now("no JSON"), Ok(()));
    }
    assert!(output(json!({"type": "object"})).check_output_now("1").is_err());
    assert!(output(json!(false)).check_output_now("{}").is_err());
    assert!(
        output(json!({"properties": {"a": {}}, "additionalProperties": false}))
            .check_output_now(r#"{"a":1}"#)
            .is_ok()
    );
}

#[test]
fn what_is_dropped_from_a_schema_does_not_change_what_it_says() {
    for (schema, good, bad) in [
        (
            json!({"prefixItems": [true], "items": {"type": "null"}}),
            json!([1, null]),
            json!([1, 1]),
        ),
        (
            json!({"prefixItems": [{}, {"const": 2}]}),
            json!([1, 2]),
            json!([1, 1]),
        ),
        (
            json!({"if": {"required": ["a"]}, "then": {"required": ["b"]}}),
            json!({"a": 1, "b": 1}),
            json!({"a": 1}),
        ),
        (json!({"not": {}, "title": "t"}), Value::Null, Value::Null),
        (json!({"oneOf": [{}, {"type": "string"}]}), json!(1), json!("x")),
        (json!({"contains": {}}), json!([1]), json!([])),
        (
            json!({"contains": {"type": "null"}, "minContains": 2}),
            json!([null, null]),
            json!([null, 1]),
        ),
        (
            json!({"patternProperties": {"^a": {}}, "additionalProperties": false}),
            json!({"ab": 1}),
            json!({"b": 1}),
        ),
        (
            json!({"propertyNames": {"maxLength": 1}}),
            json!({"b": 1}),
            json!({"bb": 1}),
        ),
        (
            json!({"dependentSchemas": {"a": {"required": ["b"]}}}),
            json!({"b": 1}),
            json!({"a": 1}),
        ),
        (
            json!({"dependentRequired": {"a": ["b"]}}),
            json!({"a": 1, "b": 1}),
            json!({"a": 1}),
        ),
        (
            json!({"$ref": "#/definitions/a~1b%20c", "definitions": {"a/b c": {"type": "null"}}}),
            json!(null),
            json!(1),
        ),
        (
            json!({"$ref": "#/properties/a", "properties": {"a": {"type": "object"}}}),
            json!({"a": {}}),
            json!({"a": 1}),
        ),
        (
            json!({"uniqueItems": true}),
            json!([1, "1", [1], {"a": 1}]),
            json!([{"a": 1, "b": 1.0}, {"b": 1, "a": 1}]),
        ),
        (
            json!({"$id": "https://example.org/s", "type": "null", "format": "uuid"}),
            json!(null),
            json!(1),
        ),
        (json!({"type": "integer"}), json!(1.0), json!(1.5)),
    ] {
        let schemas = output(schema.clone());
        if good != bad {
            assert_eq!(schemas.check_output_now(&good.to_string()), Ok(()), "{schema}");
        }
        let message = schemas.check_output_now(&bad.to_string()).unwrap_err().message;
        assert!(message.contains("wants: at "), "{schema}: {message}");
    }
}

/// The schema of a tree, as `schemars` writes it for a Rust type.
pub(super) fn tree() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Tree",
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "children": {"type": "array", "items": {"$ref": "#"}, "default": []},
            "parent": {"anyOf": [{"$ref": "#/$defs/Other"}, {"type": "null"}]},
        },
        "required": ["name"],
        "$defs": {"Other": {"type": "object", "properties": {"tree": {"$ref": "#"}}}},
    })
}

#[test]
fn recursive_types_are_checked_at_every_depth() {
    let schemas = output(tree());
    let nested = |leaf: Value| {
        let wrap = |inner, _| json!({"name": "n", "children": [{"name": "x"}, inner]});
        (0..40).fold(leaf, wrap).to_string()
    };
    assert_eq!(schemas.check_output_now(&nested(json!({"name": "leaf"}))), Ok(()));
    let message = schemas
        .check_output_now(&nested(json!({"name": 7})))
        .unwrap_err()
        .message;
    assert!(message.contains("/children/1"), "{message}");
    let message = schemas.check_output_now(r#"{"name":"a","children":[{"name":"b","parent":{"tree":{}}}]}"#);
    assert!(message.unwrap_err().message.contains("/children/0/parent"));
}

#[test]
fn numbers_that_cannot_be_held_fail_closed() {
    let schemas = output(json!({"type": "object"}));
    let failure = schemas.check_output_now(r#"{"a":1e999}"#).unwrap_err();
    assert_eq!(failure.kind, FailureKind::InvalidOutput);
    assert!(
        failure.message.contains("number out of range"),
        "{}",
        failure.message
    );
}

#[tokio::test]
async fn heavy_and_light_checks_agree() {
    let schemas = output(json!({"items": {"type": "integer"}, "minItems": 1}));
    let second = Duration::from_secs(30);
    let many = |last: &str| format!("[{}{last}]", "1,".repeat(300_000));
    assert_eq!(schemas.check_output("[1]", second).await, Ok(()));
    assert_eq!(schemas.check_output(&many("1"), second).await, Ok(()));
    let failure = schemas.check_output(&many("null"), second).await.unwrap_err();
    assert!(failure.message.contains("/300000"), "{}", failure.message);
    let failure = schemas.check_output("[]", second).await.unwrap_err();
    assert!(failure.message.contains("`minItems` is 1"), "{}", failure.message);
    assert_eq!(schemas.check_context(&Json::empty_object(), second).await, Ok(()));
}

#[test]
fn schemas_as_rust_types_give_them_are_simple() {
    let schema = r#"{"$schema": "https://json-schema.org/draft/2020-12/schema", "properties": {"text": {"type": "string"}},
        "required": ["text"], "title": "Text", "type": "object"}"#;
    for kind in [FailureKind::InvalidInput, FailureKind::InvalidOutput] {
        let check = super::check::Check::compile(schema, kind).unwrap().unwrap();
        assert!(check.simple.is_some());
    }
}
