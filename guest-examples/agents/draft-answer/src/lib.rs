//! Drafts an answer to a message from what was found in it and from the articles that fit.
//!
//! Articles are granted documents in Markdown: `# title`, a line `Keywords: a, b`, then the text. An article fits when
//! the message has words among its keywords. The draft is long on purpose, since cutting is another agent's work.

mod articles;
mod opening;

use articles::Article;
use hap_guest::{Context, Result, log, resources};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The message and what was found in it. All but the text may be missing.
#[derive(Deserialize, JsonSchema)]
pub struct Input {
    /// Who sent it.
    pub sender: Option<Sender>,
    /// Its subject.
    #[serde(default)]
    pub subject: String,
    /// What its sender wrote.
    pub text: String,
    /// What it is about.
    #[serde(default)]
    pub kind: String,
    /// From `find-trace`.
    pub bug: Option<Bug>,
    /// From `find-dates`.
    pub dates: Option<Values>,
    /// From `gist`.
    pub gist: Option<Gist>,
    /// From `look-up` or `guess-owner`.
    pub customer: Option<Customer>,
}

/// Who sent a message.
#[derive(Deserialize, JsonSchema)]
pub struct Sender {
    /// The name, where it is known.
    pub name: Option<String>,
}

/// The technical part of a bug report.
#[derive(Deserialize, JsonSchema)]
pub struct Bug {
    /// The line that names the error.
    pub error: Option<String>,
    /// Versions of the program.
    #[serde(default)]
    pub versions: Vec<String>,
    /// Operating systems.
    #[serde(default)]
    pub systems: Vec<String>,
}

/// What has to do with money.
#[derive(Deserialize, JsonSchema)]
pub struct Values {
    /// Amounts of money.
    #[serde(default)]
    pub amounts: Vec<Amount>,
}

/// An amount of money.
#[derive(Deserialize, JsonSchema)]
pub struct Amount {
    /// The ISO 4217 code.
    pub currency: String,
    /// The decimal.
    pub amount: String,
}

/// What the message asks.
#[derive(Deserialize, JsonSchema)]
pub struct Gist {
    /// Its questions.
    #[serde(default)]
    pub questions: Vec<String>,
}

/// Who takes care of the sender.
#[derive(Deserialize, JsonSchema)]
pub struct Customer {
    /// Their name.
    pub owner: String,
}

/// The node's settings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    /// The name under the answer.
    team: String,
    /// How many articles to use at most.
    #[serde(default = "one")]
    articles: usize,
}

fn one() -> usize {
    1
}

/// The draft.
#[derive(Serialize, JsonSchema)]
pub struct Output {
    /// Plain text, with a blank line between paragraphs.
    pub answer: String,
    /// How many words it has.
    pub words: usize,
    /// The names of the articles that it was made of.
    pub articles: Vec<String>,
}

/// Drafts an answer to a message from what was found in it and from the articles that fit.
#[hap_guest::agent(read_only, idempotent)]
pub fn draft_answer(input: Input, cx: &Context) -> Result<Output> {
    let params: Params = cx.params()?;
    let mut articles = Vec::new();
    for entry in resources::list() {
        articles.extend(Article::parse(
            &entry.name,
            &resources::read_to_string(&entry.name)?,
        ));
    }
    if articles.is_empty() {
        log::warn("no articles: does the node grant them?");
    }
    let message = format!("{}\n{}", input.subject, input.text);
    let chosen = match input.kind.as_str() {
        "praise" => Vec::new(),
        _ => articles::fitting(articles, &message, params.articles),
    };
    let mut paragraphs = vec![opening::greeting(&input), opening::first(&input)];
    paragraphs.extend(chosen.iter().map(|article| article.text.clone()));
    paragraphs.push("If anything is left open, just answer this message.".to_owned());
    let owner = input
        .customer
        .map(|customer| format!("{}\n", customer.owner))
        .unwrap_or_default();
    paragraphs.push(format!("{owner}{}", params.team));
    let answer = paragraphs.join("\n\n");
    Ok(Output {
        words: answer
            .split_whitespace()
            .filter(|word| word.contains(char::is_alphanumeric))
            .count(),
        articles: chosen.into_iter().map(|article| article.name).collect(),
        answer,
    })
}

#[cfg(test)]
mod tests;
