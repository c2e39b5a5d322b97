//! Both clients against one server.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test says what went wrong by panicking"
)]

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use hap_client::{Client, ClientError, Execute, HttpClient, LocalClient, RunEvent};
use hap_server::Server;
use hap_server::auth::{OneToken, Scopes, Secret, TenantId};
use serde_json::json;
use tokio::net::TcpListener;

const GRAPH: &str = "nodes: {count: {agent: 'text:count'}}";

/// A server with one agent, and the secret of its token.
async fn server() -> (Server, Secret) {
    let runtime = hap::Runtime::builder()
        .agent_fn("text:count", |context| {
            let text = context["text"].as_str().ok_or("`text` must be a string")?;
            Ok(json!({ "words": text.split_whitespace().count() }))
        })
        .no_cache()
        .build()
        .unwrap();
    let (auth, secret) = OneToken::make(TenantId::local(), "ada", Scopes::all()).unwrap();
    let server = Server::builder(runtime, Arc::new(auth)).build().await.unwrap();
    (server, secret)
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
    let (server, _) = server().await;
    works(&LocalClient::new(server), "local").await;
}

#[tokio::test]
async fn a_server_is_called_over_http() {
    let (server, secret) = server().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(async move {
        let stopped = async {
            let _ = stopped.await;
        };
        server.serve(listener, stopped).await
    });
    let client = HttpClient::new(&format!("http://{address}/")).unwrap();
    let refused = client.call("server/info", json!({})).await.unwrap_err();
    assert_eq!(refused.as_server().unwrap().code, 1001);
    let client = client.token(secret);
    works(&client, "remote").await;
    let small = client.clone().max_answer_bytes(10);
    let large = small.call("graph/list", json!({})).await.unwrap_err();
    assert!(matches!(large, ClientError::TooLarge(10)), "{large}");
    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
    let gone = client.call("server/info", json!({})).await.unwrap_err();
    assert!(matches!(gone, ClientError::Connect { .. }), "{gone}");
    assert!(gone.hint().is_some());
}

#[test]
fn addresses_are_checked() {
    for bad in [
        "",
        "localhost",
        "https://x",
        "ftp://x",
        "http://u:p@x",
        "http://x/?a=b",
    ] {
        let error = HttpClient::new(bad).unwrap_err();
        assert!(matches!(error, ClientError::Address { .. }), "{bad}");
    }
    assert!(HttpClient::new("http://[::1]:8480/hap").is_ok());
}
