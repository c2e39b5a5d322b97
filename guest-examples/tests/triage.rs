//! Runs the agents of `triage.yaml` natively on the shipped mailbox, on the way that the graph would take, and holds
//! the report to the file in `expected/`, and the kinds of the messages to what a person says they are.
//!
//! `BLESS=1 cargo test -p review-tests` writes the expected report anew. Read its diff before committing it.

#![expect(
    clippy::panic,
    reason = "the helpers of a test say what went wrong by panicking"
)]

use hap_guest::testing::Host;
use hap_guest::{Agent, Error, ErrorKind, Result};
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

/// A host that grants the documents of the support desk.
fn host() -> Host {
    let mut host = Host::new().resource("customers.json", read("documents/support/customers.json"));
    let articles = root().join("documents/support/articles");
    for entry in fs::read_dir(articles).unwrap_or_else(|error| panic!("articles: {error}")) {
        let name = entry
            .unwrap_or_else(|error| panic!("articles: {error}"))
            .file_name();
        let name = format!("articles/{}", name.to_string_lossy());
        host = host.resource(&name, read(&format!("documents/support/{name}")));
    }
    host
}

/// What the nodes before left behind.
struct Case(Map<String, Value>);

impl Case {
    /// What a node of the graph does: it sees the keys that it reads, and its output is merged or, under a key with
    /// a reducer, folded.
    fn node<A: Agent>(&mut self, host: Host, reads: &[&str], params: Value) -> Result<()> {
        let view = reads
            .iter()
            .filter_map(|key| Some(((*key).to_owned(), self.0.get(*key)?.clone())));
        let output = host
            .node(A::MANIFEST.name)
            .invoke::<A>(Value::Object(view.collect()), params)
            .result?;
        let Value::Object(output) = output else {
            panic!("{} answers with an object", A::MANIFEST.name)
        };
        for (key, new) in output {
            let old = self.0.remove(&key);
            let value = match key.as_str() {
                "urgency" => json!(old.and_then(|old| old.as_u64()).unwrap_or(0) + new.as_u64().unwrap_or(0)),
                "tags" | "cuts" => {
                    let mut list = old.and_then(|old| old.as_array().cloned()).unwrap_or_default();
                    for value in new.as_array().into_iter().flatten() {
                        if key == "cuts" || !list.contains(value) {
                            list.push(value.clone());
                        }
                    }
                    json!(list)
                }
                _ => new,
            };
            self.0.insert(key, value);
        }
        Ok(())
    }

    fn text(&self, key: &str) -> &str {
        self.0.get(key).and_then(Value::as_str).unwrap_or_default()
    }
}

/// The way of one message through the graph `one-message`.
fn one_message(message: Value) -> Result<Map<String, Value>> {
    let mut case = Case(Map::from_iter([("message".to_owned(), message)]));
    case.node::<clean_message::CleanMessageAgent>(host(), &["message"], json!({}))?;
    let reads = ["subject", "text", "automatic"];
    case.node::<classify::ClassifyAgent>(host(), &reads, json!({ "least_confidence": 0.4 }))?;
    match case.text("kind") {
        "bug" => case.node::<find_trace::FindTraceAgent>(host(), &["text"], json!({}))?,
        "billing" => case.node::<find_dates::FindDatesAgent>(host(), &["text"], json!({}))?,
        "spam" => {
            case.node::<find_links::FindLinksAgent>(host(), &["text"], json!({}))?;
            return Ok(case.0);
        }
        _ => case.node::<gist::GistAgent>(host(), &["subject", "text"], json!({ "sentences": 2 }))?,
    }
    if case.text("kind") == "automatic" {
        return Ok(case.0);
    }
    look_up(&mut case)?;
    let reads = [
        "sender", "subject", "text", "kind", "bug", "dates", "gist", "customer",
    ];
    let params = json!({ "team": "Kelpbox support", "articles": 1 });
    case.node::<draft_answer::DraftAnswerAgent>(host(), &reads, params)?;
    for _ in 0..20 {
        let cuts = case.0.get("cuts").cloned();
        if case.0.get("words").and_then(Value::as_u64) <= Some(120) {
            break;
        }
        case.node::<shorten::ShortenAgent>(host(), &["answer"], json!({ "keep_first": 2, "keep_last": 1 }))?;
        if case.0.get("cuts") == cuts.as_ref() {
            break;
        }
    }
    Ok(case.0)
}

