//! Sentences with the lines they stand on, across line breaks, paragraphs and lists.

use crate::{Line, Section, line_number, lines, marker, section_at, split};

/// One sentence, or one item of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// The words with single spaces between, without a list marker at the start.
    pub text: String,
    /// Where in `text` each line of the document begins, in ascending order; the first is at 0.
    starts: Vec<(usize, u32)>,
    /// The id of its section.
    pub section: Option<String>,
    /// Whether it begins a paragraph or list item.
    pub starts_paragraph: bool,
    /// The indentation of the list item that it belongs to.
    pub item_indent: Option<usize>,
}

impl Sentence {
    /// The line of its first word.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.line_at(0)
    }

    /// The line of the word at a byte of `text`.
    #[must_use]
    pub fn line_at(&self, byte: usize) -> u32 {
        let after = self.starts.partition_point(|(start, _)| *start <= byte);
        after
            .checked_sub(1)
            .and_then(|i| self.starts.get(i))
            .map_or(1, |(_, line)| *line)
    }
}

/// All sentences of a text, without headings and code. Without sections, headings read as sentences.
#[must_use]
pub fn sentences(text: &str, sections: &[Section]) -> Vec<Sentence> {
    let lines = lines(text);
    let mut found = Vec::new();
    let mut paragraph = Paragraph::default();
    for (index, line) in lines.iter().enumerate() {
        let number = line_number(index);
        let section = section_at(sections, number);
        let is_heading = section.is_some_and(|s| number < s.body_line);
        if line.is_blank() || line.is_code || is_heading {
            paragraph.finish(&mut found);
            continue;
        }
        let starts_section = section.is_some_and(|s| number == s.first_line);
        let item = item(index.checked_sub(1).and_then(|before| lines.get(before)), line);
        if starts_section || item.is_some() || line.text.starts_with('|') {
            paragraph.finish(&mut found);
        }
        let marker = item.or_else(|| paragraph.text.is_empty().then(|| marker(line.text)).flatten());
        let words = marker
            .and_then(|marker| line.text.strip_prefix(marker))
            .unwrap_or(line.text);
        paragraph.section = section.map(|s| s.id.clone());
        // The number of a section is none of a list.
        if marker.is_some() && !starts_section {
            paragraph.item_indent = Some(line.indent);
        }
        paragraph.push(words, number);
    }
    paragraph.finish(&mut found);
    found
}

/// The marker of a line that begins a list item although no blank line precedes it.
///
/// A line of running text may begin like one (`section\n7. This …`), so the line before must have ended a
/// clause, or announce a list that starts here, further in.
fn item<'t>(before: Option<&Line<'_>>, line: &Line<'t>) -> Option<&'t str> {
    let marker = marker(line.text)?;
    let before = before.filter(|before| !before.is_blank())?;
    let is_first = matches!(
        marker.trim_matches(['(', ')', '.']),
        "1" | "a" | "A" | "i" | "-" | "*" | "•"
    );
    let is_deeper = line.indent > before.indent;
    let ends_clause = before.text.ends_with(['.', ';', ',', '!', '?'])
        || [" and", " or"].iter().any(|word| before.text.ends_with(word));
    // Bullets are no words, so they need no such care, except the dash that may continue a sentence.
    let is_bullet = matches!(marker, "*" | "•" | "·" | "◦" | "▪" | "+") || marker == "-" && ends_clause;
    let announced = before.text.ends_with(':') && (is_deeper || is_bullet || marker == "-");
    (ends_clause || announced || is_bullet || is_first && is_deeper).then_some(marker)
}

#[derive(Default)]
struct Paragraph {
    text: String,
    starts: Vec<(usize, u32)>,
    section: Option<String>,
    item_indent: Option<usize>,
}

impl Paragraph {
    fn push(&mut self, words: &str, line: u32) {
        let mut is_first = true;
        for word in words.split_whitespace() {
            let continues_word = is_first && ends_with_hyphen(&self.text) && starts_lowercase(word);
            if !self.text.is_empty() && !continues_word {
                self.text.push(' ');
            }
            if is_first {
                self.starts.push((self.text.len(), line));
                is_first = false;
            }
            self.text.push_str(word);
        }
    }

    /// Cuts the paragraph into sentences and starts a new one.
    fn finish(&mut self, found: &mut Vec<Sentence>) {
        let paragraph = std::mem::take(self);
        let mut starts_paragraph = true;
        for range in split::ranges(&paragraph.text) {
            let Some(text) = paragraph.text.get(range.clone()) else {
                continue;
            };
            let first = paragraph
                .starts
                .partition_point(|(start, _)| *start <= range.start)
                .saturating_sub(1);
            let starts = paragraph
                .starts
                .iter()
                .skip(first)
                .take_while(|(start, _)| *start < range.end);
            found.push(Sentence {
                text: text.to_owned(),
                starts: starts
                    .map(|(start, line)| (start.saturating_sub(range.start), *line))
                    .collect(),
                section: paragraph.section.clone(),
                starts_paragraph,
                item_indent: paragraph.item_indent,
            });
            starts_paragraph = false;
        }
    }
}

/// `machine-` at the end of a line, but not a dash between words.
fn ends_with_hyphen(text: &str) -> bool {
    text.strip_suffix('-')
        .is_some_and(|rest| rest.ends_with(char::is_alphabetic))
}

fn starts_lowercase(word: &str) -> bool {
    word.starts_with(char::is_lowercase)
}

#[cfg(test)]
mod tests {
    use super::sentences;

    fn texts(text: &str) -> Vec<String> {
        sentences(text, &[])
            .into_iter()
            .map(|sentence| sentence.text)
            .collect()
    }

    #[test]
    fn sentences_cross_lines_and_know_them() {
        let found = sentences("You must\r\ncomply. It is\r\nnon-\r\nbinding.", &[]);
        assert_eq!(found[0].text, "You must comply.");
        assert_eq!(found[1].text, "It is non-binding.");
        assert_eq!((found[0].line(), found[0].line_at(9), found[1].line()), (1, 2, 2));
        assert_eq!(found[1].line_at(found[1].text.find("binding").unwrap()), 4);
    }

    #[test]
    fn list_items_are_sentences_of_their_own() {
        let list = "You may:\n  1. copy it;\n  2. sell it; and\n  (c) print\n     it.\nNext";
        assert_eq!(
            texts(list),
            ["You may:", "copy it;", "sell it; and", "print it.", "Next"]
        );
        assert_eq!(texts("A body may\n  1. act\n"), ["A body may", "act"]);
        assert_eq!(texts("- one\n- two\n* three"), ["one - two", "three"]);
    }

    #[test]
    fn running_text_that_looks_like_an_item_is_none() {
        assert_eq!(
            texts("under section\n    7.  This modifies"),
            ["under section 7.", "This modifies"]
        );
        assert_eq!(
            texts("  rights in two steps:\n(1) assert and (2) offer"),
            ["rights in two steps: (1) assert and (2) offer"]
        );
    }

    #[test]
    fn any_text_is_fine() {
        for text in [
            "",
            "\n\n",
            "\u{feff}",
            "a",
            "…",
            "你好。再见。",
            ". . .",
            &"word ".repeat(100_000),
        ] {
            let _ = sentences(text, &[]);
        }
        assert_eq!(texts("你好。再见。"), ["你好。", "再见。"]);
    }
}
