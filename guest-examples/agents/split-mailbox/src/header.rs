//! The head of a message or of a part of one.

use crate::decode::{base64, charset, quoted_printable};

/// Names in lower case, and values on one line.
pub(crate) struct Headers(Vec<(String, String)>);

impl Headers {
    /// The head, and what follows the first blank line.
    pub(crate) fn split(text: &str) -> (Self, &str) {
        let mut fields: Vec<(String, String)> = Vec::new();
        let mut rest = text;
        while let Some((line, after)) = rest.split_once('\n').or((!rest.is_empty()).then_some((rest, ""))) {
            rest = after;
            let line = line.trim_end_matches('\r');
            if line.is_empty() {
                break;
            }
            if line.starts_with([' ', '\t']) {
                // A folded line: it continues the field before.
                if let Some((_, value)) = fields.last_mut() {
                    value.push(' ');
                    value.push_str(line.trim());
                }
            } else if let Some((name, value)) = line.split_once(':') {
                fields.push((name.trim().to_lowercase(), value.trim().to_owned()));
            }
        }
        (Self(fields), rest)
    }

    /// The first field of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(field, _)| field == name)?;
        Some(value)
    }

    /// The same with its encoded words decoded.
    pub(crate) fn decoded(&self, name: &str) -> Option<String> {
        self.get(name).map(words)
    }
}

/// A parameter of a field: `charset` in `text/plain; charset="utf-8"`.
pub(crate) fn parameter<'v>(value: &'v str, name: &str) -> Option<&'v str> {
    value.split(';').skip(1).find_map(|part| {
        let (key, value) = part.split_once('=')?;
        key.trim()
            .eq_ignore_ascii_case(name)
            .then(|| value.trim().trim_matches('"'))
    })
}

/// Decodes `=?charset?Q?…?=` and `=?charset?B?…?=`. White space between two such words is not part of the text.
fn words(value: &str) -> String {
    let mut text = String::new();
    let mut rest = value;
    let mut after_word = false;
    while let Some((before, from_word)) = rest.split_once("=?") {
        let Some((word, after)) = word(from_word) else {
            text.push_str(before);
            text.push_str("=?");
            rest = from_word;
            after_word = false;
            continue;
        };
        if !(after_word && before.trim().is_empty()) {
            text.push_str(before);
        }
        text.push_str(&word);
        rest = after;
        after_word = true;
    }
    text.push_str(rest);
    text
}

fn word(text: &str) -> Option<(String, &str)> {
    let (name, rest) = text.split_once('?')?;
    let (encoding, rest) = rest.split_once('?')?;
    let (content, after) = rest.split_once("?=")?;
    let bytes = match encoding {
        "Q" | "q" => quoted_printable(&content.replace('_', " ")),
        "B" | "b" => base64(content),
        _ => return None,
    };
    Some((charset(name, bytes)?, after))
}
