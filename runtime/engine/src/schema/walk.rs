//! Reads a stranger's schema before anything is compiled: what is understood is copied, references are numbered, and all
//! else is dropped or refused. So what is compiled holds only keywords that are listed here.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::fuel::TICK;
use super::shape::{Edge, Shape};
use super::text::{percent_decoded, size, supported_draft};

/// The longest schema that is read: as much as a manifest's text may have.
pub(super) const MAX_SCHEMA_BYTES: usize = 64 << 10;
/// The most subschemas that are read.
pub(super) const MAX_SUBSCHEMAS: usize = 10_000;
/// Translating a pattern can take the square of its length.
const MAX_PATTERN_BYTES: usize = 1 << 10;
const MAX_PATTERNS: usize = 64;

/// Keywords that look at one value and hold no schema.
const ASSERTIONS: [&str; 19] = [
    "const",
    "dependentRequired",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "maxContains",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minContains",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "required",
    "type",
    "uniqueItems",
];

/// Keywords that change what others mean and are not understood here.
const REFUSED: [&str; 4] = [
    "$dynamicRef",
    "$recursiveRef",
    "unevaluatedItems",
    "unevaluatedProperties",
];

/// A schema that may be compiled.
pub(super) struct Walked {
    /// With nothing but keywords that are understood, references to `#/$defs/<number>` only, and a tick in every object.
    pub(super) schema: Value,
    /// How many subschemas it has when its references are unfolded, as far as they are not recursive.
    pub(super) weight: usize,
}

/// Reads `text`. `Ok(None)` accepts everything.
///
/// # Errors
/// Why it is not checked.
pub(super) fn walk(text: &str, always_object: bool) -> Result<Option<Walked>, String> {
    if text.len() > MAX_SCHEMA_BYTES {
        return Err(format!("it is longer than {MAX_SCHEMA_BYTES} bytes"));
    }
    let root: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    supported_draft(&root)?;
    let mut walk = Walk {
        root: &root,
        shape: Shape::default(),
        targets: HashMap::new(),
        waiting: Vec::new(),
        patterns: 0,
    };
    let (mut schema, top) = walk.subschema(&root, true)?;
    if always_object && let Some(map) = schema.as_object_mut() {
        let object = |kind: &Value| kind == "object";
        let says_nothing =
            |kind: &Value| object(kind) || kind.as_array().is_some_and(|kinds| kinds.iter().any(object));
        if map.get("type").is_some_and(says_nothing) {
            map.remove("type");
        }
        schema = or_true(schema);
    }
    if schema == Value::Bool(true) {
        return Ok(None);
    }
    let mut definitions = Map::new();
    while let Some((number, target)) = walk.waiting.pop() {
        let (schema, node) = walk.subschema(target, std::ptr::eq(target, &root))?;
        walk.shape.define(number, node);
        definitions.insert(number.to_string(), schema);
    }
    let weight = walk.shape.weigh(top)?;
    // A boolean schema has no place for definitions, and nothing that refers to them.
    if let Some(map) = schema.as_object_mut()
        && !definitions.is_empty()
    {
        map.insert("$defs".to_owned(), Value::Object(definitions));
    }
    Ok(Some(Walked { schema, weight }))
}

struct Walk<'a> {
    root: &'a Value,
    shape: Shape,
    /// The number of each reference's target, by JSON pointer.
    targets: HashMap<String, usize>,
    /// Targets whose schema has not been read yet.
    waiting: Vec<(usize, &'a Value)>,
    patterns: usize,
}

impl<'a> Walk<'a> {
    /// The schema with only what is understood, and its node. `true` where nothing is left that could fail.
    fn subschema(&mut self, schema: &'a Value, is_root: bool) -> Result<(Value, usize), String> {
        let node = self.shape.add();
        if node >= MAX_SUBSCHEMAS {
            return Err(format!("it has more than {MAX_SUBSCHEMAS} subschemas"));
        }
        let map = match schema {
            Value::Bool(_) => return Ok((schema.clone(), node)),
            Value::Object(map) => map,
            _ => return Err("a subschema is neither an object nor a boolean".to_owned()),
        };
        if let Some(refused) = REFUSED.iter().find(|keyword| map.contains_key(**keyword)) {
            return Err(format!("the host does not check `{refused}`"));
        }
        if !is_root && map.contains_key("$id") {
            return Err("a subschema has an `$id` of its own".to_owned());
        }
        let mut out = Map::new();
        let mut cost = 1;
        for keyword in ASSERTIONS {
            if let Some(value) = map.get(keyword) {
                cost += size(value) / 64;
                if keyword != "required" || value != &json!([]) {
                    out.insert(keyword.to_owned(), value.clone());
                }
            }
        }
        if let Some(pattern) = map.get("pattern") {
            self.pattern(pattern.as_str().ok_or("a `pattern` is no string")?)?;
            out.insert("pattern".to_owned(), pattern.clone());
        }
        if let Some(reference) = map.get("$ref") {
            let number = self.target(reference.as_str().ok_or("a `$ref` is no string")?)?;
            self.shape.refer(node, number);
            out.insert("$ref".to_owned(), format!("#/$defs/{number}").into());
        }
        self.applicators(map, node, &mut out)?;
        // Fractions are compared exactly, as numbers of any length.
        cost += 64 * usize::from(map.get("multipleOf").is_some_and(|number| !number.is_u64()));
        // A branch whose `type` refuses does not come to its own tick.
        for branches in ["allOf", "anyOf", "oneOf"] {
            cost += out.get(branches).and_then(Value::as_array).map_or(0, Vec::len) / 4;
        }
        cost += out
            .get("properties")
            .and_then(Value::as_object)
            .map_or(0, Map::len)
            / 8;
        self.shape.set_cost(node, cost);
        if !out.is_empty() {
            out.insert(TICK.to_owned(), cost.into());
        }
        Ok((or_true(Value::Object(out)), node))
    }

