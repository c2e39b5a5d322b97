//! What of an output is no text for a model: images, sounds and files, which agents write as data URLs (RFC 2397),
//! since an output is JSON. A client of MCP gets each as the content that it is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use rmcp::model::{ContentBlock, ResourceContents};
use serde_json::Value;

/// How many of them one result tells apart; further ones stay texts.
const MAX_MEDIA: usize = 100;

/// Takes the data URLs out of a value: in the place of each stands its media type, and the content is given. `uri` is
/// the URI of what the value belongs to.
pub(super) fn take_out(value: &mut Value, uri: &str) -> Vec<ContentBlock> {
    let mut found = Vec::new();
    walk(value, &mut format!("{uri}#"), &mut found);
    found
}

fn walk(value: &mut Value, place: &mut String, found: &mut Vec<ContentBlock>) {
    let length = place.len();
    match value {
        Value::String(text) if found.len() < MAX_MEDIA => {
            if let Some((media_type, content)) = content(text, place) {
                *text = format!("({media_type}, as content {} of this result)", found.len() + 1);
                found.push(content);
            }
        }
        Value::Array(items) => {
            for (number, item) in items.iter_mut().enumerate() {
                *place += &format!("/{number}");
                walk(item, place, found);
                place.truncate(length);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                *place += &format!("/{}", super::resources::encoded(key));
                walk(member, place, found);
                place.truncate(length);
            }
        }
        _ => {}
    }
}

/// The content of a data URL, and its media type; `None` for every other text.
fn content(text: &str, place: &str) -> Option<(String, ContentBlock)> {
    let (head, data) = text.strip_prefix("data:")?.split_once(',')?;
    let (described, is_base64) = match head.strip_suffix(";base64") {
        Some(described) => (described, true),
        None => (head, false),
    };
    let media_type = described.split(';').next()?.to_ascii_lowercase();
    let (kind, name) = media_type.split_once('/')?;
    let is_name = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"+-._".contains(&b))
    };
    if !is_name(kind) || !is_name(name) {
        return None;
    }
    let bytes = match is_base64 {
        true => STANDARD.decode(data).ok()?,
        false => percent_decode_str(data).collect(),
    };
    let content = match kind {
        "image" => ContentBlock::image(STANDARD.encode(bytes), media_type.clone()),
        "audio" => ContentBlock::audio(STANDARD.encode(bytes), media_type.clone()),
        _ => {
            let contents = match String::from_utf8(bytes) {
                Ok(text) => ResourceContents::text(text, place),
                Err(error) => ResourceContents::blob(STANDARD.encode(error.as_bytes()), place),
            };
            ContentBlock::resource(contents.with_mime_type(media_type.clone()))
        }
    };
    Some((media_type, content))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_is_the_content_that_it_is_and_the_rest_stays() {
        let mut value = json!({
            "chart": "data:image/png;base64,AAEC",
            "said": ["data:audio/wav;base64,AAEC", "hello"],
            "a/b": { "table": "data:text/csv;charset=utf-8,a%2Cb", "zip": "data:application/zip;base64,//4=" },
        });
        let found = take_out(&mut value, "run://r");
        let found = serde_json::to_value(found).unwrap();
        assert_eq!(
            found,
            json!([
                {
                    "type": "resource",
                    "resource": { "uri": "run://r#/a%2Fb/table", "mimeType": "text/csv", "text": "a,b" },
                },
                {
                    "type": "resource",
                    "resource": { "uri": "run://r#/a%2Fb/zip", "mimeType": "application/zip", "blob": "//4=" },
                },
                { "type": "image", "mimeType": "image/png", "data": "AAEC" },
                { "type": "audio", "mimeType": "audio/wav", "data": "AAEC" },
            ])
        );
        assert_eq!(value["chart"], "(image/png, as content 3 of this result)");
        assert_eq!(value["said"][1], "hello");
    }

    #[test]
    fn what_is_no_data_url_stays_a_text() {
        for text in [
            "",
            "data:",
            "data:,x",
            "data:image/png",
            "data:image/png;base64,!",
            "data:a b/c,x",
            "see data:image/png;base64,AAEC",
        ] {
            let mut value = json!(text);
            assert!(take_out(&mut value, "run://r").is_empty(), "{text}");
            assert_eq!(value, text);
        }
    }

    #[test]
    fn there_is_a_bound() {
        let mut value = json!(vec!["data:image/png;base64,AAEC"; 2 * MAX_MEDIA]);
        assert_eq!(take_out(&mut value, "run://r").len(), MAX_MEDIA);
    }
}
