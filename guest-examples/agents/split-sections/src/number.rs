//! The number of a section: `4.`, `5.1`, `Section 4`, `ARTICLE IV`, `Schedule A`.

/// A number at the start of a line, and what follows it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Number<'t> {
    /// As written, without the final dot.
    pub(crate) label: String,
    pub(crate) kind: Kind,
    /// The rest of the line.
    pub(crate) rest: &'t str,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `4.` or `5.1`.
    Path(Vec<u32>),
    /// `Section 4`, `§ 4`, `Clause 4`.
    Section,
    /// `ARTICLE IV`, `Schedule A`: what holds sections, or stands beside them.
    Division,
}

impl<'t> Number<'t> {
    pub(crate) fn parse(text: &'t str) -> Option<Self> {
        Self::keyword(text).or_else(|| Self::path(text))
    }

    /// A single number needs its dot, or it is the start of a sentence: `11 of the WIPO treaty`.
    fn path(text: &'t str) -> Option<Self> {
        let end = text
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(text.len());
        let (word, rest) = text.split_at_checked(end)?;
        if !(rest.is_empty() || rest.starts_with(char::is_whitespace)) {
            return None;
        }
        let label = word.strip_suffix('.').unwrap_or(word);
        let path = numbers(label)?;
        let is_closed = path.len() > 1 || word.len() > label.len();
        is_closed.then(|| Self {
            label: label.to_owned(),
            kind: Kind::Path(path),
            rest: rest.trim_start(),
        })
    }

    fn keyword(text: &'t str) -> Option<Self> {
        let (word, after) = match text.strip_prefix('§') {
            Some(after) => ("§", after.trim_start()),
            None => text.split_once(char::is_whitespace)?,
        };
        let kind = match word.to_lowercase().as_str() {
            "§" | "section" | "clause" => Kind::Section,
            "article" | "part" | "chapter" | "schedule" | "exhibit" | "annex" | "appendix" => Kind::Division,
            _ => return None,
        };
        // A word in lower case is running text: `section 7 applies`.
        if word.starts_with(char::is_lowercase) {
            return None;
        }
        let after = after.trim_start();
        let end = after
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '.')
            .unwrap_or(after.len());
        let (name, rest) = after.split_at_checked(end)?;
        let name = name.trim_end_matches('.');
        let is_roman = !name.is_empty() && name.bytes().all(|b| b"IVXLC".contains(&b));
        let is_letter = name.len() == 1 && name.bytes().all(|b| b.is_ascii_uppercase());
        if !is_roman && !is_letter && numbers(name).is_none() {
            return None;
        }
        let rest = rest.trim_start_matches([':', '.', ')', '-', '–', '—', ' ', '\t']);
        if rest.starts_with(|c: char| c.is_lowercase() || matches!(c, ',' | '(' | ';')) {
            return None;
        }
        let label = if kind == Kind::Section {
            name.to_owned()
        } else {
            format!("{word} {name}")
        };
        Some(Self { label, kind, rest })
    }
}

fn numbers(label: &str) -> Option<Vec<u32>> {
    label
        .split('.')
        .map(|part| if part.len() <= 3 { part.parse().ok() } else { None })
        .collect()
}

/// Whether `next` may follow `last` in a document that counts without gaps: a child, a sibling, or the next
/// after a parent.
pub(crate) fn follows(last: &[u32], next: &[u32]) -> bool {
    let Some((&number, parent)) = next.split_last() else {
        return false;
    };
    match last.get(..parent.len()) {
        _ if last.is_empty() => number <= 1 && parent.iter().all(|&n| n <= 1),
        Some(same) if same == parent => match last.get(parent.len()) {
            Some(&before) => number == before + 1,
            None => number <= 1,
        },
        // `2.1` may come right after `1.7`, where chapters have no line of their own.
        _ => {
            number == 1
                && parent.len() == 1
                && last.first().zip(parent.first()).is_some_and(|(a, b)| *b == a + 1)
        }
    }
}
