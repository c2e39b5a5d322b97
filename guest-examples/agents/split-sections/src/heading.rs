//! Whether a section begins on a line, and with what heading.

use crate::number::{Kind, Number, follows};
use review_text::{Line, marker};

/// A heading has one or two lines and no more text than this.
const HEADING_CHARS: usize = 120;
/// A line that starts this far in is centred.
const CENTRED: usize = 10;
/// What a title in English does not capitalise.
const SMALL_WORDS: &[&str] = &[
    "a", "an", "and", "as", "at", "by", "for", "from", "in", "its", "of", "on", "or", "that", "the", "this",
    "to", "under", "with",
];
/// What makes a short clause say something, so that it is text and no heading.
const VERBS: &[&str] = &["agrees", "may", "means", "must", "shall", "will"];

/// What stands at the beginning of a section.
pub(crate) struct Heading {
    pub(crate) number: Option<String>,
    pub(crate) text: String,
    pub(crate) level: Level,
    /// How many lines it takes; 0 where the section's text follows on the same line.
    pub(crate) lines: usize,
}

/// 1 for the outermost.
#[derive(Clone, Copy)]
pub(crate) struct Level(pub(crate) u8);

impl Heading {
    /// For the text before the first heading.
    pub(crate) fn none() -> Self {
        Self {
            number: None,
            text: String::new(),
            level: Level(1),
            lines: 0,
        }
    }
}

/// The document, and what its headings up to now say about the next.
pub(crate) struct Seen<'l, 't> {
    lines: &'l [Line<'t>],
    is_markdown: bool,
    has_divisions: bool,
    last_path: Vec<u32>,
    /// How much deeper than its number says a clause is, because of the level of its marked parents.
    offset: usize,
    /// The line after the last heading.
    after_heading: usize,
}

