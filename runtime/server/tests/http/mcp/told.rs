//! What the operator is told of MCP's calls: the same as of those of `/rpc`.

use std::sync::{Arc, Mutex};

use hap_server::{Audit, Notice, Observer, Settings};
use serde_json::json;

use super::client::McpClient;
use super::root;
use crate::support::Setup;

#[tokio::test]
async fn calls_are_audited_and_counted_and_part_of_their_callers_trace() {
    let (records, notices) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
    let (audited, noticed) = (records.clone(), notices.clone());
    let server = Setup {
        auth: root().with("scraper", "ops", "metrics:read"),
        settings: Settings {
            audit: Some(Audit::new(move |record| audited.lock().unwrap().push(record))),
            observer: Some(Observer::new(move |notice| {
                noticed.lock().unwrap().push(notice.clone())
            })),
            ..Setup::default().settings
        },
        ..Setup::default()
    }
    .start()
    .await;
    server.graph("g", "t:echo").await;
    records.lock().unwrap().clear();
    let trace = |number: usize| format!("{number:032x}");
    let parent = |number| Some(format!("00-{}-00f067aa0ba902b7-01", trace(number)));
    // A session's work is done in a task of its own; a request without one is worked on where it came in.
    let mut with = McpClient::initialized(&server, "root").await;
    with.traceparent = parent(1);
    with.ask("tools/call", json!({ "name": "g" })).await;
    let mut without = McpClient::new(&server, "root");
    without.traceparent = parent(2);
    without.ask_new("tools/call", json!({ "name": "g" })).await;
    without.ask_new("tools/call", json!({ "name": "no-such" })).await;

    let records = std::mem::take(&mut *records.lock().unwrap());
    let told: Vec<_> = records
        .iter()
        .map(|record| (record.method, record.subject.as_deref(), record.code))
        .collect();
    assert_eq!(
        told,
        [
            ("tools/call", Some("g"), None),
            ("tools/call", Some("g"), None),
            ("tools/call", Some("no-such"), Some(1003)),
        ]
    );
    let text = server.get("scraper", "/metrics").await.body;
    let text = String::from_utf8(text).unwrap();
    for (code, count) in [("ok", 2), ("not-found", 1)] {
        let line = format!("hap_calls_total{{method=\"tools/call\",code=\"{code}\"}} {count}");
        assert!(text.lines().any(|one| one == line), "{text}");
    }
    let traces: Vec<_> = notices
        .lock()
        .unwrap()
        .iter()
        .filter_map(|notice| match notice {
            Notice::RunStarted { trace_id, .. } => trace_id.clone(),
            _ => None,
        })
        .collect();
    assert_eq!(traces, [trace(1), trace(2)]);
}
