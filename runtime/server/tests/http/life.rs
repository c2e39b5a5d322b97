//! The life of a server: its folders change, it is stopped, it is spoken to over streams.

use std::sync::atomic::Ordering;
use std::time::Duration;

use hap_server::auth::{Principal, Scopes, TenantId};
use hap_server::{Server, Settings};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::methods::analyzer;
use crate::support::{LONG, Setup, agents, read_reply};

/// What changed in the folders, as the operator is told.
async fn told(server: &Server) -> Vec<String> {
    let changes = server.refresh().await;
    changes.iter().map(ToString::to_string).collect()
}

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
    assert_eq!(told(&server.server).await, ["graph `hot` is changed"]);
    assert_eq!(
        server.call("graph/describe", json!({ "name": "hot" })).await["nodes"],
        json!(["longer"])
    );
    std::fs::write(&graph, "nodes: {broken: {agent: 'no:such'}}").unwrap();
    let told_broken = told(&server.server).await;
    assert!(
        told_broken.len() == 1 && told_broken[0].contains("the one before it stays"),
        "{told_broken:?}"
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
        told(&server.server).await,
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
    assert_eq!(server.get("", "/readyz").await.status, 200);
    server.stop();
    // New connections are still answered, and told to go elsewhere.
    while server.get("", "/readyz").await.status == 200 {
        tokio::task::yield_now().await;
    }
    let ready = server.get("", "/readyz").await;
    assert_eq!((ready.status, ready.body), (503, b"shutting down\n".to_vec()));
    assert_eq!(server.get("", "/healthz").await.status, 200);
    let refused = server.error("graph/execute", json!({ "name": "gate" })).await;
    assert_eq!(refused["data"]["kind"], "unavailable", "{refused}");
    let runs = server.call("run/list", json!({})).await;
    assert_eq!(runs["runs"][0]["status"], "running", "{runs}");
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
async fn a_server_is_ready_when_its_folders_were_read() {
    let server = Setup {
        refresh: false,
        ..Setup::default()
    }
    .start()
    .await;
    let ready = server.get("", "/readyz").await;
    assert_eq!(
        (ready.status, ready.body),
        (503, b"the folders are not read yet\n".to_vec())
    );
    assert_eq!(server.get("", "/healthz").await.status, 200);
    server.server.refresh().await;
    assert_eq!(server.get("", "/readyz").await.status, 200);
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

#[tokio::test]
async fn a_graph_is_read_again_when_a_file_that_it_names_changes() {
    let folder = tempfile::tempdir().unwrap();
    let (graphs, parts) = (folder.path().join("graphs"), folder.path().join("parts"));
    std::fs::create_dir_all(&graphs).unwrap();
    std::fs::create_dir_all(&parts).unwrap();
    std::fs::write(
        graphs.join("outer.yaml"),
        "nodes: {a: {graph: ../parts/middle.yaml}}",
    )
    .unwrap();
    std::fs::write(parts.join("middle.yaml"), "nodes: {b: {graph: inner.yaml}}").unwrap();
    let server = Setup {
        graphs: vec![graphs],
        ..Setup::default()
    }
    .start()
    .await;
    let broken = server.call("graph/list", json!({})).await["broken"][0].clone();
    assert_eq!(broken["name"], "outer", "{broken}");
    assert!(told(&server.server).await.is_empty());

    let inner = parts.join("inner.yaml");
    std::fs::write(&inner, "nodes: {c: {agent: 't:echo'}}").unwrap();
    assert_eq!(told(&server.server).await, ["graph `outer` is ready"]);
    assert!(told(&server.server).await.is_empty());
    std::fs::write(&inner, "nodes: {c: {agent: 't:fail'}}  # longer").unwrap();
    assert_eq!(told(&server.server).await, ["graph `outer` is changed"]);
    let ran = server.call("graph/execute", json!({ "name": "outer" })).await;
    assert_eq!(ran["status"], "error", "{ran}");

    std::fs::remove_file(&inner).unwrap();
    let gone = told(&server.server).await;
    assert!(
        gone.len() == 1 && gone[0].contains("the one before it stays"),
        "{gone:?}"
    );
}

#[tokio::test]
async fn a_graph_is_read_again_when_a_component_that_it_names_by_its_path_changes() {
    let folder = tempfile::tempdir().unwrap();
    let component = folder.path().join("own.bin");
    std::fs::copy(agents().join("echo.wasm"), &component).unwrap();
    std::fs::write(folder.path().join("g.yaml"), "nodes: {a: {agent: ./own.bin}}").unwrap();
    let server = Setup {
        graphs: vec![folder.path().to_owned()],
        ..Setup::default()
    }
    .start()
    .await;
    assert_eq!(server.server.offered().1, ["g"]);
    assert!(told(&server.server).await.is_empty());
    std::fs::write(&component, "no component").unwrap();
    let broken = told(&server.server).await;
    assert!(
        broken.len() == 1 && broken[0].contains("the one before it stays"),
        "{broken:?}"
    );
}
