//! The WebSocket on `/rpc`: calls both ways on one connection, and every bound on it.

use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use futures_util::SinkExt;
use hap_server::Settings;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{LONG, Running, Setup, Table, until};

fn settings() -> Settings {
    Settings {
        calls_per_second: 100_000,
        calls_at_once: 100_000,
        ..Settings::default()
    }
}

async fn start(settings: Settings) -> Running {
    let server = Setup {
        settings,
        ..Setup::default()
    }
    .start()
    .await;
    server.graph("gate", "t:gate").await;
    server.graph("echo", "t:echo").await;
    server
}

#[tokio::test]
async fn calls_run_side_by_side_and_are_answered_when_they_are_done() {
    let server = start(settings()).await;
    let mut socket = server.socket().await;
    socket.ask(1, "graph/execute", json!({ "name": "gate" })).await;
    server.gate.came(1).await;
    let info = socket.call(2, "server/info", json!({})).await;
    assert_eq!(info["result"]["active_runs"], 1);
    // A batch is answered as one, a notification not at all, and bytes are as good as text.
    let batch = json!([
        { "jsonrpc": "2.0", "id": 3, "method": "server/info" },
        { "jsonrpc": "2.0", "method": "server/info" },
        { "jsonrpc": "2.0", "id": "4", "method": "no/such" },
    ]);
    let batch = Message::binary(batch.to_string().into_bytes());
    socket.stream.send(batch).await.unwrap();
    let answers = socket.next().await;
    assert_eq!((&answers[0]["id"], &answers[1]["id"]), (&json!(3), &json!("4")));
    assert_eq!(answers.as_array().unwrap().len(), 2, "{answers}");
    socket.send("{").await;
    assert_eq!(socket.next().await["error"]["code"], -32700);
    server.gate.open.add_permits(1);
    assert_eq!(socket.answer(1).await["result"]["status"], "success");
}

#[tokio::test]
async fn who_may_not_call_gets_no_socket() {
    let settings = Settings {
        origins: vec!["https://good.example".to_owned()],
        ..settings()
    };
    let server = start(settings).await;
    let root = ("authorization", "Bearer root");
    for (headers, status) in [
        (vec![], 401),
        (vec![("authorization", "Bearer wrong")], 401),
        (vec![("sec-websocket-protocol", "hap, bearer.wrong")], 401),
        (vec![root, ("host", "evil.example")], 403),
        (vec![root, ("origin", "https://evil.example")], 403),
    ] {
        let refused = server.try_socket(&headers).await;
        assert_eq!(refused.err(), Some(status), "{headers:?}");
    }
    // A page offers its token as a protocol, and the server names the other one.
    let page = [
        ("origin", "https://good.example"),
        ("sec-websocket-protocol", "hap, bearer.root"),
    ];
    let mut page = server.try_socket(&page).await.unwrap();
    assert_eq!(
        page.call(1, "server/info", json!({})).await["result"]["user"],
        "root-user"
    );
    // Without the headers of a WebSocket it is no WebSocket.
    let get = server.get("root", "/rpc").await;
    assert_eq!(get.status, 400, "{}", get.head);
}

#[tokio::test]
async fn a_cancelled_call_is_answered_with_how_its_run_ended() {
    for cancel_on_disconnect in [true, false] {
        let server = start(Settings {
            cancel_on_disconnect,
            ..settings()
        })
        .await;
        let mut socket = server.socket().await;
        socket.cancel(1).await;
        socket.ask(1, "graph/execute", json!({ "name": "gate" })).await;
        socket.ask(2, "graph/execute", json!({ "name": "gate" })).await;
        server.gate.came(2).await;
        socket.cancel(1).await;
        let answer = socket.answer(1).await;
        assert_eq!(answer["result"]["status"], "cancelled", "{answer}");
        // In one breath with its call, and of a call that does not exist.
        socket.ask(3, "graph/execute", json!({ "name": "gate" })).await;
        socket.cancel(3).await;
        assert_eq!(socket.answer(3).await["result"]["status"], "cancelled");
        let none = socket.call(4, "$/cancelRequest", json!({ "id": 3 })).await;
        assert_eq!(none["result"]["cancelled"], false);
        server.gate.open.add_permits(1);
        assert_eq!(socket.answer(2).await["result"]["status"], "success");
        let wrong = socket.call(5, "$/cancelRequest", json!({ "id": [3] })).await;
        assert_eq!(wrong["error"]["code"], -32602);
    }
}

#[tokio::test]
async fn each_call_of_a_batch_can_be_cancelled() {
    let server = start(settings()).await;
    let mut socket = server.socket().await;
    let call = |id: u64| json!({ "jsonrpc": "2.0", "id": id, "method": "graph/execute", "params": { "name": "gate" } });
    socket.send(json!([call(1), call(2)])).await;
    server.gate.came(2).await;
    socket.cancel(2).await;
    until(|| server.gate.gone.load(Ordering::SeqCst) == 1).await;
    server.gate.open.add_permits(1);
    let answers = socket.next().await;
    assert_eq!(answers[0]["result"]["status"], "success", "{answers}");
    assert_eq!(answers[1]["result"]["status"], "cancelled", "{answers}");
}

