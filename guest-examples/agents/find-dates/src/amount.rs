//! Amounts of money and percentages. A value that is repeated in brackets, `fifty dollars ($50)`, counts once.

use crate::{Match, number};
use regex_lite::{Captures, Error, Regex};
use schemars::JsonSchema;
use serde::Serialize;

/// An amount of money.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Amount {
    /// The ISO 4217 code. A lone `$` counts as USD.
    pub currency: String,
    /// A decimal with a dot, exactly as precise as in the text.
    pub amount: String,
}

/// A percentage.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Percentage {
    /// A decimal with a dot: `12.5` for 12.5 %.
    pub percent: String,
}

const CODES: &str =
    "USD|EUR|GBP|CHF|JPY|CNY|INR|CAD|AUD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|BRL|MXN|ZAR|SGD|HKD|KRW|TRY|ILS";

/// What stands for a currency, in lower case.
const CURRENCIES: &[(&str, &str)] = &[
    ("$", "USD"),
    ("us$", "USD"),
    ("us dollar", "USD"),
    ("dollar", "USD"),
    ("ca$", "CAD"),
    ("c$", "CAD"),
    ("canadian dollar", "CAD"),
    ("a$", "AUD"),
    ("australian dollar", "AUD"),
    ("€", "EUR"),
    ("euro", "EUR"),
    ("£", "GBP"),
    ("pound sterling", "GBP"),
    ("pounds sterling", "GBP"),
    ("swiss franc", "CHF"),
    ("¥", "JPY"),
    ("yen", "JPY"),
    ("₹", "INR"),
    ("rupee", "INR"),
];

pub(crate) struct Amounts {
    pattern: Regex,
}

impl Amounts {
    pub(crate) fn new() -> Result<Self, Error> {
        let digits = r"\d+(?:[.,'’]\d+)*";
        let scale = r"(?: ?(thousand|million|billion|k|m|bn)\b)?";
        let words = number::words_pattern();
        let names =
            r"US dollar|Canadian dollar|Australian dollar|dollar|euro|pounds? sterling|Swiss franc|yen|rupee";
        let symbols = r"US\$|CA\$|C\$|A\$|\$|€|£|¥|₹";
        let before = format!(r"({symbols}|\b(?:{CODES}))[ \x{{a0}}]?({digits}){scale}");
        let number = format!(r"(?:\b({digits})|\b({words})){scale}");
        let after = format!(r"{number}[ -]?(?:({names})s?\b|(€|£)|\b({CODES})\b)");
        Ok(Self {
            pattern: Regex::new(&format!("(?i)(?:{before}|{after})"))?,
        })
    }

    /// `lower` is the text in lower case.
    pub(crate) fn find(&self, text: &str, lower: &str) -> Vec<Match<Amount>> {
        // Most sentences name no currency, and a search for one is far quicker than the pattern.
        let codes = || CODES.split('|').any(|code| lower.contains(&code.to_lowercase()));
        if !CURRENCIES.iter().any(|(name, _)| lower.contains(name)) && !codes() {
            return Vec::new();
        }
        let amount = |captures: &Captures<'_>| {
            let group = |index: usize| captures.get(index).map(|group| group.as_str());
            let name = [1, 7, 8, 9].into_iter().find_map(group)?;
            let value = match [2, 4].into_iter().find_map(group) {
                Some(digits) => number::decimal(digits),
                None => number::words(group(5)?)?.to_string(),
            };
            let places = match [3, 6]
                .into_iter()
                .find_map(group)
                .map(str::to_lowercase)
                .as_deref()
            {
                Some("thousand" | "k") => 3,
                Some("million" | "m") => 6,
                Some("billion" | "bn") => 9,
                _ => 0,
            };
            let amount = if places == 0 {
                value
            } else {
                number::shift(&value, places)
            };
            Some(Amount {
                currency: currency(name),
                amount,
            })
        };
        find(&self.pattern, text, amount, |a, b| {
            a.currency == b.currency && is_equal(&a.amount, &b.amount)
        })
    }
}

fn currency(name: &str) -> String {
    let lower = name.to_lowercase();
    let known = CURRENCIES.iter().find(|(known, _)| *known == lower);
    known.map_or_else(|| name.to_uppercase(), |(_, code)| (*code).to_owned())
}

pub(crate) struct Percentages {
    pattern: Regex,
}

impl Percentages {
    pub(crate) fn new() -> Result<Self, Error> {
        let words = number::words_pattern();
        let pattern =
            format!(r"(?i)\b(?:(\d+(?:[.,]\d+)*)|({words}))(?: ?%| per ?cent\b| percentage points?\b)");
        Ok(Self {
            pattern: Regex::new(&pattern)?,
        })
    }

    /// `lower` is the text in lower case.
    pub(crate) fn find(&self, text: &str, lower: &str) -> Vec<Match<Percentage>> {
        if !lower.contains('%') && !lower.contains("cent") {
            return Vec::new();
        }
        let percentage = |captures: &Captures<'_>| {
            let percent = match captures.get(1) {
                Some(digits) => number::decimal(digits.as_str()),
                None => number::words(captures.get(2)?.as_str())?.to_string(),
            };
            Some(Percentage { percent })
        };
        find(&self.pattern, text, percentage, |a, b| {
            is_equal(&a.percent, &b.percent)
        })
    }
}

/// All values of a pattern; one that repeats the last one in brackets is part of it.
fn find<V>(
    pattern: &Regex,
    text: &str,
    value: impl Fn(&Captures<'_>) -> Option<V>,
    is_same: impl Fn(&V, &V) -> bool,
) -> Vec<Match<V>> {
    let mut found: Vec<Match<V>> = Vec::new();
    for captures in pattern.captures_iter(text) {
        let Some((whole, value)) = captures.get(0).zip(value(&captures)) else {
            continue;
        };
        let (start, end) = (whole.start(), whole.end());
        if let Some(last) = found.last_mut()
            && text
                .get(last.end..start)
                .is_some_and(|between| between.trim_start() == "(")
            && is_same(&last.value, &value)
        {
            last.end = end + usize::from(text.get(end..).is_some_and(|rest| rest.starts_with(')')));
            continue;
        }
        found.push(Match { start, end, value });
    }
    found
}

/// `50` and `50.00` are the same.
fn is_equal(a: &str, b: &str) -> bool {
    let plain = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    plain(a) == plain(b)
}
