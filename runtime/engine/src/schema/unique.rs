//! `uniqueItems` with a hash that guests cannot predict: the crate's own one collides at will, which takes the square of a
//! list's length.

use std::collections::HashSet;

use jsonschema::paths::Location;
use jsonschema::{Keyword, ValidationError};
use serde_json::{Map, Value};

use super::fuel::spend;

struct Unique;

/// Makes the keyword.
pub(super) fn unique<'a>(
    _: &'a Map<String, Value>,
    wanted: &'a Value,
    _: Location,
) -> Result<Box<dyn for<'i> Keyword<'i>>, ValidationError<'a>> {
    match wanted {
        Value::Bool(true) => Ok(Box::new(Unique)),
        Value::Bool(false) => Ok(Box::new(Anything)),
        _ => Err(ValidationError::custom("`uniqueItems` is no boolean")),
    }
}

impl<'i> Keyword<'i> for Unique {
    fn validate(&self, value: &'i Value) -> Result<(), ValidationError<'i>> {
        match Keyword::is_valid(self, value) {
            true => Ok(()),
            false => Err(ValidationError::custom("its items are not unique")),
        }
    }

    fn is_valid(&self, value: &'i Value) -> bool {
        let Value::Array(items) = value else { return true };
        let mut seen = HashSet::with_capacity(items.len());
        items.iter().all(|item| {
            let mut text = String::new();
            write(&mut text, item);
            spend(4 + text.len() as u64 / 16) && seen.insert(text)
        })
    }
}

struct Anything;

impl<'i> Keyword<'i> for Anything {
    fn validate(&self, _: &'i Value) -> Result<(), ValidationError<'i>> {
        Ok(())
    }

    fn is_valid(&self, _: &'i Value) -> bool {
        true
    }
}

/// Appends a text that equal values share: `1` and `1.0` are equal, and the order of keys does not count.
fn write(out: &mut String, value: &Value) {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e18 => {
                out.push_str(&(float as i64).to_string());
            }
            _ => out.push_str(&number.to_string()),
        },
        Value::Array(items) => {
            out.push('[');
            for item in items {
                write(out, item);
                out.push(',');
            }
            out.push(']');
        }
        Value::Object(map) => {
            out.push('{');
            // The map is sorted.
            for (key, value) in map {
                out.push_str(&Value::String(key.clone()).to_string());
                out.push(':');
                write(out, value);
                out.push(',');
            }
            out.push('}');
        }
        other => out.push_str(&other.to_string()),
    }
}
