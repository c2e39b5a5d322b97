//! JSON text that is known to be good. A value enters once, is checked once, and is then passed on as the text
//! it was: nothing here builds a tree of what no node looks at.

mod check;
mod write;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use check::{Key, SeenKeys, check_structure, check_surrogates};
pub(crate) use write::{canonical, push_list, push_string};

/// The deepest nesting that can be allowed: below the 128 at which `serde_json` itself gives up.
pub const MAX_JSON_DEPTH: u64 = 120;

/// One JSON value (RFC 8259) as text: well-formed, no key twice in an object. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Json(Arc<str>);

/// Why a text is no acceptable JSON value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// Not JSON at all, with the parser's words.
    #[error("it is not JSON: {0}")]
    Syntax(String),
    /// An object has one key twice.
    #[error("the key `{0}` stands twice in one object")]
    DuplicateKey(String),
    /// An object with more keys than allowed.
    #[error("it has more than {0} keys")]
    TooManyKeys(u64),
    /// Nested deeper than allowed.
    #[error("it is nested deeper than {0} levels")]
    TooDeep(u64),
    /// Some other value where an object is needed; holds what it is.
    #[error("it is {0}, where an object is needed")]
    NotAnObject(&'static str),
}

/// A checked value, taken apart at its top level only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TopLevel {
    /// An object: its members in the order of the text.
    Object(Vec<(Arc<str>, Json)>),
    /// Any other value.
    Other(Json),
}

/// How large a checked value is, where there are limits on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JsonShape {
    /// The keys of the object at its top level; none where it is no object.
    pub keys: u64,
    /// Levels of nesting: none for a text or number, one for an empty list.
    pub depth: u64,
}

impl Json {
    /// Checks `text` whole: syntax, duplicate keys at every level, nesting of at most `max_depth`.
    pub fn parse(text: &str, max_depth: u64) -> Result<Json, JsonError> {
        Json::measured(text, max_depth).map(|(json, _)| json)
    }

    /// As [`Json::parse`], with the levels of nesting.
    fn measured(text: &str, max_depth: u64) -> Result<(Json, u64), JsonError> {
        let max_depth = max_depth.clamp(1, MAX_JSON_DEPTH);
        let raw: &RawValue = serde_json::from_str(text).map_err(syntax)?;
        let depth = check_structure(raw.get(), max_depth)?;
        Ok((Json(raw.get().into()), depth))
    }

    /// The JSON text of any serializable value.
    ///
    /// # Errors
    /// What `serde_json` says of a value that has no JSON form, such as a map whose keys are no strings.
    pub fn from_value<T: Serialize + ?Sized>(value: &T) -> Result<Json, JsonError> {
        serde_json::to_string(value)
            .map(|text| Json(text.into()))
            .map_err(syntax)
    }

    /// `{}`.
    pub fn empty_object() -> Json {
        Json("{}".into())
    }

    /// An object with these members, none of which may stand twice.
    pub fn object<'a>(members: impl IntoIterator<Item = (&'a str, &'a Json)>) -> Json {
        let mut out = String::new();
        push_list(&mut out, '{', '}', members, |out, (key, value)| {
            push_string(out, key);
            out.push(':');
            out.push_str(value.as_str());
        });
        Json::trusted(out)
    }

    /// `null`.
    pub fn null() -> Json {
        Json("null".into())
    }

    /// `value` with text around it that makes the whole one JSON value again: the caller sees to that.
    pub fn framed(before: &str, value: &Json, after: &str) -> Json {
        let mut text = String::with_capacity(before.len() + value.0.len() + after.len());
        text.push_str(before);
        text.push_str(&value.0);
        text.push_str(after);
        Json::trusted(text)
    }

    /// A list of these values.
    pub fn list<'a>(items: impl IntoIterator<Item = &'a Json>) -> Json {
        let mut out = String::new();
        push_list(&mut out, '[', ']', items, |out, item| out.push_str(item.as_str()));
        Json::trusted(out)
    }

    /// The items of a list; `None` when the value is none.
    pub fn items(&self) -> Option<Vec<Json>> {
        let items = items(&self.0)?;
        Some(items.into_iter().map(Json::trusted).collect())
    }

    /// The member of an object under `key`; `None` when there is none, or the value is no object.
    pub fn member(&self, key: &str) -> Option<Json> {
        let members = members(&self.0)?;
        members
            .into_iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| Json::trusted(value))
    }

    /// Text that this crate has written or checked itself.
    pub(crate) fn trusted(text: impl Into<Arc<str>>) -> Json {
        Json(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value as a type of the caller's.
    ///
    /// # Errors
    /// What `serde_json` says when the value is of another shape.
    pub fn to<T: de::DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.0)
    }

    /// Whether both are the same JSON value: white space, the order of keys and the escapes of strings do not
    /// count; numbers are the same when they are written alike.
    pub fn same_value(&self, other: &Json) -> bool {
        self.0 == other.0 || canonical(&self.0) == canonical(&other.0)
    }

    /// What kind of value it is, for messages.
    pub fn kind(&self) -> &'static str {
        kind(&self.0)
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Json, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Json::parse(raw.get(), MAX_JSON_DEPTH).map_err(de::Error::custom)
    }
}

