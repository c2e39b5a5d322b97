//! Shortens a text by one step, the gentlest that is left: plain words for wordy ones, then no brackets, then one
//! sentence less. Run it in a loop until the text is short enough; where nothing is left to cut, the text stays.

use hap_guest::{Context, Result};
use review_text::sentences;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Wordy phrases, and what says the same.
const PHRASES: [(&str, &str); 9] = [
    ("at this point in time", "now"),
    ("due to the fact that", "because"),
    ("for the purpose of", "for"),
    ("in addition to that", "also"),
    ("in order to", "to"),
    ("in the event that", "if"),
    ("in the majority of cases", "mostly"),
    ("with regard to", "about"),
    ("a great many", "many"),
];

/// A text.
#[derive(Deserialize, JsonSchema)]
pub struct Input {
    /// Paragraphs with blank lines between.
    pub answer: String,
}

/// The node's settings.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Params {
    /// So many paragraphs at the beginning lose no sentence,
    keep_first: usize,
    /// and so many at the end.
    keep_last: usize,
}

/// The shorter text.
#[derive(Serialize, JsonSchema)]
pub struct Output {
    /// The text after one step.
    pub answer: String,
    /// How many words it has.
    pub words: usize,
    /// What the step took out; empty where nothing is left to cut.
    pub cuts: Vec<String>,
}

/// Shortens a text by one step, the gentlest that is left.
#[hap_guest::agent(read_only, idempotent)]
pub fn shorten(input: Input, cx: &Context) -> Result<Output> {
    let params: Params = cx.params()?;
    let step = plain_words(&input.answer)
        .or_else(|| no_brackets(&input.answer))
        .or_else(|| one_sentence_less(&input.answer, &params));
    let (answer, cuts) = step.unwrap_or((input.answer, Vec::new()));
    let words = words(&answer);
    Ok(Output { answer, words, cuts })
}

fn words(text: &str) -> usize {
    text.split_whitespace()
        .filter(|word| word.contains(char::is_alphanumeric))
        .count()
}

/// Plain words for all wordy phrases.
fn plain_words(text: &str) -> Option<(String, Vec<String>)> {
    let mut text = text.to_owned();
    let mut cuts = Vec::new();
    for (phrase, plain) in PHRASES {
        // ASCII alone, so that a place in one is the same place in the other.
        while let Some(at) = text.to_ascii_lowercase().find(phrase) {
            let end = at + phrase.len();
            let is_capital = text
                .get(at..end)
                .is_some_and(|found| found.starts_with(|c: char| c.is_uppercase()));
            let (first, rest) = plain.split_at(1);
            let first = if is_capital {
                first.to_uppercase()
            } else {
                first.to_owned()
            };
            text.replace_range(at..end, &format!("{first}{rest}"));
            cuts.push(phrase.to_owned());
        }
    }
    (!cuts.is_empty()).then_some((text, cuts))
}

/// No text in round brackets.
fn no_brackets(text: &str) -> Option<(String, Vec<String>)> {
    let mut kept = String::new();
    let mut cuts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(" (") {
        let inner = after
            .split_once(')')
            .filter(|(inner, _)| !inner.contains(['(', '\n']));
        match inner {
            Some((inner, next)) => {
                kept.push_str(before);
                cuts.push(inner.to_owned());
                rest = next;
            }
            None => {
                kept.push_str(before);
                kept.push_str(" (");
                rest = after;
            }
        }
    }
    kept.push_str(rest);
    (!cuts.is_empty()).then_some((kept, cuts))
}

/// The longest paragraph without its last sentence. Lists are instructions, so they stay whole.
fn one_sentence_less(text: &str, params: &Params) -> Option<(String, Vec<String>)> {
    let mut paragraphs: Vec<String> = text.split("\n\n").map(str::to_owned).collect();
    let end = paragraphs.len().saturating_sub(params.keep_last);
    let places = (params.keep_first..end).rev();
    let is_list = |text: &str| text.starts_with(['-', '*']) || text.starts_with(|c: char| c.is_ascii_digit());
    // Of equally long ones the first.
    let place = places
        .filter(|place| {
            paragraphs
                .get(*place)
                .is_some_and(|text| words(text) > 0 && !is_list(text))
        })
        .max_by_key(|place| paragraphs.get(*place).map_or(0, |text| words(text)))?;
    let mut kept: Vec<String> = sentences(paragraphs.get(place)?, &[])
        .into_iter()
        .map(|sentence| sentence.text)
        .collect();
    let cut = kept.pop()?;
    if kept.is_empty() {
        paragraphs.remove(place);
    } else if let Some(paragraph) = paragraphs.get_mut(place) {
        *paragraph = kept.join(" ");
    }
    Some((paragraphs.join("\n\n"), vec![cut]))
}

#[cfg(test)]
mod tests {
    use super::ShortenAgent;
    use hap_guest::testing::invoke;
    use serde_json::{Value, json};

    fn shorten(text: &str) -> Value {
        let params = json!({ "keep_first": 1, "keep_last": 1 });
        invoke::<ShortenAgent>(json!({ "answer": text }), params).expect("any text can be looked at")
    }

    #[test]
    fn the_gentlest_step_comes_first() {
        let text =
            "Hi,\n\nIn order to win (or not), play. Bring a ball due to the fact that it rolls.\n\nKim";
        let mut rounds = vec![json!({ "answer": text })];
        for _ in 0..5 {
            rounds.push(shorten(
                rounds
                    .last()
                    .and_then(|round| round["answer"].as_str())
                    .expect("text"),
            ));
        }
        assert_eq!(
            rounds[1]["answer"],
            "Hi,\n\nTo win (or not), play. Bring a ball because it rolls.\n\nKim"
        );
        assert_eq!(rounds[1]["cuts"], json!(["due to the fact that", "in order to"]));
        assert_eq!(
            rounds[2]["answer"],
            "Hi,\n\nTo win, play. Bring a ball because it rolls.\n\nKim"
        );
        assert_eq!(rounds[3]["answer"], "Hi,\n\nTo win, play.\n\nKim");
        assert_eq!(rounds[3]["cuts"], json!(["Bring a ball because it rolls."]));
        assert_eq!(
            (&rounds[4]["answer"], &rounds[4]["words"]),
            (&json!("Hi,\n\nKim"), &json!(2))
        );
        assert_eq!(
            (&rounds[5]["answer"], &rounds[5]["cuts"]),
            (&json!("Hi,\n\nKim"), &json!([]))
        );
    }

    #[test]
    fn the_longest_paragraph_is_cut_and_lists_stay() {
        let output = shorten("Hi,\n\n1. a b c d e f. G\n\nOne two.\n\nOne two three. Four.\n\nKim");
        assert_eq!(
            output["answer"],
            "Hi,\n\n1. a b c d e f. G\n\nOne two.\n\nOne two three.\n\nKim"
        );
    }

    #[test]
    fn any_text_is_fine() {
        for text in [
            "",
            "\n\n\n\n",
            "a (b",
            "a (b (c) d)",
            "İn order to (ß)",
            &" (x".repeat(5_000),
            &"a\n\n".repeat(9),
        ] {
            let output = shorten(text);
            assert!(
                output["answer"]
                    .as_str()
                    .is_some_and(|answer| answer.len() <= text.len()),
                "{text}"
            );
        }
    }
}
