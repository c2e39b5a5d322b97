//! The life of a server: its folders change, it is stopped, it is spoken to over streams.

use std::sync::atomic::Ordering;
use std::time::Duration;

use hap_server::Settings;
use hap_server::auth::{Principal, Scopes, TenantId};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::methods::analyzer;
use crate::support::{LONG, Setup, agents, read_reply};

#[tokio::test]
async fn folders_are_read_again() {
    let (agent_folder, graph_folder) = (analyzer(), tempfile::tempdir().unwrap());
    let graph = graph_folder.path().join("hot.yaml");
    std::fs::write(&graph, "nodes: {a: {agent: 't:gate'}}").unwrap();
    let server = Setup {
        agents: vec![agent_folder.path().to_owned()],
        graphs: vec![graph_folder.path().to_owned()],
        ..Setup::default()
    }
    .start()
    .await;
    assert!(server.server.refresh().await.is_empty());
    let run = server
        .call("graph/execute", json!({ "name": "hot", "detached": true }))
        .await["run_id"]
        .clone();
    server.gate.came(1).await;

    std::fs::write(&graph, "nodes: {longer: {agent: 't:echo'}}").unwrap();
    assert_eq!(server.server.refresh().await, ["graph `hot` is changed"]);
    assert_eq!(
        server.call("graph/describe", json!({ "name": "hot" })).await["nodes"],
        json!(["longer"])
    );
    std::fs::write(&graph, "nodes: {broken: {agent: 'no:such'}}").unwrap();
    let told = server.server.refresh().await;
    assert!(
        told.len() == 1 && told[0].contains("the one before it stays"),
        "{told:?}"
    );
    assert_eq!(
        server.call("graph/execute", json!({ "name": "hot" })).await["status"],
        "success"
    );
    assert_eq!(
        server.call("graph/list", json!({})).await["broken"][0]["name"],
        "hot"
    );

    let component = agent_folder.path().join("data_analyzer.wasm");
    let before = server
        .call("agent/describe", json!({ "agent": "data_analyzer" }))
        .await["digest"]
        .clone();
    std::fs::write(&component, b"no component").unwrap();
    server.server.refresh().await;
    assert_eq!(
        server
            .call("agent/describe", json!({ "agent": "data_analyzer" }))
            .await["digest"],
        before
    );
    std::fs::copy(agents().join("echo.wasm"), &component).unwrap();
    server.server.refresh().await;
    assert_ne!(
        server
            .call("agent/describe", json!({ "agent": "data_analyzer" }))
            .await["digest"],
        before
    );

    std::fs::remove_file(&graph).unwrap();
    std::fs::remove_file(&component).unwrap();
    assert_eq!(
        server.server.refresh().await,
        ["agent `data_analyzer` is gone", "graph `hot` is gone"]
    );
    assert_eq!(
        server.error("graph/execute", json!({ "name": "hot" })).await["data"]["kind"],
        "not-found"
    );
    server.gate.open.add_permits(1);
    assert_eq!(
        server.ended(run.as_str().unwrap()).await["outcome"]["execution_path"],
        json!(["a"])
    );
}

#[tokio::test]
async fn stopping_waits_for_runs_and_their_callers_get_their_answers() {
    let mut server = Setup::default().start().await;
    server.graph("gate", "t:gate").await;
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "graph/execute", "params": { "name": "gate" } })
        .to_string();
    let mut stream = server.connect().await;
    let head = "POST /rpc HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer root\r\n";
    stream
        .write_all(format!("{head}content-length: {}\r\n\r\n{call}", call.len()).as_bytes())
        .await
        .unwrap();
    server.gate.came(1).await;
    server.stop();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!server.serving.is_finished());
    server.gate.open.add_permits(1);
    assert_eq!(read_reply(stream).await.json()["result"]["status"], "success");
    tokio::time::timeout(LONG, &mut server.serving)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn what_does_not_end_in_time_is_cancelled_and_told() {
    let settings = Settings {
        drain: Duration::from_millis(100),
        ..Settings::default()
    };
    let mut server = Setup {
        settings,
        ..Setup::default()
    }
    .start()
    .await;
    server.graph("gate", "t:gate").await;
    server.gated().await;
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "graph/execute", "params": { "name": "gate" } })
        .to_string();
    let mut stream = server.connect().await;
    let head = "POST /rpc HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer root\r\n";
    stream
        .write_all(format!("{head}content-length: {}\r\n\r\n{call}", call.len()).as_bytes())
        .await
        .unwrap();
    server.gate.came(2).await;
    server.stop();
    assert_eq!(read_reply(stream).await.json()["result"]["status"], "cancelled");
    tokio::time::timeout(LONG, &mut server.serving)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(server.gate.gone.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_program_calls_the_server_that_is_part_of_it() {
    let server = Setup::default().start().await;
    let (me, call) = (Principal::local(), &server.server);
    let graph = json!({ "nodes": { "a": { "agent": "t:echo" } } });
    call.call(&me, "graph/create", &json!({ "name": "g", "graph": graph }))
        .await
        .unwrap();
    let done = call
        .call(&me, "graphs/execute", &json!(["g", { "n": 1 }]))
        .await
        .unwrap();
    assert_eq!(done["outputs"]["echo"]["n"], 1, "{done}");
    assert_eq!(call.call(&me, "server/info", &()).await.unwrap()["user"], "local");
    let some = Principal {
        scopes: "graph:read".parse().unwrap(),
        ..Principal::local()
    };
    call.call(&some, "graph/describe", &json!({ "name": "g" }))
        .await
        .unwrap();
    for (principal, method, params, kind) in [
        (&some, "graph/execute", json!({ "name": "g" }), "forbidden"),
        (&me, "graph/describe", json!({ "name": "none" }), "not-found"),
        (&me, "no/such", json!({}), "method-not-found"),
        (&me, "graph/list", json!(5), "invalid-params"),
        (&me, "graph/list", json!({ "a": 1 }), "invalid-params"),
    ] {
        let error = call.call(principal, method, &params).await.unwrap_err();
        assert_eq!(error.data.unwrap()["kind"], kind, "{method} {params}");
    }
}

#[tokio::test]
async fn streams_carry_the_same_with_both_framings() {
    let server = Setup::default().start().await;
    let call = r#"{"jsonrpc":"2.0","id":7,"method":"server/info"}"#;
    for framed in [
        format!("{call}\n"),
        format!("Content-Length: {}\r\n\r\n{call}", call.len()),
    ] {
        let (mut ours, theirs) = tokio::io::duplex(1000);
        let principal = Principal {
            tenant: TenantId::local(),
            user: "me".to_owned(),
            scopes: Scopes::none(),
            session: None,
            token_id: None,
            expires: None,
        };
        let (input, output) = tokio::io::split(theirs);
        let served = server.server.clone();
        let serving = tokio::spawn(async move { served.serve_streams(input, output, principal).await });
        ours.write_all(framed.as_bytes()).await.unwrap();
        ours.shutdown().await.unwrap();
        let mut answer = String::new();
        ours.read_to_string(&mut answer).await.unwrap();
        assert_eq!(
            framed.starts_with('C'),
            answer.starts_with("Content-Length: "),
            "{answer}"
        );
        let json: Value = serde_json::from_str(&answer[answer.find('{').unwrap()..]).unwrap();
        assert_eq!((&json["id"], &json["result"]["user"]), (&json!(7), &json!("me")));
        serving.await.unwrap().unwrap();
    }
}
