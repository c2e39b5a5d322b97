//! Finds dates, periods, amounts of money and percentages, and writes each in one normal form.
//!
//! English forms and ISO dates. A value that the text leaves open, such as the date 1/2/2024, stays open.

mod amount;
mod date;
mod number;
mod period;

use hap_guest::Result;
use review_text::{Section, Sentence, around, section_at, sentences};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The document.
#[derive(Deserialize, JsonSchema)]
pub struct Input {
    /// Plain text or Markdown.
    pub text: String,
    /// Its sections, as `split-sections` finds them.
    #[serde(default)]
    pub sections: Vec<Section>,
}

/// What was found.
#[derive(Serialize, JsonSchema)]
pub struct Output {
    /// The values of the document.
    pub dates: Values,
}

/// The values of a document, each list in its order.
#[derive(Serialize, JsonSchema)]
pub struct Values {
    /// Days and months of a year.
    pub dates: Vec<Found<date::Date>>,
    /// Lengths of time.
    pub periods: Vec<Found<period::Period>>,
    /// Amounts of money.
    pub amounts: Vec<Found<amount::Amount>>,
    /// Percentages.
    pub percentages: Vec<Found<amount::Percentage>>,
}

/// A value and where it stands.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Found<V> {
    /// As the document writes it.
    pub text: String,
    /// In a normal form.
    #[serde(flatten)]
    pub value: V,
    /// The line where it begins.
    pub line: u32,
    /// The id of the section.
    pub section: Option<String>,
    /// The sentence around it, cut where it is long.
    pub sentence: String,
}

/// Finds dates, periods, amounts of money and percentages.
#[hap_guest::agent(read_only, idempotent)]
pub fn find_dates(input: Input) -> Result<Output> {
    let (dates, periods) = (date::Dates::new()?, period::Periods::new()?);
    let (amounts, percentages) = (amount::Amounts::new()?, amount::Percentages::new()?);
    let mut values = Values {
        dates: vec![],
        periods: vec![],
        amounts: vec![],
        percentages: vec![],
    };
    // Without sections, so that headings are read too: titles carry dates.
    for sentence in &sentences(&input.text, &[]) {
        let text = sentence.text.as_str();
        let lower = text.to_lowercase();
        values
            .dates
            .extend(place(dates.find(text), sentence, &input.sections));
        values
            .periods
            .extend(place(periods.find(text, &lower), sentence, &input.sections));
        values
            .amounts
            .extend(place(amounts.find(text, &lower), sentence, &input.sections));
        values
            .percentages
            .extend(place(percentages.find(text, &lower), sentence, &input.sections));
    }
    Ok(Output { dates: values })
}

/// A value in a sentence.
struct Match<V> {
    start: usize,
    end: usize,
    value: V,
}

fn place<V>(
    found: Vec<Match<V>>,
    sentence: &Sentence,
    sections: &[Section],
) -> impl Iterator<Item = Found<V>> {
    found.into_iter().map(move |found| {
        let line = sentence.line_at(found.start);
        Found {
            text: sentence
                .text
                .get(found.start..found.end)
                .unwrap_or_default()
                .to_owned(),
            value: found.value,
            line,
            section: section_at(sections, line).map(|section| section.id.clone()),
            sentence: around(&sentence.text, found.start, found.end),
        }
    })
}

#[cfg(test)]
mod tests;
