//! What the page shows, and that it holds together with findings missing or full of markup.

use super::WriteBriefAgent;
use hap_guest::ErrorKind;
use hap_guest::testing::Host;
use serde_json::{Value, json};

fn brief(context: Value, params: Value) -> String {
    let output = Host::new()
        .invoke::<WriteBriefAgent>(context, params)
        .result
        .expect("it writes a brief");
    output["brief"].as_str().expect("a brief is text").to_owned()
}

fn duty(kind: &str, actor: Option<&str>, line: u32, clause: &str) -> Value {
    json!({ "kind": kind, "actor": actor, "line": line, "section": "s1", "clause": clause, "modal": "x" })
}

#[test]
fn duties_are_grouped_by_actor_with_their_places() {
    let duties = json!([
        duty("obligation", None, 2, "it must be"),
        duty("obligation", Some("Buyer"), 3, "the Buyer must pay"),
        duty("permission", Some("you"), 4, "you may go"),
        duty("prohibition", Some("Seller"), 5, "the Seller may not | lie"),
        duty("obligation", Some("seller"), 6, "the seller shall act"),
    ]);
    let sections = json!([{ "id": "s1", "number": "4.1", "heading": "Deal", "last_line": 9 }]);
    let brief = brief(json!({ "sections": sections, "duties": duties }), json!({}));
    let rows: Vec<&str> = brief.lines().filter(|line| line.contains("(l. ")).collect();
    assert_eq!(
        rows,
        [
            "| Seller | must not | the Seller may not \\| lie | § 4.1 (l. 5) |",
            "| seller | must | the seller shall act | § 4.1 (l. 6) |",
            "| Buyer | must | the Buyer must pay | § 4.1 (l. 3) |",
            "| (not named) | must | it must be | § 4.1 (l. 2) |",
            "| you | may | you may go | § 4.1 (l. 4) |",
        ]
    );
    assert!(brief.starts_with("# Review of Deal\n\n9 lines in 1 section; 3 obligations; 1 prohibition; 1 permission; 0 exemptions.\n"));
}

#[test]
fn terms_values_and_hardest_sections_are_shown() {
    let context = json!({
        "title": "A <b>\ntitle",
        "terms": {
            "defined": [{ "term": "Fee", "line": 1, "uses": 0, "defined_again": [7] }, { "term": "Work", "line": 2, "uses": 3 }],
            "undefined": [{ "term": "Deposit", "line": 4, "uses": 2 }],
        },
        "dates": { "periods": [{ "text": "30 days", "bound": "within", "line": 8, "sentence": "Pay within 30 days." }] },
        "readability": {
            "whole": { "words": 10, "words_per_sentence": 5.0, "reading_ease": 60.5, "grade": 8.0 },
            "sections": [
                { "section": "s1", "words": 5, "words_per_sentence": 5.0, "reading_ease": 70.0, "grade": 6.0 },
                { "section": "s2", "words": 5, "words_per_sentence": 5.0, "reading_ease": 50.0, "grade": 9.0 },
            ],
            "longest": [{ "words": 5, "line": 8, "sentence": "…" }],
        },
    });
    let brief = brief(context, json!({ "hardest": 1 }));
    for expected in [
        "# Review of A &lt;b> title",
        "never used: “Fee” (l. 1).",
        "more than once: “Fee” (l. 1, 7).",
        "“Deposit” (l. 4, 2 uses)",
        "Work (3, l. 2)",
        "| within 30 days | Pay within 30 days. | l. 8 |",
        "| s2 | 9 | 50 | 5 | 5 |",
        "Longest sentences: 5 words, l. 8.",
    ] {
        assert!(brief.contains(expected), "{expected}\n{brief}");
    }
    assert!(!brief.contains("| s1 |"));
}

#[test]
fn missing_findings_are_left_out_and_said() {
    let call = Host::new().invoke::<WriteBriefAgent>(json!({}), json!({}));
    let output = call.result.expect("nothing is needed");
    assert!(
        output["brief"]
            .as_str()
            .is_some_and(|brief| brief.starts_with("# Review of the document\n"))
    );
    assert_eq!(call.records.len(), 1);
}

#[test]
fn a_misspelt_setting_is_refused() {
    let error = Host::new()
        .invoke::<WriteBriefAgent>(json!({}), json!({ "hardset": 1 }))
        .result;
    assert_eq!(
        error.expect_err("no such setting").kind(),
        ErrorKind::InvalidInput
    );
}
