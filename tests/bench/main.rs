//! `cargo xtask bench`: what a node costs, as a ratio to bare wasmtime measured in the same run.
//!
//! Prints a table, or with `--json` the same as data; with `--scale` only how cost grows with the size (see `scale.rs`). Times are medians; between measurements the floor is measured again,
//! because a shared machine changes its speed.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the benchmark's result is what it prints"
)]

mod floor;
mod graphs;
mod limits;
mod scale;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use floor::{Extras, Floor};
use hap::{Agent, Graph, LoadedGraph, RunStatus, Runtime};
use serde_json::json;

/// One line of the result.
struct Row {
    shape: &'static str,
    nodes: usize,
    context_bytes: usize,
    threads: usize,
    per_node: Duration,
    floor: Duration,
    resident_kib: u64,
}

impl Row {
    fn ratio(&self) -> f64 {
        self.per_node.as_secs_f64() / self.floor.as_secs_f64()
    }

    fn json(&self) -> serde_json::Value {
        json!({
            "shape": self.shape, "nodes": self.nodes, "context_bytes": self.context_bytes, "threads": self.threads,
            "microseconds_a_node": micros(self.per_node), "floor_microseconds": micros(self.floor),
            "ratio": round(self.ratio()), "nodes_a_second": (1.0 / self.per_node.as_secs_f64()).round(),
            "resident_kib": self.resident_kib,
        })
    }
}

/// Everything that a measurement needs.
struct Bench {
    runtime: Runtime,
    agent: Arc<dyn Agent>,
    floor: Floor,
    rows: Vec<Row>,
    quiet: bool,
}

const SIZES: [usize; 4] = [10, 100, 1000, 10_000];

fn main() -> Result<()> {
    let as_json = std::env::args().any(|argument| argument == "--json");
    if std::env::args().any(|argument| argument == "--scale") {
        let scale = scale::measure()?;
        match as_json {
            true => println!(
                "{}",
                json!(scale.iter().map(scale::Growth::json).collect::<Vec<_>>())
            ),
            false => scale.iter().for_each(|growth| println!("{growth}")),
        }
        return Ok(());
    }
    let mut bench = Bench::new(as_json)?;
    if !as_json {
        println!(
            "{:<28} {:>7} {:>9} {:>7} {:>11} {:>9} {:>7} {:>11} {:>10}",
            "shape", "nodes", "context", "threads", "µs a node", "floor µs", "ratio", "nodes/s", "RSS KiB"
        );
    }
    bench.measure("one node", graphs::chain, 1, 1 << 10, 1)?;
    for threads in [1, 2] {
        for nodes in SIZES {
            bench.measure("chain", graphs::chain, nodes, 1 << 10, threads)?;
        }
        for nodes in SIZES {
            bench.measure("fan-out", graphs::fan_out, nodes, 1 << 10, threads)?;
        }
        for nodes in SIZES {
            bench.measure("stacked diamonds", graphs::diamonds, nodes, 1 << 10, threads)?;
        }
    }
    for (context, nodes) in [(64 << 10, 1000), (1 << 20, 100)] {
        for threads in [1, 2] {
            bench.measure("chain", graphs::chain, nodes, context, threads)?;
            bench.measure("fan-out", graphs::fan_out, nodes, context, threads)?;
        }
    }
    let limits = limits::measure()?;
    let peak = peak_kib();
    let scale = scale::measure()?;
    bench.finish(as_json, &limits, &scale, peak);
    Ok(())
}

impl Bench {
    fn new(quiet: bool) -> Result<Bench> {
        let bytes = std::fs::read(hap_tests::built_agents()?.join("test/echo.wasm"))?;
        let (sandbox, _) = hap_sandbox::Sandbox::new(hap_sandbox::SandboxConfig::default())?;
        let threads = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let agent = threads.block_on(sandbox.load(bytes.clone()))?;
        Ok(Bench {
            runtime: Runtime::builder().no_cache().build()?,
            agent: Arc::new(agent),
            floor: plain(Floor::new(&bytes, Extras::default()))?,
            rows: Vec::new(),
            quiet,
        })
    }

