//! Writing JSON text, as it was given and in one canonical form.

use std::collections::BTreeMap;

use super::{items, members};

/// Appends `text` as a JSON string.
pub(crate) fn push_string(out: &mut String, text: &str) {
    let plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
    if text.bytes().all(plain) {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else if let Ok(quoted) = serde_json::to_string(text) {
        out.push_str(&quoted);
    }
}

/// The text of a known-good value with white space removed, keys sorted and strings escaped one way.
pub(crate) fn canonical(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    push_canonical(&mut out, text.trim());
    out
}

fn push_canonical(out: &mut String, text: &str) {
    match text.as_bytes().first() {
        Some(b'{') => {
            let sorted: BTreeMap<_, _> = members(text).unwrap_or_default().into_iter().collect();
            push_list(out, '{', '}', sorted, |out, (key, value)| {
                push_string(out, &key);
                out.push(':');
                push_canonical(out, value);
            });
        }
        Some(b'[') => push_list(out, '[', ']', items(text).unwrap_or_default(), push_canonical),
        Some(b'"') if text.contains('\\') => match serde_json::from_str::<String>(text) {
            Ok(string) => push_string(out, &string),
            Err(_) => out.push_str(text),
        },
        _ => out.push_str(text),
    }
}

/// Appends `items` between `open` and `close`, with commas.
pub(crate) fn push_list<T>(
    out: &mut String,
    open: char,
    close: char,
    items: impl IntoIterator<Item = T>,
    mut push: impl FnMut(&mut String, T),
) {
    out.push(open);
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        push(out, item);
    }
    out.push(close);
}
