//! Events of runs as notifications on a connection.

use hap_server::Settings;
use serde_json::{Value, json};

use crate::socket::Socket;
use crate::support::{Running, Setup, Table, agents, until};

async fn start() -> Running {
    let auth = Table::default()
        .with("root", "acme", "admin")
        .with("other", "other", "admin")
        .with("blind", "acme", "graph:execute");
    let server = Setup {
        auth,
        ..Setup::default()
    }
    .start()
    .await;
    server.graph("gate", "t:gate").await;
    server
}

/// The notifications of a run until it ends.
async fn until_ended(socket: &mut Socket, run: &Value) -> Vec<Value> {
    let mut told = Vec::new();
    loop {
        let message = socket.next().await;
        assert_eq!(message["params"]["run"], *run, "{message}");
        if message["params"]["ended"] == true {
            return told;
        }
        told.push(message);
    }
}

fn numbers(told: &[Value]) -> Vec<u64> {
    told.iter()
        .map(|message| message["params"]["number"].as_u64().unwrap())
        .collect()
}

#[tokio::test]
async fn a_run_is_told_from_any_event_on() {
    let server = start().await;
    let run: Value = server.gated().await.into();
    server.gate.came(1).await;
    let mut socket = server.socket().await;
    let subscribed = socket.call(1, "run/subscribe", json!({ "run": run })).await;
    assert_eq!(subscribed["result"]["subscribed"], true, "{subscribed}");
    assert_eq!(socket.next().await["params"]["event"]["event"], "run-started");
    server.gate.open.add_permits(1);
    let told = until_ended(&mut socket, &run).await;
    let count = told.len() as u64;
    assert_eq!(numbers(&told), (1..=count).collect::<Vec<_>>());
    // As `Last-Event-ID` does it: from the one after the last that was read.
    socket
        .ask(2, "run/subscribe", json!({ "run": run, "after": 2 }))
        .await;
    socket.answer(2).await;
    assert_eq!(
        numbers(&until_ended(&mut socket, &run).await),
        (2..=count).collect::<Vec<_>>()
    );
    // The events are those of `run/events`.
    let events = server.call("run/events", json!({ "run": run, "after": 2 })).await;
    let again: Vec<_> = told
        .iter()
        .skip(1)
        .map(|message| &message["params"]["event"])
        .collect();
    assert_eq!(
        events["events"].as_array().unwrap().iter().collect::<Vec<_>>(),
        again
    );
    socket
        .ask(3, "run/subscribe", json!({ "run": run, "after": 1000 }))
        .await;
    socket.answer(3).await;
    assert!(until_ended(&mut socket, &run).await.is_empty());
}

#[tokio::test]
async fn an_execution_can_be_told_and_is_answered_behind_its_last_event() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("test")).unwrap();
    std::fs::copy(
        agents().join("scripted.wasm"),
        folder.path().join("test/scripted.wasm"),
    )
    .unwrap();
    let server = Setup {
        agents: vec![folder.path().to_owned()],
        ..Setup::default()
    }
    .start()
    .await;
    let steps = json!([{ "log": "a word" }, { "progress": 0.5 }, { "emit": { "a": 1 } }]);
    let graph = json!({ "nodes": {
        "good": { "agent": "test:scripted", "params": { "steps": steps } },
        "bad": { "agent": "t:fail", "on_failure": "continue" },
        "inner": { "graph": { "nodes": { "deep": { "agent": "t:echo" } } } },
    } });
    server
        .call("graph/create", json!({ "name": "g", "graph": graph }))
        .await;
    let mut socket = server.socket().await;
    socket
        .ask(1, "graph/execute", json!({ "name": "g", "subscribe": true }))
        .await;
    let mut told = Vec::new();
    let answer = loop {
        match socket.next().await {
            answer if answer["id"] == 1 => break answer,
            message => told.push(message),
        }
    };
    assert_eq!(answer["result"]["status"], "partial", "{answer}");
    let last = told.pop().unwrap();
    assert_eq!(
        (&last["method"], &last["params"]["ended"]),
        (&json!("state"), &json!(true))
    );
    assert_eq!(told.last().unwrap()["params"]["event"]["event"], "run-finished");
    let of = |node: &str, event: &str| {
        let found = told.iter().find(|message| {
            let said = &message["params"]["event"];
            said["node"] == node && said["event"] == event
        });
        let found = found.unwrap_or_else(|| panic!("{node} {event}: {told:?}"));
        (
            found["method"].as_str().unwrap(),
            found["params"]["state"].as_str(),
        )
    };
    assert_eq!(of("good", "node-started"), ("progress", Some("started")));
    assert_eq!(of("good", "node-progress"), ("progress", Some("in_progress")));
    assert_eq!(of("good", "node-log"), ("log", None));
    assert_eq!(of("good", "node-finished"), ("progress", Some("completed")));
    assert_eq!(of("inner/deep", "node-started"), ("progress", Some("started")));
    assert_eq!(of("inner/deep", "node-finished"), ("progress", Some("completed")));
    assert_eq!(told[0]["method"], "state");
    let failed = answer["result"]["agent_metadata"]["bad"]["status"]
        .as_str()
        .unwrap();
    assert_eq!(failed, "degraded");
}

