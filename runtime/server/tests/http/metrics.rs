//! What the operator is told: metrics and notices. Both without secrets, and metrics without what callers make up.

use std::sync::{Arc, Mutex};

use hap_server::{Notice, Observer, Settings};
use serde_json::json;

use crate::methods::analyzer;
use crate::support::{Running, Setup, Table, agents};

fn auth() -> Table {
    Table::default()
        .with("root", "acme", "admin")
        .with("scraper", "ops", "metrics:read")
        .with("worker", "acme", "agent:execute graph:execute")
}

impl Running {
    async fn metrics(&self) -> String {
        let reply = self.get("scraper", "/metrics").await;
        assert_eq!(reply.status, 200, "{}", reply.head);
        let head = reply.head.to_ascii_lowercase();
        assert!(
            head.contains("content-type: application/openmetrics-text; version=1.0.0"),
            "{head}"
        );
        String::from_utf8(reply.body).unwrap()
    }
}

/// The value of a series.
fn value(text: &str, series: &str) -> Option<f64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.map(|value| value.parse().unwrap())
}

#[tokio::test]
async fn only_who_may_reads_the_metrics() {
    let server = Setup {
        auth: auth(),
        ..Setup::default()
    }
    .start()
    .await;
    assert_eq!(server.get("nobody", "/metrics").await.status, 401);
    let refused = server.get("worker", "/metrics").await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.json()["error"]["data"]["scope"], "metrics:read");
    assert_eq!(server.get("root", "/metrics").await.status, 200);
    let text = server.metrics().await;
    assert!(text.ends_with("# EOF\n"), "{text}");
    for (code, count) in [("401", 1.0), ("403", 1.0), ("200", 1.0)] {
        let series = format!("hap_http_requests_total{{method=\"GET\",route=\"/metrics\",code=\"{code}\"}}");
        assert_eq!(value(&text, &series), Some(count), "{text}");
    }
}

#[tokio::test]
async fn runs_and_nodes_and_places_are_counted() {
    let analyzer = analyzer();
    let graphs = tempfile::tempdir().unwrap();
    let graph = "nodes: {a: {agent: 't:echo', next: b}, b: {agent: 't:fail', on_failure: continue}}";
    std::fs::write(graphs.path().join("known.yaml"), graph).unwrap();
    std::fs::write(
        graphs.path().join("broken.yaml"),
        "nodes: {a: {agent: 'no:such'}}",
    )
    .unwrap();
    let server = Setup {
        auth: auth(),
        agents: vec![analyzer.path().to_owned()],
        graphs: vec![graphs.path().to_owned()],
        ..Setup::default()
    }
    .start()
    .await;
    server.graph("gate", "t:gate").await;
    server.gated().await;
    server.gate.came(1).await;
    for _ in 0..2 {
        server.call("graph/execute", json!({ "name": "known" })).await;
    }
    server
        .call(
            "agent/execute",
            json!({ "agent": "data_analyzer", "params": { "steps": [] } }),
        )
        .await;
    server.error("graph/execute", json!({ "name": "none" })).await;
    let text = server.metrics().await;
    for (series, expected) in [
        (
            "hap_runs_total{kind=\"graph\",name=\"known\",status=\"partial\"}",
            2.0,
        ),
        ("hap_nodes_total{status=\"degraded\"}", 2.0),
        ("hap_node_failures_total{kind=\"failed\"}", 2.0),
        ("hap_calls_total{method=\"graph/execute\",code=\"ok\"}", 3.0),
        (
            "hap_calls_total{method=\"graph/execute\",code=\"not-found\"}",
            1.0,
        ),
        ("hap_run_duration_seconds_count{kind=\"graph\"}", 2.0),
        ("hap_run_duration_seconds_count{kind=\"agent\"}", 1.0),
        ("hap_places{kind=\"runs\"}", 64.0),
        ("hap_places_taken{kind=\"runs\"}", 1.0),
        ("hap_places_taken{kind=\"instances\"}", 0.0),
        ("hap_waiting{kind=\"requests\"}", 0.0),
        ("hap_finished_runs", 3.0),
        ("hap_offered{kind=\"agent\"}", 1.0),
        ("hap_offered{kind=\"graph\"}", 1.0),
        ("hap_refused{kind=\"graph\"}", 1.0),
        ("hap_ready", 1.0),
    ] {
        assert_eq!(value(&text, series), Some(expected), "{series}\n{text}");
    }
    assert!(value(&text, "hap_fuel_total").unwrap() > 0.0, "{text}");
    assert!(
        value(&text, "hap_node_memory_bytes_count").unwrap() > 0.0,
        "{text}"
    );
    let cache = ["hit", "miss"]
        .map(|result| value(&text, &format!("hap_compile_cache_total{{result=\"{result}\"}}")).unwrap());
    assert!(cache.iter().sum::<f64>() >= 1.0, "{text}");
    server.gate.open.add_permits(1);
}