impl TopLevel {
    /// Checks `text` as [`Json::parse`] does and takes it apart.
    pub fn parse(text: &str, max_depth: u64) -> Result<TopLevel, JsonError> {
        TopLevel::parse_up_to(text, max_depth, u64::MAX)
    }

    /// As [`TopLevel::parse`], with a bound on the keys of the object. No more of them are read than that.
    pub fn parse_up_to(text: &str, max_depth: u64, max_keys: u64) -> Result<TopLevel, JsonError> {
        TopLevel::measured(text, max_depth, max_keys).map(|(value, _)| value)
    }

    /// As [`TopLevel::parse_up_to`], with how large the value is.
    pub fn measured(text: &str, max_depth: u64, max_keys: u64) -> Result<(TopLevel, JsonShape), JsonError> {
        let max_depth = max_depth.clamp(1, MAX_JSON_DEPTH);
        if !text.trim_start().starts_with('{') {
            let (value, depth) = Json::measured(text, max_depth)?;
            return Ok((TopLevel::Other(value), JsonShape { keys: 0, depth }));
        }
        let mut reader = serde_json::Deserializer::from_str(text);
        let members = UpTo(max_keys)
            .deserialize(&mut reader)
            .map_err(|error| own_or_syntax(&error, max_keys))?;
        reader.end().map_err(syntax)?;
        let mut list = Vec::with_capacity(members.0.len());
        let mut depth = 0;
        for (key, value) in members.0 {
            if value.get().starts_with('"') {
                check_surrogates(value.get())?;
            }
            if value.get().starts_with(['{', '[']) {
                let inner = check_structure(value.get(), max_depth.saturating_sub(1));
                depth = depth.max(inner.map_err(|error| match error {
                    JsonError::TooDeep(_) => JsonError::TooDeep(max_depth),
                    other => other,
                })?);
            }
            list.push((Arc::from(key), Json::trusted(value.get())));
        }
        let shape = JsonShape {
            keys: list.len() as u64,
            depth: depth + 1,
        };
        Ok((TopLevel::Object(list), shape))
    }

    /// As [`TopLevel::parse`], for texts that must be objects.
    pub fn parse_object(text: &str, max_depth: u64) -> Result<Vec<(Arc<str>, Json)>, JsonError> {
        match TopLevel::parse(text, max_depth)? {
            TopLevel::Object(members) => Ok(members),
            TopLevel::Other(value) => Err(JsonError::NotAnObject(value.kind())),
        }
    }
}

/// The members of a value that is known to be an object; `None` when it is none.
pub(crate) fn members(text: &str) -> Option<Vec<(Cow<'_, str>, &str)>> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let members = UpTo(u64::MAX).deserialize(&mut reader).ok()?;
    Some(
        members
            .0
            .into_iter()
            .map(|(key, value)| (key, value.get()))
            .collect(),
    )
}

/// The items of a value that is known to be a list; `None` when it is none.
pub(crate) fn items(text: &str) -> Option<Vec<&str>> {
    let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    Some(items.into_iter().map(RawValue::get).collect())
}

fn kind(text: &str) -> &'static str {
    match text.trim_start().as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

fn syntax(error: serde_json::Error) -> JsonError {
    JsonError::Syntax(error.to_string())
}

/// Mark the messages of this module's own errors on their way through `serde_json`.
const DUPLICATE: &str = "duplicate key ";
const TOO_MANY: &str = "too many keys";

fn own_or_syntax(error: &serde_json::Error, max_keys: u64) -> JsonError {
    let text = error.to_string();
    // `serde_json` appends " at line 1 column 2".
    let own = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(own, _)| own);
    match own.strip_prefix(DUPLICATE) {
        Some(key) => JsonError::DuplicateKey(key.to_owned()),
        None if own == TOO_MANY => JsonError::TooManyKeys(max_keys),
        None => JsonError::Syntax(text),
    }
}

/// The members of an object, each value as its text.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// Reads [`Members`], so many at most.
struct UpTo(u64);

impl<'de> DeserializeSeed<'de> for UpTo {
    type Value = Members<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Members<'de>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for UpTo {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut seen = SeenKeys::default();
        let mut list = Vec::new();
        while let Some(Key(key)) = map.next_key()? {
            if list.len() as u64 >= self.0 {
                return Err(de::Error::custom(TOO_MANY));
            }
            seen.insert(key.clone())
                .map_err(|key| de::Error::custom(format_args!("{DUPLICATE}{key}")))?;
            list.push((key, map.next_value()?));
        }
        Ok(Members(list))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<TopLevel, JsonError> {
        TopLevel::parse(text, 100)
    }

