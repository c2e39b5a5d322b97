//! Many callers at a time: honest ones, whose every answer is checked, beside hostile agents, slow readers, connections that
//! break, and requests that are none.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::child::Child;
use crate::client::{Answer, Connection};
use crate::random::Random;
use crate::scene::HOSTILE;
use crate::served::{FINISHED_BYTES, REQUEST_BYTES};

/// How much more memory than before may be resident afterwards: what finished runs may hold, and as much again for what the
/// allocator keeps.
pub(crate) const MEMORY_BOUND_KIB: u64 = 2 * (FINISHED_BYTES as u64 >> 10);

/// The code of a call that is refused because there are too many.
const OVER_QUOTA: i64 = 1009;

/// How long the server may take to be as it was.
const CALM: Duration = Duration::from_secs(60);

/// What one caller saw.
#[derive(Default)]
struct Seen {
    /// The status of each run that was accepted, if it was told.
    runs: HashMap<(String, String), Option<String>>,
    counts: HashMap<&'static str, u64>,
}

/// What was seen of all together.
pub(crate) struct Outcome {
    report: Value,
    faults: Vec<String>,
}

impl Outcome {
    /// The report, and what was not as it must be.
    pub(crate) fn into_parts(self) -> (Value, Vec<String>) {
        (self.report, self.faults)
    }
}

/// Loads the server for a while, and looks at what is left.
///
/// # Errors
/// When an honest caller is not answered as it must be, or the server ends.
pub(crate) async fn chaos(child: &mut Child, time: Duration, callers: u64) -> Result<Outcome> {
    // Everything has been used once before it is measured.
    storm(child.port, time / 10, callers, 1).await?;
    let before = calm(child, None).await?;
    let seen = storm(child.port, time, callers, 2).await?;
    let after = calm(child, Some(&before)).await?;
    let mut faults = unfinished(child.port, &seen).await?;
    let number = |state: &Value, name: &str| state.get(name).and_then(Value::as_u64).unwrap_or_default();
    let (tasks, tasks_after) = (number(&before, "tasks"), number(&after, "tasks"));
    if tasks_after > tasks {
        faults.push(format!(
            "{tasks_after} tasks are left, and there were {tasks} before"
        ));
    }
    let grown = number(&after, "resident_kib").saturating_sub(number(&before, "resident_kib"));
    if grown > MEMORY_BOUND_KIB {
        faults.push(format!(
            "the server holds {grown} KiB more than before; the bound is {MEMORY_BOUND_KIB}"
        ));
    }
    let report = json!({
        "accepted_runs": seen.runs.len(), "did": seen.counts, "tasks_left": tasks_after.saturating_sub(tasks),
        "memory_grown_kib": grown, "memory_bound_kib": MEMORY_BOUND_KIB, "faults": faults,
    });
    Ok(Outcome { report, faults })
}

/// All callers at once, for a while.
async fn storm(port: u16, time: Duration, callers: u64, seed: u64) -> Result<Seen> {
    let end = Instant::now() + time;
    let tasks: Vec<_> = (0..callers)
        .map(|caller| tokio::spawn(call_on(port, end, caller, Random::new(seed << 32 | caller))))
        .collect();
    let mut all = Seen::default();
    for task in tasks {
        let seen = task.await??;
        for (run, status) in seen.runs {
            let twice = all.runs.insert(run.clone(), status);
            ensure!(twice.is_none(), "two calls were answered with one run, {run:?}");
        }
        for (what, count) in seen.counts {
            *all.counts.entry(what).or_default() += count;
        }
    }
    Ok(all)
}

/// One caller, who does one thing after the other.
async fn call_on(port: u16, end: Instant, caller: u64, mut random: Random) -> Result<Seen> {
    let tenant = format!("tenant-{}", caller % 4);
    let mut seen = Seen::default();
    let mut honest = Connection::open(port, &tenant).await?;
    while Instant::now() < end {
        let what = match random.below(12) {
            0..=3 => runs(&mut honest, &tenant, &mut random, &mut seen)
                .await
                .context("an honest run")?,
            4 => detached(&mut honest, &tenant, &mut random, &mut seen)
                .await
                .context("a detached run")?,
            5 => cancelled(&mut honest, &tenant, &mut seen)
                .await
                .context("a cancelled run")?,
            6 | 7 => hostile(&mut honest, &tenant, &mut random, &mut seen)
                .await
                .context("a hostile agent")?,
            8 => cut(port, &tenant, &mut random).await?,
            9 => unread(port, &tenant, &mut random, &seen).await?,
            10 => malformed(port, &tenant, &mut random)
                .await
                .context("a malformed request")?,
            _ => oversized(port, &tenant).await.context("an oversized request")?,
        };
        *seen.counts.entry(what).or_default() += 1;
    }
    Ok(seen)
}

