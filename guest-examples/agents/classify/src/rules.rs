//! The rules.

use crate::Kind;
use hap_guest::Result;
use regex_lite::Regex;
use schemars::JsonSchema;
use serde::Serialize;

/// A rule that held.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Signal {
    /// What it speaks for.
    pub kind: Kind,
    /// How strongly.
    pub points: u32,
    /// What was seen.
    pub seen: String,
}

impl Signal {
    pub(crate) fn new(kind: Kind, points: u32, seen: &str) -> Self {
        Self {
            kind,
            points,
            seen: seen.to_owned(),
        }
    }
}

/// Beginnings of words, and phrases; a space at the end is the end of a word. Each counts two points, once.
const WORDS: &[(Kind, &[&str])] = &[
    (
        Kind::Bug,
        &[
            "crash",
            "error ",
            "exception",
            "broken",
            "does not work",
            "not start",
            "not open",
            "will not",
            "fail",
            "hang",
            "freez",
            "timeout",
            "stops ",
            "still happens",
            "deleted it",
            "since the update",
            "absturz",
            "fehler",
            "bricht",
        ],
    ),
    (
        Kind::Billing,
        &[
            "invoice",
            "refund",
            "charged",
            "payment",
            "receipt",
            "subscription",
            "vat ",
            "price",
            "credit note",
            "cancel",
            "rechnung",
            "factura",
        ],
    ),
    (
        Kind::Question,
        &[
            "how can",
            "how do",
            "how long",
            "where do",
            "where is",
            "is it possible",
            "can i ",
            "can we",
            "is there a way",
            "what happens",
            "which country",
            "do we need",
            "what can",
            "needs to know",
        ],
    ),
    (
        Kind::Praise,
        &[
            "thank you for",
            "say thank you",
            "love",
            "excellent",
            "wonderful",
            "great",
            "saved my",
            "kudos",
            "helpful",
        ],
    ),
    (
        Kind::Spam,
        &[
            "act now",
            "click here",
            "guarantee",
            "limited offer",
            "limited time",
            "unsubscribe",
            "seo ",
            "crypto",
            "verify your account",
            "congratulations",
            "no risk",
            "bonus",
            "backlinks",
            "final notice",
        ],
    ),
];

/// Words of somebody who cannot wait.
pub(crate) const URGENT: &[&str] = &[
    "urgent",
    "asap ",
    "solved today",
    "immediately",
    "at once",
    "dringend",
    "urgente",
];
/// Words of somebody who has lost something.
pub(crate) const LOSS: &[&str] = &[
    "data loss",
    "deleted it",
    "files gone",
    "files are gone",
    "lost the",
    "missing since",
];

/// The words of a message in lower case, with one space before each and after the last.
pub(crate) struct Words(String);

impl Words {
    pub(crate) fn of(text: &str) -> Self {
        let mut words = String::from(" ");
        for word in text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
        {
            words.push_str(&word.to_lowercase());
            words.push(' ');
        }
        Self(words)
    }

    fn has(&self, beginning: &str) -> bool {
        self.0
            .match_indices(beginning)
            .any(|(at, _)| self.0.get(..at).is_some_and(|before| before.ends_with(' ')))
    }

    pub(crate) fn have(&self, any: &[&str]) -> bool {
        any.iter().any(|beginning| self.has(beginning))
    }
}

pub(crate) fn signals(text: &str, words: &Words) -> Result<Vec<Signal>> {
    let mut signals = Vec::new();
    for (kind, beginnings) in WORDS {
        let found = beginnings.iter().filter(|beginning| words.has(beginning));
        signals.extend(found.map(|beginning| Signal::new(*kind, 2, &format!("“{}”", beginning.trim()))));
    }
    for (kind, points, seen, pattern) in [
        (
            Kind::Bug,
            4,
            "a stack trace",
            r#"(?m)^\s*(?:at \S+ ?\(|at \S+\.\S+\(|File ".+", line \d|\d+: \w+(?:::\w+)+)"#,
        ),
        (
            Kind::Bug,
            3,
            "the line of an error",
            r"\b[A-Za-z]+(?:Error|Exception)\b|panicked at|(?m:^.*\bERROR\b.*$)|\bE[A-Z]{4,}:",
        ),
        (Kind::Bug, 1, "a version", r"\b\d+\.\d+\.\d+\b"),
        (
            Kind::Billing,
            3,
            "an amount of money",
            r"[$€£] ?\d|\d[.,]\d\d ?(?:€|£|EUR|USD|GBP)",
        ),
        (
            Kind::Billing,
            2,
            "the number of a document",
            r"\b[A-Z]{2}-\d{5}\b",
        ),
        (
            Kind::Spam,
            3,
            "a link to a number",
            r"https?://\d+\.\d+\.\d+\.\d+",
        ),
        (Kind::Spam, 2, "three exclamation marks", "!!!"),
    ] {
        if Regex::new(pattern)?.is_match(text) {
            signals.push(Signal::new(kind, points, seen));
        }
    }
    let links = text.matches("http://").count() + text.matches("https://").count();
    if links >= 2 {
        signals.push(Signal::new(Kind::Spam, 3, "several links"));
    }
    let questions = text.matches(['?', '？', '¿']).count().min(3);
    if questions > 0 {
        let points = u32::try_from(questions).unwrap_or(3);
        signals.push(Signal::new(Kind::Question, points, "question marks"));
    }
    Ok(signals)
}
