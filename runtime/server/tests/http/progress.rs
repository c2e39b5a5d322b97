//! Progress as the program is told it that the server is a part of.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};

use hap::{Event, Runtime};
use hap_server::auth::TenantId;
use hap_server::{ProgressHandler, ProgressState, RunOf, Server};
use serde_json::json;

use crate::support::{LONG, Setup, Table};

/// Hands on what it is told; it can be held up.
struct Handler {
    told: Sender<(RunOf, Option<ProgressState>, String)>,
    missed: Sender<u64>,
    held: Mutex<Receiver<()>>,
}

impl ProgressHandler for Handler {
    fn event(&self, run: &RunOf, event: &Event) {
        // Ends when the sender is gone.
        let _ = self.held.lock().unwrap().recv();
        let _ = self
            .told
            .send((run.clone(), ProgressState::of(&event.kind), event.to_string()));
    }

    fn missed(&self, count: u64) {
        let _ = self.missed.send(count);
    }
}

#[tokio::test]
async fn a_program_is_told_of_every_run_and_none_waits_for_it() {
    let (told, telling) = mpsc::channel();
    let (missed, missing) = mpsc::channel();
    let (hold, held) = mpsc::channel();
    let handler = Handler {
        told,
        missed,
        held: Mutex::new(held),
    };
    let runtime = Runtime::builder()
        .agent_fn("t:echo", |context| Ok(json!({ "echo": context })))
        .agent_fn("t:fail", |_| Err("no".into()))
        .build()
        .unwrap();
    let server = Server::builder(runtime, Arc::new(Table::default()))
        .settings(Setup::default().settings)
        .progress(Arc::new(handler))
        .build()
        .await
        .unwrap();
    let client = |request: serde_json::Value| {
        let server = server.clone();
        async move {
            let principal = hap_server::auth::Principal {
                tenant: TenantId::parse("acme").unwrap(),
                user: "ada".to_owned(),
                scopes: hap_server::auth::Scopes::all(),
                session: None,
                token_id: None,
                expires: None,
            };
            let mut output = Vec::new();
            let input = format!("{request}\n");
            server
                .serve_streams(input.as_bytes(), &mut output, principal)
                .await
                .unwrap();
            serde_json::from_slice::<serde_json::Value>(&output).unwrap()
        }
    };
    let graph = json!({ "nodes": {
        "inner": { "graph": { "nodes": { "deep": { "agent": "t:echo" } } } },
        "bad": { "agent": "t:fail" },
    } });
    let create = json!({ "name": "g", "graph": graph });
    client(json!({ "jsonrpc": "2.0", "id": 1, "method": "graph/create", "params": create })).await;
    let run = json!({ "jsonrpc": "2.0", "id": 1, "method": "graph/execute", "params": { "name": "g" } });
    // The handler is stuck at the first event, and more runs come to their end than may wait.
    let first = client(run.clone()).await;
    assert_eq!(first["result"]["status"], "error", "{first}");
    let many =
        json!({ "nodes": { "each": { "agent": "t:echo", "map": { "over": "items", "as": "item" } } } });
    let create = json!({ "name": "many", "graph": many });
    client(json!({ "jsonrpc": "2.0", "id": 1, "method": "graph/create", "params": create })).await;
    let params = json!({ "name": "many", "input": { "items": vec![0; 500] } });
    let many = json!({ "jsonrpc": "2.0", "id": 1, "method": "graph/execute", "params": params });
    for _ in 0..20 {
        let ran = client(many.clone()).await;
        assert_eq!(ran["result"]["status"], "success", "{ran}");
    }
    drop(hold);
    let mut own = Vec::new();
    while let Ok((of, state, text)) = telling.recv_timeout(LONG) {
        assert_eq!((of.tenant.as_str(), of.user.as_str()), ("acme", "ada"));
        if first["result"]["run_id"] != of.run.as_str() {
            assert_eq!(of.subject, "many");
            break;
        }
        assert_eq!(of.subject, "g");
        own.push((state, text.split(':').next().unwrap().to_owned()));
    }
    let state = |node: &str| -> Vec<_> {
        own.iter()
            .filter(|(_, told)| told == node)
            .filter_map(|(state, _)| *state)
            .collect()
    };
    assert_eq!(
        state("inner/deep"),
        [ProgressState::Started, ProgressState::Completed],
        "{own:?}"
    );
    assert_eq!(state("bad"), [ProgressState::Started, ProgressState::Failed]);
    // One more event is told behind those that were left out, with their number before it.
    while missing.try_recv().is_err() {
        client(run.clone()).await;
    }
}
