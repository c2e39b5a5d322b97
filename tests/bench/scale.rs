//! How time and memory grow: chains, fan-outs and maps of ten thousand and of a hundred thousand, and how long a graph of that
//! size takes to be read and checked. Agents answer at once, so what is measured is the engine.
//!
//! `cargo run --release -p hap-tests --bin hap-bench -- --scale` measures this alone; `cargo xtask bench` measures it at the
//! end. A ratio near 1 says that the cost of a node does not depend on how many there are.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use hap::{
    Agent, Answer, BoxFuture, Call, Digest, Graph, Json, LoadedGraph, Manifest, Plan, PlanNode, Request, Run,
    RunOptions, RunStatus, Usage,
};
use serde_json::json;

use crate::{median, micros, peak_kib, round};

const SMALL: usize = 10_000;
const LARGE: usize = 100_000;

/// A shape, and its graph file of about so many nodes or items.
type Shape = (&'static str, fn(usize) -> String);

/// An agent that answers with nothing.
struct AtOnce(Manifest);

impl Agent for AtOnce {
    fn manifest(&self) -> &Manifest {
        &self.0
    }

    fn digest(&self) -> Option<Digest> {
        None
    }

    fn invoke(&self, _: Request, _: Call) -> BoxFuture<'_, Answer> {
        Box::pin(async {
            Answer {
                result: Ok("{}".to_owned()),
                usage: Usage::default(),
            }
        })
    }
}

/// What one shape costs at both sizes.
pub(crate) struct Growth {
    shape: &'static str,
    small: Size,
    large: Size,
}

/// One shape at one size.
struct Size {
    read: Duration,
    check: Duration,
    each: Duration,
    peak_kib: u64,
}

impl Growth {
    fn ratio(&self) -> f64 {
        self.large.each.as_secs_f64() / self.small.each.as_secs_f64()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        let size = |size: &Size| {
            json!({
                "read_seconds": size.read.as_secs_f64(), "check_seconds": size.check.as_secs_f64(),
                "microseconds_each": micros(size.each), "peak_resident_kib": size.peak_kib,
            })
        };
        json!({ "shape": self.shape, "at_10000": size(&self.small), "at_100000": size(&self.large), "ratio": round(self.ratio()) })
    }
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (small, large) = (&self.small, &self.large);
        write!(
            f,
            "{:<10} {:>7.2} µs each of 10 000 {:>7.2} µs of 100 000, ratio {:>5.2}; 100 000 read in {:.2} s, checked in {:.2} s; peak {} MiB",
            self.shape,
            micros(small.each),
            micros(large.each),
            self.ratio(),
            large.read.as_secs_f64(),
            large.check.as_secs_f64(),
            large.peak_kib >> 10
        )
    }
}

/// Measures every shape.
pub(crate) fn measure() -> Result<Vec<Growth>> {
    let shapes: [Shape; 4] = [
        ("chain", chain),
        ("fan-out", fan_out),
        ("routed", routed),
        ("map", map),
    ];
    let measured = shapes.into_iter().map(|(shape, text)| {
        Ok(Growth {
            shape,
            small: at(text, SMALL)?,
            large: at(text, LARGE)?,
        })
    });
    measured.collect()
}

fn at(text: fn(usize) -> String, n: usize) -> Result<Size> {
    let text = text(n);
    forget_peak();
    let start = Instant::now();
    let graph = Graph::from_text("bench.yaml", &text)?;
    let read = start.elapsed();
    let start = Instant::now();
    let plan = Plan::new(&graph)?;
    let check = start.elapsed();
    let agent: Arc<dyn Agent> = Arc::new(AtOnce(Manifest::in_process("at-once")));
    let mut find = |_: &Plan, _: &PlanNode| Some(agent.clone());
    let loaded = LoadedGraph::new(Arc::new(plan), &mut find).ok_or_else(|| anyhow!("no agent"))?;
    let threads = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let items: Vec<usize> = (0..n).collect();
    let items: Json = Json::from_value(&items)?;
    let mut times = Vec::new();
    for _ in 0..3 {
        let input = vec![(Arc::from("items"), items.clone())];
        let start = Instant::now();
        let outcome = threads.block_on(async {
            Run::start(loaded.clone(), input, RunOptions::default())
                .outcome()
                .await
        });
        times.push(start.elapsed() / n as u32);
        ensure!(outcome.status == RunStatus::Success, "the run failed");
    }
    Ok(Size {
        read,
        check,
        each: median(times),
        peak_kib: peak_kib(),
    })
}

fn chain(n: usize) -> String {
    let link = |i: usize| format!("  n{i}: {{agent: 't:a', reads: [], next: n{}}}\n", i + 1);
    format!(
        "nodes:\n{}  n{n}: {{agent: 't:a', reads: []}}\n",
        (1..n).map(link).collect::<String>()
    )
}

fn fan_out(n: usize) -> String {
    let names: Vec<String> = (0..n).map(|i| format!("n{i}")).collect();
    let middle = |name: &String| format!("  {name}: {{agent: 't:a', reads: [], next: last}}\n");
    format!(
        "nodes:\n  first: {{agent: 't:a', reads: [], next: [{}]}}\n{}  last: {{agent: 't:a', reads: []}}\n",
        names.join(", "),
        names.iter().map(middle).collect::<String>()
    )
}

/// A chain in which every second node is passed by.
fn routed(n: usize) -> String {
    let last = n / 2;
    let link = |i: usize| {
        format!(
            "  a{i}: {{agent: 't:a', reads: [], next: [{{to: b{i}, when: 'has(output.k)'}}, {{else: a{}}}]}}\n  \
             b{i}: {{agent: 't:a', reads: [], next: a{}}}\n",
            i + 1,
            i + 1
        )
    };
    format!(
        "nodes:\n{}  a{last}: {{agent: 't:a', reads: []}}\n",
        (0..last).map(link).collect::<String>()
    )
}

fn map(n: usize) -> String {
    format!("nodes: {{each: {{agent: 't:a', map: {{over: items, as: item, max_items: {n}}}}}}}\n")
}

/// From here on the peak of memory is counted anew, where the system can do that.
fn forget_peak() {
    drop(std::fs::write("/proc/self/clear_refs", "5"));
}