/// Takes a run's id and status down. A call that is over the quota is no run.
fn accepted(answer: Answer, tenant: &str, seen: &mut Seen) -> Result<Option<Value>> {
    match answer {
        Answer::Error(OVER_QUOTA, _) => Ok(None),
        Answer::Error(_, told) => bail!("{told}"),
        Answer::Result(result) => {
            let run = result
                .get("run_id")
                .and_then(Value::as_str)
                .context("no run id")?;
            let status = result.get("status").and_then(Value::as_str).map(str::to_owned);
            let twice = seen.runs.insert((tenant.to_owned(), run.to_owned()), status);
            ensure!(twice.is_none(), "the run {run} was given twice");
            Ok(Some(result))
        }
    }
}

async fn runs(
    of: &mut Connection,
    tenant: &str,
    random: &mut Random,
    seen: &mut Seen,
) -> Result<&'static str> {
    let graph = ["one", "ten"][random.below(2) as usize];
    let mine = random.next();
    let params = json!({"name": graph, "input": {"mine": mine}});
    let Some(result) = accepted(of.call("graph/execute", params).await?, tenant, seen)? else {
        return Ok("over quota");
    };
    ensure!(result.get("status") == Some(&json!("success")), "{result}");
    let text = result.to_string();
    ensure!(
        text.contains(&mine.to_string()),
        "the result is another's: {text}"
    );
    Ok("honest runs")
}

/// Starts a run with a key and asks for the same again: it is one run.
async fn detached(
    of: &mut Connection,
    tenant: &str,
    random: &mut Random,
    seen: &mut Seen,
) -> Result<&'static str> {
    let params =
        json!({"name": "ten", "input": {}, "detached": true, "idempotency_key": random.next().to_string()});
    let Some(first) = accepted(of.call("graph/execute", params.clone()).await?, tenant, seen)? else {
        return Ok("over quota");
    };
    let second = of.call("graph/execute", params).await?.result()?;
    ensure!(first == second, "one key gave two runs: {first} {second}");
    Ok("detached runs with a key, twice each")
}

async fn cancelled(of: &mut Connection, tenant: &str, seen: &mut Seen) -> Result<&'static str> {
    let params = json!({"name": "spins", "input": {}, "detached": true});
    let Some(started) = accepted(of.call("graph/execute", params).await?, tenant, seen)? else {
        return Ok("over quota");
    };
    let run = started.get("run_id").cloned().unwrap_or_default();
    of.call("run/cancel", json!({ "run": run })).await?.result()?;
    Ok("cancelled runs")
}

async fn hostile(
    of: &mut Connection,
    tenant: &str,
    random: &mut Random,
    seen: &mut Seen,
) -> Result<&'static str> {
    let (name, _) = HOSTILE[random.below(HOSTILE.len() as u64) as usize];
    let params = json!({"name": name, "input": {}});
    let Some(result) = accepted(of.call("graph/execute", params).await?, tenant, seen)? else {
        return Ok("over quota");
    };
    ensure!(
        result.get("status") == Some(&json!("error")),
        "`{name}` was not contained: {result}"
    );
    Ok("runs of hostile agents")
}

/// A connection that ends at some moment of a call.
async fn cut(port: u16, tenant: &str, random: &mut Random) -> Result<&'static str> {
    let mut connection = Connection::open(port, tenant).await?;
    let graph = ["ten", "spins"][random.below(2) as usize];
    let params = json!({"name": graph, "input": {}});
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "graph/execute", "params": params}).to_string();
    if random.below(2) == 0 {
        connection.send(call.as_bytes()).await?;
    } else {
        let part = call
            .as_bytes()
            .split_at(random.below(call.len() as u64) as usize)
            .0;
        let head = format!(
            "POST /rpc HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {tenant}\r\ncontent-length: {}\r\n\r\n",
            call.len()
        );
        connection.write(&[head.as_bytes(), part].concat()).await?;
    }
    tokio::time::sleep(Duration::from_micros(random.below(20_000))).await;
    Ok("connections cut off")
}

/// A stream of events, or a large answer, that nobody reads.
async fn unread(port: u16, tenant: &str, random: &mut Random, seen: &Seen) -> Result<&'static str> {
    let mut connection = Connection::open(port, tenant).await?;
    match seen.runs.keys().next() {
        Some((_, run)) if random.below(2) == 0 => connection.watch(run).await?,
        _ => {
            connection
                .send(br#"{"jsonrpc":"2.0","id":1,"method":"run/list"}"#)
                .await?
        }
    }
    // It stays open for a while, and is then dropped unread.
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(2)).await;
        drop(connection);
    });
    Ok("answers that nobody read")
}

