//! Runs: waited for, left alone, watched, cancelled, bounded.

use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use hap_server::Settings;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use crate::methods::analyzer;
use crate::support::{Running, Setup, Table, until};

fn small() -> Settings {
    Settings {
        calls_per_second: 100_000,
        calls_at_once: 100_000,
        ..Settings::default()
    }
}

async fn gated(settings: Settings) -> Running {
    let server = Setup {
        settings,
        ..Setup::default()
    }
    .start()
    .await;
    server.graph("gate", "t:gate").await;
    server
}

#[tokio::test]
async fn a_detached_run_goes_on_and_can_be_asked_about() {
    let server = gated(small()).await;
    let run = server.gated().await;
    server.gate.came(1).await;
    assert_eq!(
        server.call("run/get", json!({ "run": run })).await["status"],
        "running"
    );
    assert_eq!(server.call("server/info", json!({})).await["active_runs"], 1);
    server.gate.open.add_permits(1);
    let told = server.ended(&run).await;
    assert_eq!(told["status"], "success");
    assert_eq!(told["outcome"]["outputs"]["through"], true, "{told}");
    assert_eq!(
        server.call("run/list", json!({})).await["runs"][0]["run_id"],
        *run
    );
}

#[tokio::test]
async fn a_run_is_cancelled_and_times_out() {
    let server = gated(small()).await;
    let run = server.gated().await;
    server.gate.came(1).await;
    server.call("run/cancel", json!({ "run": run })).await;
    assert_eq!(server.ended(&run).await["status"], "cancelled");
    let late = server
        .call("graph/execute", json!({ "name": "gate", "timeout_ms": 50 }))
        .await;
    assert_eq!(late["status"], "timeout", "{late}");
    until(|| server.gate.gone.load(Ordering::SeqCst) == 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_key_gives_one_run_however_many_ask_at_once() {
    let server = gated(small()).await;
    let params = json!({ "name": "gate", "idempotency_key": "k", "detached": true });
    let asked = (0..40).map(|_| server.call("graph/execute", params.clone()));
    let runs = futures_util::future::join_all(asked).await;
    assert!(runs.iter().all(|run| *run == runs[0]), "{runs:?}");
    server.gate.came(1).await;
    assert_eq!(
        server.call("run/list", json!({})).await["runs"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let other = json!({ "name": "gate", "idempotency_key": "k", "input": { "other": 1 } });
    assert_eq!(
        server.error("graph/execute", other).await["data"]["kind"],
        "conflict"
    );
    server.gate.open.add_permits(1);
    let run = runs[0]["run_id"].as_str().unwrap();
    server.ended(run).await;
    let again = server
        .call("graph/execute", json!({ "name": "gate", "idempotency_key": "k" }))
        .await;
    assert_eq!(again["run_id"], run);
    assert_eq!(server.gate.came.load(Ordering::SeqCst), 1);
}

/// Sends a call and does not read the answer.
async fn leave(server: &Running, params: Value) -> tokio::net::TcpStream {
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "graph/execute", "params": params }).to_string();
    let mut stream = server.connect().await;
    let head = "POST /rpc HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer root\r\n";
    let request = format!("{head}content-length: {}\r\n\r\n{call}", call.len());
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn a_client_that_goes_away_cancels_the_run_that_it_alone_waits_for() {
    let server = gated(small()).await;
    let stream = leave(&server, json!({ "name": "gate" })).await;
    server.gate.came(1).await;
    drop(stream);
    until(|| server.gate.gone.load(Ordering::SeqCst) == 1).await;
    let runs = server.call("run/list", json!({})).await;
    let run = runs["runs"][0]["run_id"].as_str().unwrap();
    assert_eq!(server.ended(run).await["status"], "cancelled");

    // Of two that wait for one run, the first may go.
    let keyed = json!({ "name": "gate", "idempotency_key": "k" });
    let first = leave(&server, keyed.clone()).await;
    server.gate.came(2).await;
    let second = async {
        let second = server.call("graph/execute", keyed);
        tokio::pin!(second);
        assert!(
            tokio::time::timeout(Duration::from_millis(200), &mut second)
                .await
                .is_err()
        );
        drop(first);
        assert!(
            tokio::time::timeout(Duration::from_millis(200), &mut second)
                .await
                .is_err()
        );
        server.gate.open.add_permits(1);
        second.await
    };
    assert_eq!(second.await["status"], "success");
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_the_run_alone_where_that_is_set() {
    let server = gated(Settings {
        cancel_on_disconnect: false,
        ..small()
    })
    .await;
    let stream = leave(&server, json!({ "name": "gate" })).await;
    server.gate.came(1).await;
    drop(stream);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let runs = server.call("run/list", json!({})).await;
    assert_eq!(runs["runs"][0]["status"], "running");
    server.gate.open.add_permits(1);
    assert_eq!(
        server.ended(runs["runs"][0]["run_id"].as_str().unwrap()).await["status"],
        "success"
    );
}

#[tokio::test]
async fn more_runs_than_may_be_are_refused_with_a_time() {
    let server = gated(Settings {
        max_runs_per_tenant: 2,
        ..small()
    })
    .await;
    let runs = [server.gated().await, server.gated().await];
    let error = server.error("graph/execute", json!({ "name": "gate" })).await;
    assert_eq!(error["data"]["kind"], "over-quota");
    assert!(error["data"]["retry_after_ms"].as_u64().unwrap() > 0);
    server.gate.open.add_permits(2);
    for run in runs {
        server.ended(&run).await;
    }
    server.call("graph/execute", json!({ "name": "gate" })).await;
}

#[tokio::test]
async fn events_are_numbered_waited_for_and_end() {
    let server = gated(Settings {
        long_poll: Duration::from_millis(300),
        ..small()
    })
    .await;
    let run = server.gated().await;
    server.gate.came(1).await;
    let first = server.call("run/events", json!({ "run": run })).await;
    assert_eq!(first["events"][0]["sequence"], 0, "{first}");
    let next = first["next"].as_u64().unwrap();
    let none = server
        .call("run/events", json!({ "run": run, "after": next + 5 }))
        .await;
    assert_eq!((&none["events"], &none["ended"]), (&json!([]), &json!(false)));
    server.gate.open.add_permits(1);
    server.ended(&run).await;
    let rest = server
        .call("run/events", json!({ "run": run, "after": next }))
        .await;
    assert_eq!(rest["events"][0]["sequence"], next);
    let end = server
        .call("run/events", json!({ "run": run, "after": rest["next"] }))
        .await;
    assert_eq!(end["ended"], true);

    let whole = server.get("root", &format!("/runs/{run}/events")).await;
    let text = String::from_utf8(whole.body).unwrap();
    let ids: Vec<u64> = text
        .lines()
        .filter_map(|line| line.strip_prefix("id: ")?.parse().ok())
        .collect();
    assert_eq!(ids, (0..end["next"].as_u64().unwrap()).collect::<Vec<_>>());
    let headers = "host: localhost\r\nauthorization: Bearer root\r\nlast-event-id: 1\r\n";
    let resumed = server
        .send(&format!("GET /runs/{run}/events"), headers, b"")
        .await;
    let resumed = String::from_utf8(resumed.body).unwrap();
    assert!(resumed.starts_with("id: 2\n"), "{resumed}");
    assert_eq!(server.get("root", "/runs/nix/events").await.status, 404);
}

#[tokio::test]
async fn a_stream_of_events_ends_with_the_credentials_that_it_was_asked_with() {
    let auth = Table::default()
        .with("root", "acme", "admin")
        .with("soon", "acme", "run:read")
        .expiring("soon", SystemTime::now() + Duration::from_secs(1));
    let server = Setup {
        auth,
        ..Setup::default()
    }
    .start()
    .await;
    server.graph("gate", "t:gate").await;
    let run = server.gated().await;
    server.gate.came(1).await;
    let path = format!("/runs/{run}/events");
    let told = server.get("soon", &path).await;
    let text = String::from_utf8(told.body).unwrap();
    assert_eq!(told.status, 200, "{text}");
    assert!(
        text.contains("run-started") && !text.contains("run-finished"),
        "{text}"
    );
    assert_eq!(
        server.call("run/get", json!({ "run": run })).await["status"],
        "running"
    );
    assert_eq!(server.get("soon", &path).await.status, 401);
    server.gate.open.add_permits(1);
    server.ended(&run).await;
}

#[tokio::test]
async fn a_reader_that_is_late_is_told_what_it_missed_and_holds_up_nobody() {
    let folder = analyzer();
    let settings = Settings {
        max_events_per_run: 10,
        ..small()
    };
    let server = Setup {
        agents: vec![folder.path().to_owned()],
        settings,
        ..Setup::default()
    }
    .start()
    .await;
    let steps: Vec<_> = (0..50).map(|step| json!({ "log": format!("{step}") })).collect();
    let result = server
        .call(
            "agent/execute",
            json!({ "agent": "data_analyzer", "params": { "steps": steps } }),
        )
        .await;
    assert_eq!(result["status"], "success", "{result}");
    let events = server
        .call("run/events", json!({ "run": result["run_id"] }))
        .await;
    assert_eq!(events["events"].as_array().unwrap().len(), 10);
    assert!(events["missed"].as_u64().unwrap() > 20, "{events}");
    let told = server
        .get(
            "root",
            &format!("/runs/{}/events", result["run_id"].as_str().unwrap()),
        )
        .await;
    let told = String::from_utf8(told.body).unwrap();
    assert!(told.starts_with("event: missed\n"), "{told}");
    assert_eq!(told.matches("\nid: ").count(), 10, "{told}");
}

#[tokio::test]
async fn finished_runs_are_forgotten_at_their_age() {
    let settings = Settings {
        max_finished_age: Duration::from_millis(300),
        ..small()
    };
    let server = Setup {
        settings,
        ..Setup::default()
    }
    .start()
    .await;
    server.graph("echo", "t:echo").await;
    server.graph("gate", "t:gate").await;
    let under_way = server.gated().await;
    let ended = server.call("graph/execute", json!({ "name": "echo" })).await["run_id"].clone();
    let known = async || server.answer("root", "run/get", json!({ "run": ended })).await["error"].is_null();
    while known().await {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let runs = server.call("run/list", json!({})).await;
    assert_eq!(runs["runs"].as_array().unwrap().len(), 1, "{runs}");
    assert_eq!(runs["runs"][0]["run_id"], under_way.as_str());
}

#[tokio::test]
async fn one_tenants_finished_runs_do_not_push_out_anothers() {
    let settings = Settings {
        max_finished_runs: 4,
        ..small()
    };
    let auth = Table::default()
        .with("root", "acme", "admin")
        .with("other", "other", "admin");
    let server = Setup {
        auth,
        settings,
        ..Setup::default()
    }
    .start()
    .await;
    for token in ["root", "other"] {
        let graph = json!({ "nodes": { "only": { "agent": "t:echo" } } });
        let made = server
            .answer(token, "graph/create", json!({ "name": "echo", "graph": graph }))
            .await;
        assert!(made["error"].is_null(), "{made}");
    }
    let execute = async |token| {
        let ran = server
            .answer(token, "graph/execute", json!({ "name": "echo" }))
            .await;
        ran["result"]["run_id"].clone()
    };
    let quiet = execute("other").await;
    for _ in 0..10 {
        execute("root").await;
    }
    let got = server.answer("other", "run/get", json!({ "run": quiet })).await;
    assert_eq!(got["result"]["status"], "success", "{got}");
    let runs = server.call("run/list", json!({})).await;
    assert_eq!(runs["runs"].as_array().unwrap().len(), 3, "{runs}");
}
