//! Sessions of MCP: whose they are, how many there may be, and how they end. And what guards `/mcp` like every other
//! route.

use std::time::Duration;

use hap_server::Settings;
use serde_json::{Value, json};

use super::client::{McpClient, NEW, OLD, new_message, session};
use crate::support::{LONG, Running, Setup, Table};

fn settings() -> Settings {
    Settings {
        calls_per_second: 100_000,
        calls_at_once: 100_000,
        ..Settings::default()
    }
}

async fn server(settings: Settings) -> Running {
    let auth = Table::default()
        .with("root", "acme", "admin")
        .with("colleague", "acme", "admin")
        .with("other", "other", "admin");
    Setup {
        auth,
        settings,
        ..Setup::default()
    }
    .start()
    .await
}

#[tokio::test]
async fn a_session_is_good_for_the_user_who_began_it_alone() {
    let server = server(settings()).await;
    let mine = McpClient::initialized(&server, "root").await;
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {} });
    for thief in ["colleague", "other"] {
        let mut client = McpClient::new(&server, thief);
        client.session = mine.session.clone();
        assert_eq!(client.post(&list).await.status, 404, "{thief}");
        assert_eq!(client.bare("GET").await.status, 404, "{thief}");
        assert_eq!(client.bare("DELETE").await.status, 404, "{thief}");
    }
    // One of a client's own making is none, and none is made of it.
    let mut client = McpClient::new(&server, "root");
    client.session = Some("00000000-0000-4000-8000-000000000000".to_owned());
    assert_eq!(client.post(&list).await.status, 404);
    let reply = client.initialize().await;
    assert_eq!((reply.status, session(&reply.head)), (404, None));
    assert_eq!(mine.post(&list).await.status, 200);
    assert_eq!(mine.bare("DELETE").await.status, 202);
    assert_eq!(mine.post(&list).await.status, 404);
    let nobody = McpClient::new(&server, "nobody");
    assert_eq!(nobody.initialize().await.status, 401);
    let without = McpClient::new(&server, "root");
    assert_eq!(without.post(&list).await.status, 400);
}

#[tokio::test]
async fn the_oldest_idle_session_makes_room_for_a_new_one() {
    let server = server(Settings {
        max_mcp_sessions: 3,
        max_mcp_sessions_per_tenant: 2,
        ..settings()
    })
    .await;
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {} });
    let first = McpClient::initialized(&server, "root").await;
    let second = McpClient::initialized(&server, "colleague").await;
    let other = McpClient::initialized(&server, "other").await;
    assert_eq!(first.post(&list).await.status, 200);
    let third = McpClient::initialized(&server, "root").await;
    assert_eq!(second.post(&list).await.status, 404);
    for client in [&first, &third, &other] {
        assert_eq!(client.post(&list).await.status, 200);
    }
    // Those in use stay; then there is no room.
    let _streams = [
        first.open(OLD, "GET /mcp", &Value::Null).await,
        third.open(OLD, "GET /mcp", &Value::Null).await,
    ];
    let refused = second.initialize().await;
    let refused = if refused.status == 404 {
        McpClient::new(&server, "colleague").initialize().await
    } else {
        refused
    };
    assert_eq!(refused.status, 429, "{}", refused.head);
    assert_eq!(refused.json()["error"]["data"]["kind"], "over-quota");
}

#[tokio::test]
async fn a_session_that_nobody_uses_is_closed() {
    let server = server(Settings {
        mcp_session_idle: Duration::ZERO,
        ..settings()
    })
    .await;
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {} });
    let reply = McpClient::new(&server, "root").initialize().await;
    let mut client = McpClient::new(&server, "root");
    client.session = session(&reply.head);
    assert_eq!(client.post(&list).await.status, 404);
}

