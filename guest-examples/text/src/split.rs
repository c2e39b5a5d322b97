//! Where a sentence ends.

use std::ops::Range;

/// A dot after these ends no sentence.
const ABBREVIATIONS: &[&str] = &[
    "al", "approx", "art", "arts", "cf", "ch", "cl", "dr", "e.g", "ed", "eg", "est", "fig", "i.e", "ie",
    "mr", "mrs", "ms", "mt", "p", "para", "paras", "pp", "prof", "ref", "rev", "sec", "sect", "sched", "st",
    "v", "ver", "viz", "vol", "vs",
];

/// A dot after these ends no sentence where a digit follows.
const BEFORE_DIGITS: &[&str] = &[
    "no", "nos", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec",
];

/// A dot after these ends a sentence only where the next word is one that begins sentences.
const COMPANY: &[&str] = &["bros", "co", "corp", "inc", "llc", "ltd", "plc"];

const OPENERS: &[&str] = &[
    "A", "All", "An", "Any", "But", "Each", "Every", "For", "He", "However", "If", "In", "It", "Its", "No",
    "Nothing", "On", "Our", "She", "Such", "That", "The", "Their", "These", "They", "This", "Those", "To",
    "Unless", "Upon", "We", "When", "Where", "You", "Your",
];

/// The sentences of one paragraph, without the spaces between them.
pub(crate) fn ranges(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        let is_wide = matches!(c, '。' | '！' | '？');
        if !is_wide && !matches!(c, '.' | '!' | '?') {
            continue;
        }
        let mut end = at + c.len_utf8();
        while let Some((at, closer)) = characters.next_if(|(_, c)| is_closer(*c)) {
            end = at + closer.len_utf8();
        }
        let rest = text.get(end..).unwrap_or_default();
        let sentence = text.get(start..at).unwrap_or_default();
        if is_wide
            || rest.starts_with(' ')
                && begins_sentence(rest.trim_start())
                && !(c == '.' && abbreviates(sentence, rest))
        {
            found.push(start..end);
            start = end + (rest.len() - rest.trim_start().len());
        }
    }
    if start < text.len() {
        found.push(start..text.len());
    }
    found
}

fn is_closer(c: char) -> bool {
    matches!(
        c,
        '.' | '!' | '?' | '"' | '\'' | '”' | '’' | '»' | ')' | ']' | '*' | '_'
    )
}

fn begins_sentence(text: &str) -> bool {
    let first = text
        .trim_start_matches(['"', '\'', '“', '‘', '„', '«', '(', '[', '*', '_', '§'])
        .chars()
        .next();
    first.is_some_and(|c| c.is_alphanumeric() && !c.is_lowercase())
}

/// Whether the dot between these two belongs to the word before it.
fn abbreviates(before: &str, after: &str) -> bool {
    let mut words = before.split(' ').rev();
    let word = words
        .next()
        .unwrap_or_default()
        .trim_start_matches(['(', '[', '"', '“', '‘']);
    let previous = words.next().unwrap_or_default();
    let next = after
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .trim_end_matches([',', ';', ':']);
    let lower = word.to_lowercase();
    if COMPANY.contains(&lower.as_str()) {
        return !OPENERS.contains(&next);
    }
    // "No" is a number before a digit, and a word elsewhere.
    if BEFORE_DIGITS.contains(&lower.as_str()) {
        return next.starts_with(|c: char| c.is_ascii_digit());
    }
    let letters: Vec<&str> = word.split('.').collect();
    let is_initials = letters
        .iter()
        .all(|l| l.chars().count() == 1 && l.chars().all(char::is_alphabetic));
    if is_initials && letters.len() > 1 {
        return !OPENERS.contains(&next);
    }
    // "J. Smith", but not "Exhibit A. The".
    let is_initial = is_initials && word.chars().all(char::is_uppercase) && word != "I";
    let is_label = matches!(
        previous,
        "Annex" | "Appendix" | "Article" | "Exhibit" | "Part" | "Schedule" | "Section"
    );
    is_initial && !is_label && !OPENERS.contains(&next) || ABBREVIATIONS.contains(&lower.as_str())
}

#[cfg(test)]
mod tests {
    use super::ranges;

    fn split(text: &str) -> Vec<&str> {
        ranges(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn sentences_end_at_full_stops() {
        assert_eq!(
            split("One. Two! \"Three?\" Four (five.) Six"),
            ["One.", "Two!", "\"Three?\"", "Four (five.)", "Six"]
        );
        assert_eq!(
            split("version 2.0 of v. 3. If so, e.g. this"),
            ["version 2.0 of v. 3.", "If so, e.g. this"]
        );
        assert_eq!(split("See section 6b. Each"), ["See section 6b.", "Each"]);
    }

    #[test]
    fn abbreviations_end_none() {
        assert_eq!(
            split("Acme Inc. Berlin pays. Acme Inc. The end"),
            ["Acme Inc. Berlin pays.", "Acme Inc.", "The end"]
        );
        assert_eq!(
            split("Mr. J. Smith of the U.S. Army, No. 5. No. Yes"),
            ["Mr. J. Smith of the U.S. Army, No. 5.", "No.", "Yes"]
        );
        assert_eq!(
            split("as in Exhibit A. The notice"),
            ["as in Exhibit A.", "The notice"]
        );
    }
}
