//! A context that fits a schema: enough to call an agent that nobody gave an example for.

use hap::ComponentInfo;
use serde_json::{Map, Number, Value, json};

use crate::Options;

/// How deep a sample is nested: schemas can refer to themselves.
const MAX_DEPTH: usize = 8;

/// The text of a context that is to be ordinary.
pub(crate) const TEXT: &str = "the cat and the dog";

/// A context that the agent should take, with `text` for its texts.
pub(crate) fn context(info: &ComponentInfo, options: &Options, text: &str) -> Value {
    if let Some(given) = &options.context {
        return with_text(given, text);
    }
    let schema = info
        .manifest
        .context_schema
        .as_ref()
        .and_then(|schema| schema.to::<Value>().ok());
    let sample = schema
        .map(|schema| sample(&schema, text))
        .filter(Value::is_object);
    sample.unwrap_or_else(|| json!({ "text": text }))
}

/// A context that was given, with another text for its longest one.
fn with_text(given: &Value, text: &str) -> Value {
    let mut context = given.clone();
    let texts = context
        .as_object_mut()
        .into_iter()
        .flat_map(|object| object.values_mut());
    let longest = texts
        .filter(|value| value.is_string())
        .max_by_key(|value| value.as_str().map(str::len));
    if text != TEXT
        && let Some(longest) = longest
    {
        *longest = text.into();
    }
    context
}

/// A value that the schema describes, as far as its usual keywords tell. `text` stands for every string without a rule.
fn sample(schema: &Value, text: &str) -> Value {
    value(schema, schema, text, 0)
}

fn value(schema: &Value, root: &Value, text: &str, depth: usize) -> Value {
    if depth > MAX_DEPTH {
        return Value::Null;
    }
    let schema = resolve(schema, root);
    for given in ["const", "default"] {
        if let Some(value) = schema.get(given) {
            return value.clone();
        }
    }
    for list in ["examples", "enum"] {
        if let Some(first) = schema[list].as_array().and_then(|values| values.first()) {
            return first.clone();
        }
    }
    for list in ["anyOf", "oneOf", "allOf"] {
        if let Some(first) = schema[list].as_array().and_then(|schemas| schemas.first()) {
            return value(first, root, text, depth + 1);
        }
    }
    match kind(schema) {
        "object" => object(schema, root, text, depth),
        "array" => {
            let count = schema["minItems"].as_u64().unwrap_or(1).min(16);
            (0..count)
                .map(|_| value(&schema["items"], root, text, depth + 1))
                .collect()
        }
        "string" => string(schema, text),
        "integer" | "number" => {
            let least = ["minimum", "exclusiveMinimum"]
                .iter()
                .find_map(|key| schema[*key].as_f64())
                .unwrap_or(0.0);
            Value::Number(Number::from(
                least as i64 + i64::from(schema.get("exclusiveMinimum").is_some()),
            ))
        }
        "boolean" => Value::Bool(true),
        _ => Value::Null,
    }
}

/// The members that must be there.
fn object(schema: &Value, root: &Value, text: &str, depth: usize) -> Value {
    let required = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    let members = required.map(|key| {
        (
            key.to_owned(),
            value(&schema["properties"][key], root, text, depth + 1),
        )
    });
    Value::Object(members.collect::<Map<String, Value>>())
}

fn string(schema: &Value, text: &str) -> Value {
    let least = schema["minLength"].as_u64().unwrap_or(0).min(10_000) as usize;
    let most = schema["maxLength"]
        .as_u64()
        .map_or(usize::MAX, |most| most as usize);
    let mut chars: Vec<char> = text.chars().take(most).collect();
    chars.resize(chars.len().max(least), 'x');
    Value::String(chars.into_iter().collect())
}

fn kind(schema: &Value) -> &str {
    let listed = schema["type"].as_array().and_then(|kinds| kinds.first());
    match listed.unwrap_or(&schema["type"]).as_str() {
        Some(kind) => kind,
        None if schema.get("properties").is_some() => "object",
        None => "null",
    }
}

/// Follows `$ref` within the document.
fn resolve<'a>(mut schema: &'a Value, root: &'a Value) -> &'a Value {
    for _ in 0..MAX_DEPTH {
        let Some(pointer) = schema["$ref"]
            .as_str()
            .and_then(|target| target.strip_prefix('#'))
        else {
            break;
        };
        match root.pointer(pointer) {
            Some(target) => schema = target,
            None => break,
        }
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_what_the_schema_requires() {
        let schema = json!({
            "type": "object",
            "required": ["text", "n", "kind", "list", "inner"],
            "properties": {
                "text": { "type": "string" },
                "n": { "type": ["integer", "null"], "minimum": 3 },
                "kind": { "enum": ["a", "b"] },
                "list": { "type": "array", "items": { "$ref": "#/$defs/item" } },
                "inner": { "anyOf": [{ "type": "boolean" }, { "type": "null" }] },
                "optional": { "type": "string" }
            },
            "$defs": { "item": { "type": "string", "minLength": 3 } }
        });
        let expected = json!({ "text": "é", "n": 3, "kind": "a", "list": ["éxx"], "inner": true });
        assert_eq!(sample(&schema, "é"), expected);
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        let schema =
            json!({ "type": "object", "required": ["self"], "properties": { "self": { "$ref": "#" } } });
        assert!(sample(&schema, "").is_object());
        assert_eq!(sample(&json!(true), ""), Value::Null);
    }
}
