//! Why a value is not what a schema wants. The crate's own errors copy the value once for every branch of an `anyOf`, so
//! the place is found here by asking smaller questions that are answered by yes or no.

use hap_model::sanitize;
use serde_json::{Map, Value, json};

use super::check::compile;
use super::fuel::{Stop, TICK, metered};

const MAX_REASONS: usize = 3;
/// The most questions that are asked: each compiles a part of the schema.
const MAX_QUESTIONS: usize = 64;
const MAX_FUEL: u64 = 4_000_000;
const MAX_PATH_BYTES: usize = 200;
const MAX_QUOTE_BYTES: usize = 80;

/// Up to three reasons; none when they cannot be found with little work.
pub(super) fn explain(schema: &Value, value: &Value, fuel: u64, stop: &Stop) -> Vec<String> {
    let mut explain = Explain {
        definitions: schema.get("$defs").cloned().unwrap_or_else(|| json!({})),
        fuel: fuel.min(MAX_FUEL),
        stop,
        questions: MAX_QUESTIONS,
        reasons: Vec::new(),
    };
    explain.visit(schema, value, &mut String::new());
    explain.reasons
}

struct Explain<'a> {
    definitions: Value,
    fuel: u64,
    stop: &'a Stop,
    questions: usize,
    reasons: Vec<String>,
}

impl Explain<'_> {
    /// Whether `schema` accepts each of `values`; `None` when that takes too much work.
    fn accepts<'v>(&mut self, schema: &Value, values: impl Iterator<Item = &'v Value>) -> Option<Vec<bool>> {
        // Compiling reads all definitions.
        let definitions = self.definitions.as_object().map_or(0, Map::len);
        self.questions = self.questions.checked_sub(1 + definitions / 16)?;
        let mut alone = match schema {
            Value::Object(map) => map.clone(),
            Value::Bool(accepts) => return Some(values.map(|_| *accepts).collect()),
            _ => return None,
        };
        let definitions = std::mem::take(&mut self.definitions);
        alone.insert("$defs".to_owned(), definitions);
        let alone = Value::Object(alone);
        let validator = compile(&alone);
        if let Value::Object(mut alone) = alone {
            self.definitions = alone.remove("$defs").unwrap_or_default();
        }
        let validator = validator.ok()?;
        metered(&mut self.fuel, self.stop, || {
            values.map(|value| validator.is_valid(value)).collect()
        })
        .ok()
    }

    fn accepts_one(&mut self, schema: &Value, value: &Value) -> Option<bool> {
        self.accepts(schema, std::iter::once(value))?.first().copied()
    }

    /// Tells why `schema` refuses `value`, which it does.
    fn visit(&mut self, schema: &Value, value: &Value, path: &mut String) -> Option<()> {
        let Value::Object(schema) = schema else {
            self.tell(path, value, "nothing is allowed here");
            return Some(());
        };
        let before = self.reasons.len();
        for (keyword, wanted) in schema {
            if self.reasons.len() >= MAX_REASONS {
                return Some(());
            }
            if self.keyword(schema, keyword, wanted, value, path).is_none() {
                // No more questions: the deepest place that is known has to do.
                if self.reasons.is_empty() {
                    self.tell(path, value, "the schema refuses something in it");
                }
                return None;
            }
        }
        if self.reasons.len() == before && schema.len() > 1 {
            self.tell(path, value, "the schema refuses it");
        }
        Some(())
    }

    fn keyword(
        &mut self,
        schema: &Map<String, Value>,
        keyword: &str,
        wanted: &Value,
        value: &Value,
        path: &mut String,
    ) -> Option<()> {
        match (keyword, value) {
            ("$defs" | "then" | "else" | TICK | "minContains" | "maxContains" | "patternProperties", _) => {}
            ("$ref", _) => {
                let number = wanted
                    .as_str()
                    .and_then(|text| text.rsplit('/').next())
                    .unwrap_or_default();
                let target = self.definitions.get(number)?.clone();
                if !self.accepts_one(&target, value)? {
                    self.visit(&target, value, path)?;
                }
            }
            ("required", Value::Object(members)) => {
                let names = wanted.as_array()?.iter().filter_map(Value::as_str);
                for name in names
                    .filter(|name| !members.contains_key(*name))
                    .take(MAX_REASONS)
                {
                    self.tell(path, value, &format!("it lacks `{}`", quoted(name)));
                }
            }
            ("properties", Value::Object(members)) => {
                for (name, schema) in wanted.as_object()? {
                    if let Some(member) = members.get(name) {
                        self.below(schema, [(name.as_str(), member)].into_iter(), path)?;
                    }
                }
            }
            ("additionalProperties", Value::Object(members)) if !schema.contains_key("patternProperties") => {
                let known = schema.get("properties").and_then(Value::as_object);
                let others = members
                    .iter()
                    .filter(|(name, _)| known.is_none_or(|known| !known.contains_key(*name)));
                if wanted == &Value::Bool(false) {
                    for (name, _) in others.take(MAX_REASONS) {
                        self.tell(
                            path,
                            value,
                            &format!("it has `{}`, which is not allowed", quoted(name)),
                        );
                    }
                } else {
                    self.below(wanted, others.map(|(name, member)| (name.as_str(), member)), path)?;
                }
            }
            ("items", Value::Array(items)) => {
                let first = schema
                    .get("prefixItems")
                    .and_then(Value::as_array)
                    .map_or(0, Vec::len);
                let names: Vec<String> = (first..items.len()).map(|index| index.to_string()).collect();
                self.below(
                    wanted,
                    names.iter().map(String::as_str).zip(items.iter().skip(first)),
                    path,
                )?;
            }
            ("allOf", _) => {
                for branch in wanted.as_array()? {
                    if !self.accepts_one(branch, value)? {
                        self.visit(branch, value, path)?;
                    }
                }
            }
            _ => {
                // With the keywords that this one depends on.
                let mut alone = Map::new();
                for name in [
                    keyword,
                    "then",
                    "else",
                    "minContains",
                    "maxContains",
                    "patternProperties",
                ] {
                    let needed = match keyword {
                        "if" => matches!(name, "then" | "else"),
                        "contains" => name.ends_with("Contains"),
                        "additionalProperties" => name == "patternProperties",
                        _ => false,
                    };
                    if let Some(value) = schema.get(name).filter(|_| needed || name == keyword) {
                        alone.insert(name.to_owned(), value.clone());
                    }
                }
                if keyword == "additionalProperties"
                    && let Some(properties) = schema.get("properties")
                {
                    alone.insert("properties".to_owned(), properties.clone());
                }
                if !self.accepts_one(&Value::Object(alone), value)? {
                    self.tell(path, value, &wants(keyword, wanted));
                }
            }
        }
        Some(())
    }

    /// Visits the first members that `schema` refuses.
    fn below<'v>(
        &mut self,
        schema: &Value,
        members: impl Iterator<Item = (&'v str, &'v Value)> + Clone,
        path: &mut String,
    ) -> Option<()> {
        let accepted = self.accepts(schema, members.clone().map(|(_, member)| member))?;
        let refused = members.zip(accepted).filter(|(_, accepted)| !accepted);
        for ((name, member), _) in refused.take(MAX_REASONS) {
            if self.reasons.len() >= MAX_REASONS {
                break;
            }
            let length = path.len();
            path.push('/');
            path.push_str(&name.replace('~', "~0").replace('/', "~1"));
            self.visit(schema, member, path)?;
            path.truncate(length);
        }
        Some(())
    }

    fn tell(&mut self, path: &str, value: &Value, why: &str) {
        if self.reasons.len() >= MAX_REASONS {
            return;
        }
        let place = match path {
            "" => "at its top".to_owned(),
            path => format!(
                "at `{}`",
                sanitize(path, MAX_PATH_BYTES).replace(['\n', '\t'], " ")
            ),
        };
        self.reasons.push(format!("{place} is {}: {why}", found(value)));
    }
}

