//! Every client against one server.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test says what went wrong by panicking"
)]

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use hap::{Agent, Answer, BoxFuture, Call, Digest, Manifest, Request};
use hap_client::{Client, ClientError, Execute, HttpClient, LocalClient, RunEvent};
use hap_server::auth::{OneToken, Scopes, Secret, TenantId};
use hap_server::{Server, Settings, Tls};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

const GRAPH: &str = "nodes: {count: {agent: 'text:count'}}";

/// An agent that never comes to an end.
struct Waits(Manifest);

impl Agent for Waits {
    fn manifest(&self) -> &Manifest {
        &self.0
    }

    fn digest(&self) -> Option<Digest> {
        None
    }

    fn invoke(&self, _: Request, _: Call) -> BoxFuture<'_, Answer> {
        Box::pin(std::future::pending())
    }
}

/// A server with two agents, and the secret of its token.
async fn server(settings: Settings) -> (Server, Secret) {
    let runtime = hap::Runtime::builder()
        .agent_fn("text:count", |context| {
            let text = context["text"].as_str().ok_or("`text` must be a string")?;
            Ok(json!({ "words": text.split_whitespace().count() }))
        })
        .agent("text:wait", Arc::new(Waits(Manifest::in_process("wait"))))
        .no_cache()
        .build()
        .unwrap();
    let (auth, secret) = OneToken::make(TenantId::local(), "ada", Scopes::all()).unwrap();
    let server = Server::builder(runtime, Arc::new(auth)).settings(settings);
    (server.build().await.unwrap(), secret)
}

async fn works(client: &dyn Client, name: &str) {
    let created = client
        .call("graph/create", json!({ "name": name, "graph": GRAPH }))
        .await
        .unwrap();
    assert_eq!(created["nodes"], json!(["count"]));
    let input = json!({ "text": "all that is gold" });
    let result = client
        .execute_graph(name, input.clone(), Execute::default())
        .await
        .unwrap();
    assert_eq!(
        (result.status.as_str(), &result.outputs["words"]),
        ("success", &json!(4))
    );
    // The same key gives the same run.
    let once = Execute {
        idempotency_key: Some(format!("{name}-1")),
        timeout: Some(Duration::from_secs(60)),
    };
    let first = client
        .execute_graph(name, input.clone(), once.clone())
        .await
        .unwrap();
    let again = client.execute_graph(name, input.clone(), once).await.unwrap();
    assert_eq!(first.run_id, again.run_id);
    let numbers = |events: Vec<Result<RunEvent, ClientError>>| -> Vec<u64> {
        let number = |event: Result<RunEvent, ClientError>| match event.unwrap() {
            RunEvent::Event { number, .. } => number,
            RunEvent::Missed(count) => panic!("missed {count}"),
        };
        events.into_iter().map(number).collect()
    };
    let all = numbers(client.events(&first.run_id, 0).collect().await);
    assert_eq!(all, (0..all.len() as u64).collect::<Vec<_>>());
    let rest = numbers(client.events(&first.run_id, 2).collect().await);
    assert_eq!(rest, all[2..]);
    let failed = client
        .execute_graph(name, json!({}), Execute::default())
        .await
        .unwrap();
    assert_eq!(failed.status, "error");
    let missing = client
        .execute_graph("nowhere", json!({}), Execute::default())
        .await
        .unwrap_err();
    assert_eq!(missing.as_server().unwrap().code, 1003);
}

#[tokio::test]
async fn a_server_is_called_in_this_process() {
    let (server, _) = server(Settings::default()).await;
    works(&LocalClient::new(server), "local").await;
}

/// A server that listens, until it is told to stop.
struct Serving {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<io::Result<()>>,
}

async fn serve(server: Server) -> Serving {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(async move {
        let stopped = async {
            let _ = stopped.await;
        };
        server.serve(listener, stopped).await
    });
    Serving { address, stop, task }
}

#[tokio::test]
async fn a_server_is_called_over_http() {
    let (server, secret) = server(Settings::default()).await;
    let serving = serve(server).await;
    let client = HttpClient::new(&format!("http://{}/", serving.address)).unwrap();
    let refused = client.call("server/info", json!({})).await.unwrap_err();
    assert_eq!(refused.as_server().unwrap().code, 1001);
    let client = client.token(secret);
    works(&client, "remote").await;
    let small = client.clone().max_answer_bytes(10);
    let large = small.call("graph/list", json!({})).await.unwrap_err();
    assert!(matches!(large, ClientError::TooLarge(10)), "{large}");
    serving.stop.send(()).unwrap();
    serving.task.await.unwrap().unwrap();
    let gone = client.call("server/info", json!({})).await.unwrap_err();
    assert!(matches!(gone, ClientError::Connect { .. }), "{gone}");
    assert!(gone.hint().is_some());
}

