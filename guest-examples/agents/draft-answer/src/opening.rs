//! How an answer begins: it shows that the message was read.

use crate::{Bug, Input, Values};
use review_text::excerpt;
use std::fmt::Write;

pub(crate) fn greeting(input: &Input) -> String {
    let name = input.sender.as_ref().and_then(|sender| sender.name.as_deref());
    match name.and_then(|name| name.split_whitespace().next()) {
        Some(first) => format!("Hello {first},"),
        None => "Hello,".to_owned(),
    }
}

pub(crate) fn first(input: &Input) -> String {
    if let Some(bug) = &input.bug {
        return report(bug);
    }
    if let Some(values) = &input.dates {
        return money(values);
    }
    if input.kind == "praise" {
        return "thank you for your kind words! Everybody here has read them, and they make our day."
            .to_owned();
    }
    let questions = input
        .gist
        .as_ref()
        .map(|gist| gist.questions.as_slice())
        .unwrap_or_default();
    match questions.first() {
        Some(question) => format!("thank you for asking: “{}”", excerpt(question)),
        None => "thank you for your message.".to_owned(),
    }
}

fn report(bug: &Bug) -> String {
    let mut text = "thank you for the report".to_owned();
    // Writing to a string does not fail.
    if let Some(error) = &bug.error {
        let _ = write!(text, ". We see “{}”", excerpt(error));
        if let Some(version) = bug.versions.first() {
            let _ = write!(text, " in version {version}");
        }
        if let Some(system) = bug.systems.first() {
            let _ = write!(text, " on {system}");
        }
        text.push_str(", and somebody looks at it now.");
    } else {
        text.push_str(". Somebody looks at it now.");
    }
    text
}

fn money(values: &Values) -> String {
    let mut amounts: Vec<String> = Vec::new();
    for amount in &values.amounts {
        let text = format!("{} {}", amount.amount, amount.currency);
        if !amounts.contains(&text) {
            amounts.push(text);
        }
    }
    if amounts.is_empty() {
        return "thank you for writing to us about your account.".to_owned();
    }
    format!("thank you for writing to us about {}.", amounts.join(" and "))
}