#[tokio::test]
async fn limits_denials_and_breakers_are_counted() {
    let graphs = tempfile::tempdir().unwrap();
    let breaker = "circuit_breaker: {failure_rate: 0.5, window: 2, min_calls: 1, open_for: 1h}";
    for (name, node) in [
        (
            "breaks",
            format!("params: {{steps: [{{panic: broken}}]}}, {breaker}"),
        ),
        (
            "eats",
            "params: {steps: [{allocate: 8000000}]}, budget: {memory: 4MiB}".to_owned(),
        ),
        (
            "asks",
            "params: {steps: [{read: {key: k, name: secret.txt}}]}".to_owned(),
        ),
    ] {
        let graph = format!("nodes: {{a: {{agent: 'test:scripted', on_failure: continue, {node}}}}}");
        std::fs::write(graphs.path().join(format!("{name}.yaml")), graph).unwrap();
    }
    let server = Setup {
        auth: auth(),
        agents: vec![agents().join("..")],
        graphs: vec![graphs.path().to_owned()],
        ..Setup::default()
    }
    .start()
    .await;
    let graphs = server.call("graph/list", json!({})).await;
    assert!(graphs["broken"].is_null(), "{graphs}");
    for name in ["breaks", "breaks", "eats", "asks"] {
        server.call("graph/execute", json!({ "name": name })).await;
    }
    let text = server.metrics().await;
    for (series, expected) in [
        ("hap_circuit_breaker_changes_total{state=\"open\"}", 1.0),
        ("hap_circuit_breakers{state=\"open\"}", 1.0),
        ("hap_circuit_breakers{state=\"closed\"}", 0.0),
        ("hap_node_failures_total{kind=\"circuit-open\"}", 1.0),
        ("hap_limits_reached_total{limit=\"memory\"}", 1.0),
        ("hap_denials_total", 1.0),
        ("hap_host_calls_total{function=\"hap:agent/resources.open\"}", 1.0),
    ] {
        assert_eq!(value(&text, series), Some(expected), "{series}\n{text}");
    }
}

#[tokio::test]
async fn what_callers_make_up_makes_no_series() {
    let server = Setup {
        auth: auth(),
        ..Setup::default()
    }
    .start()
    .await;
    let lines = async |round: usize| {
        for number in 0..5 {
            let name = format!("made-up-{round}-{number}");
            server.graph(&name, "t:echo").await;
            server.call("graph/execute", json!({ "name": name })).await;
            server.error(&format!("no/{name}"), json!({})).await;
            server.get("root", &format!("/{name}")).await;
            server.get("root", &format!("/runs/{name}/events")).await;
            let headers = "host: localhost\r\nauthorization: Bearer root\r\n";
            server
                .send(&format!("MADEUP{round}{number} /rpc"), headers, b"")
                .await;
        }
        server.metrics().await
    };
    // Until everything was told once.
    lines(0).await;
    let first = lines(1).await;
    let second = lines(2).await;
    assert_eq!(first.lines().count(), second.lines().count());
    for text in ["made-up", "MADEUP", "acme", "root"] {
        assert!(!second.contains(text), "{text}\n{second}");
    }
    let created = "hap_runs_total{kind=\"graph\",name=\"created\",status=\"success\"}";
    assert_eq!(value(&second, created), Some(15.0), "{second}");
}

#[tokio::test]
async fn requests_and_runs_are_told_to_the_observer() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let notices = told.clone();
    let server = Setup {
        settings: Settings {
            observer: Some(Observer::new(move |notice| {
                notices.lock().unwrap().push(notice.clone())
            })),
            ..Setup::default().settings
        },
        ..Setup::default()
    }
    .start()
    .await;
    server.graph("echo", "t:echo").await;
    told.lock().unwrap().clear();
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let headers = format!(
        "host: localhost\r\nauthorization: Bearer root\r\ntraceparent: 00-{trace}-00f067aa0ba902b7-01\r\n"
    );
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"graph/execute","params":{"name":"echo","input":{"secret":"xyzzy"}}}"#;
    let reply = server.send("POST /rpc", &headers, call.as_bytes()).await;
    assert_eq!(reply.status, 200, "{}", reply.head);
    let notices = told.lock().unwrap().clone();
    let [
        Notice::RunStarted {
            run_id,
            tenant,
            kind,
            name,
            trace_id,
            ..
        },
        Notice::RunFinished {
            run_id: ended,
            status,
            ..
        },
        Notice::Request {
            method,
            route,
            status: code,
            peer,
            trace_id: of_request,
            ..
        },
    ] = notices.as_slice()
    else {
        panic!("{notices:?}");
    };
    assert_eq!((run_id, status.as_str()), (ended, "success"));
    assert_eq!((tenant.as_str(), *kind, name.as_str()), ("acme", "graph", "echo"));
    assert_eq!((method.as_str(), route.as_str(), *code), ("POST", "/rpc", 200));
    assert!(peer.unwrap().is_loopback());
    assert_eq!(trace_id.as_deref(), Some(trace));
    assert_eq!(trace_id, of_request);
    let text = serde_json::to_string(&notices).unwrap();
    assert!(!text.contains("xyzzy"), "{text}");
}
