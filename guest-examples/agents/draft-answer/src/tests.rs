//! What a draft is made of.

use super::DraftAnswerAgent;
use hap_guest::Result;
use hap_guest::log::Level;
use hap_guest::testing::{Call, Host};
use serde_json::{Value, json};

const CRASH: &str = "# Crashes\nKeywords: crash, start\n\nStart it twice.\n\n1. Quit\n";
const MONEY: &str = "# Money\nKeywords: invoice, refund, start\n\nWe look.\n";

fn draft(message: Value) -> Call<Result<Value>> {
    let host = Host::new()
        .resource("a/crash.md", CRASH)
        .resource("a/money.md", MONEY)
        .resource("a/x.md", "# X\n");
    host.invoke::<DraftAnswerAgent>(message, json!({ "team": "The team", "articles": 2 }))
}

#[test]
fn a_draft_has_a_greeting_the_facts_an_article_and_a_name() {
    let output = draft(json!({
        "sender": { "name": "Kim Lee", "address": "k@a.example" }, "kind": "bug", "text": "A crash at the START.",
        "bug": { "error": "no index", "versions": ["1.2.3", "1.2.2"], "systems": ["Debian 12"] },
        "customer": { "owner": "Ada" },
    }));
    let output = output.result.expect("it drafts");
    assert_eq!(
        output["answer"],
        "Hello Kim,\n\nthank you for the report. We see “no index” in version 1.2.3 on Debian 12, and somebody looks \
         at it now.\n\nStart it twice.\n\n1. Quit\n\nIf anything is left open, just answer this message.\n\nAda\nThe team"
    );
    assert_eq!(
        (&output["articles"], &output["words"]),
        (&json!(["a/crash.md"]), &json!(40))
    );
}

#[test]
fn the_opening_follows_the_findings() {
    let amount = json!({ "currency": "EUR", "amount": "49.00", "text": "€49.00" });
    for (message, expected) in [
        (
            json!({ "dates": { "amounts": [amount, amount] } }),
            "about 49.00 EUR.",
        ),
        (json!({ "dates": {} }), "about your account."),
        (json!({ "bug": {} }), "report. Somebody"),
        (json!({ "kind": "praise" }), "kind words!"),
        (
            json!({ "gist": { "questions": ["Why?", "How?"] } }),
            "asking: “Why?”",
        ),
        (json!({}), "Hello,\n\nthank you for your message.\n\nIf"),
    ] {
        let mut message = message;
        message["text"] = json!("");
        let output = draft(message).result.expect("it drafts");
        assert!(
            output["answer"]
                .as_str()
                .is_some_and(|answer| answer.contains(expected)),
            "{output}"
        );
    }
}

#[test]
fn articles_fit_by_two_keywords_and_the_best_come_first() {
    for (text, expected) in [
        ("crash", json!([])),
        (
            "Invoice, refund! START the crash",
            json!(["a/money.md", "a/crash.md"]),
        ),
    ] {
        let output = draft(json!({ "text": text })).result.expect("it drafts");
        assert_eq!(output["articles"], expected, "{text}");
    }
    let praise = draft(json!({ "text": "crash start", "kind": "praise" }))
        .result
        .expect("it drafts");
    assert_eq!(praise["articles"], json!([]));
}

#[test]
fn no_articles_is_said() {
    let call = Host::new().invoke::<DraftAnswerAgent>(json!({ "text": "" }), json!({ "team": "T" }));
    assert!(call.result.is_ok());
    assert_eq!(call.records.first().map(|record| record.level), Some(Level::Warn));
}
