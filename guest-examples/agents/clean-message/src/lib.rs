//! Leaves of a message what its sender wrote: without quotations, signatures and notices.
//!
//! Whoever reads the message next, a program or a person, then sees what is new in it.

use hap_guest::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Above these lines is the message, below them what it answers to.
const ORIGINALS: [&str; 3] = [
    "-----original message-----",
    "-----ursprüngliche nachricht-----",
    "-----mensaje original-----",
];
/// How a line begins that a program put under the message.
const ADDED: [&str; 3] = ["sent from my ", "get outlook for ", "von meinem "];
/// What subjects begin with when they answer or pass on.
const PREFIXES: [&str; 6] = ["re:", "aw:", "fw:", "fwd:", "wg:", "rv:"];

/// A message.
#[derive(Deserialize, JsonSchema)]
pub struct Input {
    /// As `split-mailbox` gives it.
    pub message: Message,
}

/// A message of a mailbox.
#[derive(Deserialize, JsonSchema)]
pub struct Message {
    /// Its place in the mailbox.
    pub number: usize,
    /// Who sent it.
    pub from: Sender,
    /// Its subject.
    #[serde(default)]
    pub subject: String,
    /// Whether a program wrote it.
    #[serde(default)]
    pub automatic: bool,
    /// What it says, where it can be read.
    pub text: Option<String>,
    /// Why it cannot be read.
    pub unreadable: Option<String>,
}

/// Who sent a message.
#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Sender {
    /// The name, where it is known.
    pub name: Option<String>,
    /// The address.
    pub address: String,
}

/// The message without what is not its own.
#[derive(Serialize, JsonSchema)]
pub struct Output {
    /// Its place in the mailbox.
    pub number: usize,
    /// Who sent it.
    pub sender: Sender,
    /// The subject without `Re:` and the like.
    pub subject: String,
    /// What the sender wrote; the subject, where that is all there is.
    pub text: String,
    /// Whether a program wrote it.
    pub automatic: bool,
}

/// Leaves of a message what its sender wrote: without quotations, signatures and notices.
#[hap_guest::agent(read_only, idempotent)]
pub fn clean_message(input: Input) -> Result<Output> {
    let message = input.message;
    let Some(text) = message.text else {
        let reason = message.unreadable.unwrap_or_else(|| "it has no text".to_owned());
        return Err(Error::failed(format!(
            "message {} cannot be read: {reason}",
            message.number
        )));
    };
    let subject = without_prefixes(&message.subject).to_owned();
    let text = own(&text);
    Ok(Output {
        number: message.number,
        sender: message.from,
        text: if text.is_empty() { subject.clone() } else { text },
        subject,
        automatic: message.automatic,
    })
}

fn without_prefixes(subject: &str) -> &str {
    let mut subject = subject.trim();
    loop {
        let prefix = PREFIXES.iter().find_map(|prefix| {
            let (head, rest) = subject.split_at_checked(prefix.len())?;
            head.eq_ignore_ascii_case(prefix).then_some(rest)
        });
        match prefix {
            Some(rest) => subject = rest.trim_start(),
            None => return subject,
        }
    }
}

fn own(text: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut in_quotation = false;
    for line in text.lines() {
        let line = line.trim_end();
        let lower = line.trim_start().to_lowercase();
        // `-- ` is how mail programs divide a signature from the message.
        if line == "--" || ORIGINALS.iter().any(|mark| lower.starts_with(mark)) {
            break;
        }
        if line.starts_with('>') {
            if !in_quotation {
                drop_attribution(&mut kept);
            }
            in_quotation = true;
        } else if !ADDED.iter().any(|added| lower.starts_with(added)) {
            in_quotation &= line.is_empty();
            kept.push(line);
        }
    }
    let paragraphs: Vec<String> = kept
        .split(|line| line.is_empty())
        .filter(|lines| !lines.is_empty())
        .map(|lines| lines.join("\n"))
        .filter(|paragraph| !is_notice(paragraph))
        .collect();
    paragraphs.join("\n\n")
}

/// Removes the line that says who wrote what is quoted after it: `On Thursday Kim wrote:`.
fn drop_attribution(kept: &mut Vec<&str>) {
    while kept.last().is_some_and(|line| line.is_empty()) {
        kept.pop();
    }
    let is_attribution =
        |line: &&str| line.ends_with(':') && line.contains(|c: char| c.is_ascii_digit() || c == '@');
    if kept.last().is_some_and(is_attribution) {
        kept.pop();
    }
}

/// The paragraph that lawyers put under mail.
fn is_notice(paragraph: &str) -> bool {
    let lower = paragraph.to_lowercase();
    let about = ["confidential", "vertraulich", "confidencial"];
    let whom = ["addressee", "recipient", "empfänger", "destinatario"];
    about.iter().any(|word| lower.contains(word)) && whom.iter().any(|word| lower.contains(word))
}

#[cfg(test)]
mod tests {
    use super::{CleanMessageAgent, own, without_prefixes};
    use hap_guest::ErrorKind;
    use hap_guest::testing::invoke;
    use serde_json::{Value, json};

    fn clean(text: Value, subject: &str) -> hap_guest::Result<Value> {
        let from = json!({ "name": null, "address": "a@b.example" });
        let message = json!({ "number": 3, "from": from, "subject": subject, "text": text, "unreadable": "it is sealed" });
        invoke::<CleanMessageAgent>(json!({ "message": message }), json!({}))
    }

    #[test]
    fn quotations_go_with_the_line_that_announces_them() {
        assert_eq!(
            own("No.\n\nOn 3 May Kim wrote:\n> Yes?\n>> No\n\n> Really?\nBye"),
            "No.\n\nBye"
        );
        assert_eq!(own("> a\nI agree with this:\n> b"), "I agree with this:");
        assert_eq!(own("See below\n-----Original Message-----\nFrom: x"), "See below");
    }

    #[test]
    fn signatures_and_notices_go() {
        assert_eq!(own("Hi\n\n\n\nSent from my phone\n"), "Hi");
        assert_eq!(own("Hi\n-- \nKim\nDirector"), "Hi");
        let notice = "This mail is confidential and only\nfor its recipient.";
        assert_eq!(own(&format!("Hi\n\n{notice}\n\nBye")), "Hi\n\nBye");
        assert_eq!(own("Is the store confidential?"), "Is the store confidential?");
    }

    #[test]
    fn subjects_lose_their_prefixes() {
        assert_eq!(without_prefixes(" Re: AW: Fwd:Hello"), "Hello");
        assert_eq!(without_prefixes("Référence"), "Référence");
        assert_eq!(without_prefixes("re:"), "");
    }

    #[test]
    fn a_message_of_a_subject_alone_has_a_text() {
        let output = clean(json!("\n> only\n> quoted\n"), "Re: Help").expect("it is cleaned");
        assert_eq!(
            (&output["subject"], &output["text"]),
            (&json!("Help"), &json!("Help"))
        );
        assert_eq!(output["automatic"], false);
    }

    #[test]
    fn what_cannot_be_read_fails_with_the_reason() {
        let error = clean(Value::Null, "x").expect_err("there is no text");
        assert_eq!(error.kind(), ErrorKind::Failed);
        assert_eq!(error.message(), "message 3 cannot be read: it is sealed");
    }
}
