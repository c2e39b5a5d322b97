//! Reducers: how the values that several nodes write under one key become one. Every reducer folds the
//! contributions in topological order, so the outcome does not depend on when a node finished.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use serde::Serialize;

use crate::json::{self, Json};

/// How concurrent and successive writes to one key are combined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reducer {
    /// Lists one after the other.
    Append,
    /// Lists one after the other, each value kept once, where it first stood.
    Union,
    /// Objects, deeply: the later value of a key wins unless both are objects.
    Merge,
    /// Numbers added: integers exactly, with a fraction as 64-bit floating point.
    Sum,
    /// The smallest number.
    Min,
    /// The largest number.
    Max,
    /// The value of the first writer in topological order.
    First,
    /// The value of the last writer in topological order.
    Last,
}

/// Integers beyond this many digits are refused, so that no sum can overflow: 10^28 × 2^32 < 2^127.
const MAX_INTEGER_DIGITS: usize = 28;

impl Reducer {
    /// All reducers, with the names used in graph files.
    pub const NAMES: [(&'static str, Reducer); 8] = [
        ("append", Reducer::Append),
        ("union", Reducer::Union),
        ("merge", Reducer::Merge),
        ("sum", Reducer::Sum),
        ("min", Reducer::Min),
        ("max", Reducer::Max),
        ("first", Reducer::First),
        ("last", Reducer::Last),
    ];

    /// The reducer of that name.
    pub fn from_name(name: &str) -> Option<Reducer> {
        Reducer::NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, reducer)| *reducer)
    }

    /// What a contribution must be, when `value` is not it.
    pub fn refuses(self, value: &Json) -> Option<&'static str> {
        let needed = match self {
            Reducer::Append | Reducer::Union => "a list",
            Reducer::Merge => "an object",
            Reducer::Sum | Reducer::Min | Reducer::Max => "a number",
            Reducer::First | Reducer::Last => return None,
        };
        if value.kind() != needed {
            return Some(needed);
        }
        (needed == "a number" && Number::parse(value.as_str()).is_none())
            .then_some("a number of at most 28 digits and within the range of 64-bit floating point")
    }

    /// Folds `contributions`, none of which this reducer [refuses](Reducer::refuses), in their order.
    ///
    /// # Errors
    /// When a sum leaves the range of 64-bit floating point.
    pub fn fold(self, contributions: &[&Json]) -> Result<Json, ReduceError> {
        let texts = || contributions.iter().map(|value| value.as_str());
        match (self, contributions) {
            (_, [single]) if self != Reducer::Union => Ok((*single).clone()),
            (Reducer::First, [first, ..]) => Ok((*first).clone()),
            (Reducer::Last, [.., last]) => Ok((*last).clone()),
            (Reducer::Append, _) => Ok(list(texts().flat_map(items))),
            (Reducer::Union, _) => {
                let mut seen = HashSet::new();
                Ok(list(
                    texts()
                        .flat_map(items)
                        .filter(|item| seen.insert(json::canonical(item))),
                ))
            }
            (Reducer::Merge, _) => Ok(Json::trusted(texts().fold("{}".to_owned(), |a, b| merge(&a, b)))),
            (Reducer::Sum, _) => sum(texts()),
            (Reducer::Min, _) => extreme(contributions, |candidate, best| candidate < best),
            (Reducer::Max, _) => extreme(contributions, |candidate, best| candidate > best),
            (Reducer::First | Reducer::Last, []) => Err(ReduceError),
        }
    }
}

impl fmt::Display for Reducer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Reducer::NAMES
            .iter()
            .find(|(_, reducer)| reducer == self)
            .map(|(name, _)| *name);
        f.write_str(name.unwrap_or_default())
    }
}

/// The contributions have no combined value that JSON can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the combined number is beyond the range of 64-bit floating point")]
pub struct ReduceError;

fn items(text: &str) -> Vec<&str> {
    json::items(text).unwrap_or_default()
}

fn list<'a>(items: impl Iterator<Item = &'a str>) -> Json {
    let mut out = String::new();
    json::push_list(&mut out, '[', ']', items, |out, item| out.push_str(item));
    Json::trusted(out)
}

fn merge(a: &str, b: &str) -> String {
    let (Some(left), Some(right)) = (json::members(a), json::members(b)) else {
        return b.to_owned();
    };
    let mut merged: BTreeMap<_, _> = left
        .into_iter()
        .map(|(key, value)| (key, value.to_owned()))
        .collect();
    for (key, value) in right {
        let value = match merged.get(&key) {
            Some(old) if old.starts_with('{') => merge(old, value),
            _ => value.to_owned(),
        };
        merged.insert(key, value);
    }
    let mut out = String::new();
    json::push_list(&mut out, '{', '}', merged, |out, (key, value)| {
        json::push_string(out, &key);
        out.push(':');
        out.push_str(&value);
    });
    out
}

