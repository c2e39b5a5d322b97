//! The forms of a value, and what is none.

use super::{Input, Values, find_dates};

fn values(text: &str) -> Values {
    find_dates(Input {
        text: text.to_owned(),
        sections: Vec::new(),
    })
    .expect("any text has values")
    .dates
}

fn dates(text: &str) -> Vec<String> {
    values(text)
        .dates
        .into_iter()
        .map(|date| date.value.iso.unwrap_or_else(|| format!("? {}", date.text)))
        .collect()
}

fn periods(text: &str) -> Vec<String> {
    let line = |period: &super::period::Period| {
        let (counted, bound) = (
            period.counted.as_deref().unwrap_or("-"),
            period.bound.as_deref().unwrap_or("-"),
        );
        format!("{} {} {counted} {bound}", period.count, period.unit)
    };
    values(text)
        .periods
        .iter()
        .map(|period| line(&period.value))
        .collect()
}

fn amounts(text: &str) -> Vec<String> {
    values(text)
        .amounts
        .iter()
        .map(|found| format!("{} {}", found.value.currency, found.value.amount))
        .collect()
}

fn percentages(text: &str) -> Vec<String> {
    values(text)
        .percentages
        .into_iter()
        .map(|found| found.value.percent)
        .collect()
}

#[test]
fn dates_in_every_form() {
    assert_eq!(
        dates("2024-02-29, 29 June 2007, June 29th, 2007 and 1st day of\nMay, 2024"),
        ["2024-02-29", "2007-06-29", "2007-06-29", "2024-05-01"]
    );
    assert_eq!(
        dates("Sept. 2024; 5 Dec 1999; MARCH 3, 2001; may 2020"),
        ["2024-09", "1999-12-05", "2001-03-03", "2020-05"]
    );
    assert_eq!(
        dates("31.12.2024, 31/12/2024, 12/31/2024, 1/2/2024, 30 February 2024"),
        [
            "2024-12-31",
            "2024-12-31",
            "2024-12-31",
            "? 1/2/2024",
            "? 30 February 2024"
        ]
    );
    assert!(dates("You may 2 times; version 3.1.2007b; in 2007; 12-34-2000; section 2.4.2").is_empty());
}

#[test]
fn periods_with_their_bounds() {
    assert_eq!(
        periods("within thirty (30) days, at least three years, no later than 5 business days"),
        [
            "30 day - within",
            "3 year - at least",
            "5 day business no later than"
        ]
    );
    assert_eq!(
        periods("a 12-month term; for a period of\ntwenty-four hours; prior to 60 days after"),
        ["12 month - -", "24 hour - for", "60 day - prior to"]
    );
    assert_eq!(
        periods("one hundred and twenty calendar days, 1,000 hours"),
        ["120 day calendar -", "1000 hour - -"]
    );
    assert!(periods("some days; years; the day; 7 apples").is_empty());
}

#[test]
fn amounts_and_percentages() {
    assert_eq!(
        amounts("$1,000.00, US$ 5 million, EUR 1.000,50, £10k and CHF 12'000"),
        [
            "USD 1000.00",
            "USD 5000000",
            "EUR 1000.50",
            "GBP 10000",
            "CHF 12000"
        ]
    );
    assert_eq!(
        amounts("fifty dollars ($50.00); 100 euros; 5 € or 2.5 billion yen"),
        ["USD 50", "EUR 100", "EUR 5", "JPY 2500000000"]
    );
    assert_eq!(
        values("fifty dollars ($50.00).").amounts[0].text,
        "fifty dollars ($50.00)"
    );
    assert_eq!(
        percentages("fifty percent (50%), 12.5 %, 3 per cent or five percentage points"),
        ["50", "12.5", "3", "5"]
    );
    assert!(amounts("costume 5 eurozone, $ and pounds; USDA 5").is_empty());
}

#[test]
fn values_know_their_lines() {
    let found = values("# Title, 1 May 2024\n\nText\r\nand 5\r\ndays.");
    assert_eq!((found.dates[0].line, found.periods[0].line), (1, 4));
    assert_eq!(found.periods[0].sentence, "Text and 5 days.");
}

#[test]
fn any_text_is_fine() {
    for text in [
        "",
        "$",
        "99999999999999999999 days",
        "99999999999 €",
        "one thousand thousand thousand thousand days",
        &"thirty days 5% $5 ".repeat(5000),
    ] {
        let _ = values(text);
    }
}
