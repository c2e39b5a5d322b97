//! Schemas that were written to exhaust the host, or to reach out of themselves.

use std::time::{Duration, Instant};

use hap_model::{FailureKind, Json, Limit, Manifest};
use serde_json::{Value, json};

use super::Schemas;
use super::large_tests::large;
use super::tests::{output, refused, tree};

/// Long even for a build without optimisation on a busy machine, short against what unbounded work would take.
const BOUND: Duration = Duration::from_secs(60);

pub(super) fn timed<T>(name: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    let took = start.elapsed();
    println!("{name}: {took:?}");
    assert!(took < BOUND, "{name} took {took:?}");
    result
}

#[test]
fn nothing_outside_the_schema_is_looked_up() {
    for reference in [
        "http://127.0.0.1:1/s",
        "file:///some/file",
        "other.json",
        "other.json#/a",
        "urn:x:y",
    ] {
        assert!(refused(json!({"$ref": reference})).contains("refers to another document"));
    }
    let meta = "https://json-schema.org/draft/2020-12/schema";
    assert!(refused(json!({"$ref": meta})).contains("refers to another document"));
    assert!(refused(json!({"properties": {"a": {"$id": "http://x/", "$ref": "#"}}})).contains("`$id`"));
    assert!(refused(json!({"$schema": "http://json-schema.org/draft-07/schema#"})).contains("draft"));
    assert!(refused(json!({"$schema": "http://127.0.0.1:1/own", "type": "null"})).contains("draft"));
}

#[test]
fn what_is_not_understood_is_told() {
    for (schema, why) in [
        (json!({"$dynamicRef": "#a"}), "does not check `$dynamicRef`"),
        (
            json!({"unevaluatedProperties": false}),
            "does not check `unevaluatedProperties`",
        ),
        (json!({"$ref": "#name"}), "anchor"),
        (json!({"$ref": "#/no/where"}), "refers to nothing"),
        (json!({"$ref": "#/%zz"}), "not valid"),
        (json!({"type": "strin"}), "at `/type`"),
        (json!({"properties": []}), "`properties` is no object"),
        (json!({"items": [{}]}), "neither an object nor a boolean"),
        (json!({"allOf": []}), "at `/allOf`"),
        (json!({"minLength": -1}), "at `/minLength`"),
        (json!({"uniqueItems": 1}), "uniqueItems"),
        (json!(3), "neither an object nor a boolean"),
        (json!({"pattern": "(?=a)b"}), "pattern"),
        (json!({"pattern": "(a)\\1"}), "pattern"),
        (json!({"pattern": "("}), "pattern"),
        (
            json!({"patternProperties": {"(?=a)b": {"type": "null"}}}),
            "patternProperties",
        ),
    ] {
        let warning = refused(schema.clone());
        assert!(warning.contains(why), "{schema}: {warning}");
        assert!(warning.starts_with("the output schema of agent `x` is not checked: "));
        assert!(warning.len() < 700 && !warning.contains('\n'), "{warning}");
    }
}

#[test]
fn a_value_is_never_checked_against_itself_without_end() {
    for schema in [
        json!({"$ref": "#"}),
        json!({"anyOf": [{"type": "null"}, {"$ref": "#"}]}),
        json!({"not": {"$ref": "#/$defs/a"}, "$defs": {"a": {"allOf": [{"$ref": "#/$defs/b"}]}, "b": {"$ref": "#/$defs/a"}}}),
    ] {
        assert!(refused(schema).contains("without going deeper"));
    }
}

#[test]
fn references_that_double_do_not_unfold() {
    let mut definitions = serde_json::Map::new();
    for n in 0..60 {
        let next = format!("#/$defs/d{}", n + 1);
        definitions.insert(
            format!("d{n}"),
            json!({"allOf": [{"$ref": next}, {"$ref": next}]}),
        );
    }
    definitions.insert("d60".into(), json!({"type": "null"}));
    let warning = timed("doubling", || {
        refused(json!({"$ref": "#/$defs/d0", "$defs": definitions}))
    });
    assert!(warning.contains("unfolds to more than"), "{warning}");
}

