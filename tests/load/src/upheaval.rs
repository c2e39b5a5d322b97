//! The server under load while its files change, and while it shuts down: nothing that was taken in is lost.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::child::Child;
use crate::client::{Answer, Connection};
use crate::scene;

/// The code with which a server that shuts down refuses a run.
const UNAVAILABLE: i64 = 1012;

/// How many callers there are.
const CALLERS: u64 = 8;

/// Changes an agent and a graph again and again under load. Each call must be answered by a version that was there.
///
/// # Errors
/// When a call is not.
pub(crate) async fn reload(child: &mut Child, folder: &Path, times: u32) -> Result<Value> {
    let stop = Arc::new(AtomicBool::new(false));
    let newest = Arc::new(AtomicU64::new(0));
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| tokio::spawn(versions(child.port, caller, stop.clone(), newest.clone())))
        .collect();
    let mut changes = 0;
    for number in 1..=times {
        // A call may be answered by this version as soon as it is written.
        newest.store(number.into(), Ordering::SeqCst);
        scene::write_version(folder, number)?;
        let told = child.order("refresh").await?;
        changes += told.get("changes").and_then(Value::as_u64).unwrap_or_default();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    stop.store(true, Ordering::SeqCst);
    let mut calls = 0;
    for caller in callers {
        calls += caller.await??;
    }
    ensure!(
        changes >= u64::from(times),
        "of {times} changes, {changes} were seen"
    );
    Ok(json!({"reloads": times, "calls": calls, "lost": 0}))
}

/// Calls until it is to stop. Versions never go back.
async fn versions(port: u16, caller: u64, stop: Arc<AtomicBool>, newest: Arc<AtomicU64>) -> Result<u64> {
    let mut connection = Connection::open(port, &format!("tenant-{}", caller % 4)).await?;
    let (mut calls, mut latest) = (0, 0);
    while !stop.load(Ordering::SeqCst) {
        let result = connection
            .call("graph/execute", json!({"name": "version", "input": {}}))
            .await?
            .result()?;
        ensure!(result.get("status") == Some(&json!("success")), "{result}");
        let context = result
            .pointer("/outputs/version")
            .or(result.pointer("/context/version"));
        let version = context
            .and_then(Value::as_u64)
            .with_context(|| format!("no version in {result}"))?;
        let newest = newest.load(Ordering::SeqCst);
        // A version is its last digit.
        let number = (0..=newest).rev().find(|number| number % 10 == version);
        let number = number.with_context(|| format!("version {version} was never there"))?;
        ensure!(number + 10 > latest, "after version {latest} came {number}");
        latest = latest.max(number);
        calls += 1;
    }
    Ok(calls)
}

/// Tells the server to stop under load. Each call that it took in is answered in full; the others are refused.
///
/// # Errors
/// When a call has neither.
pub(crate) async fn drain(mut child: Child) -> Result<Value> {
    let answered = Arc::new(AtomicU64::new(0));
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| tokio::spawn(until_refused(child.port, caller, answered.clone())))
        .collect();
    while answered.load(Ordering::SeqCst) < 50 * CALLERS {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    child.tell_to_stop().await?;
    for caller in callers {
        caller.await??;
    }
    child.ended().await?;
    Ok(json!({"answered": answered.load(Ordering::SeqCst), "lost": 0}))
}

async fn until_refused(port: u16, caller: u64, answered: Arc<AtomicU64>) -> Result<()> {
    let tenant = format!("tenant-{}", caller % 4);
    let mut connection = Connection::open(port, &tenant).await?;
    loop {
        match connection
            .call("graph/execute", json!({"name": "ten", "input": {}}))
            .await
        {
            Ok(Answer::Result(result)) => {
                ensure!(result.get("status") == Some(&json!("success")), "{result}");
                answered.fetch_add(1, Ordering::SeqCst);
            }
            Ok(Answer::Error(UNAVAILABLE, _)) => return Ok(()),
            Ok(Answer::Error(_, told)) => bail!("{told}"),
            // Between two calls, a server that shuts down closes the connection: the next call never reaches it, and is
            // made once more where somebody still listens.
            Err(error) => {
                let text = error.to_string();
                ensure!(
                    text.contains("after 0 bytes") || !text.contains("bytes of an answer"),
                    "an answer was cut off: {text}"
                );
                match Connection::open(port, &tenant).await {
                    Ok(next) => connection = next,
                    Err(_) => return Ok(()),
                }
            }
        }
    }
}