#[tokio::test]
async fn what_was_unsubscribed_is_told_no_more() {
    let server = start().await;
    let run = server.gated().await;
    server.gate.came(1).await;
    let mut socket = server.socket().await;
    socket.call(1, "run/subscribe", json!({ "run": run })).await;
    let stopped = socket.call(2, "run/unsubscribe", json!({ "run": run })).await;
    assert_eq!(stopped["result"]["unsubscribed"], true);
    let stopped = socket.call(3, "runs/unsubscribe", json!({ "run": run })).await;
    assert_eq!(stopped["result"]["unsubscribed"], false);
    server.gate.open.add_permits(1);
    server.ended(&run).await;
    socket.ask(4, "server/info", json!({})).await;
    loop {
        match socket.next().await {
            message if message["id"] == 4 => break,
            message => assert_ne!(message["params"]["event"]["event"], "run-finished", "{message}"),
        }
    }
}

#[tokio::test]
async fn who_may_not_read_a_run_is_not_told_of_it() {
    let server = start().await;
    let run = server.gated().await;
    for (token, kind) in [("Bearer other", "not-found"), ("Bearer blind", "forbidden")] {
        let mut socket = server.try_socket(&[("authorization", token)]).await.unwrap();
        let refused = socket.call(1, "run/subscribe", json!({ "run": run })).await;
        assert_eq!(refused["error"]["data"]["kind"], kind);
    }
    let mut blind = server
        .try_socket(&[("authorization", "Bearer blind")])
        .await
        .unwrap();
    let params = json!({ "name": "gate", "subscribe": true });
    let refused = blind.call(1, "graph/execute", params.clone()).await;
    assert_eq!(refused["error"]["data"]["kind"], "forbidden");
    // Nothing was begun, and where nothing can be told it is not either.
    let error = server.error("graph/execute", params).await;
    assert_eq!(error["data"]["param"], "subscribe", "{error}");
    assert_eq!(
        server.call("run/list", json!({})).await["runs"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    for method in ["run/subscribe", "run/unsubscribe"] {
        let error = server.error(method, json!({ "run": run })).await;
        assert_eq!(error["code"], -32601);
        assert!(
            error["data"]["hint"].as_str().unwrap().contains("WebSocket"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_connection_has_only_so_many_subscriptions() {
    let settings = Settings {
        max_subscriptions_per_connection: 1,
        ..Setup::default().settings
    };
    let server = Setup {
        settings,
        ..Setup::default()
    }
    .start()
    .await;
    server.graph("gate", "t:gate").await;
    let (first, second) = (server.gated().await, server.gated().await);
    let mut socket = server.socket().await;
    socket.call(1, "run/subscribe", json!({ "run": first })).await;
    let refused = socket.call(2, "run/subscribe", json!({ "run": second })).await;
    assert_eq!(refused["error"]["data"]["kind"], "over-quota", "{refused}");
    let params = json!({ "name": "gate", "subscribe": true });
    let refused = socket.call(3, "graph/execute", params).await;
    assert_eq!(refused["error"]["data"]["kind"], "over-quota", "{refused}");
    assert_eq!(
        server.call("run/list", json!({})).await["runs"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    socket.call(4, "run/unsubscribe", json!({ "run": first })).await;
    // The place is free when the task has ended, a moment later.
    for id in 5.. {
        if socket.call(id, "run/subscribe", json!({ "run": second })).await["result"].is_object() {
            break;
        }
    }
}

#[tokio::test]
async fn a_reader_that_is_slow_is_told_how_much_it_missed_and_slows_nothing() {
    let settings = Settings {
        max_events_per_run: 100,
        max_waiting_bytes: 10_000,
        ..Setup::default().settings
    };
    let server = Setup {
        settings,
        ..Setup::default()
    }
    .start()
    .await;
    let graph =
        json!({ "nodes": { "each": { "agent": "t:echo", "map": { "over": "items", "as": "item" } } } });
    server
        .call("graph/create", json!({ "name": "many", "graph": graph }))
        .await;
    let mut socket = server.socket().await;
    // More than the sockets' own buffers hold: some 20 MB of events.
    let items: Vec<String> = (0..200).map(|_| "x".repeat(100)).collect();
    let mut runs = Vec::new();
    for id in 0..100 {
        let params =
            json!({ "name": "many", "input": { "items": items }, "detached": true, "subscribe": true });
        socket.ask(id, "graph/execute", params).await;
        // Not read by us: only that it has begun is waited for.
        until_runs(&server, id as usize + 1).await;
    }
    let list = server.call("run/list", json!({})).await;
    for run in list["runs"].as_array().unwrap() {
        let run = run["run_id"].as_str().unwrap().to_owned();
        assert_eq!(server.ended(&run).await["status"], "success");
        runs.push(run);
    }
    let (mut ended, mut missed) = (0, 0);
    while ended < runs.len() {
        let message = socket.next().await;
        missed += message["params"]["missed"].as_u64().unwrap_or_default();
        ended += usize::from(message["params"]["ended"] == true);
    }
    assert!(missed > 0);
}

async fn until_runs(server: &Running, count: usize) {
    for _ in 0..2000 {
        let runs = server.call("run/list", json!({})).await;
        if runs["runs"].as_array().unwrap().len() >= count {
            return;
        }
        tokio::task::yield_now().await;
    }
    until(|| false).await;
}
