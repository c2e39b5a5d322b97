//! The names of all keys, taken from the types that are read, so that none is forgotten.

use serde::de::value::Error;
use serde::de::{Deserialize, Deserializer, Error as _, Visitor};
use serde::forward_to_deserialize_any;

use super::config::{Components, Config, Log, TracesConfig};
use super::{AuthArgs, TlsArgs};

/// How the names of environment variables begin.
pub(super) const PREFIX: &str = "HAP_SERVE_";

/// Every key, `name` or `section.name`.
pub(crate) fn all() -> Vec<String> {
    let sections = [
        ("auth", fields::<AuthArgs>()),
        ("tls", fields::<TlsArgs>()),
        ("components", fields::<Components>()),
        ("log", fields::<Log>()),
        ("traces", fields::<TracesConfig>()),
        ("limits", fields::<hap_server::Settings>()),
    ];
    let mut all = Vec::new();
    for name in fields::<Config>() {
        match sections.iter().find(|(section, _)| section == name) {
            Some((section, names)) => all.extend(names.iter().map(|name| format!("{section}.{name}"))),
            None => all.push((*name).to_owned()),
        }
    }
    all
}

/// The environment variable that sets a key.
pub(crate) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "_").to_uppercase())
}

/// The names of a struct's fields, as they are read.
fn fields<'de, T: Deserialize<'de>>() -> &'static [&'static str] {
    let mut asked = Asked(&[]);
    // It always ends with an error: there is nothing to read.
    let _ = T::deserialize(&mut asked);
    asked.0
}

/// Notes what a struct asks for, and gives nothing.
struct Asked(&'static [&'static str]);

impl<'de> Deserializer<'de> for &mut Asked {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("there is nothing to read"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.0 = fields;
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_key_has_a_variable_of_its_own() {
        let keys = all();
        let variables: BTreeSet<_> = keys.iter().map(|key| variable(key)).collect();
        assert_eq!(variables.len(), keys.len(), "{keys:?}");
        assert!(variables.contains("HAP_SERVE_LISTEN"));
        assert!(variables.contains("HAP_SERVE_LIMITS_MAX_RUNS"));
        assert!(keys.len() > 30, "{keys:?}");
    }

    /// The page's list of all keys can be used as it stands, names every key and no other, and tells the limits' defaults.
    #[test]
    fn the_page_about_the_server_has_every_key() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/server.md");
        let page = std::fs::read_to_string(path).unwrap();
        let (_, list) = page.split_once("<!-- every key -->\n\n```toml\n").unwrap();
        let (list, _) = list.split_once("```").unwrap();
        let config: Config = toml::from_str(list).unwrap();
        let default = format!("{:?}", hap_server::Settings::default());
        assert_eq!(format!("{:?}", config.limits), default);
        let table: toml::Table = toml::from_str(list).unwrap();
        let mut written = BTreeSet::new();
        for (name, value) in table {
            match value {
                toml::Value::Table(section) => {
                    written.extend(section.keys().map(|key| format!("{name}.{key}")))
                }
                _ => drop(written.insert(name)),
            }
        }
        assert_eq!(written, all().into_iter().collect());
    }

    #[test]
    fn the_settings_of_the_packaged_service_can_be_used() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packaging/hap.toml");
        let config: Config = toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        assert!(!config.auth.makes_a_token());
    }

    #[test]
    fn every_path_is_a_key() {
        let keys = all();
        for path in super::super::config::PATHS {
            assert!(keys.iter().any(|key| key == path), "{path}");
        }
    }
}
