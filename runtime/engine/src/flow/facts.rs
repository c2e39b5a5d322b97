//! What an agent's schemas say about the keys of the context, as far as it can be read off without evaluating them.

use std::collections::BTreeMap;

use hap_model::{Json, Manifest};
use serde_json::Value;

/// The longest schema that is read.
const MAX_SCHEMA_BYTES: usize = 64 << 10;
/// The most references that are followed from one property.
const MAX_HOPS: usize = 8;

/// A set of JSON types, one bit each. Integers are numbers: `number` is two bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kinds(pub(super) u8);

/// How many bits [`Kinds`] has.
pub(super) const KINDS: usize = 7;

const NAMES: [(&str, Kinds); 7] = [
    ("null", Kinds(1)),
    ("boolean", Kinds(1 << 1)),
    ("object", Kinds::OBJECT),
    ("array", Kinds(1 << 3)),
    ("string", Kinds(1 << 4)),
    ("number", Kinds(3 << 5)),
    ("integer", Kinds(1 << 5)),
];

impl Kinds {
    pub(super) const ALL: Kinds = Kinds((1 << KINDS) - 1);
    pub(super) const NONE: Kinds = Kinds(0);
    const OBJECT: Kinds = Kinds(1 << 2);

    pub(super) fn and(self, other: Kinds) -> Kinds {
        Kinds(self.0 & other.0)
    }

    pub(super) fn or(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }

    /// The set in words, for messages.
    pub(super) fn show(self) -> String {
        let mut left = self;
        let mut names = Vec::new();
        for (name, kinds) in NAMES {
            if left.and(kinds) == kinds && kinds.0 != 0 {
                names.push(format!("`{name}`"));
                left = Kinds(left.0 & !kinds.0);
            }
        }
        names.join(" or ")
    }
}

/// What an agent's schemas say.
pub(super) struct Facts {
    /// What its context must have.
    pub(super) required: Vec<String>,
    /// What types it wants the keys of its context to have; only those that exclude something.
    pub(super) wants: BTreeMap<String, Kinds>,
    /// The keys of its output, with their types and whether they are always there.
    pub(super) gives: BTreeMap<String, (Kinds, bool)>,
    /// Whether its output can have keys that are not in `gives`.
    pub(super) open: bool,
    /// What its output can be when it is no object: then it is written under the node's name.
    pub(super) other: Kinds,
}

impl Facts {
    /// Of a node about which nothing is known: it wants nothing, and may write anything.
    pub(super) fn none() -> Facts {
        Facts {
            required: Vec::new(),
            wants: BTreeMap::new(),
            gives: BTreeMap::new(),
            open: true,
            other: Kinds::ALL,
        }
    }

    pub(super) fn of(manifest: &Manifest) -> Facts {
        let mut facts = Facts::none();
        if let Some(schema) = read(manifest.context_schema.as_ref()) {
            facts.required = required(&schema);
            facts.wants = properties(&schema)
                .filter(|(_, kinds)| *kinds != Kinds::ALL)
                .collect();
        }
        if let Some(schema) = read(manifest.output_schema.as_ref()) {
            let kinds = kinds_of(&schema, &schema, MAX_HOPS);
            let always = required(&schema);
            facts.other = Kinds(kinds.0 & !Kinds::OBJECT.0);
            let is_object = kinds.and(Kinds::OBJECT) != Kinds::NONE;
            facts.open = is_object
                && (schema.get("additionalProperties") != Some(&Value::Bool(false))
                    || schema.get("patternProperties").is_some());
            if is_object {
                let certain =
                    |name: &String| facts.other == Kinds::NONE && always.binary_search(name).is_ok();
                facts.gives = properties(&schema)
                    .map(|(name, kinds)| {
                        let certain = certain(&name);
                        (name, (kinds, certain))
                    })
                    .collect();
            }
        }
        facts
    }
}

impl Facts {
    /// Whether a key must be in its context.
    pub(super) fn requires(&self, key: &str) -> bool {
        self.required
            .binary_search_by(|name| name.as_str().cmp(key))
            .is_ok()
    }

    /// Whether no key is named.
    pub(super) fn says_nothing(&self) -> bool {
        self.required.is_empty() && self.wants.is_empty() && self.gives.is_empty()
    }
}

/// The schema, if it is one whose words are known.
fn read(schema: Option<&Json>) -> Option<Value> {
    let text = schema?.as_str();
    if text.len() > MAX_SCHEMA_BYTES {
        return None;
    }
    let schema: Value = serde_json::from_str(text).ok()?;
    let draft = schema.get("$schema").map_or(Some(""), Value::as_str)?;
    let known =
        draft.is_empty() || draft.trim_end_matches('#') == "https://json-schema.org/draft/2020-12/schema";
    known.then_some(schema)
}

/// Sorted.
fn required(schema: &Value) -> Vec<String> {
    let names = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let mut names: Vec<String> = names.filter_map(|name| Some(name.as_str()?.to_owned())).collect();
    names.sort();
    names.dedup();
    names
}

fn properties(schema: &Value) -> impl Iterator<Item = (String, Kinds)> {
    let properties = schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    properties.map(move |(name, property)| (name.clone(), kinds_of(schema, property, MAX_HOPS)))
}

/// The types that the keyword `type` allows, here and where references lead.
fn kinds_of(root: &Value, schema: &Value, hops: usize) -> Kinds {
    let named = |name: &Value| {
        let name = name.as_str().unwrap_or_default();
        NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map_or(Kinds::ALL, |(_, kinds)| *kinds)
    };
    let own = match schema.get("type") {
        Some(Value::Array(names)) => names.iter().map(named).fold(Kinds::NONE, Kinds::or),
        Some(name) => named(name),
        None if schema == &Value::Bool(false) => Kinds::NONE,
        None => Kinds::ALL,
    };
    let target = schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| reference.strip_prefix('#'));
    match target.and_then(|pointer| root.pointer(pointer)) {
        Some(target) if hops > 0 => own.and(kinds_of(root, target, hops - 1)),
        _ => own,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_types_is_shown_in_their_names() {
        let kinds = |schema: Value| kinds_of(&schema, &schema, MAX_HOPS);
        for (schema, shown) in [
            (serde_json::json!({"type": "number"}), "`number`"),
            (
                serde_json::json!({"type": ["integer", "null"]}),
                "`null` or `integer`",
            ),
            (serde_json::json!({"type": ["integer", "number"]}), "`number`"),
            (
                serde_json::json!({"$ref": "#/a", "a": {"$ref": "#/b"}, "b": {"type": "string"}}),
                "`string`",
            ),
        ] {
            assert_eq!(kinds(schema).show(), shown);
        }
        assert_eq!(kinds(serde_json::json!({"$ref": "#"})), Kinds::ALL);
        assert_eq!(kinds(serde_json::json!({"type": "strin"})), Kinds::ALL);
    }
}
