//! Text of a document as text of the page: on one line, short, and without markup of its own.

/// How much of a sentence a table shows.
const CELL_CHARS: usize = 160;

/// `1 section`, `2 amounts of money`.
pub(crate) fn count(number: usize, name: &str) -> String {
    let (noun, rest) = name.split_once(" of ").unwrap_or((name, ""));
    let plural = if number == 1 { "" } else { "s" };
    if rest.is_empty() {
        format!("{number} {noun}{plural}")
    } else {
        format!("{number} {noun}{plural} of {rest}")
    }
}

/// Text that breaks neither the table nor the page.
pub(crate) fn cell(text: &str) -> String {
    let text = one_line(text).replace('|', "\\|");
    match text.char_indices().nth(CELL_CHARS) {
        Some((end, _)) => {
            let cut = text.get(..end).unwrap_or_default();
            format!("{} …", cut.rsplit_once(' ').map_or(cut, |(words, _)| words))
        }
        None => text,
    }
}

/// Text on one line, without the beginning of a tag.
pub(crate) fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").replace('<', "&lt;")
}

/// The part of a sentence that shows a value, where the sentence is too long for a cell.
pub(crate) fn around(sentence: &str, value: &str) -> String {
    let at = sentence.find(value).unwrap_or(0);
    if at + value.len() < CELL_CHARS {
        return sentence.to_owned();
    }
    let start = sentence.floor_char_boundary(at.saturating_sub(CELL_CHARS / 2));
    let rest = sentence.get(start..).unwrap_or(sentence);
    format!("… {}", rest.split_once(' ').map_or(rest, |(_, words)| words))
}
