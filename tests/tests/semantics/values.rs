//! Reducers and conditions, as far as the random graphs use them.

use serde_json::{Map, Value, json};

/// Combines contributions in their order.
pub(crate) fn fold(reducer: &str, values: &[&Value]) -> Value {
    let lists = values
        .iter()
        .filter_map(|value| value.as_array())
        .flatten()
        .cloned();
    let numbers = values.iter().filter_map(|value| value.as_i64());
    match reducer {
        "append" => lists.collect(),
        "union" => lists
            .fold(Vec::new(), |mut kept, value| {
                if !kept.contains(&value) {
                    kept.push(value);
                }
                kept
            })
            .into(),
        "merge" => values
            .iter()
            .fold(json!({}), |merged, value| merge(merged, (*value).clone())),
        "sum" => numbers.sum::<i64>().into(),
        "min" => numbers.min().into(),
        "max" => numbers.max().into(),
        "first" => values[0].clone(),
        _ => values[values.len() - 1].clone(),
    }
}

fn merge(left: Value, right: Value) -> Value {
    match (left, right) {
        (Value::Object(mut left), Value::Object(right)) => {
            for (key, value) in right {
                let old = left.remove(&key).unwrap_or(Value::Null);
                left.insert(key, merge(old, value));
            }
            Value::Object(left)
        }
        (_, right) => right,
    }
}

/// Whether a reducer takes the value.
pub(crate) fn takes(reducer: &str, value: &Value) -> bool {
    match reducer {
        "append" | "union" => value.is_array(),
        "merge" => value.is_object(),
        "sum" | "min" | "max" => value.is_number(),
        _ => true,
    }
}

/// The value at a path of keys.
pub(crate) fn lookup<'a>(root: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.')
        .try_fold(root, |value, key| value.as_object()?.get(key))
}

/// A condition of one of the forms that the random graphs have: `true`, `has(path)`, `path == literal`, `path >= integer`, with
/// `!(…)` around it or `&&` between two. `None` where it has no answer.
pub(crate) fn condition(text: &str, variables: &Value) -> Option<bool> {
    if let Some(inner) = text.strip_prefix("!(") {
        return condition(inner.strip_suffix(')')?, variables).map(|holds| !holds);
    }
    if let Some((left, right)) = text.split_once(" && ") {
        return match (condition(left, variables), condition(right, variables)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        };
    }
    if let Some(path) = text.strip_prefix("has(") {
        let (parent, key) = path.strip_suffix(')')?.rsplit_once('.')?;
        return Some(lookup(variables, parent)?.as_object()?.contains_key(key));
    }
    if let Some((path, literal)) = text.split_once(" == ") {
        return Some(*lookup(variables, path)? == serde_json::from_str::<Value>(literal).ok()?);
    }
    if let Some((path, bound)) = text.split_once(" >= ") {
        return Some(lookup(variables, path)?.as_i64()? >= bound.parse().ok()?);
    }
    lookup(variables, text).map_or(Some(text == "true"), Value::as_bool)
}

/// What conditions see.
pub(crate) fn variables(context: Map<String, Value>, output: Value) -> Value {
    let pairs = [("context", Value::Object(context)), ("output", output)];
    pairs
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect()
}