impl<'l, 't> Seen<'l, 't> {
    pub(crate) fn new(lines: &'l [Line<'t>]) -> Self {
        let is_markdown = lines.iter().any(|line| atx(line).is_some());
        Self {
            lines,
            is_markdown,
            has_divisions: false,
            last_path: Vec::new(),
            offset: 0,
            after_heading: 0,
        }
    }

    /// The heading that begins on a line.
    pub(crate) fn heading_at(&mut self, index: usize) -> Option<Heading> {
        let line = self
            .lines
            .get(index)
            .filter(|line| !line.is_blank() && !line.is_code)?;
        let heading = match self.marked(index, line) {
            Some((text, level, lines)) => self.accept(text, Some(level), lines),
            None => self.numbered(index, line).or_else(|| self.bare(index, line))?,
        };
        self.after_heading = index + heading.lines;
        Some(heading)
    }

    /// `## Heading`, or a heading with a line of `===` or `---` below.
    fn marked(&self, index: usize, line: &Line<'t>) -> Option<(&'t str, u8, usize)> {
        if let Some((text, level)) = atx(line) {
            return Some((text, level, 1));
        }
        let underline = self.lines.get(index + 1).filter(|next| next.is_ruler())?;
        let level = match underline.text.chars().next() {
            Some('=') => 1,
            Some('-') => 2,
            _ => return None,
        };
        // Front matter stands between two rulers at the very start.
        let is_front_matter = index == 1 && self.lines.first().is_some_and(Line::is_ruler);
        (self.is_free(index) && !is_front_matter).then_some((line.text, level, 2))
    }

    /// `4. Payment`, `5.1 The Supplier shall …`, `ARTICLE IV`.
    fn numbered(&mut self, index: usize, line: &Line<'t>) -> Option<Heading> {
        let number = Number::parse(line.text)?;
        let short = self.short_paragraph(index);
        let is_section = match &number.kind {
            Kind::Path(path) => self.is_clause(index, path),
            // A word and a number alone may also begin a sentence that goes on below.
            Kind::Section | Kind::Division => {
                self.is_free(index) && (short.is_some() || !number.rest.is_empty())
            }
        };
        match short {
            _ if !is_section => None,
            Some((text, lines)) => Some(self.accept(&text, None, lines)),
            None => Some(self.accept(line.text.strip_suffix(number.rest)?, None, 0)),
        }
    }

    /// Whether a line with a number begins a clause, and not an item of a list or a line of running text.
    fn is_clause(&self, index: usize, path: &[u32]) -> bool {
        let next = self.lines.get(index + 1);
        let has_child = match next
            .and_then(|next| Number::parse(next.text))
            .map(|next| next.kind)
        {
            Some(Kind::Path(next)) => next.len() > path.len() && next.starts_with(path),
            _ => false,
        };
        if let [number] = path {
            let is_item = next.is_some_and(|next| marker(next.text).is_some()) && !has_child;
            let restarts = *number == 1 && self.has_divisions;
            let is_free = self.is_free(index) || has_child;
            !self.is_markdown && !is_item && is_free && (restarts || follows(&self.last_path, path))
        } else {
            let is_next = follows(&self.last_path, path);
            self.is_free(index) || is_next && (has_child || self.ends_sentence(index))
        }
    }

    /// A line on its own, in capitals, in title case or centred.
    fn bare(&self, index: usize, line: &Line<'t>) -> Option<Heading> {
        let text = line.text;
        let next_is_free = self
            .lines
            .get(index + 1)
            .is_none_or(|next| next.is_blank() || next.indent >= CENTRED);
        let is_sentence =
            text.ends_with(['.', ',', ';', ':', '!', '?']) || text.contains(['<', '@', '/', '|', '=']);
        // A blank line and not just a heading: the second line of a centred title is no heading of its own.
        if self.is_markdown
            || !self.is_blank_before(index)
            || !next_is_free
            || is_sentence
            || text.chars().count() > 70
            || marker(text).is_some()
        {
            return None;
        }
        let letters = || text.chars().filter(|c| c.is_alphabetic());
        let has_letters = letters().count() > 1;
        let is_capitals = letters().all(char::is_uppercase);
        let is_centred = line.indent >= CENTRED;
        let is_title = line.indent < 4 && !text.contains([',', '"', '“']) && is_title_case(text);
        let heading = || Heading {
            number: None,
            text: text.to_owned(),
            level: Level(1),
            lines: 1,
        };
        (has_letters && (is_capitals || is_centred || is_title)).then(heading)
    }

    /// Takes a heading apart, gives it its level, and remembers its number.
    fn accept(&mut self, text: &str, marked: Option<u8>, lines: usize) -> Heading {
        let number = Number::parse(text);
        let rest = number.as_ref().map_or(text, |number| number.rest);
        let level = match number.as_ref().map(|number| &number.kind) {
            Some(Kind::Path(path)) => {
                self.last_path.clone_from(path);
                if let Some(level) = marked {
                    self.offset = usize::from(level).saturating_sub(path.len());
                }
                path.len() + self.offset
            }
            Some(Kind::Section) => marked.map_or(1 + usize::from(self.has_divisions), usize::from),
            Some(Kind::Division) => {
                self.has_divisions = true;
                marked.map_or(1, usize::from)
            }
            None => marked.map_or(1, usize::from),
        };
        Heading {
            text: rest
                .trim_end_matches(['#', ' '])
                .trim_end_matches('.')
                .trim()
                .to_owned(),
            number: number.map(|number| number.label),
            level: Level(u8::try_from(level).unwrap_or(9).min(9)),
            lines,
        }
    }

    /// A paragraph short enough to be a heading, on one line, and how many lines it had.
    fn short_paragraph(&self, index: usize) -> Option<(String, usize)> {
        let rest = self.lines.get(index..)?;
        let mut words: Vec<&str> = rest
            .iter()
            .take(3)
            .take_while(|line| !line.is_blank())
            .map(|line| line.text)
            .collect();
        if words.get(1).is_some_and(|next| marker(next).is_some()) {
            // The next line begins something else, for example the first clause below a heading.
            words.truncate(1);
        }
        let text = words.join(" ");
        let says_something = text.split(' ').any(|word| VERBS.contains(&word));
        let is_title = !says_something
            && !text.ends_with([';', ':', ','])
            && (!text.ends_with('.') || is_title_case(&text))
            && text.chars().count() <= HEADING_CHARS;
        (words.len() <= 2 && is_title).then_some((text, words.len()))
    }

    /// Nothing but a blank line, code or a heading stands right before the line.
    fn is_free(&self, index: usize) -> bool {
        index == self.after_heading || self.is_blank_before(index)
    }

    fn is_blank_before(&self, index: usize) -> bool {
        let before = index.checked_sub(1).and_then(|before| self.lines.get(before));
        before.is_none_or(|before| before.is_blank() || before.is_code)
    }

    fn ends_sentence(&self, index: usize) -> bool {
        let before = index.checked_sub(1).and_then(|before| self.lines.get(before));
        before.is_some_and(|before| before.text.ends_with(['.', ';', ':']))
    }
}

/// `Revised Versions of this License`.
fn is_title_case(text: &str) -> bool {
    let words = || {
        text.split_whitespace()
            .skip_while(|word| !word.starts_with(char::is_alphabetic))
    };
    words()
        .next()
        .is_some_and(|word| word.starts_with(char::is_uppercase))
        && words().count() <= 10
        && words().all(|word| SMALL_WORDS.contains(&word) || !word.starts_with(char::is_lowercase))
}

/// A heading of Markdown: its text and level.
fn atx<'t>(line: &Line<'t>) -> Option<(&'t str, u8)> {
    let text = line.text.trim_start_matches('#');
    let level = line.text.len() - text.len();
    let is_heading = (1..=6).contains(&level) && text.starts_with(' ') && line.indent < 4 && !line.is_code;
    is_heading.then(|| (text.trim(), u8::try_from(level).unwrap_or(6)))
}
