//! Requests that are not as they should be, by accident or on purpose.

use std::time::{Duration, Instant};

use hap_server::Settings;
use proptest::prelude::*;
use serde_json::json;
use tokio::io::AsyncWriteExt;

use crate::support::{Setup, read_reply, until};

const CALL: &[u8] = br#"{"jsonrpc":"2.0","id":1,"method":"server/info"}"#;

#[tokio::test]
async fn only_its_own_hosts_and_origins_may_call() {
    let settings = Settings {
        hosts: vec!["Hap.example.com".to_owned(), "other.example:81".to_owned()],
        origins: vec!["https://good.example".to_owned()],
        ..Settings::default()
    };
    let server = Setup {
        settings,
        ..Setup::default()
    }
    .start()
    .await;
    for (headers, status) in [
        ("host: localhost\r\n", 200),
        ("host: LOCALHOST:1234\r\n", 200),
        ("host: 127.0.0.1:99\r\n", 200),
        ("host: [::1]\r\n", 200),
        ("host: [::1]:8080\r\n", 200),
        ("host: hap.example.com:8\r\n", 200),
        ("host: other.example:81\r\n", 200),
        ("host: localhost\r\norigin: https://good.example\r\n", 200),
        ("host: other.example:82\r\n", 403),
        ("host: ::1\r\n", 403),
        ("host: localhost.evil.example\r\n", 403),
        ("host: evil.example:localhost\r\n", 403),
        ("host: 127.0.0.1.evil.example\r\n", 403),
        ("host: \r\n", 403),
        ("", 403),
        ("host: localhost\r\nhost: evil.example\r\n", 403),
        ("host: localhost\r\norigin: https://evil.example\r\n", 403),
        ("host: localhost\r\norigin: null\r\n", 403),
        ("host: localhost\r\norigin: http://localhost\r\n", 403),
    ] {
        let headers = format!("{headers}authorization: Bearer root\r\n");
        let reply = server.send("POST /rpc", &headers, CALL).await;
        assert_eq!(reply.status, status, "{headers}: {}", reply.head);
    }
    // Who watches the process calls it by whatever address it has.
    for page in ["/healthz", "/readyz"] {
        let reply = server
            .send(&format!("GET {page}"), "host: 10.0.0.7:80\r\n", b"")
            .await;
        assert_eq!((reply.status, reply.body), (200, b"ok\n".to_vec()), "{page}");
    }
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let settings = Settings {
        max_request_bytes: 1000,
        ..Settings::default()
    };
    let server = Setup {
        settings,
        ..Setup::default()
    }
    .start()
    .await;
    let reply = server.post("root", vec![b' '; 1001]).await;
    assert_eq!(reply.status, 413);
    assert_eq!(reply.json()["error"]["data"]["kind"], "too-large");
    let mut call = CALL.to_vec();
    call.resize(1000, b' ');
    assert_eq!(server.post("root", call).await.status, 200);
}

#[tokio::test]
async fn slow_clients_are_cut_off() {
    let (header_time, body_time) = (Duration::from_millis(300), Duration::from_millis(300));
    let settings = Settings {
        header_time,
        body_time,
        ..Settings::default()
    };
    let server = Setup {
        settings,
        ..Setup::default()
    }
    .start()
    .await;
    for (sent, status) in [
        ("", 0),
        ("P", 0),
        ("POST /rpc HTTP/1.1\r\nhost: loc", 0),
        (
            "POST /rpc HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer root\r\ncontent-length: 9\r\n\r\n{",
            408,
        ),
    ] {
        let began = Instant::now();
        let mut stream = server.connect().await;
        stream.write_all(sent.as_bytes()).await.unwrap();
        let reply = tokio::time::timeout(Duration::from_secs(10), read_reply(stream)).await;
        let reply = reply.unwrap_or_else(|_| panic!("not cut off: {sent:?}"));
        assert!(began.elapsed() < Duration::from_secs(10), "{sent}");
        assert!(
            reply.status == status || (status == 0 && reply.status == 408),
            "{sent}: {reply:?}"
        );
    }
}

