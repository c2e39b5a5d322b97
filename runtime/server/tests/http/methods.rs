//! Every method, in the ways in which it may be called.

use serde_json::{Value, json};

use crate::support::{Reply, Setup, agents};

/// A folder with an agent under the name of the original HAP's example.
pub(crate) fn analyzer() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(
        agents().join("scripted.wasm"),
        folder.path().join("data_analyzer.wasm"),
    )
    .unwrap();
    folder
}

#[tokio::test]
async fn the_example_of_the_original_hap_works_as_printed() {
    let folder = analyzer();
    let server = Setup {
        agents: vec![folder.path().to_owned()],
        ..Setup::default()
    }
    .start()
    .await;
    let request = r#"{"jsonrpc":"2.0","method":"agent/execute","params":{"agent":"data_analyzer","input":{"data":"sales figures...","analysis_type":"trend"},"context":{"session_id":"session-123","user":"alice"}},"id":"req-456"}"#;
    for request in [
        request.to_owned(),
        request.replace("agent/execute", "agents/execute"),
    ] {
        let answer = server.post("root", &request).await.json();
        assert_eq!(answer["jsonrpc"], "2.0");
        assert_eq!(answer["id"], "req-456");
        let result = &answer["result"];
        assert_eq!(result["status"], "success", "{answer}");
        assert!(result["metadata"].is_object(), "{answer}");
        let run = server.call("run/get", json!({ "run": result["run_id"] })).await;
        assert_eq!(
            run["context"],
            json!({ "session_id": "session-123", "user": "alice" })
        );
        assert_eq!(run["agent"], "data_analyzer");
        assert_eq!(run["user"], "root-user");
    }
}

#[tokio::test]
async fn an_agent_gets_its_input_and_its_settings() {
    let folder = analyzer();
    let server = Setup {
        agents: vec![folder.path().to_owned()],
        ..Setup::default()
    }
    .start()
    .await;
    let params =
        json!({ "agent": "data_analyzer", "input": { "n": 7 }, "params": { "steps": [{ "see": "saw" }] } });
    let result = server.call("agent/execute", params).await;
    assert_eq!(result["output"]["saw"]["n"], 7, "{result}");
}

#[tokio::test]
async fn both_spellings_name_and_position_give_the_same() {
    let folder = analyzer();
    let server = Setup {
        agents: vec![folder.path().to_owned()],
        ..Setup::default()
    }
    .start()
    .await;
    server.graph("g", "t:echo").await;
    let run = server.call("graph/execute", json!({ "name": "g" })).await["run_id"].clone();
    for (method, named, placed) in [
        ("agent/list", json!({}), json!([])),
        (
            "agent/describe",
            json!({ "agent": "data_analyzer" }),
            json!(["data_analyzer"]),
        ),
        (
            "agent/describe",
            json!({ "agent": "data-analyzer" }),
            json!(["data-analyzer"]),
        ),
        ("graph/list", json!({}), json!([])),
        ("graph/describe", json!({ "name": "g" }), json!(["g"])),
        (
            "graph/validate",
            json!({ "graph": "nodes: {a: {agent: 't:echo'}}" }),
            json!(["nodes: {a: {agent: 't:echo'}}"]),
        ),
        ("run/get", json!({ "run": run }), json!([run])),
        ("run/list", json!({}), json!([])),
        ("run/cancel", json!({ "run": run }), json!([run])),
        ("run/events", json!({ "run": run, "after": 1 }), json!([run, 1])),
    ] {
        let result = server.call(method, named.clone()).await;
        assert!(result.is_object(), "{method}: {result}");
        assert_eq!(server.call(method, placed).await, result, "{method}");
        let other = method.replacen('/', "s/", 1);
        assert_eq!(server.call(&other, named).await, result, "{other}");
    }
    let done = server.call("graphs/execute", json!(["g", { "a": 1 }])).await;
    assert_eq!(done["status"], "success");
    assert_eq!(done["outputs"]["echo"]["a"], 1, "{done}");
    assert_eq!(
        server.call("graphs/delete", json!(["g"])).await,
        json!({ "deleted": true })
    );
    assert_eq!(
        server.error("graph/delete", json!({ "name": "g" })).await["data"]["kind"],
        "not-found"
    );
    let info = server.call("server/info", json!({})).await;
    assert_eq!(
        (&info["tenant"], &info["user"]),
        (&json!("acme"), &json!("root-user"))
    );
}

