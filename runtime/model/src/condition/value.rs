//! JSON as the values that conditions compute with.

use std::cell::Cell;
use std::collections::HashMap;
use std::fmt;

use cel::common::types::{
    CelBool, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString, CelUInt,
};
use cel::common::value::Val;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// A value of a condition's.
pub(super) type Boxed = Box<dyn Val>;

/// The members of an object on their way into a condition.
pub(super) type Members = HashMap<CelMapKey<'static>, Boxed>;

/// How large what was read is.
#[derive(Default)]
pub(super) struct Size {
    /// The items of the longest list or object.
    pub(super) longest: Cell<usize>,
    /// All values at all levels; long texts count as several.
    pub(super) values: Cell<usize>,
}

/// The value that the JSON text `text` stands for.
pub(super) fn read(text: &str, size: &Size) -> Result<Boxed, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Build(size).deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// An object.
pub(super) fn object(members: Members, size: &Size) -> Boxed {
    size.longest.set(size.longest.get().max(members.len()));
    Box::new(CelMap::from(members))
}

/// A key of an object.
pub(super) fn key(text: &str) -> CelMapKey<'static> {
    CelMapKey::from(text.to_owned())
}

#[derive(Clone, Copy)]
struct Build<'s>(&'s Size);

impl<'de> DeserializeSeed<'de> for Build<'_> {
    type Value = Boxed;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Boxed, D::Error> {
        self.0.values.set(self.0.values.get() + 1);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Build<'_> {
    type Value = Boxed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Boxed, E> {
        Ok(Box::new(CelNull))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Boxed, E> {
        Ok(Box::new(CelBool::from(value)))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Boxed, E> {
        Ok(Box::new(CelInt::from(value)))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Boxed, E> {
        match i64::try_from(value) {
            Ok(value) => self.visit_i64(value),
            Err(_) => Ok(Box::new(CelUInt::from(value))),
        }
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Boxed, E> {
        Ok(Box::new(CelDouble::from(value)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Boxed, E> {
        self.0.values.set(self.0.values.get() + value.len() / 64);
        Ok(Box::new(CelString::from(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Boxed, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        self.0.longest.set(self.0.longest.get().max(list.len()));
        Ok(Box::new(CelList::from(list)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Boxed, A::Error> {
        let mut map = Members::new();
        while let Some(name) = members.next_key::<String>()? {
            map.insert(key(&name), members.next_value_seed(self)?);
        }
        Ok(object(map, self.0))
    }
}
