//! What one tenant may use, and what becomes of those who wait beside it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use hap_server::auth::TenantId;
use hap_server::{Audit, Quota, Settings};
use serde_json::{Value, json};

use crate::methods::analyzer;
use crate::support::{Reply, Running, Setup, Table};

fn fast() -> Settings {
    Setup::default().settings
}

fn two() -> Table {
    Table::default()
        .with("root", "acme", "admin")
        .with("other", "other", "admin")
}

fn own(tenant: &str, quota: Quota) -> std::collections::BTreeMap<TenantId, Quota> {
    [(TenantId::parse(tenant).unwrap(), quota)].into()
}

async fn start(settings: Settings) -> Running {
    let setup = Setup {
        auth: two(),
        settings,
        ..Setup::default()
    };
    setup.start().await
}

/// The seconds of `Retry-After`.
fn retry_after(reply: &Reply) -> Option<u64> {
    let line = reply
        .head
        .lines()
        .find_map(|line| line.strip_prefix("retry-after: "))?;
    line.parse().ok()
}

fn call(method: &str, params: Value) -> String {
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string()
}

#[tokio::test]
async fn a_tenant_with_many_runs_in_the_queue_does_not_keep_another_waiting() {
    let settings = Settings {
        max_runs: 1,
        max_runs_per_tenant: 6,
        tenants: own(
            "other",
            Quota {
                max_runs: Some(1),
                ..Quota::default()
            },
        ),
        ..fast()
    };
    let server = start(settings).await;
    let graph = json!({ "nodes": { "only": { "agent": "t:gate" } } });
    for token in ["root", "other"] {
        server
            .answer(token, "graph/create", json!({ "name": "gate", "graph": graph }))
            .await;
    }
    server.gated().await;
    server.gate.came(1).await;
    // One more than may wait: when it is refused, the others have their places in the queue.
    let mut queue = FuturesUnordered::new();
    for (token, count) in [("root", 6), ("other", 2)] {
        for _ in 0..count {
            let server = &server;
            queue.push(async move {
                let answer = server
                    .answer(token, "graph/execute", json!({ "name": "gate" }))
                    .await;
                (token, answer)
            });
        }
        let (refused, answer) = queue.next().await.unwrap();
        assert_eq!(
            (refused, &answer["error"]["data"]["kind"]),
            (token, &json!("over-quota"))
        );
    }
    server.gate.open.add_permits(1);
    let mut came = Vec::new();
    while let Some((token, answer)) = queue.next().await {
        assert_eq!(answer["result"]["status"], "success", "{answer}");
        came.push(token);
    }
    assert_eq!(came.len(), 6);
    assert!(came[..2].contains(&"other"), "{came:?}");
}

#[tokio::test]
async fn a_run_whose_turn_does_not_come_in_time_is_refused() {
    let settings = Settings {
        max_runs: 1,
        queue_time: Duration::from_millis(50),
        ..fast()
    };
    let server = start(settings).await;
    server.graph("gate", "t:gate").await;
    let run = server.gated().await;
    let reply = server
        .post("root", call("graph/execute", json!({ "name": "gate" })))
        .await;
    assert_eq!(
        (reply.status, retry_after(&reply)),
        (503, Some(1)),
        "{}",
        reply.head
    );
    assert_eq!(reply.json()["error"]["data"]["kind"], "unavailable");
    server.gate.open.add_permits(1);
    server.ended(&run).await;
    server.call("graph/execute", json!({ "name": "gate" })).await;
}

#[tokio::test]
async fn the_budget_of_a_day_holds_for_each_run_and_for_all_of_them() {
    let folder = analyzer();
    let settings = Settings {
        fuel_per_day: 1000,
        tenants: own(
            "other",
            Quota {
                run_time_per_day: Some(Duration::ZERO),
                ..Quota::default()
            },
        ),
        ..fast()
    };
    let server = Setup {
        auth: two(),
        settings,
        agents: vec![folder.path().to_owned()],
        ..Setup::default()
    }
    .start()
    .await;
    let execute = call("agent/execute", json!({ "agent": "data_analyzer" }));
    let first = server.post("root", &execute).await.json();
    assert_eq!(first["result"]["status"], "error", "{first}");
    assert!(first.to_string().contains("`fuel`"), "{first}");
    let second = server.post("root", &execute).await;
    assert_eq!(second.status, 429);
    let error = second.json()["error"].take();
    assert!(error["message"].as_str().unwrap().contains("fuel"), "{error}");
    let wait = error["data"]["retry_after_ms"].as_u64().unwrap();
    assert!((1..=24 * 3600 * 1000).contains(&wait), "{error}");
    assert_eq!(retry_after(&second), Some(wait.div_ceil(1000)));
    let error = server.post("other", &execute).await.json()["error"].take();
    assert!(error["message"].as_str().unwrap().contains("run time"), "{error}");
    // What runs nothing costs nothing.
    server
        .call("agent/describe", json!({ "agent": "data_analyzer" }))
        .await;
}

