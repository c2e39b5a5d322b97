//! Clients that do not read, and requests with too much before their body.

use std::time::Duration;

use hap_server::Settings;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{LONG, Running, Setup};

/// A server whose graph `echo` answers with what it is given, which waits for nobody for long, and which has room for one
/// connection.
async fn start() -> Running {
    let settings = Settings {
        write_time: Duration::from_millis(200),
        max_connections: 1,
        ..Setup::default().settings
    };
    let server = Setup {
        settings,
        ..Setup::default()
    }
    .start()
    .await;
    server.graph("echo", "t:echo").await;
    server
}

/// A call whose answer is larger than what the two sockets keep: it has its input four times.
fn large() -> String {
    let params = json!({ "name": "echo", "input": { "text": "x".repeat(3 << 20) } });
    json!({ "jsonrpc": "2.0", "id": 1, "method": "graph/execute", "params": params }).to_string()
}

/// How much comes when reading begins late: an error or the end, sooner or later.
async fn what_is_left(stream: &mut TcpStream) -> usize {
    let (mut all, mut piece) = (0, vec![0; 1 << 16]);
    loop {
        let read = tokio::time::timeout(LONG, stream.read(&mut piece)).await;
        match read.expect("neither more nor an end") {
            Ok(0) | Err(_) => return all,
            Ok(read) => all += read,
        }
    }
}

/// Waits until the server has given the connection up: only then is there room for this one.
async fn given_up(server: &Running) {
    server.call("server/info", json!({})).await;
}

#[tokio::test]
async fn an_answer_that_nobody_reads_is_given_up() {
    let server = start().await;
    let mut stream = server.connect().await;
    let call = large();
    let head = "POST /rpc HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer root\r\n";
    let request = format!("{head}content-length: {}\r\n\r\n{call}", call.len());
    stream.write_all(request.as_bytes()).await.unwrap();
    given_up(&server).await;
    assert!(what_is_left(&mut stream).await < 4 * (3 << 20));
    // Who reads gets all of it.
    let whole = server.post("root", call).await;
    assert!(whole.body.len() > 4 * (3 << 20), "{}", whole.body.len());
}

#[tokio::test]
async fn a_socket_that_nobody_reads_is_given_up() {
    let server = start().await;
    let mut socket = server.socket().await;
    socket.send(large()).await;
    socket.ask(2, "graph/execute", json!({ "name": "echo" })).await;
    given_up(&server).await;
    assert!(what_is_left(socket.stream.get_mut()).await < 4 * (3 << 20));
}

#[tokio::test]
async fn headers_are_bounded_in_number_and_size() {
    let settings = Settings {
        max_headers: 10,
        max_header_bytes: 2000,
        ..Setup::default().settings
    };
    let server = Setup {
        settings,
        ..Setup::default()
    }
    .start()
    .await;
    // Three more are there in any case.
    for (more, status) in [
        ("a: b\r\n".repeat(7), 200),
        ("a: b\r\n".repeat(8), 431),
        (format!("a: {}\r\n", "b".repeat(1500)), 200),
        (format!("a: {}\r\n", "b".repeat(2000)), 431),
        (format!("a: {}\r\n", "b".repeat(1 << 20)), 431),
    ] {
        let headers = format!("host: localhost\r\n{more}");
        let reply = server.send("GET /healthz", &headers, b"").await;
        assert_eq!(reply.status, status, "{}", reply.head);
    }
}
