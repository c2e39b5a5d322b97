//! Picks the sentences and questions that say most of what a message is about.
//!
//! A sentence says much when its words come up elsewhere in the message too. Nothing is written anew, so nothing is
//! told that the message does not say.

use hap_guest::{Context, Result};
use review_text::sentences;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Words of fewer letters say little in most languages.
const SHORTEST_WORD: usize = 4;

/// A message.
#[derive(Deserialize, JsonSchema)]
pub struct Input {
    /// Its subject; its words count as said once more.
    #[serde(default)]
    pub subject: String,
    /// What its sender wrote.
    pub text: String,
}

/// The node's settings.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Params {
    /// How many sentences to pick.
    sentences: usize,
}

impl Default for Params {
    fn default() -> Self {
        Self { sentences: 2 }
    }
}

/// What was picked.
#[derive(Serialize, JsonSchema)]
pub struct Output {
    /// The gist of the message.
    pub gist: Gist,
}

/// Sentences of a message, each list in its order.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Gist {
    /// Those that say most.
    pub sentences: Vec<String>,
    /// Those that ask.
    pub questions: Vec<String>,
}

/// Picks the sentences and questions that say most of what a message is about.
#[hap_guest::agent(read_only, idempotent)]
pub fn gist(input: Input, cx: &Context) -> Result<Output> {
    let params: Params = cx.params()?;
    let all: Vec<String> = sentences(&input.text, &[])
        .into_iter()
        .map(|sentence| sentence.text)
        .collect();
    let (questions, said): (Vec<String>, Vec<String>) =
        all.into_iter().partition(|text| text.ends_with(['?', '？']));
    let mut frequency: BTreeMap<String, u32> = BTreeMap::new();
    for word in said.iter().chain([&input.subject]).flat_map(|text| words(text)) {
        *frequency.entry(word).or_default() += 1;
    }
    // Greetings and farewells are short, and end with a comma or with nothing.
    let mut ranked: Vec<(usize, u32)> = said
        .iter()
        .enumerate()
        .filter(|(_, text)| text.ends_with(['.', '!', '。', '…']) && text.split_whitespace().count() > 2)
        .map(|(index, text)| (index, score(text, &frequency)))
        .collect();
    // Stable, so that of equals the earlier is taken.
    ranked.sort_by_key(|(_, score)| std::cmp::Reverse(*score));
    let mut picked: Vec<usize> = ranked
        .into_iter()
        .take(params.sentences)
        .map(|(index, _)| index)
        .collect();
    picked.sort_unstable();
    let sentences = picked
        .into_iter()
        .filter_map(|index| said.get(index).cloned())
        .collect();
    Ok(Output {
        gist: Gist { sentences, questions },
    })
}

/// The points of its words, per word: long sentences do not win by their length.
fn score(text: &str, frequency: &BTreeMap<String, u32>) -> u32 {
    let words: Vec<String> = words(text).collect();
    let points: u32 = words
        .iter()
        .filter_map(|word| frequency.get(word))
        .map(|count| count * 100)
        .sum();
    points / u32::try_from(words.len().max(3)).unwrap_or(u32::MAX)
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().count() >= SHORTEST_WORD)
        .map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::GistAgent;
    use hap_guest::testing::invoke;
    use serde_json::{Value, json};

    fn gist(subject: &str, text: &str, count: usize) -> Value {
        let output = invoke::<GistAgent>(
            json!({ "subject": subject, "text": text }),
            json!({ "sentences": count }),
        );
        output.expect("any text has a gist")["gist"].clone()
    }

    #[test]
    fn questions_and_the_sentences_about_the_subject_are_picked() {
        let text = "Hello,\n\nwe met in May. The backup disk is full. A bigger disk is here. How do I move?\n\nRegards\nKim";
        let found = gist("Backup disk", text, 1);
        assert_eq!(found["sentences"], json!(["The backup disk is full."]));
        assert_eq!(found["questions"], json!(["How do I move?"]));
    }

    #[test]
    fn sentences_keep_their_order() {
        let found = gist(
            "disk",
            "The disk hums at night. It rains today. My disk is an old disk.",
            2,
        );
        assert_eq!(
            found["sentences"],
            json!(["The disk hums at night.", "My disk is an old disk."])
        );
    }

    #[test]
    fn any_text_is_fine() {
        for text in ["", "?", "a", "你好。再见。", &"word ".repeat(50_000)] {
            assert!(
                gist("", text, 2)["sentences"]
                    .as_array()
                    .is_some_and(|picked| picked.len() <= 2)
            );
        }
        assert!(invoke::<GistAgent>(json!({ "text": "" }), json!({ "sentence": 1 })).is_err());
    }
}
