//! Resources, listed and read.

use serde_json::{Value, json};

use crate::methods::analyzer;
use crate::support::{Setup, Table};

#[tokio::test]
async fn resources_are_listed_and_read_by_who_may() {
    let auth = Table::default()
        .with("root", "acme", "admin")
        .with("part", "acme", "resource:read:open/* resource:read:graph://*")
        .with("other", "other", "admin");
    let runtime = |builder: hap::RuntimeBuilder| {
        let documents = hap::MemoryResources::default()
            .with("open/a.txt", "all that is gold")
            .with("open/b.bin", [0xff, 0xfe])
            .with("secret/a.txt", "hidden");
        builder.resources(std::sync::Arc::new(documents))
    };
    let server = Setup {
        auth,
        runtime,
        ..Setup::default()
    }
    .start()
    .await;
    server.graph("g", "t:echo").await;
    let run = server.call("graph/execute", json!({ "name": "g" })).await["run_id"].clone();
    let run = format!("run://{}", run.as_str().unwrap());
    let read = async |token: &str, name: &str| {
        let answer = server
            .answer(token, "resource/read", json!({ "name": name }))
            .await;
        let told = answer["error"]["data"]["kind"]
            .as_str()
            .or(answer["result"]["text"].as_str());
        told.unwrap_or("bytes").to_owned()
    };
    assert_eq!(read("part", "open/a.txt").await, "all that is gold");
    assert_eq!(read("part", "open/b.bin").await, "bytes");
    for (token, name, told) in [
        ("part", "secret/a.txt", "forbidden"),
        ("part", "open/../secret/a.txt", "forbidden"),
        ("part", "graph://g", "not-found"),
        ("part", "hap://server/info", "forbidden"),
        ("root", "open/../secret/a.txt", "not-found"),
        ("root", "open/none", "not-found"),
        ("root", "", "not-found"),
        ("root", "file:///etc/passwd", "not-found"),
        ("root", "agent://none/info", "not-found"),
        ("other", "graph://g", "not-found"),
        ("other", &run, "not-found"),
    ] {
        assert_eq!(read(token, name).await, told, "{token} {name}");
    }
    assert!(read("root", "graph://g").await.contains("\"only\""));
    assert!(read("root", &run).await.contains("\"success\""));
    let info = read("root", "hap://server/info").await;
    assert!(info.contains("hap") && !info.contains("acme"), "{info}");
    let piece = server
        .call(
            "resource/read",
            json!({ "name": "open/a.txt", "offset": 4, "max_bytes": 4 }),
        )
        .await;
    assert_eq!(
        (&piece["text"], &piece["next_offset"]),
        (&json!("that"), &json!(8))
    );
    let names = async |token: &str| {
        let answer = server.answer(token, "resource/list", json!({})).await;
        let list = answer["result"]["resources"].as_array().unwrap().clone();
        list.into_iter()
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names("part").await, ["open/a.txt", "open/b.bin"]);
    let all = names("root").await;
    assert!(
        all.contains(&"graph://g".to_owned())
            && all.contains(&run)
            && all.contains(&"secret/a.txt".to_owned())
    );
}

