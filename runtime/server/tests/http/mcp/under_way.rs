//! Calls that are under way: what is told of them, and how they are cancelled; and the whole over a pair of streams.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::client::{McpClient, NEW, OLD, new_message};
use super::{root, server};
use crate::support::until;

#[tokio::test]
async fn progress_and_log_records_come_before_the_answer() {
    let (server, _folder) = server(root()).await;
    let steps = json!([
        { "progress": 0.25 }, { "log": "so far" }, { "progress": 0.75 }, { "emit": { "done": true } },
    ]);
    let graph = json!({ "nodes": { "a": { "agent": "test:scripted", "params": { "steps": steps } } } });
    server
        .call("graph/create", json!({ "name": "slow", "graph": graph }))
        .await;
    let mut call = new_message("tools/call", json!({ "name": "slow", "arguments": {} }));
    call["params"]["_meta"]["progressToken"] = "p".into();
    call["params"]["_meta"]["io.modelcontextprotocol/logLevel"] = "info".into();
    let client = McpClient::new(&server, "root");
    let told = client.open(NEW, "POST /mcp", &call).await.rest().await;
    let progress: Vec<f64> = told
        .iter()
        .filter_map(|one| one["params"]["progress"].as_f64())
        .collect();
    assert_eq!(progress, [0.0, 0.25, 0.75, 1.0], "{told:?}");
    assert!(
        told.iter()
            .filter(|one| one["method"] == "notifications/progress")
            .all(|one| one["params"]["progressToken"] == "p")
    );
    let logs: Vec<&Value> = told
        .iter()
        .filter(|one| one["method"] == "notifications/message")
        .collect();
    assert_eq!(logs.len(), 1);
    assert_eq!(
        logs[0]["params"],
        json!({ "level": "info", "logger": "a", "data": "so far" })
    );
    assert_eq!(told.last().unwrap()["result"]["structuredContent"]["done"], true);
    // Nobody is told what they did not ask for.
    let plain = new_message("tools/call", json!({ "name": "slow", "arguments": {} }));
    let reply = client.ask_new("tools/call", plain["params"].clone()).await;
    assert_eq!(reply["result"]["isError"], false);
}

#[tokio::test]
async fn a_client_that_goes_away_or_says_so_cancels_its_run() {
    let (server, _folder) = server(root()).await;
    server.graph("gate", "t:gate").await;
    // Without sessions, whoever hangs up does not want it any more.
    let client = McpClient::new(&server, "root");
    let call = new_message("tools/call", json!({ "name": "gate", "arguments": {} }));
    let mut call_with_token = call.clone();
    call_with_token["params"]["_meta"]["progressToken"] = 1.into();
    for (number, message) in [call, call_with_token].iter().enumerate() {
        let stream = client.send(NEW, "POST /mcp", message).await;
        server.gate.came(number + 1).await;
        drop(stream);
        until(|| server.gate.gone.load(Ordering::SeqCst) == number + 1).await;
    }
    // With one, it says which request.
    let client = McpClient::initialized(&server, "root").await;
    let call = json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": { "name": "gate" } });
    let mut stream = client.open(OLD, "POST /mcp", &call).await;
    server.gate.came(3).await;
    let cancel =
        json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 7 } });
    assert_eq!(client.post(&cancel).await.status, 202);
    until(|| server.gate.gone.load(Ordering::SeqCst) == 3).await;
    assert!(
        stream
            .rest()
            .await
            .iter()
            .all(|message| message.get("result").is_none())
    );
    let runs = server.call("run/list", json!({})).await;
    assert!(
        runs["runs"]
            .as_array()
            .unwrap()
            .iter()
            .all(|run| run["status"] == "cancelled"),
        "{runs}"
    );
}

#[tokio::test]
async fn over_streams_one_caller_is_served() {
    use hap_server::auth::{Principal, Scopes, TenantId};
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    let (server, _folder) = server(root()).await;
    let principal = Principal {
        tenant: TenantId::parse("acme").unwrap(),
        user: "local".to_owned(),
        scopes: Scopes::all(),
        session: None,
        token_id: None,
        expires: None,
    };
    let (client, served) = tokio::io::duplex(1 << 16);
    let (input, output) = tokio::io::split(served);
    let hap = server.server.clone();
    let serving = tokio::spawn(async move { hap.serve_mcp_streams(input, output, principal).await });
    let (reader, mut writer) = tokio::io::split(client);
    let mut lines = BufReader::new(reader).lines();
    for message in [
        json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": OLD, "capabilities": {}, "clientInfo": { "name": "t", "version": "1" },
        } }),
        json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }),
        json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {
            "name": "g", "arguments": { "a": 1 },
        } }),
    ] {
        writer.write_all(format!("{message}\n").as_bytes()).await.unwrap();
    }
    let mut next =
        async || -> Value { serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap() };
    let hello = next().await;
    assert_eq!(
        (
            &hello["result"]["protocolVersion"],
            &hello["result"]["serverInfo"]["name"]
        ),
        (&json!(OLD), &json!("hap"))
    );
    assert_eq!(
        next().await["result"]["structuredContent"],
        json!({ "echo": { "a": 1 } })
    );
    // Who closes the connection does not wait for anything any more.
    server.graph("gate", "t:gate").await;
    let call = json!({ "jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": { "name": "gate" } });
    writer.write_all(format!("{call}\n").as_bytes()).await.unwrap();
    server.gate.came(1).await;
    drop((writer, lines));
    serving.await.unwrap().unwrap();
    until(|| server.gate.gone.load(Ordering::SeqCst) == 1).await;
}