/// A JSON number as what it can be computed with.
#[derive(Clone, Copy, PartialEq)]
enum Number {
    Integer(i128),
    Float(f64),
}

impl Number {
    fn parse(text: &str) -> Option<Number> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        if digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return (digits.len() <= MAX_INTEGER_DIGITS).then(|| text.parse().ok().map(Number::Integer))?;
        }
        text.parse()
            .ok()
            .filter(|float: &f64| float.is_finite())
            .map(Number::Float)
    }

    fn as_float(self) -> f64 {
        match self {
            Number::Integer(integer) => integer as f64,
            Number::Float(float) => float,
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Number) -> Option<std::cmp::Ordering> {
        match (self, other) {
            (Number::Integer(a), Number::Integer(b)) => a.partial_cmp(b),
            _ => self.as_float().partial_cmp(&other.as_float()),
        }
    }
}

fn sum<'a>(texts: impl Iterator<Item = &'a str>) -> Result<Json, ReduceError> {
    let total = texts
        .filter_map(Number::parse)
        .fold(Number::Integer(0), |total, number| match (total, number) {
            (Number::Integer(a), Number::Integer(b)) => Number::Integer(a + b),
            _ => Number::Float(total.as_float() + number.as_float()),
        });
    match total {
        Number::Integer(integer) => Ok(Json::trusted(integer.to_string())),
        Number::Float(float) if float.is_finite() => Json::from_value(&float).map_err(|_| ReduceError),
        Number::Float(_) => Err(ReduceError),
    }
}

/// The first contribution that beats all before it; its text is kept as written.
fn extreme(contributions: &[&Json], beats: impl Fn(Number, Number) -> bool) -> Result<Json, ReduceError> {
    let mut best: Option<(Number, &Json)> = None;
    for value in contributions {
        if let Some(number) = Number::parse(value.as_str())
            && best.is_none_or(|(old, _)| beats(number, old))
        {
            best = Some((number, value));
        }
    }
    best.map(|(_, value)| value.clone()).ok_or(ReduceError)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fold(reducer: Reducer, texts: &[&str]) -> String {
        let values: Vec<Json> = texts.iter().map(|text| Json::parse(text, 100).unwrap()).collect();
        for value in &values {
            assert_eq!(reducer.refuses(value), None);
        }
        reducer
            .fold(&values.iter().collect::<Vec<_>>())
            .unwrap()
            .as_str()
            .to_owned()
    }

    #[test]
    fn each_reducer_combines_in_order() {
        assert_eq!(fold(Reducer::Append, &["[1,2]", "[]", "[2]"]), "[1,2,2]");
        assert_eq!(
            fold(
                Reducer::Union,
                &["[1,{\"a\":1,\"b\":2}]", "[{\"b\": 2,\"a\": 1},3,1]"]
            ),
            "[1,{\"a\":1,\"b\":2},3]"
        );
        assert_eq!(
            fold(
                Reducer::Merge,
                &[r#"{"a":{"x":1},"b":1}"#, r#"{"a":{"y":2},"b":{"z":3}}"#]
            ),
            r#"{"a":{"x":1,"y":2},"b":{"z":3}}"#
        );
        assert_eq!(fold(Reducer::Min, &["3", "1.0", "1", "2e3"]), "1.0");
        assert_eq!(fold(Reducer::Max, &["3", "-1", "2e3"]), "2e3");
        assert_eq!(fold(Reducer::First, &["3", "\"x\""]), "3");
        assert_eq!(fold(Reducer::Last, &["3", "\"x\""]), "\"x\"");
    }

    #[test]
    fn sums_of_integers_are_exact_beyond_64_bits() {
        assert_eq!(
            fold(
                Reducer::Sum,
                &["9223372036854775807", "9223372036854775807", "-1"]
            ),
            "18446744073709551613"
        );
        assert_eq!(fold(Reducer::Sum, &["1", "0.5"]), "1.5");
        assert_eq!(fold(Reducer::Sum, &["9007199254740993", "0"]), "9007199254740993");
    }

    #[test]
    fn wrong_types_are_refused_by_name() {
        let value = |text| Json::parse(text, 100).unwrap();
        assert_eq!(Reducer::Append.refuses(&value("1")), Some("a list"));
        assert_eq!(Reducer::Merge.refuses(&value("[]")), Some("an object"));
        assert_eq!(Reducer::Sum.refuses(&value("\"1\"")), Some("a number"));
        assert!(Reducer::Sum.refuses(&value("1e999")).is_some());
        assert!(
            Reducer::Sum
                .refuses(&value("99999999999999999999999999999"))
                .is_some()
        );
        assert_eq!(Reducer::Last.refuses(&value("null")), None);
    }

    #[test]
    fn a_sum_beyond_floating_point_is_an_error() {
        let huge = Json::parse("1e308", 100).unwrap();
        assert_eq!(Reducer::Sum.fold(&[&huge, &huge]), Err(ReduceError));
    }
}
