//! Runs the agents of `review.yaml` natively on the shipped document, in the order of the graph, and holds
//! them to the files in `expected/`; and those to what a person found in the document.
//!
//! `BLESS=1 cargo test -p review-tests` writes the expected files anew. Read their diff before committing it.

#![expect(
    clippy::panic,
    reason = "the helpers of a test say what went wrong by panicking"
)]

use hap_guest::Agent;
use hap_guest::testing::Host;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What a node of the graph does: it sees the keys it reads, and its output is merged into the context.
fn node<A: Agent>(context: &mut Map<String, Value>, reads: &[&str], params: Value) {
    let view: Map<String, Value> = reads
        .iter()
        .filter_map(|key| context.get(*key).map(|value| ((*key).to_owned(), value.clone())))
        .collect();
    let call = Host::new()
        .node(A::MANIFEST.name)
        .invoke::<A>(Value::Object(view), params);
    let output = call
        .result
        .unwrap_or_else(|error| panic!("{}: {error}", A::MANIFEST.name));
    let Value::Object(output) = output else {
        panic!("{} answers with an object", A::MANIFEST.name)
    };
    context.extend(output);
}

/// The review of a text, as `review.yaml` runs it.
fn review(text: &str) -> Map<String, Value> {
    let mut context = Map::from_iter([("text".to_owned(), json!(text))]);
    let (text_only, both) = (["text"], ["text", "sections"]);
    node::<split_sections::SplitSectionsAgent>(&mut context, &text_only, json!({}));
    node::<find_terms::FindTermsAgent>(&mut context, &both, json!({}));
    node::<find_duties::FindDutiesAgent>(&mut context, &both, json!({}));
    node::<find_dates::FindDatesAgent>(&mut context, &both, json!({}));
    node::<readability::ReadabilityAgent>(&mut context, &both, json!({}));
    let findings = ["title", "sections", "terms", "duties", "dates", "readability"];
    node::<write_brief::WriteBriefAgent>(&mut context, &findings, json!({ "hardest": 5 }));
    context
}

#[test]
fn the_findings_are_the_expected_ones() {
    let context = review(&read("documents/GPL-3.txt"));
    let mut wrong = Vec::new();
    for key in ["sections", "terms", "duties", "dates", "readability"] {
        let text = serde_json::to_string_pretty(&json!({ key: context[key] })).expect("a value is JSON");
        wrong.extend(differs(&format!("expected/{key}.json"), &format!("{text}\n")));
    }
    wrong.extend(differs(
        "expected/brief.md",
        context["brief"].as_str().expect("a brief is text"),
    ));
    assert!(
        wrong.is_empty(),
        "not as expected: {wrong:?}; BLESS=1 writes them anew"
    );
}

/// The path, where the file is not what it should be.
fn differs(path: &str, content: &str) -> Option<String> {
    if std::env::var_os("BLESS").is_some() {
        fs::write(root().join(path), content).unwrap_or_else(|error| panic!("{path}: {error}"));
    }
    (read(path) != content).then(|| path.to_owned())
}

/// What a person found, one finding a line, the line number first. `#` begins a comment.
fn by_hand(path: &str) -> BTreeSet<String> {
    let lines = read(&format!("expected/by-hand/{path}"));
    lines
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(str::to_owned)
        .collect()
}

fn list<'c>(context: &'c Map<String, Value>, path: &[&str]) -> &'c Vec<Value> {
    let (first, rest) = path.split_first().expect("a path has a key");
    let value = rest.iter().fold(&context[*first], |value, key| &value[*key]);
    value.as_array().unwrap_or_else(|| panic!("{path:?} is a list"))
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

/// Compares with what a person found: nothing but the known errors is missed or found in excess.
fn compare(found: &BTreeSet<String>, by_hand: &BTreeSet<String>, missed: &[&str], in_excess: &[&str]) {
    let difference =
        |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).cloned().collect::<Vec<_>>();
    assert_eq!(difference(by_hand, found), missed, "missed");
    assert_eq!(difference(found, by_hand), in_excess, "in excess");
}

#[test]
fn every_section_is_found() {
    let context = review(&read("documents/GPL-3.txt"));
    let line = |s: &Value| {
        format!("{} {} {}", s["first_line"], text(s, "number"), text(s, "heading")).replace("  ", " ")
    };
    compare(
        &list(&context, &["sections"]).iter().map(line).collect(),
        &by_hand("sections.txt"),
        &[],
        &[],
    );
}

#[test]
fn every_defined_term_is_found() {
    let context = review(&read("documents/GPL-3.txt"));
    let names = |term: &Value| {
        let aliases = term["aliases"].as_array().into_iter().flatten();
        let names = [&term["term"]].into_iter().chain(aliases);
        names
            .map(|name| format!("{} {}", term["line"], name.as_str().unwrap_or_default()))
            .collect::<Vec<_>>()
    };
    let found = list(&context, &["terms", "defined"])
        .iter()
        .flat_map(names)
        .collect();
    compare(&found, &by_hand("terms.txt"), &[], &[]);
}

#[test]
fn duties_are_found_but_for_known_errors() {
    let context = review(&read("documents/GPL-3.txt"));
    let line = |duty: &Value| format!("{} {}", duty["line"], text(duty, "kind"));
    let found: BTreeSet<String> = list(&context, &["duties"]).iter().map(line).collect();
    // Missed: permissions and exemptions in words that have no modal phrase.
    let missed = [
        "158 permission",
        "329 exemption",
        "581 permission",
        "585 exemption",
        "637 permission",
    ];
    // In excess: `may` of what is possible, or of what somebody else is told.
    let in_excess = [
        "107 permission",
        "537 permission",
        "584 permission",
        "671 permission",
        "82 permission",
    ];
    compare(&found, &by_hand("duties.txt"), &missed, &in_excess);
}

#[test]
fn every_date_and_period_is_found() {
    let context = review(&read("documents/GPL-3.txt"));
    let date = |date: &Value| format!("{} {}", date["line"], text(date, "iso"));
    let period = |period: &Value| format!("{} {} {}", period["line"], period["count"], text(period, "unit"));
    let dates = list(&context, &["dates", "dates"]).iter().map(date);
    let found = dates
        .chain(list(&context, &["dates", "periods"]).iter().map(period))
        .collect();
    compare(&found, &by_hand("dates.txt"), &[], &[]);
    assert!(
        list(&context, &["dates", "amounts"]).is_empty()
            && list(&context, &["dates", "percentages"]).is_empty()
    );
}

#[test]
fn any_text_is_reviewed_and_twice_the_same() {
    let odd = "\u{feff}Ünïcode\r\n\r\n# 見出し\r\n\r\nYou must 支払う within 3 days.\r\n\u{0}\u{1b}[31m\r\n";
    for text in [
        "",
        "\r\n",
        odd,
        &"no end ".repeat(10_000),
        &"\n".repeat(10_000),
        &"# a\n".repeat(5_000),
    ] {
        assert_eq!(review(text)["brief"], review(text)["brief"]);
    }
}