#[test]
fn a_chain_of_references_cannot_exhaust_the_stack() {
    let chain = |length: usize, last: Value| {
        let mut definitions = serde_json::Map::new();
        for n in 0..length {
            definitions.insert(format!("d{n}"), json!({"$ref": format!("#/$defs/d{}", n + 1)}));
        }
        definitions.insert(format!("d{length}"), last);
        json!({"$ref": "#/$defs/d0", "$defs": definitions})
    };
    let warning = timed("chain", || refused(chain(1500, json!({"type": "null"}))));
    assert!(warning.contains("subschemas open at once"), "{warning}");
    // One data level for every twenty references would be thousands of frames at a depth of 120.
    assert!(refused(chain(20, json!({"items": {"$ref": "#"}}))).contains("subschemas open at once"));
    // What is accepted runs on the small stack of a worker thread.
    let (check, text) = (
        output(chain(4, json!({"items": {"$ref": "#"}, "type": "array"}))),
        format!("{}{}", "[".repeat(120), "]".repeat(120)),
    );
    std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(move || assert_eq!(check.check_output_now(&text), Ok(())))
        .unwrap()
        .join()
        .unwrap();
    let (check, text) = (
        output(chain(1000, json!({"items": {"type": "null"}}))),
        "[1]".to_owned(),
    );
    std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(move || assert!(check.check_output_now(&text).is_err()))
        .unwrap()
        .join()
        .unwrap();
}

#[test]
fn recursion_that_branches_ends() {
    let deep = |leaf: &str| format!("{}{leaf}{}", "[".repeat(100), "]".repeat(100));
    for keyword in ["anyOf", "oneOf", "allOf"] {
        let schema = json!({"type": ["array", "null"], keyword: [
            {"items": {"$ref": "#"}}, {"items": {"allOf": [{"$ref": "#"}, {}]}}, {"items": {"$ref": "#"}, "minItems": 1}]});
        let schemas = output(schema);
        let result = timed(keyword, || schemas.check_output_now(&deep("1")));
        assert_eq!(result.unwrap_err().kind, FailureKind::InvalidOutput);
        let _ = timed(keyword, || schemas.check_output_now(&deep("null")));
    }
    let negated = output(json!({"items": {"oneOf": [{"$ref": "#"}, {"not": {"$ref": "#"}}]}}));
    let _ = timed("not", || negated.check_output_now(&deep("1")));
    let same_member = output(
        json!({"properties": {"a": {"$ref": "#"}}, "patternProperties": {"a": {"$ref": "#"}}, "type": "object"}),
    );
    let text = format!("{}1{}", r#"{"a":"#.repeat(100), "}".repeat(100));
    assert!(timed("same member", || same_member.check_output_now(&text)).is_err());
}

#[test]
fn an_any_of_over_a_large_value_does_not_copy_it() {
    let branches: Vec<Value> = (0..2500).map(|n| json!({"required": [n.to_string()]})).collect();
    let schemas = output(json!({"anyOf": branches}));
    let members: Vec<String> = (0..50_000).map(|n| format!("\"k{n}\":{{}}")).collect();
    let failure = timed("anyOf", || {
        schemas.check_output_now(&format!("{{{}}}", members.join(",")))
    })
    .unwrap_err();
    assert!(
        failure.message.contains("none of the 2500 schemas"),
        "{}",
        failure.message
    );
}

#[test]
fn values_whose_tree_would_be_huge_are_refused() {
    let text = format!("[{}0]", r#"{"":0},"#.repeat(1 << 20));
    let failure = timed("tree", || {
        output(json!({"type": "array"})).check_output_now(&text)
    })
    .unwrap_err();
    assert!(
        failure.message.contains("as a tree it takes"),
        "{}",
        failure.message
    );
}

#[tokio::test]
async fn a_check_that_takes_too_long_is_a_limit_and_its_thread_ends() {
    let branches: Vec<Value> = (0..3000).map(|n| json!({"minimum": n})).collect();
    let schemas = output(json!({"items": {"allOf": branches}}));
    let text = format!("[{}0]", "5000,".repeat(200_000));
    let start = Instant::now();
    let checks = (0..6).map(|_| schemas.check_output(&text, Duration::from_millis(300)));
    for result in futures_util::future::join_all(checks).await {
        let failure = result.unwrap_err();
        let too_long = matches!(
            failure.kind,
            FailureKind::Limit {
                limit: Limit::WallTime,
                ..
            }
        ) || failure.message.contains("takes too");
        assert!(too_long, "{failure}");
    }
    // Both permits come back, so no thread goes on.
    let _permits = super::HEAVY_CHECKS.acquire_many(2).await.unwrap();
    assert!(start.elapsed() < BOUND);
}

#[test]
fn a_schema_of_any_text_is_compiled_or_told() {
    let seeds = [
        tree().to_string(),
        large().swap_remove(0).1[..2000].to_owned(),
        "{\"a\":".repeat(500),
    ];
    for seed in seeds {
        for cut in (0..seed.len()).step_by(7) {
            let text = format!("{}{}", &seed[..cut], &seed[(cut + 3).min(seed.len())..]);
            if let Ok(json) = Json::parse(&text, 120) {
                let manifest = Manifest {
                    context_schema: Some(json),
                    ..Manifest::in_process("x")
                };
                let (schemas, warnings) = Schemas::of(&manifest);
                assert!(warnings.is_empty() || schemas.is_empty());
                let _ = schemas.check_context_now(&Json::empty_object());
            }
        }
    }
}
