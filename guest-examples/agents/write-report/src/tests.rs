//! What the page shows, and that strangers' text does not break it.

use super::WriteReportAgent;
use hap_guest::testing::invoke;
use serde_json::{Value, json};

fn report(messages: Value, cases: Value) -> String {
    let output = invoke::<WriteReportAgent>(
        json!({ "messages": messages, "cases": cases }),
        json!({ "title": "Day" }),
    );
    output.expect("it writes a page")["report"]
        .as_str()
        .expect("a page is text")
        .to_owned()
}

fn message(number: usize, subject: &str) -> Value {
    json!({ "number": number, "from": { "name": null, "address": format!("m{number}@a.example") }, "subject": subject })
}

#[test]
fn the_most_urgent_comes_first() {
    let cases = json!([
        { "kind": "question", "confidence": 0.5, "urgency": 2, "answer": "Yes.", "words": 1 },
        { "kind": "bug", "confidence": 1, "urgency": 30, "tags": ["urgent", "team"], "answer": "Hello,\n\nno.", "words": 2,
          "customer": { "name": "A|B", "owner": "Ada" }, "bug": { "error": "no `x`", "frames": ["f", "<g>"], "versions": ["1.2.3"] },
          "articles": ["a/crash.md"], "cuts": ["x", "y"] },
    ]);
    let page = report(json!([message(1, "One"), message(2, "Two")]), cases);
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| ")).collect();
    assert_eq!(
        rows[1..],
        [
            "| 30 | 2. Two | A\\|B | bug (100 %) | Ada | urgent, team |",
            "| 2 | 1. One | m1@a.example | question (50 %) |  |  |",
        ]
    );
    assert!(
        page.starts_with("# Day\n\n2 messages: 1 bug, 1 question; 0 not handled.\n"),
        "{page}"
    );
    let draft = "### 2. Two (m2@a.example)\n\n`no 'x'`; in f ← &lt;g>; version 1.2.3\n\n> Hello,\n>\n> no.\n\n\
                 2 words from crash.md, after 2 cuts.\n";
    assert!(page.contains(draft), "{page}");
}

#[test]
fn spam_and_failures_are_listed() {
    let mut sealed = message(2, "a\nb <i>");
    sealed["unreadable"] = json!("it is sealed");
    let messages = json!([message(1, "Win"), sealed, message(3, "Late")]);
    let page = report(
        messages,
        json!([{ "kind": "spam", "hosts": ["a.example", "b.example"] }, null]),
    );
    for expected in [
        "3 messages: 1 spam; 2 not handled.",
        "- 1. Win (m1@a.example): spam; links to a.example, b.example\n",
        "- 2. a b &lt;i> (m2@a.example): it is sealed\n",
        "- 3. Late (m3@a.example): see the run's failures\n",
    ] {
        assert!(page.contains(expected), "{expected}\n{page}");
    }
    assert!(!page.contains("## Drafts") && !page.contains("To answer"));
}

#[test]
fn an_empty_day_has_a_page() {
    assert_eq!(
        report(json!([]), json!([])),
        "# Day\n\n0 messages: ; 0 not handled.\n"
    );
}