#[tokio::test]
async fn a_server_is_called_over_a_websocket() {
    let (server, secret) = server(Settings::default()).await;
    let serving = serve(server).await;
    let http = HttpClient::new(&format!("http://{}", serving.address)).unwrap();
    let refused = http.websocket().await.err().unwrap();
    assert_eq!(refused.as_server().unwrap().code, 1001);
    let http = http.token(secret);
    let client = http.websocket().await.unwrap();
    works(&client, "socket").await;
    // A call that is dropped is cancelled, and so is one that is asked to stop, whose answer comes all the same.
    let waits = json!({ "nodes": { "n": { "agent": "text:wait" } } });
    client
        .call("graph/create", json!({ "name": "waits", "graph": waits }))
        .await
        .unwrap();
    let params = || serde_json::value::to_raw_value(&json!({ "name": "waits" })).unwrap();
    let dropped = client.call_raw("graph/execute", params());
    assert!(
        tokio::time::timeout(Duration::from_millis(100), dropped)
            .await
            .is_err()
    );
    let stop = tokio::time::sleep(Duration::from_millis(100));
    let stopped = client.call_until("graph/execute", &params(), stop).await.unwrap();
    assert!(stopped.get().contains(r#""status":"cancelled""#), "{stopped}");
    let runs = client.call("run/list", json!({})).await.unwrap();
    for run in runs["runs"].as_array().unwrap() {
        assert_ne!(run["status"], "running", "{runs}");
    }
    // One reader a run at a time; it ends its subscription when it goes.
    let detached = json!({ "name": "waits", "detached": true });
    let run = client.call("graph/execute", detached).await.unwrap();
    let run = run["run_id"].as_str().unwrap();
    let mut first = client.events(run, 0);
    assert!(first.next().await.unwrap().is_ok());
    assert!(client.events(run, 0).next().await.unwrap().is_err());
    drop(first);
    let mut second = client.events(run, 0);
    assert!(second.next().await.unwrap().is_ok());
    // What waits when the connection ends is told so.
    client.call("run/cancel", json!({ "run": run })).await.unwrap();
    let rest: Vec<_> = second.collect().await;
    assert!(rest.iter().all(Result::is_ok), "{rest:?}");
    serving.stop.send(()).unwrap();
    serving.task.await.unwrap().unwrap();
    let gone = client.call("server/info", json!({})).await.unwrap_err();
    assert!(gone.to_string().contains("shutting down"), "{gone}");
    // What is no server of ours is told by its status.
    let plain = serve_plain().await;
    let none = HttpClient::new(&plain).unwrap().websocket().await.err().unwrap();
    assert!(matches!(none, ClientError::Status(404)), "{none}");
}

/// Somebody who knows nothing of HAP.
async fn serve_plain() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, axum::Router::new()).await });
    format!("http://{address}")
}

#[tokio::test]
async fn a_server_with_tls_is_believed_by_its_authority() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(file("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(file("key.pem"), made.signing_key.serialize_pem()).unwrap();
    let tls = Tls::from_files(file("cert.pem"), file("key.pem")).unwrap();
    let settings = Settings {
        tls: Some(tls),
        ..Settings::default()
    };
    let (server, secret) = server(settings).await;
    let serving = serve(server).await;
    let port = serving.address.port();
    let address = format!("https://localhost:{port}");
    let client = HttpClient::new(&address).unwrap().token(secret);
    let known = client.clone().authorities_file(file("cert.pem")).unwrap();
    works(&known, "secure").await;
    works(&known.websocket().await.unwrap(), "secure-socket").await;
    // Another authority, another name, and no TLS at all.
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(file("other.pem"), other.cert.pem()).unwrap();
    let stranger = client.clone().authorities_file(file("other.pem")).unwrap();
    let named = HttpClient::new(&format!("https://127.0.0.1:{port}")).unwrap();
    let named = named.authorities_file(file("cert.pem")).unwrap();
    for client in [stranger, named] {
        let refused = client.call("server/info", json!({})).await.unwrap_err();
        assert!(matches!(refused, ClientError::Tls { .. }), "{refused}");
        assert!(refused.hint().is_some());
    }
    let plain = HttpClient::new(&format!("http://localhost:{port}")).unwrap();
    let refused = plain.call("server/info", json!({})).await.unwrap_err();
    assert!(matches!(refused, ClientError::Status(400)), "{refused}");
    let there = serve_plain().await.replace("http:", "https:");
    let wrong = HttpClient::new(&there)
        .unwrap()
        .authorities_file(file("cert.pem"))
        .unwrap();
    let refused = wrong.call("server/info", json!({})).await.unwrap_err();
    assert!(matches!(refused, ClientError::Tls { .. }), "{refused}");
    for bad in ["key.pem", "nowhere.pem"] {
        let error = client.clone().authorities_file(file(bad)).unwrap_err();
        assert!(matches!(error, ClientError::Authorities(_)), "{error}");
        assert!(error.to_string().contains(bad), "{error}");
    }
}

#[test]
fn addresses_are_checked() {
    for bad in ["", "localhost", "ftp://x", "http://u:p@x", "http://x/?a=b"] {
        let error = HttpClient::new(bad).unwrap_err();
        assert!(matches!(error, ClientError::Address { .. }), "{bad}");
    }
    assert!(HttpClient::new("http://[::1]:8480/hap").is_ok());
    assert!(HttpClient::new("https://hap.example.com").is_ok());
}
