//! What is different between two results, a line for each value that was added, removed or changed.

use serde_json::Value;

use super::Outputs;
use crate::format;

/// How many lines there are at most.
const MAX_LINES: usize = 100;

/// How much of a value is shown.
const MAX_VALUE_CHARS: usize = 120;

/// The differences, by path: `+` is new, `-` is gone, `~` is changed.
pub(super) fn between(before: &Outputs, after: &Outputs) -> Vec<String> {
    let mut lines = Vec::new();
    let keys = before
        .keys()
        .chain(after.keys().filter(|key| !before.contains_key(*key)));
    for key in keys {
        let read = |outputs: &Outputs| outputs.get(key).and_then(|value| value.to::<Value>().ok());
        value(key, read(before).as_ref(), read(after).as_ref(), &mut lines);
    }
    if lines.len() > MAX_LINES {
        let more = lines.len() - MAX_LINES;
        lines.truncate(MAX_LINES);
        lines.push(format!("… and {more} more"));
    }
    lines
}

/// Compares two values. Their nesting is bounded by the limit on JSON that agents return.
fn value(path: &str, before: Option<&Value>, after: Option<&Value>, lines: &mut Vec<String>) {
    match (before, after) {
        (Some(before), Some(after)) if before == after => {}
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            for key in before
                .keys()
                .chain(after.keys().filter(|key| !before.contains_key(*key)))
            {
                value(&format!("{path}.{key}"), before.get(key), after.get(key), lines);
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) => {
            for index in 0..before.len().max(after.len()) {
                value(
                    &format!("{path}[{index}]"),
                    before.get(index),
                    after.get(index),
                    lines,
                );
            }
        }
        (Some(before), Some(after)) => lines.push(format!("~ {path}: {} -> {}", short(before), short(after))),
        (Some(before), None) => lines.push(format!("- {path}: {}", short(before))),
        (None, Some(after)) => lines.push(format!("+ {path}: {}", short(after))),
        (None, None) => {}
    }
}

fn short(value: &Value) -> String {
    format::shorten(&value.to_string(), MAX_VALUE_CHARS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hap::Json;
    use serde_json::json;

    fn outputs(value: Value) -> Outputs {
        let object = value.as_object().unwrap();
        object
            .iter()
            .map(|(key, value)| (key.as_str().into(), Json::from_value(value).unwrap()))
            .collect()
    }

    #[test]
    fn each_value_that_differs_has_a_line_with_its_path() {
        let before = outputs(json!({ "a": 1, "b": { "c": [1, 2, 3], "d": "x" }, "gone": null }));
        let after = outputs(json!({ "a": 1, "b": { "c": [1, 5], "d": { "e": 1 } }, "new": [] }));
        assert_eq!(
            between(&before, &after),
            [
                "~ b.c[1]: 2 -> 5",
                "- b.c[2]: 3",
                r#"~ b.d: "x" -> {"e":1}"#,
                "- gone: null",
                "+ new: []"
            ]
        );
        assert!(between(&before, &before).is_empty());
    }

    #[test]
    fn long_values_and_long_lists_are_cut() {
        let many: Vec<usize> = (0..500).collect();
        let lines = between(
            &outputs(json!({ "n": [] })),
            &outputs(json!({ "n": many, "t": "x".repeat(500) })),
        );
        assert_eq!(lines.len(), MAX_LINES + 1);
        assert_eq!(lines.last().unwrap(), "… and 401 more");
        let lines = between(&outputs(json!({})), &outputs(json!({ "t": "x".repeat(500) })));
        assert!(lines[0].chars().count() < MAX_VALUE_CHARS + 10);
    }
}
