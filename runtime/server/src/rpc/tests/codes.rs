//! The list of codes: numbers and kinds that were released once must not change.
//!
//! What must stay true: a change of an expectation here is a break of the interface.

use crate::rpc::{Code, RpcError};
use serde_json::json;
use std::collections::HashSet;
use std::time::Duration;

#[test]
fn the_numbers_and_kinds_are_those_that_were_released() {
    let table: Vec<_> = Code::TABLE.iter().map(|row| (row.number, row.kind)).collect();
    assert_eq!(
        table,
        [
            (-32700, "parse-error"),
            (-32600, "invalid-request"),
            (-32601, "method-not-found"),
            (-32602, "invalid-params"),
            (-32603, "internal-error"),
            (1001, "unauthenticated"),
            (1002, "forbidden"),
            (1003, "not-found"),
            (1004, "conflict"),
            (1005, "invalid-graph"),
            (1006, "agent-failed"),
            (1007, "run-failed"),
            (1008, "timeout"),
            (1009, "over-quota"),
            (1010, "cancelled"),
            (1011, "too-large"),
            (1012, "unavailable"),
        ]
    );
}

#[test]
fn no_code_or_kind_stands_twice_and_each_is_found_by_its_number() {
    let kinds: HashSet<_> = Code::TABLE.iter().map(|row| row.kind).collect();
    assert_eq!(kinds.len(), Code::TABLE.len());
    for row in Code::TABLE {
        assert_eq!(Code::from_number(row.number), Some(row.code));
        assert_eq!(row.code.info(), *row);
    }
    assert_eq!(Code::from_number(0), None);
}

#[test]
fn only_the_codes_of_the_specification_are_in_its_range() {
    let reserved = Code::TABLE.iter().filter(|row| row.code.is_reserved()).count();
    assert_eq!(reserved, 5);
}

#[test]
fn the_markdown_has_a_row_for_each_code() {
    let text = Code::markdown();
    assert_eq!(text.lines().count(), Code::TABLE.len() + 2);
    assert!(text.contains("| 1009 | `over-quota` |"));
}

#[test]
fn an_error_carries_its_kind_and_what_is_added() {
    let error = RpcError::over_quota("too many runs", Duration::from_millis(1500)).hint("wait");
    assert_eq!(
        serde_json::to_value(&error).unwrap(),
        json!({"code": 1009, "message": "too many runs",
            "data": {"kind": "over-quota", "retry_after_ms": 1500, "hint": "wait"}})
    );
    assert_eq!(error.known_code(), Some(Code::OverQuota));
}

#[test]
fn what_a_peer_sent_is_repeated_short_and_without_control_characters() {
    let error = RpcError::method_not_found(&format!("\u{1b}[2J{}", "x".repeat(1000)), None);
    let shown = error.data.unwrap()["method"].as_str().unwrap().to_owned();
    assert_eq!(shown.chars().count(), 81);
    assert!(!shown.contains('\u{1b}'));
}