    #[test]
    fn members_keep_their_text_and_order() {
        let members = TopLevel::parse_object(r#" {"b": 1.50, "a\u0041": {"x": [1, 2]}} "#, 100).unwrap();
        let shown: Vec<_> = members
            .iter()
            .map(|(key, value)| (&**key, value.as_str()))
            .collect();
        assert_eq!(shown, [("b", "1.50"), ("aA", r#"{"x": [1, 2]}"#)]);
    }

    #[test]
    fn numbers_of_any_size_survive_unchanged() {
        let text = r#"{"n":123456789012345678901234567890.5e400}"#;
        let members = TopLevel::parse_object(text, 100).unwrap();
        assert_eq!(members[0].1.as_str(), "123456789012345678901234567890.5e400");
    }

    #[test]
    fn a_key_that_repeats_is_refused_at_every_depth_and_in_every_spelling() {
        for text in [
            r#"{"a":1,"a":2}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"x":[{"y":{"a":1,"a":2}}]}"#,
            r#"{"x":[{"y":{"a":{},"b":[","],"\u0061":2}}]}"#,
        ] {
            assert_eq!(parse(text), Err(JsonError::DuplicateKey("a".into())), "{text}");
            assert_eq!(
                Json::parse(text, 100),
                Err(JsonError::DuplicateKey("a".into())),
                "{text}"
            );
        }
        assert!(parse(r#"{"x":{"a":1},"y":{"a":1},"z":["a","a",{"a":"a"},"a"]}"#).is_ok());
    }

    #[test]
    fn nesting_is_limited_without_recursion() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(Json::parse(&nested(100), 100).is_ok());
        assert_eq!(Json::parse(&nested(101), 100), Err(JsonError::TooDeep(100)));
        assert_eq!(Json::parse(&nested(1_000_000), 100), Err(JsonError::TooDeep(100)));
        assert!(parse(&format!(r#"{{"a":{}}}"#, nested(99))).is_ok());
        assert_eq!(
            parse(&format!(r#"{{"a":{}}}"#, nested(100))),
            Err(JsonError::TooDeep(100))
        );
        assert!(parse(&format!(r#"{{"a":"{}"}}"#, "[".repeat(1000))).is_ok());
    }

    #[test]
    fn the_keys_of_an_object_are_counted_as_they_are_read() {
        let text = format!(
            "{{{}}}",
            (0..50)
                .map(|n| format!("\"k{n}\":{{\"a\":1}}"))
                .collect::<Vec<_>>()
                .join(",")
        );
        assert!(TopLevel::parse_up_to(&text, 10, 50).is_ok());
        assert_eq!(
            TopLevel::parse_up_to(&text, 10, 49),
            Err(JsonError::TooManyKeys(49))
        );
    }

    #[test]
    fn the_keys_and_levels_of_a_value_are_told() {
        let shape = |text: &str| {
            let (_, JsonShape { keys, depth }) = TopLevel::measured(text, 100, 100).unwrap();
            (keys, depth)
        };
        assert_eq!(shape("{}"), (0, 1));
        assert_eq!(shape(r#"{"a":1,"b":"[[{"}"#), (2, 1));
        assert_eq!(shape(r#"{"a":[],"b":[{"c":[1]}],"d":{"e":1}}"#), (3, 4));
        assert_eq!(shape(r#" [{"a":1},[[]]]"#), (0, 3));
        assert_eq!(shape("7"), (0, 0));
    }

    #[test]
    fn half_a_surrogate_pair_is_refused_wherever_it_stands() {
        for text in [
            r#"{"a":"\ud800"}"#,
            r#"{"a":["x\udc00"]}"#,
            r#"{"\ud800":1}"#,
            r#""\ud83d\ud83d""#,
        ] {
            assert!(matches!(parse(text), Err(JsonError::Syntax(_))), "{text}");
            assert!(
                matches!(Json::parse(text, 100), Err(JsonError::Syntax(_))),
                "{text}"
            );
        }
        assert!(parse(r#"{"a":"\ud83d\ude00","b":["\\ud800"]}"#).is_ok());
    }

    #[test]
    fn what_is_not_json_is_refused_with_the_parsers_words() {
        for text in ["", "{", "nul", "{\"a\":1}x", "{'a':1}", "[1,]", "\"\u{1}\""] {
            assert!(matches!(parse(text), Err(JsonError::Syntax(_))), "{text}");
        }
        assert_eq!(
            TopLevel::parse_object("[1]", 100),
            Err(JsonError::NotAnObject("a list"))
        );
    }

    #[test]
    fn equal_values_are_equal_whatever_their_spelling() {
        let same = |a: &str, b: &str| Json::trusted(a).same_value(&Json::trusted(b));
        assert!(same(
            r#"{"a": [1, "\u0041"], "b": null}"#,
            r#"{"b":null,"a":[1,"A"]}"#
        ));
        assert!(!same("1", "1.0"));
        assert!(!same("[1,2]", "[2,1]"));
    }
}