#[tokio::test]
async fn a_run_that_others_wait_for_goes_on_when_one_call_is_cancelled() {
    let server = start(settings()).await;
    let mut socket = server.socket().await;
    let params = json!({ "name": "gate", "idempotency_key": "k" });
    socket.ask(1, "graph/execute", params.clone()).await;
    server.gate.came(1).await;
    socket.ask(2, "graph/execute", params).await;
    // The second waits too when the one behind it has been answered.
    socket.call(3, "server/info", json!({})).await;
    socket.cancel(1).await;
    let answer = socket.answer(1).await;
    assert_eq!(answer["error"]["data"]["kind"], "cancelled", "{answer}");
    assert!(answer["error"]["data"]["run_id"].is_string());
    // A call that waits for events is no run.
    let run = server.gated().await;
    socket
        .ask(4, "run/events", json!({ "run": run, "after": 1000 }))
        .await;
    socket.cancel(4).await;
    assert_eq!(socket.answer(4).await["error"]["data"]["kind"], "cancelled");
    assert_eq!(
        server.call("run/get", json!({ "run": run })).await["status"],
        "running"
    );
    server.gate.open.add_permits(1);
    assert_eq!(socket.answer(2).await["result"]["status"], "success");
}

#[tokio::test]
async fn a_socket_that_closes_cancels_the_runs_that_it_waits_for() {
    for (cancel_on_disconnect, abruptly) in [(true, true), (true, false), (false, true)] {
        let server = start(Settings {
            cancel_on_disconnect,
            ..settings()
        })
        .await;
        let mut socket = server.socket().await;
        socket.ask(1, "graph/execute", json!({ "name": "gate" })).await;
        server.gate.came(1).await;
        if !abruptly {
            socket.stream.close(None).await.unwrap();
        }
        drop(socket);
        if cancel_on_disconnect {
            until(|| server.gate.gone.load(Ordering::SeqCst) == 1).await;
        }
        server.gate.open.add_permits(1);
        let run = server.call("run/list", json!({})).await["runs"][0]["run_id"].take();
        let status = if cancel_on_disconnect {
            "cancelled"
        } else {
            "success"
        };
        assert_eq!(server.ended(run.as_str().unwrap()).await["status"], status);
    }
}

#[tokio::test]
async fn more_calls_than_may_be_are_refused_and_can_be_made_room_for() {
    let server = start(Settings {
        max_calls_per_connection: 2,
        ..settings()
    })
    .await;
    let mut socket = server.socket().await;
    for id in 1..=3 {
        socket.ask(id, "graph/execute", json!({ "name": "gate" })).await;
    }
    let refused = socket.answer(3).await;
    assert_eq!(refused["error"]["data"]["kind"], "over-quota", "{refused}");
    assert!(refused["error"]["data"]["retry_after_ms"].as_u64().unwrap() > 0);
    // Each call of a batch is told, and no notification.
    socket
        .send(json!([{ "jsonrpc": "2.0", "id": 9, "method": "server/info" }, { "jsonrpc": "2.0", "method": "server/info" }]))
        .await;
    let refused = socket.next().await;
    assert_eq!(refused[0]["id"], 9);
    assert_eq!(refused.as_array().unwrap().len(), 1, "{refused}");
    socket.cancel(1).await;
    assert_eq!(socket.answer(1).await["result"]["status"], "cancelled");
    assert!(socket.call(4, "server/info", json!({})).await["result"].is_object());
}

#[tokio::test]
async fn a_tenant_has_its_places_over_all_transports() {
    let server = start(Settings {
        max_requests_per_tenant: 3,
        ..settings()
    })
    .await;
    let mut first = server.socket().await;
    let second = server.socket().await;
    // The two sockets have a place each, and this call has the third.
    first.ask(1, "graph/execute", json!({ "name": "gate" })).await;
    server.gate.came(1).await;
    let refused = first.call(2, "server/info", json!({})).await;
    assert_eq!(refused["error"]["data"]["kind"], "over-quota");
    let post = r#"{"jsonrpc":"2.0","id":1,"method":"server/info"}"#;
    assert_eq!(server.post("root", post).await.status, 429);
    assert_eq!(
        server.try_socket(&[("authorization", "Bearer root")]).await.err(),
        Some(429)
    );
    drop(second);
    while server.post("root", post).await.status == 429 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_is_no_message_is_told_by_a_code_of_its_own() {
    let server = start(Settings {
        max_request_bytes: 1000,
        ..settings()
    })
    .await;
    let mut socket = server.socket().await;
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"server/info"}"#;
    socket.send(format!("{call:<1000}")).await;
    assert!(socket.next().await["result"].is_object());
    socket.send(format!("{call:<1001}")).await;
    assert_eq!(socket.closed().await, Some(1009));
    // Frames by hand: a text that is not UTF-8, and a frame of no known kind.
    for (frame, code) in [
        (b"\x81\x81\0\0\0\0\xff".as_slice(), 1007),
        (b"\x83\x80\0\0\0\0", 1002),
    ] {
        let mut socket = server.socket().await;
        socket.stream.get_mut().write_all(frame).await.unwrap();
        assert_eq!(socket.closed().await, Some(code));
    }
}

