//! Days and months of a year.

use crate::Match;
use regex_lite::{Captures, Error, Regex};
use schemars::JsonSchema;
use serde::Serialize;

const MONTHS: &[&str] = &[
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// A day or a month.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Date {
    /// `2007-06-29`, or `2007-06` for a month; absent where day and month cannot be told apart, or the
    /// calendar has no such day.
    pub iso: Option<String>,
}

pub(crate) struct Dates {
    pattern: Regex,
}

impl Dates {
    pub(crate) fn new() -> Result<Self, Error> {
        let ending = "(?:uary|ruary|ch|il|e|y|ust|t|tember|ober|ember)?";
        let month = format!(r"(?i:({}){ending}\.?)", MONTHS.join("|"));
        let (day, year) = (r"(\d{1,2})(?:st|nd|rd|th)?", r"(\d{4})\b");
        // The numbers of the groups are those that `iso` reads.
        let forms = [
            r"(\d{4})-(\d{2})-(\d{2})\b".to_owned(),
            format!("{day}(?: day)?(?: of)? {month},? {year}"),
            format!("{month} {day},? {year}"),
            format!("{month},? {year}"),
            format!(r"(\d{{1,2}})([./])(\d{{1,2}})([./]){year}"),
        ];
        Ok(Self {
            pattern: Regex::new(&format!(r"\b(?:{})", forms.join("|")))?,
        })
    }

    pub(crate) fn find(&self, text: &str) -> Vec<Match<Date>> {
        // Most sentences have no digit, and a search for one is far quicker than the pattern.
        let found = self
            .pattern
            .captures_iter(if text.contains(|c: char| c.is_ascii_digit()) {
                text
            } else {
                ""
            });
        let date = |captures: Captures<'_>| {
            let whole = captures.get(0)?;
            Some(Match {
                start: whole.start(),
                end: whole.end(),
                value: Date { iso: iso(&captures) },
            })
        };
        found.filter_map(date).collect()
    }
}

fn iso(captures: &Captures<'_>) -> Option<String> {
    let group = |index: usize| captures.get(index).map(|group| group.as_str());
    let number = |index: usize| group(index).and_then(|digits| digits.parse::<u32>().ok());
    let month = |index: usize| {
        let name = group(index)?.to_lowercase();
        u32::try_from(MONTHS.iter().position(|month| *month == name)? + 1).ok()
    };
    if group(1).is_some() {
        day(number(1)?, number(2)?, number(3)?)
    } else if group(4).is_some() {
        day(number(6)?, month(5)?, number(4)?)
    } else if group(8).is_some() {
        day(number(9)?, month(7)?, number(8)?)
    } else if group(10).is_some() {
        Some(format!("{:04}-{:02}", number(11)?, month(10)?))
    } else {
        let (first, second, year) = (number(12)?, number(14)?, number(16)?);
        // With dots the day comes first everywhere; with strokes only a number above 12 tells.
        match (group(13)?, group(15)?) {
            (".", ".") => day(year, second, first),
            ("/", "/") if first > 12 => day(year, second, first),
            ("/", "/") if second > 12 => day(year, first, second),
            _ => None,
        }
    }
}

/// The day, where the calendar has it.
fn day(year: u32, month: u32, day: u32) -> Option<String> {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days)
        .contains(&day)
        .then(|| format!("{year:04}-{month:02}-{day:02}"))
}
