//! The server under load: a process of its own, so that what it holds can be measured. It takes orders on its standard
//! input, a line each, and answers each with a line of JSON.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use hap::{BoxFuture, LoadedGraph, Runtime};
use hap_server::auth::{AuthError, AuthProvider, Credentials, Principal, Scopes, TenantId};
use hap_server::{Server, Settings};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::process;

/// How many bytes finished runs may hold together here.
pub(crate) const FINISHED_BYTES: usize = 32 << 20;

/// The longest request that is taken in here.
pub(crate) const REQUEST_BYTES: usize = 1 << 20;

/// Takes a caller at its word: the token is the tenant's name.
struct Trusting;

impl AuthProvider for Trusting {
    fn authenticate<'a>(
        &'a self,
        credentials: &'a Credentials,
    ) -> BoxFuture<'a, Result<Principal, AuthError>> {
        Box::pin(async move {
            let bearer = credentials.bearer.as_ref().ok_or(AuthError::Missing)?;
            let tenant = TenantId::parse(bearer.expose());
            Ok(Principal {
                tenant: tenant.map_err(|_| AuthError::Invalid { why: "no tenant" })?,
                user: "load".to_owned(),
                scopes: Scopes::all(),
                session: None,
                token_id: None,
                expires: None,
            })
        })
    }
}

/// Serves the agents and graphs of a folder until it is told to stop.
///
/// # Errors
/// When the server cannot be built, or an order is none.
pub(crate) async fn serve(folder: &Path) -> Result<()> {
    let agents = folder.join("agents");
    let runtime = Runtime::builder()
        .agents_dir(&agents)
        .cache_dir(folder.join("cache"))
        .build()?;
    let settings = Settings {
        calls_per_second: u32::MAX,
        calls_at_once: u32::MAX,
        max_runs_per_tenant: 64,
        max_finished_runs: 1_000_000,
        max_finished_bytes: FINISHED_BYTES,
        max_request_bytes: REQUEST_BYTES,
        header_time: Duration::from_secs(2),
        body_time: Duration::from_secs(2),
        drain: Duration::from_secs(30),
        ..Settings::default()
    };
    let server = Server::builder(runtime.clone(), Arc::new(Trusting))
        .settings(settings)
        .agents_dir(&agents)
        .graphs_dir(folder.join("graphs"))
        .build()
        .await?;
    server.refresh().await;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    say(&json!({"port": listener.local_addr()?.port()}));
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = {
        let server = server.clone();
        tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            server.serve(listener, stopped).await
        })
    };
    obey(&runtime, &server, folder).await?;
    let _ = stop.send(());
    serving.await??;
    say(&json!({"served": true}));
    Ok(())
}

/// Does what the lines say until one says to stop.
async fn obey(runtime: &Runtime, server: &Server, folder: &Path) -> Result<()> {
    let mut orders = BufReader::new(tokio::io::stdin()).lines();
    while let Some(order) = orders.next_line().await? {
        let words: Vec<&str> = order.split(' ').collect();
        match words.as_slice() {
            ["stop"] => return Ok(()),
            ["state"] => say(&state()),
            ["refresh"] => {
                let changes = server.refresh().await.len();
                say(&json!({ "changes": changes }));
            }
            ["engine", graph, runs, at_once] => {
                let path = folder.join("graphs").join(format!("{graph}.yaml"));
                let graph = runtime.load(&hap::read_graph(path)?).await?;
                say(&engine(runtime, &graph, runs.parse()?, at_once.parse()?).await?);
            }
            _ => bail!("no such order: {order}"),
        }
    }
    Ok(())
}

/// What the process holds.
fn state() -> Value {
    let metrics = tokio::runtime::Handle::current().metrics();
    json!({
        "tasks": metrics.num_alive_tasks(),
        "resident_kib": process::resident_kib(),
        "processor_us": process::processor_time().as_micros() as u64,
    })
}

/// What runs cost where no server is between: the time of each, and the processor's time in all.
async fn engine(runtime: &Runtime, graph: &LoadedGraph, runs: usize, at_once: usize) -> Result<Value> {
    let (begun, processor) = (Instant::now(), process::processor_time());
    let workers: Vec<_> = (0..at_once)
        .map(|_| {
            let (runtime, graph) = (runtime.clone(), graph.clone());
            tokio::spawn(async move {
                let mut times = Vec::with_capacity(runs / at_once);
                for _ in 0..runs / at_once {
                    let begun = Instant::now();
                    let outcome = runtime.start_loaded(&graph, r#"{"n":1}"#)?.outcome().await;
                    anyhow::ensure!(outcome.status == hap::RunStatus::Success, "{:?}", outcome.status);
                    times.push(begun.elapsed());
                }
                Ok(times)
            })
        })
        .collect();
    let mut times = Vec::new();
    for worker in workers {
        times.extend(worker.await??);
    }
    let spent = process::processor_time().saturating_sub(processor);
    Ok(crate::measure::Times::of(times, begun.elapsed(), spent).json())
}

#[expect(clippy::print_stdout, reason = "the answer to an order")]
fn say(line: &Value) {
    println!("{line}");
}
