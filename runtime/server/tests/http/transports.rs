//! The same calls over every transport.

use futures_util::SinkExt;
use hap_server::auth::{Principal, Scopes, TenantId};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::Message;

use crate::edges::body;
use crate::socket::Socket;
use crate::support::{Running, Setup};

/// What does not depend on when something ran, and on what else of a batch was running then.
fn told(answer: Value) -> Value {
    match answer {
        Value::Array(answers) => answers.into_iter().map(told).collect(),
        mut answer if answer["result"]["run_id"].is_string() => {
            let result = answer["result"].take();
            json!([
                answer["id"],
                result["status"],
                result["outputs"],
                result["execution_path"]
            ])
        }
        mut answer => {
            if let Some(result) = answer["result"].as_object_mut() {
                result.remove("active_runs");
                result.remove("runs");
                if let Some(resources) = result.get_mut("resources").and_then(Value::as_array_mut) {
                    resources.retain(|resource| !resource["name"].as_str().unwrap().starts_with("run://"));
                }
            }
            answer
        }
    }
}

async fn posted(server: &Running, message: &[u8]) -> Option<Value> {
    let reply = server.post("root", message).await;
    match reply.status {
        204 => None,
        _ => Some(told(reply.json())),
    }
}

async fn over_streams(server: &Running, messages: &[Vec<u8>]) -> Vec<Value> {
    let principal = Principal {
        tenant: TenantId::parse("acme").unwrap(),
        user: "root-user".to_owned(),
        scopes: "admin".parse::<Scopes>().unwrap(),
        session: None,
        token_id: None,
        expires: None,
    };
    let mut answers = Vec::new();
    for message in messages {
        let mut input = format!("Content-Length: {}\r\n\r\n", message.len()).into_bytes();
        input.extend(message);
        let mut output = Vec::new();
        let served = server
            .server
            .serve_streams(&input[..], &mut output, principal.clone());
        served.await.unwrap();
        let start = output.windows(4).position(|four| four == b"\r\n\r\n");
        answers.extend(start.map(|start| told(serde_json::from_slice(&output[start + 4..]).unwrap())));
    }
    answers
}

async fn over_a_socket(socket: &mut Socket, message: &[u8]) {
    let message = match std::str::from_utf8(message) {
        Ok(text) => Message::text(text),
        Err(_) => Message::binary(message.to_vec()),
    };
    socket.stream.send(message).await.unwrap();
}

/// A call that runs something, alone or in a batch with others.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let id = prop::sample::select(vec!["1", "\"a\"", "null", "1.50"]);
    let input = prop::sample::select(vec!["{}", r#"{"a":[1,{"b":null}]}"#, "[]", "1"]);
    let run = (id, input, any::<bool>()).prop_map(|(id, input, fails)| {
        let name = if fails { "fail" } else { "echo" };
        let params = format!(r#"{{"name":"{name}","input":{input},"subscribe":false}}"#);
        format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"graph/execute","params":{params}}}"#).into_bytes()
    });
    let one = prop_oneof![2 => body(), 1 => run];
    let batch = prop::collection::vec(one.clone(), 0..5)
        .prop_map(|all| [b"[".to_vec(), all.join(&b","[..]), b"]".to_vec()].concat());
    let here = |message: &Vec<u8>| {
        let text = String::from_utf8_lossy(message).replace("\"subscribe\":false", "");
        !text.contains("subscribe\"") && !text.contains("$/")
    };
    prop_oneof![2 => one, 1 => batch].prop_filter("it needs a connection that stays", here)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_calls_have_the_same_answers(messages in prop::collection::vec(message(), 1..24)) {
        let threads = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        threads.block_on(async {
            // One server each: what a call leaves behind is not for the next transport.
            let mut servers = Vec::new();
            for _ in 0..3 {
                let server = Setup::default().start().await;
                server.graph("echo", "t:echo").await;
                server.graph("fail", "t:fail").await;
                servers.push(server);
            }
            let mut socket = servers[1].socket().await;
            let (mut expected, mut socket_told) = (Vec::new(), Vec::new());
            for message in &messages {
                over_a_socket(&mut socket, message).await;
                if let Some(answer) = posted(&servers[0], message).await {
                    expected.push(answer);
                    socket_told.push(told(socket.next().await));
                }
            }
            assert_eq!(expected, socket_told, "the socket");
            assert_eq!(expected, over_streams(&servers[2], &messages).await, "the streams");
            // What is not to be answered was not.
            socket.stream.close(None).await.unwrap();
            while let Some(Ok(message)) = socket.raw().await {
                assert!(!message.is_text(), "{message}");
            }
        });
    }
}

#[tokio::test]
async fn streams_cancel_calls_and_carry_notifications() {
    let settings = hap_server::Settings {
        max_calls_per_connection: 1,
        ..Setup::default().settings
    };
    let server = Setup {
        settings,
        ..Setup::default()
    }
    .start()
    .await;
    server.graph("gate", "t:gate").await;
    let (mut ours, theirs) = tokio::io::duplex(100_000);
    let (input, output) = tokio::io::split(theirs);
    let served = server.server.clone();
    let principal = Principal {
        tenant: TenantId::parse("acme").unwrap(),
        user: "me".to_owned(),
        scopes: Scopes::all(),
        session: None,
        token_id: None,
        expires: None,
    };
    let serving = tokio::spawn(async move { served.serve_streams(input, output, principal).await });
    // The second waits for the first, and the cancellation behind the first is heard all the same.
    let lines = [
        json!({ "jsonrpc": "2.0", "id": 1, "method": "graph/execute", "params": { "name": "gate", "subscribe": true } }),
        json!({ "jsonrpc": "2.0", "method": "$/cancelRequest", "params": { "id": 1 } }),
        json!({ "jsonrpc": "2.0", "id": 2, "method": "graph/execute", "params": { "name": "gate", "detached": true, "subscribe": true } }),
    ];
    for line in lines {
        ours.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }
    // What is subscribed to is told to its end, also when the input has ended.
    ours.shutdown().await.unwrap();
    server.gate.came(1).await;
    server.gate.open.add_permits(2);
    let mut told = String::new();
    ours.read_to_string(&mut told).await.unwrap();
    serving.await.unwrap().unwrap();
    let told: Vec<Value> = told
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let place = |id: u64| told.iter().position(|message| message["id"] == id).unwrap();
    assert_eq!(told[place(1)]["result"]["status"], "cancelled", "{told:?}");
    let second = &told[place(2)]["result"]["run_id"];
    let last = told
        .iter()
        .rev()
        .find(|message| message["params"]["run"] == *second)
        .unwrap();
    assert_eq!(last["params"]["ended"], true, "{told:?}");
}