/// What a keyword asks for, in words.
fn wants(keyword: &str, wanted: &Value) -> String {
    match (keyword, wanted) {
        ("type", Value::String(kind)) => format!("`{}` is wanted", quoted(kind)),
        ("type", Value::Array(kinds)) => {
            let kinds: Vec<&str> = kinds.iter().filter_map(Value::as_str).collect();
            format!("`{}` is wanted", quoted(&kinds.join("` or `")))
        }
        ("anyOf" | "oneOf", Value::Array(branches)) => {
            let number = if keyword == "anyOf" {
                "none"
            } else {
                "not exactly one"
            };
            format!(
                "{number} of the {} schemas under `{keyword}` accepts it",
                branches.len()
            )
        }
        (
            "not"
            | "if"
            | "contains"
            | "propertyNames"
            | "prefixItems"
            | "dependentSchemas"
            | "additionalProperties",
            _,
        ) => {
            format!("it is not what `{keyword}` wants")
        }
        _ => format!("`{keyword}` is {}", quoted(&wanted.to_string())),
    }
}

/// What kind of value it is, and which one if it is short.
fn found(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => format!("the boolean {value}"),
        Value::Number(value) => format!("the number {value}"),
        Value::String(value) => format!("the string `{}`", quoted(value)),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(_) => "an object".to_owned(),
    }
}

fn quoted(text: &str) -> String {
    sanitize(text, MAX_QUOTE_BYTES).replace(['\n', '\t'], " ")
}
