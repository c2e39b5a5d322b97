//! Large schemas and large values: they end, and within bounds.

use std::fmt::Write;

use hap_model::FailureKind;

use super::Check;
use super::hostile_tests::timed;

/// Schemas as large as a manifest allows, of every shape that could take more than linear time to compile or check.
pub(super) fn large() -> Vec<(&'static str, String)> {
    fn list(count: usize, item: impl Fn(usize) -> String) -> String {
        (0..count).map(item).collect::<Vec<_>>().join(",")
    }
    let mut nested = String::from("{\"type\":\"array\"}");
    for _ in 0..55 {
        nested = format!(r#"{{"allOf":[{nested}],"anyOf":[{{"type":"array"}}]}}"#);
    }
    let mut all_items = String::new();
    let _ = write!(
        all_items,
        r#"{{"allOf":[{}]}}"#,
        list(2000, |_| r#"{"items":{"minimum":0}}"#.into())
    );
    vec![
        (
            "references",
            format!(
                r##"{{"$defs":{{{}}},"allOf":[{}]}}"##,
                list(1000, |n| format!(r#""d{n}":{{"minItems":0}}"#)),
                list(1000, |n| format!(r##"{{"$ref":"#/$defs/d{n}"}}"##))
            ),
        ),
        ("nested", nested),
        (
            "enum",
            format!(r#"{{"items":{{"enum":[{}]}}}}"#, list(9000, |n| format!("[{n}]"))),
        ),
        (
            "min-length",
            format!(
                r#"{{"items":{{"allOf":[{}]}}}}"#,
                list(3000, |n| format!(r#"{{"minLength":{n}}}"#))
            ),
        ),
        ("items of all", all_items),
        (
            "any of",
            format!(
                r#"{{"items":{{"anyOf":[{},{{"type":"integer"}}]}}}}"#,
                list(3000, |_| r#"{"type":"null"}"#.into())
            ),
        ),
        (
            "one of",
            format!(
                r#"{{"items":{{"oneOf":[{},{{"type":"integer"}}]}}}}"#,
                list(3000, |_| r#"{"type":"null"}"#.into())
            ),
        ),
        (
            "unique",
            format!(
                r#"{{"allOf":[{}]}}"#,
                list(3000, |_| r#"{"uniqueItems":true}"#.into())
            ),
        ),
        (
            "contains",
            format!(
                r#"{{"allOf":[{}]}}"#,
                list(2000, |_| r#"{"contains":{"type":"null"}}"#.into())
            ),
        ),
        (
            "properties",
            format!(
                r#"{{"properties":{{{}}}}}"#,
                list(2600, |n| format!(r#""p{n}":{{"type":"null"}}"#))
            ),
        ),
        (
            "required",
            format!(r#"{{"required":[{}]}}"#, list(7000, |n| format!(r#""{n}""#))),
        ),
        (
            "names",
            format!(
                r#"{{"allOf":[{}]}}"#,
                list(60, |n| format!(
                    r#"{{"patternProperties":{{"(a|b){{{n},99}}c":{{"type":"null"}}}}}}"#
                ))
            ),
        ),
        (
            "patterns",
            format!(
                r#"{{"items":{{"allOf":[{}]}}}}"#,
                list(60, |n| format!(r#"{{"pattern":"[a-z]*(x|y|[a-q]){{{n}}}z$"}}"#))
            ),
        ),
        (
            "control escapes",
            format!(r#"{{"pattern":"{}"}}"#, "\\\\cA".repeat(250)),
        ),
        (
            "conditions",
            format!(
                r#"{{"items":{{"allOf":[{}]}}}}"#,
                list(1000, |_| {
                    r#"{"if":{"minimum":0},"then":{"type":"integer"},"else":false}"#.into()
                })
            ),
        ),
        (
            "multiples",
            format!(
                r#"{{"items":{{"allOf":[{}]}}}}"#,
                list(140, |n| format!(r#"{{"multipleOf":1e-{}}}"#, n % 300 + 1))
            ),
        ),
    ]
}

fn compiled(schema: &str) -> Result<Option<Check>, String> {
    Check::compile(schema, FailureKind::InvalidOutput)
}

#[test]
fn large_schemas_compile_in_little_time() {
    for (name, schema) in large() {
        assert!(schema.len() <= 64 << 10, "{name} {}", schema.len());
        match timed(name, || compiled(&schema)) {
            Ok(check) => println!("  weight {}", check.map_or(0, |check| check.weight)),
            Err(why) => println!("  {why}"),
        }
    }
}