#[tokio::test]
async fn a_tenant_with_too_many_graphs_is_told_to_delete_one() {
    let settings = Settings {
        max_graphs_per_tenant: 1,
        tenants: own(
            "other",
            Quota {
                max_graphs: Some(2),
                ..Quota::default()
            },
        ),
        ..fast()
    };
    let server = start(settings).await;
    let create = |name: &str| {
        let graph = json!({ "nodes": { "only": { "agent": "t:echo" } } });
        call("graph/create", json!({ "name": name, "graph": graph }))
    };
    server.post("root", create("a")).await;
    let reply = server.post("root", create("b")).await;
    let error = reply.json()["error"].take();
    assert_eq!(error["data"]["kind"], "over-quota");
    assert!(
        error["data"]["hint"].as_str().unwrap().contains("graph/delete"),
        "{error}"
    );
    assert_eq!(error["data"].get("retry_after_ms"), None);
    assert_eq!((reply.status, retry_after(&reply)), (200, None));
    for (name, done) in [("a", true), ("b", true), ("c", false)] {
        let answer = server.post("other", create(name)).await.json();
        assert_eq!(answer.get("result").is_some(), done, "{answer}");
    }
}

#[tokio::test]
async fn whatever_is_sent_counts_as_a_call_and_is_told_to_the_audit() {
    let records = Arc::new(Mutex::new(Vec::new()));
    let told = records.clone();
    let settings = Settings {
        calls_per_second: 1,
        calls_at_once: 7,
        audit: Some(Audit::new(move |record| told.lock().unwrap().push(record))),
        ..Settings::default()
    };
    let server = start(settings).await;
    server.post("root", call("no/such\n", json!({}))).await;
    server
        .post(
            "root",
            call("graph/describe", json!({ "nome": "secret-looking" })),
        )
        .await;
    server
        .post("root", call("graph/describe", json!({ "name": 7 })))
        .await;
    server.post("root", "nonsense").await;
    // Three at once, and one of them is no call.
    let batch = format!(
        "[{}, 5, {}]",
        call("server/info", json!({})),
        call("x/y", json!({}))
    );
    server.post("root", batch).await;
    let over = server.post("root", call("x/y", json!({}))).await;
    assert_eq!((over.status, retry_after(&over)), (429, Some(1)));
    // In a batch, the other calls go on.
    let batch = server
        .post("root", format!("[{}]", call("server/info", json!({}))))
        .await;
    assert_eq!(batch.status, 200);
    assert_eq!(batch.json()[0]["error"]["data"]["kind"], "over-quota");
    // The others have a measure of their own.
    assert_eq!(
        server.post("other", call("server/info", json!({}))).await.status,
        200
    );
    let records = records.lock().unwrap();
    let told: Vec<_> = records
        .iter()
        .map(|record| (record.method, record.subject.as_deref(), record.code))
        .collect();
    let expected = [
        ("unknown", Some("no/such "), Some(-32601)),
        ("graph/describe", None, Some(-32602)),
        ("graph/describe", None, Some(-32602)),
        ("unknown", None, Some(-32700)),
        ("unknown", None, Some(-32600)),
        ("unknown", Some("x/y"), Some(-32601)),
        ("server/info", None, None),
        ("unknown", Some("x/y"), Some(1009)),
        ("server/info", None, Some(1009)),
        ("server/info", None, None),
    ];
    let mut sorted = [told, expected.to_vec()];
    // The calls of a batch end in any order.
    sorted.iter_mut().for_each(|list| list.sort());
    assert_eq!(sorted[0], sorted[1]);
    assert!(!format!("{records:?}").contains("secret"));
}