#[tokio::test]
async fn the_server_tells_of_agents_and_runs_to_those_who_may_ask_for_them() {
    let folder = analyzer();
    let auth = Table::default()
        .with("root", "acme", "admin")
        .with("reader", "acme", "resource:read")
        .with("other", "other", "admin");
    let server = Setup {
        auth,
        agents: vec![folder.path().to_owned()],
        ..Setup::default()
    }
    .start()
    .await;
    let params = json!({ "steps": [{ "fail": { "case": "failed", "message": "no" } }] });
    let run = server
        .call(
            "agent/execute",
            json!({ "agent": "data_analyzer", "params": params }),
        )
        .await["run_id"]
        .clone();
    server
        .call("agent/execute", json!({ "agent": "data-analyzer" }))
        .await;
    let read = async |token: &str, name: &str| -> Option<Value> {
        let mut answer = server
            .answer(token, "resource/read", json!({ "name": name }))
            .await;
        let text = answer["result"]["text"].take();
        text.as_str().map(|text| serde_json::from_str(text).unwrap())
    };
    let stats = read("root", "agent://data_analyzer/stats").await.unwrap();
    assert_eq!(stats["agent"], "data_analyzer");
    assert_eq!(
        (&stats["stats"]["runs"], &stats["stats"]["failures"]),
        (&json!(2), &json!(1)),
        "{stats}"
    );
    assert!(
        stats["stats"]["fuel"].as_u64().unwrap() > 0 && stats["stats"]["longest_us"].as_u64().unwrap() > 0
    );
    let theirs = read("other", "agent://data_analyzer/stats").await.unwrap();
    assert_eq!(theirs["stats"]["runs"], 0, "{theirs}");
    let schema = read("root", "agent://data_analyzer/schema").await.unwrap();
    assert!(
        schema["context"].is_object() && schema["output"] != Value::Null,
        "{schema}"
    );
    let info = read("root", "agent://data_analyzer/info").await.unwrap();
    assert_eq!(info["digest"], stats["digest"]);
    let run = run.as_str().unwrap();
    let events = read("root", &format!("run://{run}/events")).await.unwrap();
    assert_eq!(events["next"], events["events"].as_array().unwrap().len());
    assert_eq!(events["events"][0]["event"], "run-started");
    for name in [format!("run://{run}"), format!("run://{run}/events")] {
        assert!(read("root", &name).await.is_some(), "{name}");
        assert_eq!(read("reader", &name).await, None, "{name}");
        assert_eq!(read("other", &name).await, None, "{name}");
    }
    for name in [
        "agent://data_analyzer",
        "agent://data_analyzer/other",
        "agent://data_analyzer/info/more",
        "agent://none/stats",
        "hap://server",
        "nothing://at/all",
        "Agent://data_analyzer/info",
    ] {
        assert_eq!(read("root", name).await, None, "{name}");
    }
    assert_eq!(read("reader", "agent://data_analyzer/stats").await, None);
    let list = server.call("resource/list", json!({})).await;
    let list = list["resources"].as_array().unwrap();
    for entry in list {
        assert!(
            read("root", entry["name"].as_str().unwrap()).await.is_some(),
            "{entry}"
        );
    }
    // The server, three of the agent, two of each run.
    assert_eq!(list.len(), 1 + 3 + 2 * 2, "{list:?}");
}

#[tokio::test]
async fn an_agent_reads_of_the_server_what_it_is_granted_and_its_caller_may_read() {
    let folder = analyzer();
    let graphs = tempfile::tempdir().unwrap();
    let graph = |grants: &str, name: &str| {
        format!(
            "nodes: {{a: {{agent: '{}', grants: {{resources: ['{grants}']}}, params: {{steps: [{{read: {{name: '{name}', key: k}}}}]}}}}}}",
            folder.path().join("data_analyzer.wasm").display()
        )
    };
    for (file, grants, name) in [
        ("granted", "agent://*", "agent://data_analyzer/stats"),
        ("documents", "*", "agent://data_analyzer/stats"),
        ("server", "hap://server/info", "hap://server/info"),
        ("document", "*", "open/a.txt"),
    ] {
        std::fs::write(graphs.path().join(format!("{file}.yaml")), graph(grants, name)).unwrap();
    }
    let auth = Table::default()
        .with("root", "acme", "admin")
        .with("runs", "acme", "graph:execute")
        .with("reads", "acme", "graph:execute agent:read");
    let runtime = |builder: hap::RuntimeBuilder| {
        let documents = hap::MemoryResources::default().with("open/a.txt", "all that is gold");
        builder.resources(std::sync::Arc::new(documents))
    };
    let server = Setup {
        auth,
        runtime,
        agents: vec![folder.path().to_owned()],
        graphs: vec![graphs.path().to_owned()],
        ..Setup::default()
    }
    .start()
    .await;
    for (token, graph, status) in [
        ("reads", "granted", "success"),
        ("runs", "granted", "error"),
        ("root", "documents", "error"),
        ("runs", "server", "success"),
        ("runs", "document", "success"),
    ] {
        let answer = server
            .answer(token, "graph/execute", json!({ "name": graph }))
            .await;
        assert_eq!(answer["result"]["status"], status, "{token} {graph}: {answer}");
        // Nothing but the grant of it tells an agent who asks.
        let written = answer["result"]["outputs"].to_string();
        assert!(
            !written.contains("acme") && !written.contains("-user"),
            "{written}"
        );
    }
}