    /// The keywords that hold schemas.
    fn applicators(
        &mut self,
        map: &'a Map<String, Value>,
        node: usize,
        out: &mut Map<String, Value>,
    ) -> Result<(), String> {
        use Edge::{Below, InPlace};
        for (keyword, edge) in [
            ("not", InPlace),
            ("if", InPlace),
            ("then", InPlace),
            ("else", InPlace),
            ("items", Below),
            ("contains", Below),
            ("propertyNames", Below),
            ("additionalProperties", Below),
        ] {
            let Some(schema) = map.get(keyword) else { continue };
            let schema = self.child(node, edge, schema)?;
            let says_nothing = schema == Value::Bool(true)
                && matches!(keyword, "items" | "propertyNames" | "additionalProperties");
            if !says_nothing {
                out.insert(keyword.to_owned(), schema);
            }
        }
        for (keyword, edge) in [
            ("allOf", InPlace),
            ("anyOf", InPlace),
            ("oneOf", InPlace),
            ("prefixItems", Below),
        ] {
            let Some(schemas) = map.get(keyword) else { continue };
            let schemas = schemas
                .as_array()
                .ok_or_else(|| format!("`{keyword}` is no list"))?;
            let mut list = Vec::with_capacity(schemas.len());
            for schema in schemas {
                list.push(self.child(node, edge, schema)?);
            }
            let says_nothing = match keyword {
                "allOf" => list.iter().all(|schema| schema == &Value::Bool(true)),
                "prefixItems" => {
                    !map.contains_key("items") && list.iter().all(|schema| schema == &Value::Bool(true))
                }
                "anyOf" => list.contains(&Value::Bool(true)),
                _ => false,
            };
            if !says_nothing || schemas.is_empty() {
                out.insert(keyword.to_owned(), Value::Array(list));
            }
        }
        for (keyword, edge) in [
            ("properties", Below),
            ("patternProperties", Below),
            ("dependentSchemas", InPlace),
        ] {
            let Some(schemas) = map.get(keyword) else { continue };
            let schemas = schemas
                .as_object()
                .ok_or_else(|| format!("`{keyword}` is no object"))?;
            // Which keys are named matters to `additionalProperties`, whatever is said about them.
            let names_matter = out.contains_key("additionalProperties");
            let mut kept = Map::new();
            for (name, schema) in schemas {
                if keyword == "patternProperties" {
                    self.pattern(name)?;
                }
                let schema = self.child(node, edge, schema)?;
                if names_matter || schema != Value::Bool(true) {
                    kept.insert(name.clone(), schema);
                }
            }
            if !kept.is_empty() {
                out.insert(keyword.to_owned(), Value::Object(kept));
            }
        }
        Ok(())
    }

    fn child(&mut self, parent: usize, edge: Edge, schema: &'a Value) -> Result<Value, String> {
        let (schema, node) = self.subschema(schema, false)?;
        self.shape.connect(parent, edge, node);
        Ok(schema)
    }

    fn pattern(&mut self, pattern: &str) -> Result<(), String> {
        self.patterns += 1;
        if pattern.len() > MAX_PATTERN_BYTES {
            return Err(format!("a pattern is longer than {MAX_PATTERN_BYTES} bytes"));
        }
        if self.patterns > MAX_PATTERNS {
            return Err(format!("it has more than {MAX_PATTERNS} patterns"));
        }
        Ok(())
    }

    /// The number of what `reference` points to within this schema.
    fn target(&mut self, reference: &str) -> Result<usize, String> {
        let Some(fragment) = reference.strip_prefix('#') else {
            return Err(format!("`{reference}` refers to another document"));
        };
        let pointer =
            percent_decoded(fragment).ok_or_else(|| format!("the reference `{reference}` is not valid"))?;
        if !pointer.is_empty() && !pointer.starts_with('/') {
            return Err(format!("the host does not follow the anchor `{reference}`"));
        }
        if let Some(number) = self.targets.get(&pointer) {
            return Ok(*number);
        }
        let target = self
            .root
            .pointer(&pointer)
            .ok_or_else(|| format!("`{reference}` refers to nothing"))?;
        let number = self.targets.len();
        self.targets.insert(pointer, number);
        self.waiting.push((number, target));
        Ok(number)
    }
}

fn or_true(schema: Value) -> Value {
    match schema {
        Value::Object(map) if map.keys().all(|keyword| keyword == TICK) => Value::Bool(true),
        other => other,
    }
}