    fn measure(
        &mut self,
        shape: &'static str,
        make: impl Fn(&Arc<dyn Agent>, usize) -> Graph,
        nodes: usize,
        context_bytes: usize,
        threads: usize,
    ) -> Result<()> {
        let runtime = match threads {
            1 => tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?,
            _ => tokio::runtime::Builder::new_multi_thread()
                .worker_threads(threads)
                .enable_all()
                .build()?,
        };
        let loaded = runtime.block_on(self.runtime.load(&make(&self.agent, nodes)))?;
        let input =
            json!({ "text": "x".repeat(context_bytes.saturating_sub(r#"{"text":""}"#.len())) }).to_string();
        let count = loaded.plan().nodes().len();
        // Enough runs that each measurement executes some thousands of nodes, and never fewer than three.
        let budget = if context_bytes > 100_000 { 600 } else { 20_000 };
        let runs = (budget / count).clamp(3, 2000);
        let calls = (if context_bytes > 100_000 { 200 } else { 2000 }) as u32;
        let mut times = Vec::new();
        let mut floors = Vec::new();
        plain(self.floor.time(&input, calls))?;
        self.run(&runtime, &loaded, &input)?;
        for round in 0..runs {
            if round % runs.div_ceil(3) == 0 {
                floors.push(plain(self.floor.time(&input, calls))?);
            }
            times.push(self.run(&runtime, &loaded, &input)? / count as u32);
        }
        let row = Row {
            shape,
            nodes: count,
            context_bytes,
            threads,
            per_node: median(times),
            floor: median(floors),
            resident_kib: resident_kib(),
        };
        if !self.quiet {
            println!(
                "{:<28} {:>7} {:>9} {:>7} {:>11.2} {:>9.2} {:>7.2} {:>11.0} {:>10}",
                row.shape,
                row.nodes,
                row.context_bytes,
                row.threads,
                micros(row.per_node),
                micros(row.floor),
                row.ratio(),
                1.0 / row.per_node.as_secs_f64(),
                row.resident_kib
            );
        }
        self.rows.push(row);
        Ok(())
    }

    /// The time of one run, from its start to its outcome.
    fn run(&self, threads: &tokio::runtime::Runtime, graph: &LoadedGraph, input: &str) -> Result<Duration> {
        threads.block_on(async {
            let start = Instant::now();
            let outcome = self.runtime.start_loaded(graph, input)?.outcome().await;
            let time = start.elapsed();
            ensure!(
                outcome.status == RunStatus::Success,
                "the run failed: {:?}",
                outcome.failures().next()
            );
            ensure!(
                outcome
                    .get("text")
                    .is_some_and(|text| text.as_str().len() + r#"{"text":}"#.len() == input.len())
            );
            Ok(time)
        })
    }

    /// Says how cost and memory grow with the number of nodes.
    fn finish(&self, as_json: bool, limits: &[limits::Cost], scale: &[scale::Growth], peak_kib: u64) {
        let find = |shape: &str, nodes: std::ops::Range<usize>, threads: usize| {
            let fits = |row: &&Row| {
                row.shape == shape
                    && nodes.contains(&row.nodes)
                    && row.threads == threads
                    && row.context_bytes == 1 << 10
            };
            self.rows.iter().find(fits)
        };
        let mut growth = Vec::new();
        for shape in ["chain", "fan-out", "stacked diamonds"] {
            for threads in [1, 2] {
                if let (Some(small), Some(large)) = (
                    find(shape, 900..1001, threads),
                    find(shape, 9000..10_001, threads),
                ) {
                    growth.push((shape, threads, large.ratio() / small.ratio()));
                }
            }
        }
        if as_json {
            let rows: Vec<_> = self.rows.iter().map(Row::json).collect();
            let growth: Vec<_> = growth
                .iter()
                .map(|(shape, threads, factor)| json!({"shape": shape, "threads": threads, "factor": round(*factor)}))
                .collect();
            println!(
                "{}",
                json!({ "rows": rows, "cost_a_node_at_10000_nodes_over_1000": growth, "limits": limits.iter().map(limits::Cost::json).collect::<Vec<_>>(),
                    "scale": scale.iter().map(scale::Growth::json).collect::<Vec<_>>(), "peak_resident_kib": peak_kib })
            );
            return;
        }
        println!();
        for (shape, threads, factor) in growth {
            println!("{shape}, {threads} threads: a node of 10 000 costs {factor:.2} times a node of 1000");
        }
        println!();
        for cost in limits {
            println!("{cost}");
        }
        println!();
        for growth in scale {
            println!("{growth}");
        }
        println!();
        println!("peak memory, the last four lines aside: {peak_kib} KiB");
        eprintln!("figures are medians on this machine; compare ratios, not microseconds");
    }
}

/// wasmtime's errors are of a type of their own.
fn plain<T>(result: wasmtime::Result<T>) -> Result<T> {
    result.map_err(|error| anyhow!("{error:?}"))
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn micros(time: Duration) -> f64 {
    round(time.as_secs_f64() * 1e6)
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// A field of `/proc/self/status` in KiB; zero where there is none.
fn status_kib(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let value = |line: &str| line.strip_prefix(field)?.split_whitespace().next()?.parse().ok();
    status.lines().find_map(value).unwrap_or_default()
}

fn resident_kib() -> u64 {
    status_kib("VmRSS:")
}

fn peak_kib() -> u64 {
    status_kib("VmHWM:")
}