#[tokio::test]
async fn a_peer_that_says_nothing_is_taken_for_gone_and_one_that_answers_is_not() {
    let ping_interval = Duration::from_millis(50);
    let server = start(Settings {
        ping_interval,
        ..settings()
    })
    .await;
    let mut silent = server.socket().await;
    silent.ask(1, "graph/execute", json!({ "name": "gate" })).await;
    server.gate.came(1).await;
    let mut there = server.socket().await;
    there.ask(1, "graph/execute", json!({ "name": "gate" })).await;
    server.gate.came(2).await;
    // To read is to answer a ping: the one does, and from the stream of the other only bytes are taken.
    let alive = async {
        while server.gate.gone.load(Ordering::SeqCst) == 0 {
            let _ = tokio::time::timeout(
                Duration::from_millis(5),
                futures_util::StreamExt::next(&mut there.stream),
            )
            .await;
        }
    };
    let mut bytes = Vec::new();
    let read = silent.stream.get_mut().read_to_end(&mut bytes);
    let (read, ()) = tokio::join!(tokio::time::timeout(LONG, read), alive);
    assert!(read.is_ok(), "the server did not close");
    assert!(
        bytes.windows(2).filter(|frame| *frame == b"\x89\0").count() >= 1,
        "no ping came: {bytes:?}"
    );
    assert_eq!(server.call("server/info", json!({})).await["active_runs"], 1);
}

#[tokio::test]
async fn a_socket_without_anything_to_do_is_closed_after_a_time() {
    let server = start(Settings {
        websocket_idle: Duration::from_millis(50),
        ..settings()
    })
    .await;
    let mut socket = server.socket().await;
    socket.ask(1, "graph/execute", json!({ "name": "gate" })).await;
    server.gate.came(1).await;
    let mut idle = server.socket().await;
    assert_eq!(idle.closed().await, Some(1000));
    server.gate.open.add_permits(1);
    assert_eq!(socket.answer(1).await["result"]["status"], "success");
    assert_eq!(socket.closed().await, Some(1000));
}

#[tokio::test]
async fn a_socket_ends_with_its_credentials() {
    let soon = SystemTime::now() + Duration::from_millis(400);
    let auth = Table::default()
        .with("root", "acme", "admin")
        .with("brief", "acme", "admin")
        .expiring("brief", soon)
        .with("fired", "acme", "admin")
        .revoked_after("fired", 2);
    let server = Setup {
        auth,
        settings: Settings {
            ping_interval: Duration::from_millis(50),
            ..settings()
        },
        ..Setup::default()
    }
    .start()
    .await;
    for token in ["Bearer brief", "Bearer fired"] {
        let mut socket = server.try_socket(&[("authorization", token)]).await.unwrap();
        assert_eq!(socket.closed().await, Some(1008), "{token}");
    }
    let mut socket = server.socket().await;
    assert!(socket.call(1, "server/info", json!({})).await["result"].is_object());
}

#[tokio::test]
async fn a_server_that_stops_answers_what_is_under_way_and_says_farewell() {
    let mut server = start(settings()).await;
    let mut idle = server.socket().await;
    let mut busy = server.socket().await;
    busy.ask(1, "graph/execute", json!({ "name": "gate", "subscribe": true }))
        .await;
    server.gate.came(1).await;
    server.stop();
    assert_eq!(idle.closed().await, Some(1001));
    let refused = busy.call(2, "graph/execute", json!({ "name": "gate" })).await;
    assert_eq!(refused["error"]["data"]["kind"], "unavailable", "{refused}");
    assert!(!server.serving.is_finished());
    server.gate.open.add_permits(1);
    assert_eq!(busy.answer(1).await["result"]["status"], "success");
    assert_eq!(busy.closed().await, Some(1001));
    let served = tokio::time::timeout(LONG, &mut server.serving).await;
    served.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn a_server_that_stops_does_not_wait_for_whoever_does_not_leave() {
    let mut server = start(settings()).await;
    // It never answers the farewell.
    let socket = server.socket().await;
    server.stop();
    let served = tokio::time::timeout(LONG, &mut server.serving).await;
    served.unwrap().unwrap().unwrap();
    drop(socket);
}

#[tokio::test]
async fn open_sockets_count_as_connections() {
    let server = Setup {
        settings: Settings {
            max_connections: 1,
            ..settings()
        },
        ..Setup::default()
    }
    .start()
    .await;
    let mut socket = server.socket().await;
    let mut second = server.connect().await;
    second
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut byte = [0];
    let early = tokio::time::timeout(Duration::from_millis(200), second.read(&mut byte)).await;
    assert!(early.is_err(), "taken in beside the socket");
    assert!(socket.call(1, "server/info", Value::Null).await["error"].is_object());
    drop(socket);
    let read = tokio::time::timeout(LONG, second.read(&mut byte)).await;
    assert_eq!(read.unwrap().unwrap(), 1);
}
