//! When nodes run does not matter: the same run ends in the same bytes on one thread and on several, however many nodes run
//! at one time and however long each takes.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hap::{Agent, Answer, BoxFuture, Call, Digest, LoadedGraph, Manifest, Request, RunOptions, RunOutcome};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::Value;

use crate::assemble::graph;
use crate::engine::{Bench, at_least};
use crate::generate::{Shape, input};
use crate::reference::Object;

/// An agent that gives way to the others a while before it does its work.
struct Dawdling {
    agent: Arc<dyn Agent>,
    calls: AtomicU64,
}

impl Agent for Dawdling {
    fn manifest(&self) -> &Manifest {
        self.agent.manifest()
    }

    fn digest(&self) -> Option<Digest> {
        self.agent.digest()
    }

    fn imports(&self) -> &[String] {
        self.agent.imports()
    }

    fn enforces_budget(&self) -> bool {
        self.agent.enforces_budget()
    }

    fn invoke(&self, request: Request, call: Call) -> BoxFuture<'_, Answer> {
        let count = self.calls.fetch_add(1, Ordering::Relaxed);
        let times = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), count) % 8;
        Box::pin(async move {
            for _ in 0..times {
                tokio::task::yield_now().await;
            }
            self.agent.invoke(request, call).await
        })
    }
}

/// The outcome as it is written, without what is real time and without the run's own name.
fn timeless(outcome: &RunOutcome) -> String {
    let mut text = serde_json::to_string(outcome).unwrap();
    for field in ["run_id", "duration_us", "start_us"] {
        let name = format!("\"{field}\":");
        let pieces: Vec<&str> = text.split(&name).collect();
        let rest = pieces[1..]
            .iter()
            .map(|piece| piece.trim_start_matches(|c| c != ',' && c != '}'));
        text = std::iter::once(pieces[0]).chain(rest).collect();
    }
    text
}

fn run(
    bench: &Bench,
    several: &tokio::runtime::Runtime,
    graph: &LoadedGraph,
    input: &Object,
    nodes: usize,
) -> String {
    let options = RunOptions {
        max_parallel: NonZeroUsize::new(nodes).unwrap(),
        ..bench.runtime.run_options().clone()
    };
    let threads = if nodes == 1 { &bench.threads } else { several };
    let outcome = threads.block_on(async {
        let input = Value::Object(input.clone());
        bench
            .runtime
            .start_with(graph, input, options)
            .unwrap()
            .outcome()
            .await
    });
    timeless(&outcome)
}

#[test]
fn the_schedule_leaves_no_trace_in_the_outcome() {
    let mut bench = Bench::new();
    bench.agent = Arc::new(Dawdling {
        agent: bench.agent.clone(),
        calls: AtomicU64::new(0),
    });
    let several = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(3)
        .enable_all()
        .build()
        .unwrap();
    let shape = Shape {
        nodes: 16,
        depth: 2,
        failing: 0.1,
        composed: 0.3,
        looking: 0.5,
        stopping: false,
    };
    let config = Config {
        cases: at_least(700),
        failure_persistence: None,
        max_shrink_time: 60_000,
        ..Config::default()
    };
    let result = TestRunner::new(config).run(&(graph(shape), input()), |(graph, input)| {
        let (graph, loaded) = bench.accepted(graph);
        let alone = run(&bench, &several, &loaded, &input, 1);
        for nodes in [2, 8, 8] {
            let together = run(&bench, &several, &loaded, &input, nodes);
            if together != alone {
                let text = format!(
                    "alone {alone}\ntogether {together}\ngraph: {graph}\ninput: {}",
                    Value::Object(input)
                );
                return Err(TestCaseError::fail(text));
            }
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}