#[tokio::test]
async fn a_client_that_was_cut_off_comes_back_while_its_call_is_under_way() {
    let server = server(settings()).await;
    server.graph("gate", "t:gate").await;
    let mut client = McpClient::initialized(&server, "root").await;
    let call = json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": { "name": "gate" } });
    let mut stream = client.open(OLD, "POST /mcp", &call).await;
    client.last_event = Some(stream.id().await);
    server.gate.came(1).await;
    drop(stream);
    let mut stream = client.open(OLD, "GET /mcp", &Value::Null).await;
    server.gate.open.add_permits(1);
    let answer = stream.next().await.unwrap();
    assert_eq!(
        (&answer["id"], &answer["result"]["structuredContent"]),
        (&json!(7), &json!({ "through": true }))
    );
}

#[tokio::test]
async fn a_run_goes_on_without_its_client_where_that_is_set() {
    let server = server(Settings {
        cancel_on_disconnect: false,
        ..settings()
    })
    .await;
    server.graph("gate", "t:gate").await;
    let call = new_message("tools/call", json!({ "name": "gate", "arguments": {} }));
    let client = McpClient::new(&server, "root");
    let stream = client.send(NEW, "POST /mcp", &call).await;
    server.gate.came(1).await;
    drop(stream);
    server.gate.open.add_permits(1);
    let runs = server.call("run/list", json!({})).await;
    let run = runs["runs"][0]["run_id"].as_str().unwrap().to_owned();
    assert_eq!(server.ended(&run).await["status"], "success");
}

#[tokio::test]
async fn a_session_has_few_streams_that_wait() {
    let server = server(settings()).await;
    let client = McpClient::initialized(&server, "root").await;
    let mut streams = Vec::new();
    for _ in 0..4 {
        streams.push(client.open(OLD, "GET /mcp", &Value::Null).await);
    }
    assert_eq!(client.bare("GET").await.status, 429);
    // One that is closed makes room.
    streams.pop();
    let room = async {
        loop {
            let stream = client.open(OLD, "GET /mcp", &Value::Null).await;
            if stream.head.starts_with("HTTP/1.1 200") {
                break;
            }
        }
    };
    tokio::time::timeout(LONG, room).await.unwrap();
}

#[tokio::test]
async fn what_guards_other_routes_guards_this_one() {
    let server = server(Settings {
        max_request_bytes: 1000,
        calls_at_once: 2,
        calls_per_second: 1,
        ..settings()
    })
    .await;
    let list = new_message("tools/list", json!({})).to_string();
    let headers = |host: &str, more: &str| {
        format!(
            "host: {host}\r\nauthorization: Bearer root\r\ncontent-type: application/json\r\n\
             accept: application/json, text/event-stream\r\nmcp-protocol-version: {NEW}\r\n\
             mcp-method: tools/list\r\n{more}"
        )
    };
    let send = async |headers: String, body: &[u8]| server.send("POST /mcp", &headers, body).await;
    assert_eq!(
        send(headers("evil.example", ""), list.as_bytes()).await.status,
        403
    );
    assert_eq!(
        send(
            headers("localhost", "origin: http://evil.example\r\n"),
            list.as_bytes()
        )
        .await
        .status,
        403
    );
    assert_eq!(send(headers("localhost", ""), &[b' '; 1001]).await.status, 413);
    assert_eq!(send(headers("localhost", ""), b"{").await.status, 415);
    let statuses: Vec<String> = {
        let mut told = Vec::new();
        for _ in 0..3 {
            let answer = send(headers("localhost", ""), list.as_bytes()).await.json();
            told.push(
                answer["error"]["data"]["kind"]
                    .as_str()
                    .unwrap_or("ok")
                    .to_owned(),
            );
        }
        told
    };
    assert_eq!(statuses, ["ok", "ok", "over-quota"]);
}

#[tokio::test]
async fn streams_that_wait_end_when_the_server_does() {
    let mut server = server(settings()).await;
    let (head, rest) = {
        let client = McpClient::initialized(&server, "root").await;
        let mut stream = client.open(OLD, "GET /mcp", &Value::Null).await;
        let head = stream.head.clone();
        let waiting = tokio::spawn(async move { stream.rest().await });
        server.stop();
        (head, waiting.await.unwrap())
    };
    assert!(
        head.contains("text/event-stream") && rest.is_empty(),
        "{head} {rest:?}"
    );
    server.serving.await.unwrap().unwrap();
}