/// A request that is none. It is answered, or the connection is closed.
async fn malformed(port: u16, tenant: &str, random: &mut Random) -> Result<&'static str> {
    let mut connection = Connection::open(port, tenant).await?;
    match random.below(4) {
        0 => {
            let bytes: Vec<u8> = (0..random.below(400)).map(|_| random.next() as u8).collect();
            connection.write(&bytes).await?;
        }
        1 => {
            connection
                .send(b"{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\"")
                .await?
        }
        2 => connection.send("[".repeat(5000).as_bytes()).await?,
        _ => {
            connection
                .send(br#"{"jsonrpc":"2.0","id":1,"method":"graph/execute","params":{"name":7}}"#)
                .await?
        }
    }
    let read = tokio::time::timeout(Duration::from_secs(20), connection.read()).await;
    if let Ok((status, body)) = read.context("neither answered nor closed")? {
        ensure!(
            status != 200 || body.starts_with(br#"{"jsonrpc":"2.0","error""#),
            "{status}: {}",
            String::from_utf8_lossy(&body)
        );
    }
    Ok("malformed requests")
}

async fn oversized(port: u16, tenant: &str) -> Result<&'static str> {
    let mut connection = Connection::open(port, tenant).await?;
    // It may be refused before all of it was sent.
    let _ = connection.send(&vec![b' '; REQUEST_BYTES + 1]).await;
    if let Ok((status, _)) = connection.read().await {
        ensure!(status == 413, "an oversized request was answered with {status}");
    }
    Ok("oversized requests")
}

/// Waits until the server has no more tasks than it had, and tells its state.
async fn calm(child: &mut Child, before: Option<&Value>) -> Result<Value> {
    let wanted = before
        .and_then(|state| state.get("tasks"))
        .and_then(Value::as_u64);
    let begun = Instant::now();
    let mut last = (0, 0);
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let state = child.order("state").await?;
        let tasks = state.get("tasks").and_then(Value::as_u64).unwrap_or_default();
        // With nothing to compare with: as soon as it has been the same for two seconds.
        last = if last.0 == tasks {
            (tasks, last.1 + 1)
        } else {
            (tasks, 0)
        };
        let is_calm = wanted.map_or(last.1 >= 15, |wanted| tasks <= wanted);
        if is_calm || begun.elapsed() > CALM {
            return Ok(state);
        }
    }
}

/// Which of the runs do not have exactly one result, the one that was told.
async fn unfinished(port: u16, seen: &Seen) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    let tenants: HashSet<&String> = seen.runs.keys().map(|(tenant, _)| tenant).collect();
    for tenant in tenants {
        let mut connection = Connection::open(port, tenant).await?;
        let list = connection.call("run/list", json!({})).await?.result()?;
        let list = list.get("runs").and_then(Value::as_array).context("no list")?;
        let running = list
            .iter()
            .filter(|run| run.get("status") == Some(&json!("running")));
        faults.extend(running.map(|run| format!("it still runs: {run}")));
        for ((_, run), told) in seen.runs.iter().filter(|((of, _), _)| of == tenant) {
            if let Some(fault) = of_run(&mut connection, run, told.as_deref()).await? {
                faults.push(fault);
            }
        }
    }
    faults.truncate(20);
    Ok(faults)
}

/// What is wrong with a run that was accepted. The oldest are forgotten when they hold too much: that is said.
async fn of_run(connection: &mut Connection, run: &str, told: Option<&str>) -> Result<Option<String>> {
    let now = match connection.call("run/get", json!({ "run": run })).await? {
        Answer::Error(1003, _) => return Ok(None),
        Answer::Error(_, told) => bail!("{told}"),
        Answer::Result(now) => now,
    };
    let status = now.get("status").and_then(Value::as_str).unwrap_or_default();
    if now.get("outcome").is_none() || told.is_some_and(|told| told != status) {
        return Ok(Some(format!("run {run} was told to be {told:?} and is {status}")));
    }
    let events = connection
        .call("run/events", json!({"run": run, "wait_ms": 0}))
        .await?
        .result()?;
    let events = events
        .get("events")
        .and_then(Value::as_array)
        .context("no events")?;
    let ends = events
        .iter()
        .filter(|event| event.get("event") == Some(&json!("run-finished")))
        .count();
    Ok((ends != 1).then(|| format!("run {run} has {ends} ends among {} events", events.len())))
}