#[tokio::test]
async fn a_tenant_that_calls_too_often_is_told_when_to_come_back() {
    let settings = Settings {
        calls_per_second: 1,
        calls_at_once: 3,
        ..Settings::default()
    };
    let server = Setup {
        settings,
        ..Setup::default()
    }
    .start()
    .await;
    for _ in 0..3 {
        server.call("server/info", json!({})).await;
    }
    let error = server.error("server/info", json!({})).await;
    assert_eq!(error["data"]["kind"], "over-quota");
    assert!(error["data"]["retry_after_ms"].as_u64().unwrap() <= 1000);
}

#[tokio::test]
async fn every_call_is_told_to_the_audit() {
    let records = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let told = records.clone();
    let audit = hap_server::Audit::new(move |record| told.lock().unwrap().push(record));
    let settings = Settings {
        audit: Some(audit),
        ..Settings::default()
    };
    let server = Setup {
        settings,
        ..Setup::default()
    }
    .start()
    .await;
    server.graph("g", "t:echo").await;
    server
        .error("graphs/describe", json!({ "name": "no\nsuch" }))
        .await;
    // A caller that goes away before the end is told of too.
    server.graph("gate", "t:gate").await;
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"graph/execute","params":{"name":"gate"}}"#;
    let head = "POST /rpc HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer root\r\n";
    let mut stream = server.connect().await;
    stream
        .write_all(format!("{head}content-length: {}\r\n\r\n{call}", call.len()).as_bytes())
        .await
        .unwrap();
    server.gate.came(1).await;
    drop(stream);
    until(|| records.lock().unwrap().last().unwrap().code == Some(1010)).await;
    records.lock().unwrap().drain(2..);
    let records = records.lock().unwrap();
    let told: Vec<_> = records
        .iter()
        .map(|record| (record.method, record.code))
        .collect();
    assert_eq!(told, [("graph/create", None), ("graph/describe", Some(1003))]);
    assert_eq!(
        (records[0].user.as_str(), records[0].tenant.as_str()),
        ("root-user", "acme")
    );
    assert_eq!(records[0].subject.as_deref(), Some("g"));
    assert!(!records[1].subject.as_deref().unwrap().contains('\n'));
    assert!(!format!("{records:?}").contains("Bearer"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_posted_is_answered(bodies in prop::collection::vec(body(), 1..24)) {
        let threads = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        threads.block_on(async {
            let server = Setup::default().start().await;
            for body in bodies {
                let reply = server.post("root", &body).await;
                assert!(matches!(reply.status, 200 | 204), "{:?}: {reply:?}", String::from_utf8_lossy(&body));
                if reply.status == 200 {
                    let text = reply.json()["error"].to_string();
                    assert!(!text.contains("internal-error"), "{:?}: {text}", String::from_utf8_lossy(&body));
                }
            }
            server.call("server/info", json!({})).await;
        });
    }
}

/// Bytes, and calls with anything as parameters.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let methods = prop::sample::select(crate::matrix::METHODS.map(|(name, ..)| name).to_vec());
    let value = prop::sample::select(vec![
        "null",
        "{}",
        "[]",
        "0",
        "-1",
        "1e400",
        "\"\"",
        "\"a\\u0000b\"",
        "[[[]]]",
        "{\"a\":{}}",
        "true",
        "18446744073709551616",
    ]);
    let names = [
        "agent",
        "name",
        "graph",
        "run",
        "input",
        "params",
        "timeout_ms",
        "detached",
        "after",
        "wait_ms",
        "context",
    ];
    let member = (prop::sample::select(names.to_vec()), value.clone())
        .prop_map(|(name, value)| format!("\"{name}\":{value}"));
    let named = prop::collection::vec(member, 0..5).prop_map(|all| format!("{{{}}}", all.join(",")));
    let placed = prop::collection::vec(value, 0..5).prop_map(|all| format!("[{}]", all.join(",")));
    let call = (methods, prop_oneof![named, placed]).prop_map(|(method, params)| {
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#).into_bytes()
    });
    prop_oneof![prop::collection::vec(any::<u8>(), 0..200), call]
}
