//! What the brief reads of the other agents' findings.

use schemars::JsonSchema;
use serde::Deserialize;

/// A section of the document.
#[derive(Deserialize, JsonSchema)]
pub struct Section {
    /// What findings call it.
    pub id: String,
    /// Its number, where it has one.
    pub number: Option<String>,
    /// Its heading; may be empty.
    pub heading: String,
    /// Its last line.
    pub last_line: u32,
}

/// Defined and undefined terms.
#[derive(Deserialize, JsonSchema)]
pub struct Terms {
    /// Terms with a definition.
    pub defined: Vec<Term>,
    /// Terms without.
    #[serde(default)]
    pub undefined: Vec<Undefined>,
}

/// A defined term.
#[derive(Deserialize, JsonSchema)]
pub struct Term {
    /// The term.
    pub term: String,
    /// The line of its definition.
    pub line: u32,
    /// How often it is used.
    pub uses: u32,
    /// The lines of further definitions.
    #[serde(default)]
    pub defined_again: Vec<u32>,
}

/// A term without definition.
#[derive(Deserialize, JsonSchema)]
pub struct Undefined {
    /// The term.
    pub term: String,
    /// The line of its first use.
    pub line: u32,
    /// How often it is used.
    pub uses: u32,
}

/// Something that must, must not, may or need not be done.
#[derive(Deserialize, JsonSchema)]
pub struct Duty {
    /// Which of the four.
    pub kind: Kind,
    /// Who, where the document says it.
    pub actor: Option<String>,
    /// Where it says so.
    pub line: u32,
    /// The id of the section.
    pub section: Option<String>,
    /// What it says.
    pub clause: String,
}

/// What a document does to an actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Must.
    Obligation,
    /// Must not.
    Prohibition,
    /// May.
    Permission,
    /// Need not.
    Exemption,
}

/// Dates, periods, amounts and percentages.
#[derive(Deserialize, JsonSchema)]
pub struct Values {
    /// Days and months.
    #[serde(default)]
    pub dates: Vec<Value>,
    /// Lengths of time.
    #[serde(default)]
    pub periods: Vec<Value>,
    /// Amounts of money.
    #[serde(default)]
    pub amounts: Vec<Value>,
    /// Percentages.
    #[serde(default)]
    pub percentages: Vec<Value>,
}

/// A value.
#[derive(Deserialize, JsonSchema)]
pub struct Value {
    /// As the document writes it.
    pub text: String,
    /// The words before that bound it.
    pub bound: Option<String>,
    /// The day or month in ISO 8601, where it is one.
    pub iso: Option<String>,
    /// Its line.
    pub line: u32,
    /// The id of the section.
    pub section: Option<String>,
    /// The sentence around it.
    pub sentence: String,
}

/// How hard the document is to read.
#[derive(Deserialize, JsonSchema)]
pub struct Readability {
    /// All of it.
    pub whole: Score,
    /// Its sections.
    #[serde(default)]
    pub sections: Vec<SectionScore>,
    /// Its longest sentences.
    #[serde(default)]
    pub longest: Vec<Long>,
}

/// Measures of a text.
#[derive(Deserialize, JsonSchema)]
pub struct Score {
    /// How many words.
    pub words: u32,
    /// Words in a sentence, on average.
    pub words_per_sentence: f64,
    /// Flesch reading ease.
    pub reading_ease: f64,
    /// Flesch-Kincaid grade.
    pub grade: f64,
}

/// Measures of a section.
#[derive(Deserialize, JsonSchema)]
pub struct SectionScore {
    /// Its id.
    pub section: String,
    /// Its measures.
    #[serde(flatten)]
    pub score: Score,
}

/// A long sentence.
#[derive(Deserialize, JsonSchema)]
pub struct Long {
    /// How many words it has.
    pub words: u32,
    /// The line where it begins.
    pub line: u32,
    /// The id of its section.
    pub section: Option<String>,
}