/// Four attempts, then the guess.
fn look_up(case: &mut Case) -> Result<()> {
    let down = ["harbour-legal.example"];
    let simulate = json!({ "busy_attempts": 2, "busy_one_in": 3, "retry_after_ms": 20, "down_for": down });
    let params = json!({ "directory": "customers.json", "simulate": simulate });
    for attempt in 1..=4 {
        let host = host().attempt(attempt);
        match case.node::<look_up::LookUpAgent>(host, &["sender"], params.clone()) {
            Err(error) if matches!(error.kind(), ErrorKind::Unavailable { .. }) => {}
            done => return done,
        }
    }
    let owners = json!({ "bug": "Paul Winter", "billing": "Ines Duarte" });
    let params = json!({ "owners": owners, "otherwise": "Front desk" });
    case.node::<guess_owner::GuessOwnerAgent>(host(), &["kind"], params)
}

/// The mailbox, as `triage.yaml` works on it.
fn triage(mailbox: &str) -> Result<Map<String, Value>> {
    let mut run = Case(Map::from_iter([("mailbox".to_owned(), json!(mailbox))]));
    run.node::<split_mailbox::SplitMailboxAgent>(host(), &["mailbox"], json!({}))?;
    let messages = run
        .0
        .get("messages")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let cases: Vec<Option<Map<String, Value>>> = messages
        .into_iter()
        .map(|message| one_message(message).ok())
        .collect();
    run.0.insert("cases".to_owned(), json!(cases));
    let params = json!({ "title": "Support mail" });
    run.node::<write_report::WriteReportAgent>(host(), &["messages", "cases"], params)?;
    Ok(run.0)
}

fn shipped() -> Map<String, Value> {
    triage(&read("documents/inbox.mbox")).unwrap_or_else(|error: Error| panic!("{error}"))
}

#[test]
fn the_report_is_the_expected_one() {
    let run = shipped();
    let report = run["report"].as_str().expect("a report is text");
    let path = "expected/triage.md";
    if std::env::var_os("BLESS").is_some() {
        fs::write(root().join(path), report).unwrap_or_else(|error| panic!("{path}: {error}"));
    }
    assert!(
        read(path) == report,
        "not as expected: {path}; BLESS=1 writes it anew"
    );
}

#[test]
fn kinds_are_told_but_for_known_errors() {
    let run = shipped();
    let cases = run["cases"]
        .as_array()
        .expect("cases are a list")
        .iter()
        .enumerate();
    let found: BTreeSet<String> = cases
        .filter_map(|(index, case)| Some(format!("{} {}", index + 1, case["kind"].as_str()?)))
        .collect();
    let by_hand = read("expected/by-hand/kinds.txt");
    let by_hand: BTreeSet<String> = by_hand
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(str::to_owned)
        .collect();
    // A cancellation with praise and two questions in it.
    assert_eq!(by_hand.difference(&found).collect::<Vec<_>>(), ["26 billing"]);
    assert_eq!(found.difference(&by_hand).collect::<Vec<_>>(), ["26 question"]);
}

#[test]
fn no_answer_is_longer_than_the_bound() {
    let run = shipped();
    let answers = run["cases"].as_array().expect("cases are a list").iter();
    let words: Vec<u64> = answers.filter_map(|case| case["words"].as_u64()).collect();
    assert_eq!(words.len(), 21);
    assert!(words.iter().all(|words| *words <= 120), "{words:?}");
}

#[test]
fn any_mailbox_is_sorted_and_twice_the_same() {
    let odd = "From x\nFrom: \u{0}<>\n\n\u{1b}[31m\r\n\nFrom y\nSubject: =?x\n\n支払う？\n";
    let long = format!("From x\n\n{}", "no end ".repeat(5_000));
    for mailbox in ["From x\n", odd, &long, &"From x\n\n".repeat(50)] {
        let report = triage(mailbox).expect("any mailbox is sorted")["report"].clone();
        assert_eq!(triage(mailbox).expect("any mailbox is sorted")["report"], report);
    }
}
