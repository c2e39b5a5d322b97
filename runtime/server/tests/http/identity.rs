//! Who asked for a run reaches its agents as far as a graph grants it.

use serde_json::{Value, json};

use crate::support::{Running, Setup, Table, agents};

/// A server with a graph for each list of grants, named after it.
async fn server(grants: &[&str]) -> Running {
    let (folder, graphs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::create_dir(folder.path().join("test")).unwrap();
    std::fs::copy(agents().join("asker.wasm"), folder.path().join("test/asker.wasm")).unwrap();
    for grant in grants {
        let text = format!("nodes: {{a: {{agent: 'test:asker', grants: {{identity: [{grant}]}}}}}}");
        let file = graphs.path().join(format!("g{}.yaml", grant.replace(", ", "_")));
        std::fs::write(file, text).unwrap();
    }
    let auth =
        Table::default()
            .with("root", "acme", "admin")
            .with("ada", "acme", "graph:execute agent:execute");
    Setup {
        auth,
        agents: vec![folder.path().to_owned()],
        graphs: vec![graphs.path().to_owned()],
        ..Setup::default()
    }
    .start()
    .await
}

/// What the agent wrote.
async fn asked(server: &Running, id: Value, method: &str, mut params: Value) -> Value {
    params["context"] = json!({ "session_id": "session-123", "user": "alice" });
    let call = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
    let answer = server.post("ada", call.to_string()).await.json();
    let result = &answer["result"];
    assert_eq!(result["status"], "success", "{answer}");
    result.get("outputs").or(result.get("output")).unwrap().clone()
}

const NOTHING: &str = r#"{ "request_id": null, "session_id": null, "user": null, "scopes": [] }"#;

#[tokio::test]
async fn an_agent_is_told_what_its_graph_grants_and_nothing_else() {
    let all = "request-id, session-id, user, scopes";
    let server = server(&["", "user", "session-id", all]).await;
    let nothing: Value = serde_json::from_str(NOTHING).unwrap();
    let with = |key: &str, value: &str| {
        let mut told = nothing.clone();
        told[key] = value.into();
        told
    };
    let run = async |name: &str| {
        asked(
            &server,
            json!("req-456"),
            "graph/execute",
            json!({ "name": name }),
        )
        .await
    };
    assert_eq!(run("g").await, nothing);
    // The user is who the credentials say, whatever the request says.
    assert_eq!(run("guser").await, with("user", "ada-user"));
    assert_eq!(run("gsession-id").await, with("session_id", "session-123"));
    assert_eq!(
        run("grequest-id_session-id_user_scopes").await,
        json!({
            "request_id": "req-456",
            "session_id": "session-123",
            "user": "ada-user",
            "scopes": ["agent:execute", "graph:execute"],
        })
    );
    // Nobody grants an agent that is run by itself anything.
    let alone = asked(
        &server,
        json!(7),
        "agent/execute",
        json!({ "agent": "test:asker" }),
    )
    .await;
    assert_eq!(alone, nothing);
}

#[tokio::test]
async fn a_request_may_have_any_id() {
    let server = server(&["request-id"]).await;
    let long = "x".repeat(10_000);
    for (id, told) in [
        (json!(7), json!("7")),
        (json!(null), json!(null)),
        (json!("a\u{1b}b"), json!("a b")),
    ] {
        let outputs = asked(&server, id, "graph/execute", json!({ "name": "grequest-id" })).await;
        assert_eq!(outputs["request_id"], told);
    }
    let outputs = asked(
        &server,
        json!(long),
        "graph/execute",
        json!({ "name": "grequest-id" }),
    )
    .await;
    assert!(outputs["request_id"].as_str().unwrap().len() <= 200, "{outputs}");
}

#[tokio::test]
async fn what_is_refused_is_told_to_the_operator() {
    let server = server(&["user"]).await;
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "graph/execute", "params": { "name": "guser" } });
    let answer = server.post("root", call.to_string()).await.json();
    let run = &answer["result"]["run_id"];
    let events = server.call("run/events", json!({ "run": run })).await.to_string();
    assert!(events.contains("grants: {identity: [session-id]}"), "{events}");
    assert!(!events.contains("identity: [user]"), "{events}");
}
