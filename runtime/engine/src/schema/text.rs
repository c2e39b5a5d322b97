//! Small questions about the text of a schema.

use serde_json::Value;

/// About how many bytes a value has as text.
pub(super) fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(|item| size(item) + 1).sum(),
        Value::Object(map) => map.iter().map(|(key, value)| key.len() + 4 + size(value)).sum(),
        _ => 4,
    }
}

/// A URI's fragment with its escapes resolved.
pub(super) fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let mut digit = || (bytes.next()? as char).to_digit(16);
            out.push((digit()? * 16 + digit()?) as u8);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

/// Whether the schema is of the one draft that is checked, or says nothing about it.
pub(super) fn supported_draft(root: &Value) -> Result<(), String> {
    match root
        .get("$schema")
        .map(|draft| draft.as_str().unwrap_or_default())
    {
        None => Ok(()),
        Some(draft) if draft.trim_end_matches('#') == "https://json-schema.org/draft/2020-12/schema" => {
            Ok(())
        }
        Some(draft) => Err(format!("its draft is `{draft}`, not 2020-12")),
    }
}
