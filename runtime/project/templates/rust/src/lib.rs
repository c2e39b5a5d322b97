//! Counts the words of a text.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use hap_guest::{Context, Error, Result, log};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The keys of the context that the agent reads.
#[derive(Deserialize, JsonSchema)]
pub struct Input {
    /// Plain text.
    pub text: String,
}

/// The node's settings: `params` in the graph.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    #[serde(default = "ten")]
    top: usize,
}

fn ten() -> usize {
    10
}

/// The keys that the agent writes.
#[derive(Serialize, JsonSchema)]
pub struct Output {
    /// How many words the text has.
    pub words: usize,
    /// The most frequent words, the most frequent first.
    pub frequent: Vec<String>,
}

/// Counts the words of a text.
#[hap_guest::agent(read_only, idempotent)]
pub fn word_count(input: Input, cx: &Context) -> Result<Output> {
    let params: Params = cx.params()?;
    if input.text.trim().is_empty() {
        return Err(Error::invalid_input("`text` has no words: pass some text"));
    }
    let mut counts = BTreeMap::new();
    for word in input.text.split_whitespace() {
        *counts.entry(word.to_lowercase()).or_insert(0) += 1;
    }
    log::debug(format!("{} different words", counts.len()));
    let words = counts.values().sum();
    let mut frequent: Vec<(String, usize)> = counts.into_iter().collect();
    frequent.sort_by_key(|(_, count)| Reverse(*count));
    let frequent = frequent.into_iter().map(|(word, _)| word).take(params.top).collect();
    Ok(Output { words, frequent })
}

#[cfg(test)]
mod tests {
    use hap_guest::ErrorKind;
    use hap_guest::testing::{Host, invoke};
    use serde_json::json;

    use super::WordCountAgent;

    #[test]
    fn frequent_words_come_first() {
        let output = invoke::<WordCountAgent>(json!({ "text": "the cat and the dog" }), json!({ "top": 1 }));
        assert_eq!(output.unwrap(), json!({ "words": 5, "frequent": ["the"] }));
    }

    #[test]
    fn a_text_without_words_is_refused() {
        let error = invoke::<WordCountAgent>(json!({ "text": " " }), json!({})).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }

    #[test]
    fn the_number_of_different_words_is_logged() {
        let call = Host::new().invoke::<WordCountAgent>(json!({ "text": "a b a" }), json!({}));
        assert_eq!(call.records[0].message, "2 different words");
    }
}
