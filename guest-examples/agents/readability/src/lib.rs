//! Measures how hard a document and its sections are to read.
//!
//! Flesch reading ease (100 easy, 0 very hard) and Flesch-Kincaid grade (years of school), both made for
//! English. Headings and code are not counted.

mod syllables;

use hap_guest::Result;
use review_text::{Section, Sentence, excerpt, sentences};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syllables::syllables;

/// How many of the longest sentences are listed.
const LONGEST: usize = 5;

/// The document.
#[derive(Deserialize, JsonSchema)]
pub struct Input {
    /// Plain text or Markdown.
    pub text: String,
    /// Its sections, as `split-sections` finds them.
    #[serde(default)]
    pub sections: Vec<Section>,
}

/// What was measured.
#[derive(Serialize, JsonSchema)]
pub struct Output {
    /// The measures.
    pub readability: Readability,
}

/// How hard a document is to read.
#[derive(Serialize, JsonSchema)]
pub struct Readability {
    /// All of it.
    pub whole: Score,
    /// Each section that has text, in the order of the document.
    pub sections: Vec<SectionScore>,
    /// The longest sentences, the longest first.
    pub longest: Vec<Long>,
}

/// The measures of a text.
#[derive(Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Score {
    /// Words that contain a letter or digit.
    pub words: u32,
    /// Sentences and items of lists.
    pub sentences: u32,
    /// Words in a sentence, on average, to one decimal.
    pub words_per_sentence: f64,
    /// Flesch reading ease, to one decimal. Below 30 is the language of statutes, above 60 plain English.
    pub reading_ease: f64,
    /// Flesch-Kincaid grade: years of school that a reader needs, to one decimal.
    pub grade: f64,
}

/// The measures of a section.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SectionScore {
    /// Its id.
    pub section: String,
    /// Its measures.
    #[serde(flatten)]
    pub score: Score,
}

/// A long sentence.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Long {
    /// How many words it has.
    pub words: u32,
    /// The line where it begins.
    pub line: u32,
    /// The id of its section.
    pub section: Option<String>,
    /// Its beginning.
    pub sentence: String,
}

/// Measures how hard a document and its sections are to read.
#[hap_guest::agent(read_only, idempotent)]
pub fn readability(input: Input) -> Result<Output> {
    let sentences = sentences(&input.text, &input.sections);
    let mut whole = Counts::default();
    let mut parts: Vec<(&str, Counts)> = Vec::new();
    let mut longest: Vec<(u32, &Sentence)> = Vec::new();
    for sentence in &sentences {
        let counts = Counts::of(&sentence.text);
        if counts.words == 0 {
            continue;
        }
        whole.add(counts);
        if let Some(id) = sentence.section.as_deref() {
            match parts.last_mut().filter(|(last, _)| *last == id) {
                Some((_, part)) => part.add(counts),
                None => parts.push((id, counts)),
            }
        }
        longest.push((counts.words, sentence));
        // Stable, so that of two equally long sentences the earlier comes first.
        longest.sort_by_key(|(words, _)| std::cmp::Reverse(*words));
        longest.truncate(LONGEST);
    }
    let sections = parts.into_iter().map(|(id, counts)| SectionScore {
        section: id.to_owned(),
        score: counts.score(),
    });
    let long = |(words, sentence): (u32, &Sentence)| Long {
        words,
        line: sentence.line(),
        section: sentence.section.clone(),
        sentence: excerpt(&sentence.text),
    };
    Ok(Output {
        readability: Readability {
            whole: whole.score(),
            sections: sections.collect(),
            longest: longest.into_iter().map(long).collect(),
        },
    })
}

#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    sentences: u32,
    words: u32,
    syllables: u32,
}

impl Counts {
    fn of(sentence: &str) -> Self {
        let mut counts = Self {
            sentences: 1,
            words: 0,
            syllables: 0,
        };
        for word in sentence
            .split_whitespace()
            .filter(|word| word.contains(char::is_alphanumeric))
        {
            counts.words = counts.words.saturating_add(1);
            counts.syllables = counts.syllables.saturating_add(syllables(word));
        }
        counts
    }

    fn add(&mut self, other: Self) {
        self.sentences = self.sentences.saturating_add(other.sentences);
        self.words = self.words.saturating_add(other.words);
        self.syllables = self.syllables.saturating_add(other.syllables);
    }

    fn score(self) -> Score {
        if self.words == 0 {
            return Score::default();
        }
        let words = f64::from(self.words);
        let length = words / f64::from(self.sentences);
        let syllables = f64::from(self.syllables) / words;
        Score {
            words: self.words,
            sentences: self.sentences,
            words_per_sentence: one_decimal(length),
            // The constants are Flesch's (1948) and Kincaid's (1975).
            reading_ease: one_decimal(206.835 - 1.015 * length - 84.6 * syllables),
            grade: one_decimal(0.39 * length + 11.8 * syllables - 15.59),
        }
    }
}

fn one_decimal(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests;
