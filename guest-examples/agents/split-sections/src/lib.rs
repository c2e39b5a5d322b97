//! Splits a document into its sections: headings of Markdown and plain text, and numbered clauses.
//!
//! A section holds lines and not text, so that nothing of the document is copied into the graph's context.

mod heading;
mod number;

use hap_guest::Result;
use heading::{Heading, Level, Seen};
use review_text::{Line, Section, line_number, lines};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The document to split.
#[derive(Deserialize, JsonSchema)]
pub struct Input {
    /// Plain text or Markdown.
    pub text: String,
}

/// Where its sections are.
#[derive(Serialize, JsonSchema)]
pub struct Output {
    /// In the order of the document. Text before the first heading is a section without heading.
    pub sections: Vec<Section>,
}

/// Splits a document into its sections, by Markdown and plain headings and by numbered clauses.
#[hap_guest::agent(read_only, idempotent)]
pub fn split_sections(input: Input) -> Result<Output> {
    let lines = lines(&input.text);
    let mut seen = Seen::new(&lines);
    let mut sections: Vec<Section> = Vec::new();
    let mut index = 0;
    while let Some(line) = lines.get(index) {
        if let Some(heading) = seen.heading_at(index) {
            sections.push(section(sections.len(), index, &heading));
            index += heading.lines.max(1);
            continue;
        }
        if sections.is_empty() && !line.is_blank() {
            sections.push(section(0, index, &Heading::none()));
        }
        index += 1;
    }
    close(&mut sections, &lines);
    Ok(Output { sections })
}

fn section(before: usize, index: usize, heading: &Heading) -> Section {
    let Level(level) = heading.level;
    Section {
        id: format!("s{}", before + 1),
        number: heading.number.clone(),
        heading: heading.text.clone(),
        level,
        first_line: line_number(index),
        body_line: line_number(index + heading.lines),
        last_line: line_number(index),
    }
}

/// Lets each section end at its last line with text before the next section.
fn close(sections: &mut [Section], lines: &[Line<'_>]) {
    let mut end = lines.len();
    for section in sections.iter_mut().rev() {
        let start = section.first_line as usize - 1;
        let body = lines.get(start..end).unwrap_or_default();
        let trailing = body.iter().rev().take_while(|line| line.text.is_empty()).count();
        section.last_line = line_number((end - trailing).max(start + 1) - 1);
        section.body_line = section.body_line.min(section.last_line + 1);
        end = start;
    }
}

#[cfg(test)]
mod tests;
