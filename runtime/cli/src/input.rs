//! The input of a run: an object from `--input`, and what `--file` and `--set` add to it.
//!
//! Nothing is read that is longer than the budget's limit on inputs, and no value is changed on its way: a number keeps
//! every digit.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use hap::{Budget, Json, JsonError, Limit, TopLevel};

use crate::exit::Stop;
use crate::pretty;
use crate::value::KeyValue;

/// What an input must look like, for hints.
const FORMS: &str = "write a JSON object such as '{\"text\": \"…\"}', `@FILE` to read one from a file, or `-` to read one \
                     from standard input";

/// Where the input comes from.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sources<'a> {
    /// JSON text, `@FILE` or `-`.
    pub(crate) input: Option<&'a str>,
    /// Files whose text is added under a key.
    pub(crate) files: &'a [KeyValue],
    /// Values that are added under a key.
    pub(crate) sets: &'a [KeyValue],
}

/// The input as the text of one JSON object, within the budget.
pub(crate) fn assemble(sources: Sources<'_>, budget: &Budget) -> Result<String, Stop> {
    let limit = budget.get(Limit::Input);
    let depth = budget.get(Limit::JsonDepth);
    let (name, text) = base(sources.input, limit)?;
    let members = TopLevel::parse_object(&text, depth).map_err(|error| unusable(&name, &text, &error))?;
    if sources.files.is_empty() && sources.sets.is_empty() {
        return Ok(text);
    }
    let mut object = Object::default();
    for (key, value) in members {
        object.add(&key, value, "--input")?;
    }
    for KeyValue { key, value: path } in sources.files {
        let name = format!("--file {key}={path}");
        let text = read_text(Path::new(path), &format!("`{path}`"), limit)?;
        let value = Json::from_value(&text).map_err(|error| Stop::internal(format!("{name}: {error}")))?;
        object.add(key, value, "--file")?;
    }
    for KeyValue { key, value } in sources.sets {
        object.add(key, set_value(key, value, depth)?, "--set")?;
    }
    let text = object.into_text();
    check_size("the input", text.len() as u64, limit)?;
    Ok(text)
}

/// The text of `--input`, and what to call it in messages.
fn base(input: Option<&str>, limit: u64) -> Result<(String, String), Stop> {
    match input {
        None => Ok(("the input".to_owned(), "{}".to_owned())),
        Some("-") => {
            let name = "standard input".to_owned();
            let text = take_text(io::stdin().lock(), &name, limit)?;
            Ok((name, text))
        }
        Some(text) => match text.strip_prefix('@') {
            Some(path) => {
                let name = format!("`{path}`");
                let text = read_text(Path::new(path), &name, limit)?;
                Ok((name, text))
            }
            None => {
                check_size("the input", text.len() as u64, limit)?;
                Ok(("the text after `--input`".to_owned(), text.to_owned()))
            }
        },
    }
}

fn unusable(name: &str, text: &str, error: &JsonError) -> Stop {
    let stop = Stop::bad_input(format!("{name} cannot be the input: {error}"));
    let hint = match error {
        JsonError::TooDeep(_) => {
            let ceiling = Limit::JsonDepth.ceiling();
            format!("flatten it, or allow more with `--budget json-depth=…`, {ceiling} at most")
        }
        JsonError::DuplicateKey(_) => "rename one of the two, or remove it".to_owned(),
        _ if text.len() < 1000 && Path::new(text).is_file() => {
            format!("to read the file, write `--input @{text}`")
        }
        _ => FORMS.to_owned(),
    };
    stop.hint(hint)
}

/// A value as JSON where it is JSON, else as a string.
fn set_value(key: &str, text: &str, depth: u64) -> Result<Json, Stop> {
    match Json::parse(text, depth) {
        Ok(value) => Ok(value),
        Err(JsonError::Syntax(_)) => {
            Json::from_value(text).map_err(|error| Stop::internal(format!("--set {key}: {error}")))
        }
        Err(error) => {
            let stop = Stop::bad_input(format!("the value of `--set {key}=…` cannot be used: {error}"));
            Err(stop.hint(format!(
                "to hand it over as text, quote it: `--set '{key}=\"…\"'`"
            )))
        }
    }
}

/// An object that is put together from several sources.
#[derive(Default)]
struct Object {
    members: Vec<(String, Json)>,
    source_of: HashMap<String, &'static str>,
}

impl Object {
    fn add(&mut self, key: &str, value: Json, source: &'static str) -> Result<(), Stop> {
        match self.source_of.insert(key.to_owned(), source) {
            None => {
                self.members.push((key.to_owned(), value));
                Ok(())
            }
            Some(earlier) => {
                let sources = if earlier == source {
                    format!("twice by `{source}`")
                } else {
                    format!("by `{earlier}` and by `{source}`")
                };
                let stop = Stop::bad_input(format!("the input's key `{key}` is given {sources}"));
                Err(stop.hint("keep one of the two"))
            }
        }
    }

    fn into_text(self) -> String {
        let members: Vec<String> = self
            .members
            .iter()
            .map(|(key, value)| format!("{}:{}", pretty::string(key), value.as_str()))
            .collect();
        format!("{{{}}}", members.join(","))
    }
}