#[tokio::test]
async fn notifications_and_responses_are_not_answered_and_batches_are_answered_as_one() {
    let server = Setup::default().start().await;
    for silent in [
        r#"{"jsonrpc":"2.0","method":"server/info"}"#,
        r#"{"jsonrpc":"2.0","method":"no/such"}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":1}"#,
        r#"[{"jsonrpc":"2.0","method":"server/info"},{"jsonrpc":"2.0","method":"graph/list"}]"#,
    ] {
        let Reply { status, body, .. } = server.post("root", silent).await;
        assert_eq!((status, body.len()), (204, 0), "{silent}");
    }
    let batch = r#"[{"jsonrpc":"2.0","method":"server/info","id":1},{"jsonrpc":"2.0","method":"server/info"},
        {"jsonrpc":"2.0","method":"no/such","id":2}, 5]"#;
    let answers = server.post("root", batch).await.json();
    let answers = answers.as_array().unwrap();
    assert_eq!(answers.len(), 3, "{answers:?}");
    let with = |id: Value| answers.iter().find(|answer| answer["id"] == id).unwrap();
    assert!(with(json!(1))["result"].is_object());
    assert_eq!(with(json!(2))["error"]["code"], -32601);
    assert_eq!(with(Value::Null)["error"]["code"], -32600);
}

#[tokio::test]
async fn what_is_wrong_with_a_call_is_told() {
    let folder = analyzer();
    let server = Setup {
        agents: vec![folder.path().to_owned()],
        ..Setup::default()
    }
    .start()
    .await;
    for (method, params, kind, says) in [
        (
            "agent/execute",
            json!({ "agent": "data_analyser" }),
            "not-found",
            "data_analyzer",
        ),
        ("agent/execute", json!({}), "invalid-params", "agent"),
        (
            "agent/execute",
            json!({ "agent": "data_analyzer", "input": [1] }),
            "invalid-params",
            "",
        ),
        (
            "agent/execute",
            json!({ "agent": "data_analyzer", "params": [1] }),
            "invalid-params",
            "an object",
        ),
        (
            "agent/execute",
            json!({ "agent": "data_analyzer", "timeout_ms": 0 }),
            "invalid-params",
            "timeout_ms",
        ),
        (
            "agent/execute",
            json!({ "agent": "data_analyzer", "idempotency_key": "" }),
            "invalid-params",
            "idempotency_key",
        ),
        (
            "agent/execute",
            json!({ "agent": "data_analyzer", "context": { "user": "x".repeat(257) } }),
            "invalid-params",
            "context",
        ),
        ("run/get", json!({ "run": "r" }), "not-found", ""),
        (
            "graph/execute",
            json!({ "name": "nix" }),
            "not-found",
            "graph/list",
        ),
    ] {
        let error = server.error(method, params.clone()).await;
        assert_eq!(error["data"]["kind"], kind, "{method} {params}: {error}");
        assert!(error.to_string().contains(says), "{method} {params}: {error}");
    }
}

#[tokio::test]
async fn graphs_of_clients_are_checked() {
    let folder = analyzer();
    let server = Setup {
        agents: vec![folder.path().to_owned()],
        ..Setup::default()
    }
    .start()
    .await;
    let path = folder.path().join("data_analyzer.wasm").display().to_string();
    for graph in [
        json!({ "nodes": { "a": { "agent": path } } }),
        json!({ "nodes": { "a": { "agent": "./data_analyzer.wasm" } } }),
        json!({ "nodes": { "a": { "graph": "other.yaml" } } }),
        json!({ "nodes": { "a": { "graph": { "nodes": { "b": { "agent": "x.wasm" } } } } } }),
    ] {
        for (method, params) in [
            ("graph/create", json!({ "name": "g", "graph": graph })),
            ("graph/validate", json!({ "graph": graph })),
        ] {
            let error = server.error(method, params).await;
            assert_eq!(error["data"]["kind"], "invalid-graph", "{graph}: {error}");
            assert!(error.to_string().contains("names a file"), "{graph}: {error}");
        }
    }
    let wrong = json!({ "nodes": { "a": { "agent": "no:such", "next": "b" }, "c": { "agent": "no:other", "next": "d" } } });
    let error = server
        .error("graph/create", json!({ "name": "g", "graph": wrong }))
        .await;
    assert_eq!(error["data"]["kind"], "invalid-graph");
    let problems = error["data"]["problems"].as_array().unwrap();
    assert!(problems.len() >= 4, "{error}");
    assert!(
        !error.to_string().contains(&folder.path().display().to_string()),
        "{error}"
    );
    for name in ["", "1a", "a b", "../x", &"a".repeat(101)] {
        let params = json!({ "name": name, "graph": { "nodes": { "a": { "agent": "t:echo" } } } });
        assert_eq!(
            server.error("graph/create", params).await["data"]["kind"],
            "invalid-params",
            "{name}"
        );
    }
    server.graph("g", "t:echo").await;
    let again = json!({ "name": "g", "graph": { "nodes": { "a": { "agent": "t:echo" } } } });
    assert_eq!(
        server.error("graph/create", again).await["data"]["kind"],
        "conflict"
    );
}
