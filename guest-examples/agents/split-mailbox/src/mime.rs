//! The readable text of a message, and what is attached to it.

use crate::decode::{base64, charset, quoted_printable};
use crate::header::{Headers, parameter};
use crate::html;

/// How deep parts may be nested in parts: forwarded mail that was forwarded reaches four.
const MAX_DEPTH: usize = 8;

pub(crate) struct Content {
    /// The text, or why there is none.
    pub(crate) text: Result<String, String>,
    pub(crate) attachments: Vec<String>,
}

pub(crate) fn read(headers: &Headers, body: &str) -> Content {
    let mut attachments = Vec::new();
    let text = part(headers, body, 0, &mut attachments);
    Content {
        text: text.map(|text| text.replace("\r\n", "\n").trim_end().to_owned()),
        attachments,
    }
}

fn part(headers: &Headers, body: &str, depth: usize, files: &mut Vec<String>) -> Result<String, String> {
    let full = headers.get("content-type").unwrap_or("text/plain");
    let kind = full
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let disposition = headers.get("content-disposition").unwrap_or_default();
    if let Some(file) = parameter(disposition, "filename").or(parameter(full, "name")) {
        files.push(file.to_owned());
    }
    if kind.starts_with("multipart/") {
        let Some(boundary) = parameter(full, "boundary").filter(|_| depth < MAX_DEPTH) else {
            return Err(format!("its parts ({kind}) cannot be told apart"));
        };
        return parts(&kind, boundary, body, depth, files);
    }
    if !matches!(kind.as_str(), "text/plain" | "text/html") || disposition.starts_with("attachment") {
        return Err(format!("it has no text, only {kind}"));
    }
    let encoding = headers.get("content-transfer-encoding").unwrap_or_default();
    let bytes = match encoding.to_ascii_lowercase().as_str() {
        "quoted-printable" => quoted_printable(body),
        "base64" => base64(body),
        _ => body.as_bytes().to_vec(),
    };
    let name = parameter(full, "charset").unwrap_or("utf-8");
    // What was not encoded reached the mailbox as UTF-8, whatever it was before.
    let encoded = matches!(
        encoding.to_ascii_lowercase().as_str(),
        "quoted-printable" | "base64"
    );
    let name = if encoded { name } else { "utf-8" };
    let text = charset(name, bytes).ok_or_else(|| format!("its character set {name} is not known"))?;
    Ok(if kind == "text/html" {
        html::text(&text)
    } else {
        text
    })
}

/// Of alternatives the first that can be read, which is the plain text where there is one; of others, all.
fn parts(
    kind: &str,
    boundary: &str,
    body: &str,
    depth: usize,
    files: &mut Vec<String>,
) -> Result<String, String> {
    let mut texts = Vec::new();
    let mut reason = None;
    for raw in separate(body, boundary) {
        let (headers, body) = Headers::split(raw.trim_start_matches('\n'));
        match part(&headers, body, depth + 1, files) {
            Ok(_) if kind == "multipart/alternative" && !texts.is_empty() => {}
            Ok(text) => texts.push(text),
            Err(why) => reason = reason.or(Some(why)),
        }
    }
    if texts.is_empty() {
        return Err(reason.unwrap_or_else(|| "it has no parts".to_owned()));
    }
    Ok(texts.join("\n"))
}

/// What stands between the lines `--boundary`.
fn separate<'b>(body: &'b str, boundary: &str) -> Vec<&'b str> {
    let mut parts = Vec::new();
    let mut start = None;
    let mut at = 0;
    for line in body.split_inclusive('\n') {
        let mark = line
            .trim_end()
            .strip_prefix("--")
            .and_then(|rest| rest.strip_prefix(boundary));
        if let Some(mark) = mark.filter(|mark| matches!(*mark, "" | "--")) {
            parts.extend(start.and_then(|start| body.get(start..at)));
            start = (mark != "--").then_some(at + line.len());
        }
        at += line.len();
    }
    // The end of a message that was cut off.
    parts.extend(start.and_then(|start| body.get(start..)));
    parts
}
