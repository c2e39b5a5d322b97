//! Lines, sections and sentences of a document: what the agents of the document review share.
//!
//! Everything counts lines from 1 and works on any text: empty, with CRLF, in any script. Nothing here knows
//! what a duty or a term is.

mod line;
mod section;
mod sentence;
mod split;

pub use line::{Line, lines, marker};
pub use section::{Section, section_at};
pub use sentence::{Sentence, sentences};

/// How much of a sentence a finding quotes: enough to judge it without opening the document.
const EXCERPT_CHARS: usize = 400;

/// The text, or its beginning with an ellipsis where it is very long.
#[must_use]
pub fn excerpt(text: &str) -> String {
    match text.char_indices().nth(EXCERPT_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text).trim_end()),
        None => text.to_owned(),
    }
}

/// How far around a place an agent looks for its meaning. Keeps the search linear on a sentence without end.
const REACH_BYTES: usize = 300;

/// The text before a byte, as far as it matters.
#[must_use]
pub fn before(text: &str, byte: usize) -> &str {
    text.get(text.floor_char_boundary(byte.saturating_sub(REACH_BYTES))..byte)
        .unwrap_or_default()
}

/// The text from a byte on, as far as it matters.
#[must_use]
pub fn after(text: &str, byte: usize) -> &str {
    text.get(byte..text.floor_char_boundary(byte.saturating_add(REACH_BYTES)))
        .unwrap_or_default()
}

/// A place in a text with some words before and after it, and ellipses where it is cut.
#[must_use]
pub fn around(text: &str, start: usize, end: usize) -> String {
    let (before, after) = (before(text, start), after(text, end));
    let is_cut = (before.len() < start, end + after.len() < text.len());
    // Cut between words.
    let before = before
        .split_once(' ')
        .filter(|_| is_cut.0)
        .map_or(before, |(_, words)| words);
    let after = after
        .rsplit_once(' ')
        .filter(|_| is_cut.1)
        .map_or(after, |(words, _)| words);
    let place = text.get(start..end).unwrap_or_default();
    format!(
        "{}{before}{place}{after}{}",
        if is_cut.0 { "… " } else { "" },
        if is_cut.1 { " …" } else { "" }
    )
}

/// The line number for a position in a list of lines; documents of four thousand million lines do not occur.
#[must_use]
pub fn line_number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX - 1).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::{around, excerpt};

    #[test]
    fn a_place_is_shown_with_the_words_around_it() {
        assert_eq!(around("pay in May", 4, 6), "pay in May");
        let long = "äö ".repeat(300) + "x" + &" öä".repeat(300);
        let shown = around(&long, 1500, 1501);
        assert!(
            shown.starts_with("… äö ") && shown.ends_with(" öä …") && shown.contains(" x "),
            "{shown}"
        );
    }

    #[test]
    fn an_excerpt_ends_between_characters() {
        assert_eq!(excerpt("short"), "short");
        let long = "ä".repeat(500);
        assert_eq!(excerpt(&long).chars().count(), 401);
    }
}
