//! One line as the other modules see it: without decoration, with its indentation.

/// A line of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'t> {
    /// Spaces before the text.
    pub indent: usize,
    /// The text without indentation, quotation marks of Markdown, and the frame of boxed text.
    pub text: &'t str,
    /// Inside a fenced code block of Markdown, or one of its fences.
    pub is_code: bool,
}

impl Line<'_> {
    /// Nothing to read: empty, or a ruler such as `-----`.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.text.is_empty() || self.is_ruler()
    }

    /// Three or more of one drawing character, such as the underline of a heading.
    #[must_use]
    pub fn is_ruler(&self) -> bool {
        let mut characters = self.text.chars();
        let first = characters.next();
        self.text.len() >= 3
            && matches!(first, Some('-' | '=' | '_' | '*' | '~' | '#'))
            && characters.all(|c| Some(c) == first)
    }
}

/// The lines of a text. A carriage return or form feed at the end of a line is not part of it.
#[must_use]
pub fn lines(text: &str) -> Vec<Line<'_>> {
    let mut lines: Vec<Line<'_>> = text.lines().map(line).collect();
    let fences: Vec<usize> = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| line.text.starts_with("```"))
        .map(|(i, _)| i)
        .collect();
    // A fence without its partner opens nothing: else a stray one would hide the rest of the document.
    for pair in fences.chunks_exact(2) {
        if let [open, close] = *pair {
            lines
                .iter_mut()
                .take(close + 1)
                .skip(open)
                .for_each(|line| line.is_code = true);
        }
    }
    lines
}

fn line(raw: &str) -> Line<'_> {
    let mut text = raw.trim_start();
    let indent = raw.len() - text.len();
    text = text.trim_end();
    while let Some(quoted) = text.strip_prefix('>') {
        text = quoted.trim_start();
    }
    if let Some(boxed) = text.strip_prefix("* ").and_then(|rest| rest.strip_suffix(" *")) {
        text = boxed.trim();
    }
    Line {
        indent,
        text,
        is_code: false,
    }
}

/// The list marker that a text starts with: `-`, `(a)`, `iv)`, `3.` or `4.2`; never a bare number.
#[must_use]
pub fn marker(text: &str) -> Option<&str> {
    let end = text.find(char::is_whitespace)?;
    let word = text.get(..end)?;
    let is_marker = match word {
        "-" | "*" | "+" | "•" | "–" | "—" | "·" | "◦" | "▪" => true,
        _ => {
            let inner = word.trim_start_matches('(').trim_end_matches([')', '.', ':']);
            let is_closed = inner.len() < word.len() && !word.ends_with('(');
            is_closed && is_label(inner, word) || is_number_path(inner)
        }
    };
    is_marker.then_some(word)
}

/// `3`, `b`, `xiv`, `4.2`. A letter with a dot must be a capital, else it is likelier the end of a sentence.
fn is_label(inner: &str, word: &str) -> bool {
    let has_bracket = word.contains(')');
    let is_digits = !inner.is_empty() && inner.len() <= 3 && inner.bytes().all(|b| b.is_ascii_digit());
    let is_letter = inner.len() == 1 && inner.bytes().all(|b| b.is_ascii_alphabetic());
    let is_roman = inner.len() <= 5 && !inner.is_empty() && inner.bytes().all(|b| b"ivxlIVXL".contains(&b));
    is_digits || is_number_path(inner) || (has_bracket && (is_letter || is_roman))
}

/// `4.2`, `1.10.3`: two or more numbers with dots between.
fn is_number_path(text: &str) -> bool {
    let mut parts = 0;
    for part in text.split('.') {
        if part.is_empty() || part.len() > 3 || !part.bytes().all(|b| b.is_ascii_digit()) {
            return false;
        }
        parts += 1;
    }
    parts >= 2
}

#[cfg(test)]
mod tests {
    use super::{lines, marker};

    #[test]
    fn decoration_is_no_text() {
        let text = "*  boxed text  *\r\n> > quoted\r\n\u{c}\n   indented\n*** ";
        let lines = lines(text);
        assert_eq!(
            lines.iter().map(|l| l.text).collect::<Vec<_>>(),
            ["boxed text", "quoted", "", "indented", "***"]
        );
        assert_eq!(lines[3].indent, 3);
        assert!(lines[4].is_ruler() && lines[4].is_blank() && lines[2].is_blank());
    }

    #[test]
    fn code_is_marked_and_a_stray_fence_is_not() {
        let marked = |text| lines(text).iter().map(|line| line.is_code).collect::<Vec<_>>();
        assert_eq!(marked("a\n```\nb\n```\nc"), [false, true, true, true, false]);
        assert_eq!(marked("a\n```\nb"), [false, false, false]);
    }

    #[test]
    fn markers_are_told_from_words() {
        for text in [
            "- a", "(a) b", "a) b", "(iv) c", "3. d", "12) e", "4.2 f", "4.2. g", "• h",
        ] {
            assert!(marker(text).is_some(), "{text}");
        }
        for text in [
            "11 of them",
            "2007 was",
            "a. b",
            "of (b)",
            "(see)",
            "I. e",
            "",
            "x",
            "1.5.",
            "(b or c) d",
            "() x",
        ] {
            assert!(marker(text).is_none(), "{text}");
        }
    }
}
