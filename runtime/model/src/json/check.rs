//! What `serde_json` does not check: nesting, repeated keys, half surrogate pairs. One scan over the text, which does not
//! recurse.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Visitor};

use super::{JsonError, syntax};

/// Checks what `serde_json` does not: nesting and repeated keys. `text` is well-formed JSON, so a scan over its
/// tokens is enough; it is linear and does not recurse. Gives the levels of nesting.
pub(super) fn check_structure(text: &str, max_depth: u64) -> Result<u64, JsonError> {
    let limit = max_depth;
    let mut deepest = 0;
    // The keys of each open object; `None` for an open list.
    let mut open: Vec<Option<SeenKeys<'_>>> = Vec::new();
    let mut at_key = false;
    let mut position = 0;
    while let Some(byte) = text.as_bytes().get(position) {
        match byte {
            b'{' | b'[' => {
                if open.len() as u64 >= limit {
                    return Err(JsonError::TooDeep(limit));
                }
                at_key = *byte == b'{';
                open.push(at_key.then(SeenKeys::default));
                deepest = deepest.max(open.len() as u64);
            }
            b'}' | b']' => {
                open.pop();
                at_key = false;
            }
            b',' => at_key = open.last().is_some_and(Option::is_some),
            b'"' => {
                let end = string_end(text, position);
                if at_key && let Some(Some(seen)) = open.last_mut() {
                    let Key(key) =
                        serde_json::from_str(text.get(position..end).unwrap_or_default()).map_err(syntax)?;
                    seen.insert(key).map_err(JsonError::DuplicateKey)?;
                }
                check_surrogates(text.get(position..end).unwrap_or_default())?;
                at_key = false;
                position = end;
                continue;
            }
            _ => {}
        }
        position += 1;
    }
    Ok(deepest)
}

/// The grammar of JSON allows half of a surrogate pair in a string, but no text can hold it: most readers refuse it, and so
/// the node that wrote it would not be the one to fail.
pub(super) fn check_surrogates(string: &str) -> Result<(), JsonError> {
    if string.contains("\\u") {
        serde_json::from_str::<String>(string).map_err(syntax)?;
    }
    Ok(())
}

/// Where the string that begins at `start` ends, its closing quote included.
fn string_end(text: &str, start: usize) -> usize {
    let mut position = start + 1;
    while let Some(byte) = text.as_bytes().get(position) {
        match byte {
            b'\\' => position += 2,
            b'"' => return position + 1,
            _ => position += 1,
        }
    }
    text.len()
}

/// Sees whether keys repeat without keeping small objects in a set.
#[derive(Default)]
pub(super) struct SeenKeys<'a> {
    few: Vec<Cow<'a, str>>,
    many: HashSet<Cow<'a, str>>,
}

impl<'a> SeenKeys<'a> {
    /// Adds `key`, or gives it back, shortened for messages, when it was there.
    pub(super) fn insert(&mut self, key: Cow<'a, str>) -> Result<(), String> {
        const FEW: usize = 16;
        let repeated = self.few.contains(&key) || (!self.many.is_empty() && self.many.contains(&key));
        if repeated {
            return Err(crate::problem::shown(&key));
        }
        if self.few.len() < FEW {
            self.few.push(key);
        } else {
            self.many.insert(key);
        }
        Ok(())
    }
}

/// A string that borrows from the text unless it holds escapes.
pub(super) struct Key<'a>(pub(super) Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}
