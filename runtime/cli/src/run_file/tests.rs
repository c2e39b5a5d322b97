//! Which results are read, and what is told of those that cannot be.

use super::*;

#[test]
fn what_is_no_result_is_told_with_its_place() {
    let told = |text: &str| RunFile::parse("`a`", text.as_bytes()).unwrap_err();
    for (text, expected) in [
        ("", "EOF while parsing"),
        ("[1]", "invalid"),
        ("{}", "missing field `status`"),
        (
            r#"{"status":1}"#,
            "invalid type: integer `1`, expected a string at line 1",
        ),
        (
            r#"{"status":"success","duration_us":-1,"agent_metadata":{}}"#,
            "invalid value: integer `-1`, expected u64",
        ),
        (
            r#"{"status":"success","duration_us":1,"agent_metadata":{"a":{"status":"fine"}}}"#,
            "unknown variant `fine`",
        ),
        (
            r#"{"status":"success","duration_us":1,"agent_metadata":{"a":{"status":"done","start_us":1.5}}}"#,
            "invalid type: floating point",
        ),
    ] {
        let stop = told(text);
        assert_eq!(stop.exit, crate::exit::Exit::BadInput);
        assert!(
            stop.message.starts_with("`a` is no result of a run: "),
            "{stop:?}"
        );
        assert!(stop.message.contains(expected), "{stop:?}");
    }
    let nodes = r#"{"nodes":{"a":"#.repeat(10_000);
    let deep = format!(r#"{{"status":"success","duration_us":1,"agent_metadata":{{"a":{nodes}"#);
    assert!(told(&deep).message.contains("recursion limit"));
    let deep = format!(
        r#"{{"graph_context":{}{},"status":1}}"#,
        "[".repeat(5000),
        "]".repeat(5000)
    );
    assert!(
        told(&deep).message.contains("expected a string"),
        "{}",
        told(&deep).message
    );
}

#[test]
fn ends_are_told_in_a_few_words() {
    let words = |record: &str| serde_json::from_str::<Record>(record).unwrap().words();
    for (record, expected) in [
        (
            r#"{"status":"done","start_us":5,"duration_us":1500}"#,
            "done 1.5 ms",
        ),
        (
            r#"{"status":"done","start_us":5,"duration_us":9,"attempts":3}"#,
            "done 9 µs, 3 attempts",
        ),
        (
            r#"{"status":"degraded","replaced_by":"items","failed":3,"start_us":1,"duration_us":1,"attempts":40,
                "items":{"done":37,"failed":3}}"#,
            "degraded (items) 1 µs, 3 of 40 items failed",
        ),
        (
            r#"{"status":"degraded","replaced_by":"node","fallback":"b","start_us":1,"duration_us":1}"#,
            "degraded (by b) 1 µs",
        ),
        (
            r#"{"status":"skipped","reason":"not-taken"}"#,
            "skipped: not taken",
        ),
        (
            r#"{"status":"skipped","reason":"upstream","upstream":"a"}"#,
            "skipped: upstream a",
        ),
        (
            r#"{"status":"failed","failure":{"kind":"trap","message":"m"},"rounds":2,"start_us":1,"duration_us":7}"#,
            "failed (trap) 7 µs, 2 rounds",
        ),
        (r#"{"status":"failed","failure":{"kind":"failed"}}"#, "failed"),
    ] {
        assert_eq!(words(record), expected);
    }
}
