//! Writes the findings of a document review as one page of Markdown, each with the line it comes from.
//!
//! It names only what it reads of the other agents' findings, so they may grow, and be written by anybody in
//! any language. A finding that is missing is left out: a review without dates is still a review.

mod findings;
mod markdown;
mod page;

use findings::{Duty, Readability, Section, Terms, Values};
use hap_guest::{Context, Result, log};
use page::Page;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The findings.
#[derive(Deserialize, JsonSchema)]
pub struct Input {
    /// What to call the document; else its first heading is used.
    pub title: Option<String>,
    /// From `split-sections`.
    #[serde(default)]
    pub sections: Vec<Section>,
    /// From `find-terms`.
    pub terms: Option<Terms>,
    /// From `find-duties`.
    pub duties: Option<Vec<Duty>>,
    /// From `find-dates`.
    pub dates: Option<Values>,
    /// From `readability`.
    pub readability: Option<Readability>,
}

/// The node's settings.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Params {
    /// How many of the hardest sections to list.
    hardest: usize,
}

impl Default for Params {
    fn default() -> Self {
        Self { hardest: 5 }
    }
}

/// The page.
#[derive(Serialize, JsonSchema)]
pub struct Output {
    /// Markdown.
    pub brief: String,
}

/// Writes the findings of a document review as one page of Markdown.
#[hap_guest::agent(read_only, idempotent)]
pub fn write_brief(input: Input, cx: &Context) -> Result<Output> {
    let params: Params = cx.params()?;
    let mut page = Page::new(input.title.as_deref(), &input.sections);
    page.summary(&input);
    match &input.duties {
        Some(duties) => page.duties(duties),
        None => log::warn("no duties: is find-duties before this node in the graph?"),
    }
    if let Some(dates) = &input.dates {
        page.values(dates);
    }
    if let Some(terms) = &input.terms {
        page.terms(terms);
    }
    if let Some(readability) = &input.readability {
        page.readability(readability, params.hardest);
    }
    Ok(Output { brief: page.finish() })
}

#[cfg(test)]
mod tests;
