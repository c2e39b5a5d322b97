//! Schemas that only say which keys an object has and of which types they are: most that are made from a language's types.
//! Whether a value fits shows without reading it, because the keys and the kinds of their values are known.

use hap_model::Json;
use serde_json::Value;

use super::fuel::TICK;

/// What is known of one key.
pub(crate) enum Seen<'a> {
    /// It is not there.
    Nothing,
    /// It has this value.
    Value(&'a Json),
    /// That would take reading the whole.
    Unknown,
}

/// A schema of that sort.
pub(super) struct Simple(Vec<Key>);

struct Key {
    name: String,
    /// The types that it may have; `None` is any.
    types: Option<Vec<String>>,
    required: bool,
}

impl Simple {
    /// `schema`, if it is one of that sort. `always_object`: nothing else is ever held against it.
    pub(super) fn of(schema: &Value, always_object: bool) -> Option<Simple> {
        let root = schema.as_object()?;
        let known = ["$schema", "type", "properties", "required", TICK];
        if !root.keys().all(|keyword| known.contains(&keyword.as_str())) {
            return None;
        }
        match root.get("type") {
            None if always_object => {}
            Some(name) if name == "object" => {}
            _ => return None,
        }
        let mut keys = Vec::new();
        for (name, property) in root
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            keys.push(Key {
                name: name.clone(),
                types: types(property)?,
                required: false,
            });
        }
        for name in root
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let name = name.as_str()?;
            match keys.iter_mut().find(|key| key.name == name) {
                Some(key) => key.required = true,
                None => keys.push(Key {
                    name: name.to_owned(),
                    types: None,
                    required: true,
                }),
            }
        }
        Some(Simple(keys))
    }

    /// Whether an object, of whose keys `seen` tells, surely fits. Where it does not, the whole check finds out, and why.
    pub(super) fn surely_fits<'a>(&self, seen: impl Fn(&str) -> Seen<'a>) -> bool {
        self.0.iter().all(|key| match seen(&key.name) {
            Seen::Nothing => !key.required,
            Seen::Unknown => false,
            Seen::Value(value) => match &key.types {
                None => true,
                Some(types) => types.iter().any(|wanted| is(value, wanted)),
            },
        })
    }
}

/// The types that a property may have, `Some(None)` for any; `None` when its schema says more.
fn types(property: &Value) -> Option<Option<Vec<String>>> {
    let members = match property {
        Value::Bool(true) => return Some(None),
        other => other.as_object()?,
    };
    if !members.keys().all(|keyword| keyword == "type" || keyword == TICK) {
        return None;
    }
    match members.get("type") {
        None => Some(None),
        Some(Value::String(name)) => Some(Some(vec![name.clone()])),
        Some(Value::Array(names)) => {
            let names = names.iter().map(|name| Some(name.as_str()?.to_owned()));
            Some(Some(names.collect::<Option<_>>()?))
        }
        Some(_) => None,
    }
}

/// Whether `value` is surely of that type.
fn is(value: &Json, wanted: &str) -> bool {
    let text = value.as_str();
    // A number that is written otherwise may be whole, or beyond what can be held: that takes a closer look.
    let plain = || text.len() < 16 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    match value.kind() {
        "an object" => wanted == "object",
        "a list" => wanted == "array",
        "a string" => wanted == "string",
        "a boolean" => wanted == "boolean",
        "null" => wanted == "null",
        _ => (wanted == "integer" || wanted == "number") && plain(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fits(schema: &Value, value: &Value) -> Option<bool> {
        let members: Vec<(String, Json)> = value
            .as_object()
            .unwrap()
            .iter()
            .map(|(key, value)| (key.clone(), Json::from_value(value).unwrap()))
            .collect();
        let seen = |key: &str| match members.iter().find(|(name, _)| name == key) {
            Some((_, value)) => Seen::Value(value),
            None => Seen::Nothing,
        };
        Some(Simple::of(schema, false)?.surely_fits(seen))
    }

    #[test]
    fn only_what_surely_fits_is_said_to() {
        let schema = json!({"type": "object", "properties": {"a": {"type": "string"}, "n": {"type": ["integer", "null"]}, "x": true},
            "required": ["a"]});
        assert_eq!(
            fits(&schema, &json!({"a": "", "n": 3, "x": [], "y": 1})),
            Some(true)
        );
        assert_eq!(fits(&schema, &json!({"a": "", "n": null})), Some(true));
        assert_eq!(fits(&schema, &json!({"n": 3})), Some(false));
        assert_eq!(fits(&schema, &json!({"a": 1})), Some(false));
        // Perhaps: 3.0 is an integer.
        assert_eq!(fits(&schema, &json!({"a": "", "n": 3.0})), Some(false));
    }

    #[test]
    fn schemas_that_say_more_are_not_simple() {
        for schema in [
            json!({"type": "object", "additionalProperties": false}),
            json!({"type": "object", "properties": {"a": {"type": "string", "minLength": 1}}}),
            json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": true}}),
            json!({"type": ["object", "null"]}),
            json!({"properties": {"a": true}}),
            json!(true),
        ] {
            assert_eq!(fits(&schema, &json!({})), None, "{schema}");
        }
    }
}
