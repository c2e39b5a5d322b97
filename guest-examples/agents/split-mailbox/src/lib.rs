//! Splits a mailbox (mbox, as mail programs export it) into its messages and decodes them.
//!
//! Of MIME it knows what support mail has: encoded words, quoted-printable, base64, multipart, HTML, UTF-8 and
//! the Latin character sets. A message that it cannot read stays in the list, without text and with the reason.

mod decode;
mod header;
mod html;
mod mime;

use hap_guest::{Error, Result, log};
use header::Headers;
use schemars::JsonSchema;
use serde::Serialize;

/// A mailbox.
#[derive(serde::Deserialize, JsonSchema)]
pub struct Input {
    /// Its text: messages that each begin with a line `From `.
    pub mailbox: String,
}

/// The messages.
#[derive(Serialize, JsonSchema)]
pub struct Output {
    /// In the order of the mailbox.
    pub messages: Vec<Message>,
}

/// One message.
#[derive(Serialize, JsonSchema)]
pub struct Message {
    /// Its place in the mailbox, from 1.
    pub number: usize,
    /// Who sent it.
    pub from: Sender,
    /// The subject, decoded; empty where there is none.
    pub subject: String,
    /// The date as the message has it.
    pub date: Option<String>,
    /// Whether a program wrote it: an out-of-office note, a bounce.
    pub automatic: bool,
    /// What it says, as plain text; absent where it cannot be read.
    pub text: Option<String>,
    /// Why it cannot be read.
    pub unreadable: Option<String>,
    /// The file names of what is attached.
    pub attachments: Vec<String>,
}

/// Who sent a message.
#[derive(Serialize, JsonSchema)]
pub struct Sender {
    /// The name, where the message has one.
    pub name: Option<String>,
    /// The address, in lower case.
    pub address: String,
}

/// Splits a mailbox into its messages and decodes them.
#[hap_guest::agent(read_only, idempotent)]
pub fn split_mailbox(input: Input) -> Result<Output> {
    let parts = parts(&input.mailbox);
    if parts.is_empty() {
        return Err(Error::invalid_input(
            "`mailbox` has no messages: export it in the format mbox, where each message begins with `From `",
        ));
    }
    let messages: Vec<Message> = parts
        .iter()
        .enumerate()
        .map(|(index, part)| message(index + 1, part))
        .collect();
    let unreadable = messages.iter().filter(|message| message.text.is_none()).count();
    log::info(format!(
        "{} messages, {unreadable} of them unreadable",
        messages.len()
    ));
    Ok(Output { messages })
}

/// The messages as they stand in the mailbox, without the line `From ` and what protects such lines in texts.
fn parts(mailbox: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut after_blank = true;
    for line in mailbox.trim_start_matches('\u{feff}').lines() {
        if after_blank && line.starts_with("From ") {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            let is_protected = line.trim_start_matches('>').starts_with("From ");
            part.push_str(line.strip_prefix('>').filter(|_| is_protected).unwrap_or(line));
            part.push('\n');
        }
        after_blank = line.is_empty();
    }
    parts
}

fn message(number: usize, part: &str) -> Message {
    let (headers, body) = Headers::split(part);
    let content = mime::read(&headers, body);
    let (text, unreadable) = match content.text {
        Ok(text) => (Some(text), None),
        Err(reason) => (None, Some(reason)),
    };
    let by_program = |name, value: &str| headers.get(name).is_some_and(|found| found.starts_with(value));
    Message {
        number,
        from: sender(&headers.decoded("from").unwrap_or_default()),
        subject: headers.decoded("subject").unwrap_or_default(),
        date: headers.get("date").map(str::to_owned),
        automatic: by_program("auto-submitted", "auto-") || by_program("content-type", "multipart/report"),
        text,
        unreadable,
        attachments: content.attachments,
    }
}

/// `Name <address>`, `"Name" <address>` or a bare address.
fn sender(from: &str) -> Sender {
    let (name, address) = match from.rsplit_once('<') {
        Some((name, rest)) => (
            name.trim().trim_matches('"').trim(),
            rest.trim_end().trim_end_matches('>'),
        ),
        None => ("", from.trim()),
    };
    Sender {
        name: (!name.is_empty()).then(|| name.to_owned()),
        address: address.trim().to_lowercase(),
    }
}

#[cfg(test)]
mod tests;
