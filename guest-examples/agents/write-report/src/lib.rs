//! Writes the messages of a day as one page of Markdown: a table with the most urgent first, the drafts of the answers,
//! what was spam, and what could not be handled.
//!
//! It names only what it reads of the other agents' findings. A message whose case is missing is told as not handled.

mod page;

use hap_guest::{Context, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The messages and what became of them.
#[derive(Deserialize, JsonSchema)]
pub struct Input {
    /// All messages, in the order of the mailbox.
    pub messages: Vec<Message>,
    /// What became of each, in the same order; null where it could not be handled.
    pub cases: Vec<Option<Case>>,
}

/// A message.
#[derive(Deserialize, JsonSchema)]
pub struct Message {
    /// Its place in the mailbox.
    pub number: usize,
    /// Who sent it.
    pub from: Sender,
    /// Its subject.
    #[serde(default)]
    pub subject: String,
    /// Why it cannot be read.
    pub unreadable: Option<String>,
}

/// Who sent a message.
#[derive(Deserialize, JsonSchema)]
pub struct Sender {
    /// The name, where it is known.
    pub name: Option<String>,
    /// The address.
    pub address: String,
}

/// What became of a message.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Case {
    /// What it is about.
    pub kind: String,
    /// How sure that is.
    pub confidence: f64,
    /// How urgent it is.
    pub urgency: u32,
    /// For filing.
    pub tags: Vec<String>,
    /// Who takes care of it.
    pub customer: Option<Customer>,
    /// The technical part of a bug report.
    pub bug: Option<Bug>,
    /// What it says, in short.
    pub gist: Option<Gist>,
    /// Hosts that it links to.
    pub hosts: Vec<String>,
    /// The draft of an answer.
    pub answer: Option<String>,
    /// How many words the draft has.
    pub words: usize,
    /// What was cut from the draft.
    pub cuts: Vec<String>,
    /// What the draft was made of.
    pub articles: Vec<String>,
}

/// A customer.
#[derive(Deserialize, JsonSchema)]
pub struct Customer {
    /// The name, where it is known.
    pub name: Option<String>,
    /// Who takes care of it.
    pub owner: String,
}

/// The technical part of a bug report.
#[derive(Deserialize, JsonSchema)]
pub struct Bug {
    /// The line that names the error.
    pub error: Option<String>,
    /// The first functions of the trace.
    #[serde(default)]
    pub frames: Vec<String>,
    /// Versions.
    #[serde(default)]
    pub versions: Vec<String>,
}

/// What a message says, in short.
#[derive(Deserialize, JsonSchema)]
pub struct Gist {
    /// The sentences that say most.
    #[serde(default)]
    pub sentences: Vec<String>,
}

/// The node's settings.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Params {
    /// The heading of the page.
    title: String,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            title: "Messages".to_owned(),
        }
    }
}

/// The page.
#[derive(Serialize, JsonSchema)]
pub struct Output {
    /// Markdown.
    pub report: String,
}

/// Writes the messages of a day as one page of Markdown, the most urgent first, with drafts of the answers.
#[hap_guest::agent(read_only, idempotent)]
pub fn write_report(input: Input, cx: &Context) -> Result<Output> {
    let params: Params = cx.params()?;
    Ok(Output {
        report: page::page(&params.title, &input.messages, &input.cases),
    })
}

#[cfg(test)]
mod tests;
