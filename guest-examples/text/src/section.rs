//! A section of a document: what `split-sections` makes and the other agents cite.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A section: a heading or number, and the lines up to the next one. Subsections are sections of their own,
/// so each line of the document is in one section at most.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub struct Section {
    /// Unique in the document: `s1`, `s2`, … in order.
    pub id: String,
    /// The number as written, without its final dot: `4`, `5.1`, `ARTICLE IV`, `Schedule A`.
    pub number: Option<String>,
    /// The heading without its number; empty where a clause has only a number.
    pub heading: String,
    /// 1 for the outermost.
    pub level: u8,
    /// The line of the heading, counted from 1.
    pub first_line: u32,
    /// The first line after the heading; equal to `first_line` where the text follows the number at once.
    pub body_line: u32,
    /// The last line, counted from 1.
    pub last_line: u32,
}

impl Section {
    /// What a reader calls it: `5.1`, `4 Conveying Verbatim Copies`, `Preamble`.
    #[must_use]
    pub fn label(&self) -> String {
        let number = self.number.as_deref().unwrap_or_default();
        format!("{number} {}", self.heading.trim_end_matches('.'))
            .trim()
            .to_owned()
    }
}

/// The section that holds a line. The sections must be in the order of their lines.
#[must_use]
pub fn section_at(sections: &[Section], line: u32) -> Option<&Section> {
    let after = sections.partition_point(|section| section.first_line <= line);
    sections
        .get(after.checked_sub(1)?)
        .filter(|section| line <= section.last_line)
}