/// The text of a file that is no longer than `limit`.
fn read_text(path: &Path, name: &str, limit: u64) -> Result<String, Stop> {
    let file = File::open(path).map_err(|error| unreadable(name, &error))?;
    let metadata = file.metadata().map_err(|error| unreadable(name, &error))?;
    if metadata.is_dir() {
        return Err(Stop::bad_input(format!("{name} is a folder")).hint("name a file"));
    }
    // A pipe has no size: there, reading itself stops at the limit.
    check_size(name, metadata.len(), limit)?;
    take_text(file, name, limit)
}

fn take_text(reader: impl Read, name: &str, limit: u64) -> Result<String, Stop> {
    let mut bytes = Vec::new();
    reader
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(name, &error))?;
    check_size(name, bytes.len() as u64, limit)?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let stop = Stop::bad_input(format!("{name} is not text in UTF-8: byte {at} does not fit"));
        stop.hint("convert it to UTF-8, for example with `iconv -t UTF-8`")
    })
}

fn unreadable(name: &str, error: &io::Error) -> Stop {
    let stop = Stop::bad_input(format!("cannot read {name}: {error}"));
    stop.hint(match error.kind() {
        ErrorKind::NotFound => "correct the path: it is relative to the current folder",
        ErrorKind::PermissionDenied => "make the file readable",
        _ => "name a text file",
    })
}

fn check_size(name: &str, size: u64, limit: u64) -> Result<(), Stop> {
    if size <= limit {
        return Ok(());
    }
    let (kind, ceiling) = (Limit::Input, Limit::Input.ceiling());
    let size = match size > limit + 1 {
        true => format!("{size} bytes long"),
        false => format!("more than {limit} bytes long"),
    };
    let stop = Stop::bad_input(format!(
        "{name} is {size}, and the limit `{kind}` is {}",
        kind.show(limit)
    ));
    Err(stop.hint(format!(
        "raise it with `--budget {kind}=…`, {} at most",
        kind.show(ceiling)
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::key_value;

    fn assembled(input: &str, files: &[&str], sets: &[&str]) -> Result<String, Stop> {
        let pairs =
            |list: &[&str]| -> Vec<KeyValue> { list.iter().map(|text| key_value(text).unwrap()).collect() };
        let (files, sets) = (pairs(files), pairs(sets));
        let sources = Sources {
            input: Some(input),
            files: &files,
            sets: &sets,
        };
        assemble(sources, &Budget::default())
    }

    #[test]
    fn values_are_json_where_they_are_json_and_text_elsewhere() {
        let sets = [
            "n=3",
            "big=12345678901234567890123",
            "s=two words",
            "l=[1, \"a\"]",
            "e=",
            "q=\"3\"",
            "b={x",
        ];
        assert_eq!(
            assembled("{ \"k\": 1.50 }", &[], &sets).unwrap(),
            r#"{"k":1.50,"n":3,"big":12345678901234567890123,"s":"two words","l":[1, "a"],"e":"","q":"3","b":"{x"}"#
        );
        let stop = assembled("{}", &[], &["k={\"a\":1,\"a\":2}"]).unwrap_err();
        assert!(stop.message.contains("`a` stands twice"), "{stop:?}");
    }

    #[test]
    fn a_key_is_given_once() {
        let stop = assembled(r#"{"k":1}"#, &[], &["k=2"]).unwrap_err();
        assert_eq!(
            stop.message,
            "the input's key `k` is given by `--input` and by `--set`"
        );
        let stop = assembled("{}", &[], &["k=2", "k=3"]).unwrap_err();
        assert_eq!(stop.message, "the input's key `k` is given twice by `--set`");
    }

    #[test]
    fn files_are_text_within_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            format!("k={}", path.display())
        };
        let good = file("good", "two\n\"lines\"".as_bytes());
        assert_eq!(
            assembled("{}", &[&good], &[]).unwrap(),
            r#"{"k":"two\n\"lines\""}"#
        );
        let binary = assembled("{}", &[&file("binary", b"abc\xff")], &[]).unwrap_err();
        assert!(binary.message.contains("byte 3 does not fit"), "{binary:?}");
        let missing = assembled("{}", &["k=/no/such/file"], &[]).unwrap_err();
        assert!(
            missing.message.contains("cannot read `/no/such/file`"),
            "{missing:?}"
        );
        let path = folder.path().join("long");
        File::create(&path).unwrap().set_len(100 << 20).unwrap();
        let long = assembled("{}", &[&format!("k={}", path.display())], &[]).unwrap_err();
        assert!(
            long.message
                .contains("104857600 bytes long, and the limit `input` is 16 MiB"),
            "{long:?}"
        );
    }

    #[test]
    fn what_is_no_input_is_told_with_its_remedy() {
        let hint = |text: &str| assembled(text, &[], &[]).unwrap_err().hint.unwrap();
        assert!(hint("[1]").contains("write a JSON object"));
        assert!(hint("{\"a\":1,\"a\":2}").contains("rename"));
        assert!(hint(&format!("{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000))).contains("flatten"));
    }
}
