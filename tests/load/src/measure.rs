//! What the server adds to the engine, both measured in one process in one run.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::child::Child;
use crate::client::Connection;

/// What many runs took.
pub(crate) struct Times {
    p50: Duration,
    p99: Duration,
    a_second: f64,
    /// The processor's time, a run.
    processor: Duration,
}

impl Times {
    /// Of the times of single runs, of all together, and of the processor.
    pub(crate) fn of(mut times: Vec<Duration>, elapsed: Duration, processor: Duration) -> Times {
        times.sort_unstable();
        let at = |share: f64| {
            let index = (times.len().saturating_sub(1) as f64 * share) as usize;
            times.get(index).copied().unwrap_or_default()
        };
        Times {
            p50: at(0.5),
            p99: at(0.99),
            a_second: times.len() as f64 / elapsed.as_secs_f64(),
            processor: processor / times.len().max(1) as u32,
        }
    }

    /// For the report.
    pub(crate) fn json(&self) -> Value {
        json!({
            "p50_us": micros(self.p50), "p99_us": micros(self.p99), "runs_a_second": self.a_second.round(),
            "processor_us_a_run": micros(self.processor),
        })
    }
}

fn micros(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e7).round() / 10.0
}

/// Measures runs of graphs of some sizes: by the engine alone and through the server, one at a time and many.
///
/// # Errors
/// When a run fails.
pub(crate) async fn measure(child: &mut Child, runs: usize) -> Result<Value> {
    let mut report = Vec::new();
    for graph in ["one", "ten", "hundred"] {
        for at_once in [1, 16] {
            let runs = if graph == "hundred" { runs / 4 } else { runs };
            // Once to warm up.
            served(child, graph, runs / 10 + at_once, at_once).await?;
            let engine = child.order(&format!("engine {graph} {runs} {at_once}")).await?;
            let served = served(child, graph, runs, at_once).await?.json();
            let field = |of: &Value, name: &str| of.get(name).and_then(Value::as_f64).unwrap_or_default();
            let added = field(&served, "p50_us") - field(&engine, "p50_us");
            let cost = field(&served, "processor_us_a_run") / field(&engine, "processor_us_a_run") - 1.0;
            report.push(json!({
                "graph": graph, "at_once": at_once, "engine": engine, "served": served,
                "added_to_p50_us": (added * 10.0).round() / 10.0,
                "processor_added": (cost * 100.0).round() / 100.0,
            }));
        }
    }
    Ok(Value::Array(report))
}

/// Runs a graph through the server, on so many connections.
async fn served(child: &mut Child, graph: &str, runs: usize, at_once: usize) -> Result<Times> {
    let before = child.order("state").await?;
    let (begun, port, graph) = (Instant::now(), child.port, graph.to_owned());
    let clients: Vec<_> = (0..at_once)
        .map(|client| {
            let graph = graph.clone();
            tokio::spawn(async move {
                let mut connection = Connection::open(port, &format!("tenant-{}", client % 4)).await?;
                let mut times = Vec::with_capacity(runs / at_once);
                for _ in 0..runs / at_once {
                    let begun = Instant::now();
                    let params = json!({"name": graph, "input": {"n": 1}});
                    let result = connection.call("graph/execute", params).await?.result()?;
                    times.push(begun.elapsed());
                    ensure!(result.get("status") == Some(&json!("success")), "{result}");
                }
                anyhow::Ok(times)
            })
        })
        .collect();
    let mut times = Vec::new();
    for client in clients {
        times.extend(client.await??);
    }
    let elapsed = begun.elapsed();
    let after = child.order("state").await?;
    let processor = |state: &Value| {
        state
            .get("processor_us")
            .and_then(Value::as_u64)
            .context("no time")
    };
    let spent = Duration::from_micros(processor(&after)? - processor(&before)?);
    Ok(Times::of(times, elapsed, spent))
}
