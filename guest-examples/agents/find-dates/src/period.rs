//! Lengths of time: `within thirty (30) days`, `a 12-month term`, `at least three years`.

use crate::{Match, number};
use regex_lite::{Error, Regex};
use review_text::before;
use schemars::JsonSchema;
use serde::Serialize;

/// A length of time.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Period {
    /// How many of the unit.
    pub count: u64,
    /// `second`, `minute`, `hour`, `day`, `week`, `month`, `quarter` or `year`.
    pub unit: String,
    /// `business`, `working`, `calendar` or `consecutive`, where the text says so.
    pub counted: Option<String>,
    /// The words before that bound it: `within`, `at least`, `prior to`.
    pub bound: Option<String>,
}

const UNITS: &[&str] = &[
    "second", "minute", "hour", "day", "week", "month", "quarter", "year",
];

pub(crate) struct Periods {
    pattern: Regex,
    bound: Regex,
}

impl Periods {
    pub(crate) fn new() -> Result<Self, Error> {
        let (words, units) = (number::words_pattern(), UNITS.join("|"));
        let digits = r"\d{1,3}(?:,\d{3})+|\d{1,6}";
        let repeated = r"(?: \((\d{1,6})\))?";
        let counted = "(?:full )?(?:(business|working|calendar|consecutive)[ -])?";
        let than = "(?:(?:no|not) )?(?:later|earlier|sooner|more|less|longer|fewer) than";
        let limit = "within|at least|at most|up to|prior to|before|after|for|every|during";
        let exceed = "exceed(?:ing)?|minimum of|maximum of";
        let between = "(?: an?| the)?(?: (?:first|next|last|following|preceding|term of|period of))*";
        Ok(Self {
            pattern: Regex::new(&format!(
                r"(?i)\b(?:({digits})|({words})){repeated}[ -]{counted}({units})s?\b"
            ))?,
            bound: Regex::new(&format!(r"(?i)\b({limit}|{than}|{exceed}){between} ?$"))?,
        })
    }

    /// `lower` is the text in lower case.
    pub(crate) fn find(&self, text: &str, lower: &str) -> Vec<Match<Period>> {
        let mut found = Vec::new();
        // Most sentences name no unit, and a search for one is far quicker than the pattern.
        if !UNITS.iter().any(|unit| lower.contains(unit)) {
            return found;
        }
        for captures in self.pattern.captures_iter(text) {
            let group = |index: usize| captures.get(index).map(|group| group.as_str());
            let Some((whole, unit)) = captures.get(0).zip(group(5)) else {
                continue;
            };
            // Digits in brackets repeat the words before them, and are the safer of the two.
            let digits = group(3)
                .or_else(|| group(1))
                .and_then(|digits| digits.replace(',', "").parse().ok());
            let Some(count) = digits.or_else(|| group(2).and_then(number::words)) else {
                continue;
            };
            let bound = self
                .bound
                .captures(before(text, whole.start()))
                .and_then(|bound| bound.get(1));
            found.push(Match {
                start: whole.start(),
                end: whole.end(),
                value: Period {
                    count,
                    unit: unit.to_lowercase(),
                    counted: group(4).map(str::to_lowercase),
                    bound: bound.map(|bound| bound.as_str().to_lowercase()),
                },
            });
        }
        found
    }
}
