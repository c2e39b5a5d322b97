//! The forms in which English texts define a term.

use regex_lite::{Error, Regex};
use review_text::{Sentence, after, before};

/// A term that a sentence defines.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Definition {
    pub(crate) term: String,
    pub(crate) aliases: Vec<String>,
    /// Where the term stands in the sentence.
    pub(crate) byte: usize,
}

/// The patterns, compiled once for a document.
pub(crate) struct Patterns {
    quoted: Regex,
    also: Regex,
    means: Regex,
    is: Regex,
    if_after: Regex,
    article_before: Regex,
    called_before: Regex,
    or_before: Regex,
    is_before: Regex,
    bracket_before: Regex,
    bracket_after: Regex,
    unquoted: Regex,
}

impl Patterns {
    pub(crate) fn new() -> Result<Self, Error> {
        let quotes = [
            r#""([^"“”]{1,60})""#,
            r#"“([^“”"]{1,60})”"#,
            r#"„([^„“”"]{1,60})[“”]"#,
            "«([^«»]{1,60})»",
            "‘([^‘’]{1,60})’",
            r"\*\*([^*]{1,60})\*\*",
        ];
        let another = r#"["“]([^"”]{1,60})["”]"#;
        // Some words may come between, as in: "source code" for a work means.
        let between = r#"(?:[,\s)]+[\w(][^"“”.;:]{0,60}?)??[,\s)]+"#;
        let adverbs = "(?:which |also |shall |will |collectively )*";
        let verbs = "means?|refers? to|ha(?:s|ve) the (?:same )?meanings?|(?:is|are) defined|includes?";
        let names = "called|addressed as|referred to as|known as|termed|considered|designated as|defined as";
        let few_words = r"(?: an?| the)?(?: [\w'’]+){0,2}$";
        // What may stand beside the terms in a bracket such as (each a "Party", together the "Parties").
        let fillers = [
            r"\s|,|:|and|or|the|an?|each|all|collectively|individually|jointly|together|with",
            r#"hereinafter|hereafter|referred to|as|in this \w+|["“][^"”]{1,60}["”]"#,
        ];
        let filler = format!("(?:{})*", fillers.join("|"));
        let capital = r"[A-Z][\w'’-]*";
        let title = format!("{capital}(?: (?:{capital}|of|and|or|the|to|for|in)){{0,5}}");
        Ok(Self {
            quoted: Regex::new(&quotes.join("|"))?,
            // Further terms of the same definition: "You" (or "Your") means, "A" and "B" are.
            also: Regex::new(&format!(r"^\W{{0,4}}(?:and|or|,)\s*(?:an?\s|the\s)?{another}\)?"))?,
            means: Regex::new(&format!(r"^{between}{adverbs}(?:{verbs})\b"))?,
            is: Regex::new(r"^ (?:is|are|may be) (?:\w+)")?,
            if_after: Regex::new(r"^,? (?:if|when|where)\b")?,
            article_before: Regex::new(r"(?i)(?:^|[\s,(])(?:an?|the|each|any)$|['’]s?$")?,
            called_before: Regex::new(&format!(r"\b(?:{names}){few_words}"))?,
            or_before: Regex::new(&format!(r"^[^.;:]{{0,60}}\b(?:or|and){few_words}"))?,
            is_before: Regex::new(r"\b(?:is|are|be|deemed|considered)$")?,
            bracket_before: Regex::new(&format!(r"\({filler}$"))?,
            bracket_after: Regex::new(&format!(r"^{filler}\)"))?,
            unquoted: Regex::new(&format!(r"^({title}) (?:shall mean|means|has the meaning)\b"))?,
        })
    }

    /// The terms that a sentence defines, in its order.
    pub(crate) fn definitions(&self, sentence: &Sentence) -> Vec<Definition> {
        let text = sentence.text.as_str();
        let mut found: Vec<Definition> = Vec::new();
        // Where the last definition ends with its aliases, and where a term ends that was "called" so.
        let (mut taken, mut called_until) = (0, None);
        for quote in self.quoted.captures_iter(text) {
            let Some((whole, inner)) = quote.get(0).zip(quote.iter().skip(1).flatten().next()) else {
                continue;
            };
            let (start, end) = (whole.start(), whole.end());
            let term = inner.as_str().trim().trim_end_matches(',');
            if start < taken || !is_term(term) {
                continue;
            }
            let (aliases, after_aliases) = self.aliases(text, end);
            let rest = after(text, after_aliases);
            let (before, after) = (before(text, start).trim_end(), after(text, end));
            let is_subject = before.is_empty() || self.article_before.is_match(before);
            if self.means.is_match(rest) || is_subject && self.is.is_match(rest) {
                taken = after_aliases;
                found.push(Definition {
                    term: term.to_owned(),
                    aliases,
                    byte: start,
                });
                continue;
            }
            let follows_called = called_until.and_then(|from| text.get(from..start));
            let is_called = self.called_before.is_match(before)
                || follows_called.is_some_and(|between| self.or_before.is_match(between.trim_end()));
            let is_condition = after.starts_with(" to the extent")
                || self.if_after.is_match(after) && self.is_before.is_match(before);
            let is_bracketed = self.bracket_before.is_match(before) && self.bracket_after.is_match(after);
            if is_called {
                called_until = Some(end);
            }
            if is_called || is_condition || is_bracketed {
                found.push(Definition {
                    term: term.to_owned(),
                    aliases: Vec::new(),
                    byte: start,
                });
            }
        }
        if let Some(term) = self
            .unquoted
            .captures(text)
            .and_then(|m| m.get(1))
            .filter(|_| sentence.starts_paragraph)
            && is_term(term.as_str())
            && !matches!(
                term.as_str(),
                "This" | "It" | "That" | "Which" | "These" | "Such" | "He" | "She" | "They"
            )
        {
            found.push(Definition {
                term: term.as_str().to_owned(),
                aliases: Vec::new(),
                byte: 0,
            });
        }
        found
    }

    /// The terms right after one that share its definition, and where they end.
    fn aliases(&self, text: &str, mut end: usize) -> (Vec<String>, usize) {
        let mut aliases = Vec::new();
        while let Some(also) = self.also.captures(after(text, end)) {
            let Some((whole, term)) = also.get(0).zip(also.get(1)) else {
                break;
            };
            aliases.push(term.as_str().trim().to_owned());
            end += whole.end();
        }
        (aliases, end)
    }
}

/// A term has letters and few words; a longer quotation quotes something.
fn is_term(text: &str) -> bool {
    text.chars().any(char::is_alphabetic) && text.split_whitespace().count() <= 6
}
