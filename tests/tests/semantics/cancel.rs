//! Cancelling at any moment: nothing of the run is left, neither tasks nor calls, instances or memory.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hap::{
    Agent, Event, EventKind, EventSink, Json, LoadedGraph, NodeStatus, Run, RunId, RunOptions, RunOutcome,
    RunStatus,
};
use hap_tests::{builder, built_agents};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use crate::native::{members, native, options, scripted, served, status};

/// Maps, loops, nesting, retries with waits, a fallback, and nodes side by side.
const GRAPH: &str = "
reducers: {sum: sum}
defaults: {retry: {attempts: 3, delay: 20ms, jitter: 0.5}}
nodes:
  start: {agent: 't:a', params: {steps: [{emit: {sum: 1}}]}, next: [each, polish, nested, busy]}
  each: {agent: 't:a', map: {over: items, as: item, failed_items: skip}, params: {steps: [{choose: {key: item, among: [1], steps: [{fail-first: {attempts: 9, case: unavailable}}]}}]}, next: end}
  polish: {agent: 't:a', loop: {until: 'output.n >= 4', max_rounds: 5}, params: {steps: [{count: n}]}, next: end}
  busy: {agent: 't:a', params: {steps: [{fail-first: {attempts: 9, case: unavailable}}]}, on_failure: {node: instead}, next: end}
  instead: {agent: 't:a', params: {steps: [{emit: {sum: 5}}]}}
  nested:
    next: end
    graph:
      reducers: {sum: sum}
      defaults: {retry: {attempts: 2, delay: 5ms}}
      nodes:
        inner: {agent: 't:a', params: {steps: [{fail-first: {attempts: 1, case: unavailable}}, {emit: {sum: 2}}]}, next: items}
        items: {map: {over: items, as: item, max_parallel: 2}, graph: {nodes: {x: {agent: 't:a', next: y}, y: {agent: 't:a', loop: {until: 'round >= 2', max_rounds: 2}}}}}
  end: {agent: 't:a'}
";

fn input() -> Vec<(Arc<str>, Json)> {
    members(&json!({"items": [0, 1, 2, 3, 4, 5], "n": 0}))
}

/// The agent `scripted`, which takes its time about it.
fn slow() -> (Arc<dyn Agent>, Arc<AtomicUsize>) {
    native(|request, call| async move {
        for _ in 0..call.path.as_str().len() % 5 {
            tokio::task::yield_now().await;
        }
        tokio::time::sleep(Duration::from_millis(call.path.as_str().len() as u64 % 3)).await;
        scripted(&request, call.attempt)
    })
}

/// Counts events. A run holds it for as long as anything of the run is left.
#[derive(Default)]
struct Counted(AtomicUsize);

impl EventSink for Counted {
    fn event(&self, _: &RunId, _: &Event) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[derive(Clone, Copy, Debug)]
enum How {
    Cancel,
    Canceller,
    Drop,
    DropOutcome,
}

/// Ends a run after so many turns; gives its status where it has an outcome. Nothing of it is left.
async fn ended(
    graph: &LoadedGraph,
    alive: &AtomicUsize,
    turns: usize,
    grace: u64,
    parallel: usize,
    how: How,
) -> Option<RunStatus> {
    let sink = Arc::new(Counted::default());
    let options = RunOptions {
        event_sink: Some(sink.clone()),
        cancel_grace: Duration::from_millis(grace),
        max_parallel: NonZeroUsize::new(parallel).unwrap(),
        ..options()
    };
    let input = input();
    let key = input[0].0.clone();
    let mut run = Run::start(graph.clone(), input, options);
    for turn in 0..turns {
        // Time passes only where everybody waits, so that both moments of work and moments of waiting are met.
        match turn % 8 {
            7 => tokio::time::sleep(Duration::from_millis(3)).await,
            _ => tokio::task::yield_now().await,
        }
    }
    let mut status = None;
    match how {
        How::Drop => drop(run),
        How::DropOutcome => {
            let outcome = run.outcome();
            tokio::select! {
                biased;
                _ = outcome => {}
                () = tokio::task::yield_now() => {}
            }
        }
        How::Cancel | How::Canceller => {
            match how {
                How::Cancel => run.cancel(),
                _ => run.canceller().cancel(),
            }
            while run.next_event().await.is_some() {}
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            assert_eq!(run.tasks(), 0);
            let outcome = run.outcome().await;
            check(&outcome);
            status = Some(outcome.status);
        }
    }
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(alive.load(Ordering::SeqCst), 0, "calls");
    assert_eq!(Arc::strong_count(&sink), 1, "holders of the run");
    assert_eq!(Arc::strong_count(&key), 1, "holders of a key of the input");
    status
}

fn check(outcome: &RunOutcome) {
    assert!(
        matches!(outcome.status, RunStatus::Cancelled | RunStatus::Partial),
        "{}",
        outcome.status
    );
    assert_eq!(outcome.counts().values().sum::<usize>(), 7);
    if outcome.status == RunStatus::Partial {
        assert_eq!(status(outcome, "end"), &NodeStatus::Done);
        assert_eq!(outcome.get("sum").unwrap().as_str(), "8");
    }
    for (id, record) in &outcome.agent_metadata {
        let began = outcome.execution_path.contains(id);
        let ended = !matches!(record.status, NodeStatus::Cancelled | NodeStatus::Skipped { .. });
        assert!(
            began || !ended,
            "{id} ended as {} and never began",
            record.status.name()
        );
    }
}

#[test]
fn a_run_ended_at_any_moment_leaves_nothing() {
    let threads = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let (agent, alive) = slow();
    let graph = served(GRAPH, &agent);
    let how = prop::sample::select(&[How::Cancel, How::Canceller, How::Drop, How::DropOutcome][..]);
    let moments = (0..500usize, 0..3u64, 1..9usize, how);
    let config = Config {
        cases: 1000,
        failure_persistence: None,
        ..Config::default()
    };
    let statuses = Mutex::new(BTreeSet::new());
    TestRunner::new(config)
        .run(&moments, |(turns, grace, parallel, how)| {
            let status = threads.block_on(ended(&graph, &alive, turns, grace, parallel, how));
            statuses
                .lock()
                .unwrap()
                .insert(status.map(|status| status.to_string()));
            Ok(())
        })
        .unwrap();
    assert_eq!(
        statuses.into_inner().unwrap().len(),
        3,
        "dropped, cancelled in time, and too late"
    );
}

#[test]
fn instances_of_runs_that_were_cancelled_are_free_again() {
    const INSTANCES: u32 = 4;
    let threads = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let runtime = builder()
        .agents_dir(built_agents().unwrap())
        .max_instances(INSTANCES)
        .max_instances_per_agent(INSTANCES)
        .build()
        .unwrap();
    let text = GRAPH
        .replace("t:a", "test:scripted")
        .replace("case: unavailable", "case: unavailable, message: m");
    let graph = hap::Graph::from_text("g.yaml", &text).unwrap();
    let loaded = threads.block_on(runtime.load(&graph)).unwrap();
    let moments = (0..60usize, prop::bool::ANY);
    let config = Config {
        cases: 100,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new(config)
        .run(&moments, |(events, dropped)| {
            threads.block_on(async {
                let options = RunOptions {
                    cancel_grace: Duration::ZERO,
                    ..runtime.run_options().clone()
                };
                let mut run = runtime
                    .start_with(&loaded, r#"{"items": [0, 1, 2], "n": 0}"#, options)
                    .unwrap();
                for _ in 0..events {
                    if run.next_event().await.is_none() {
                        break;
                    }
                }
                match dropped {
                    true => drop(run),
                    false => {
                        run.cancel();
                        run.outcome().await;
                    }
                }
            });
            Ok(())
        })
        .unwrap();
    // As many as there may be, all at once: each says that it is there and stays.
    let stay = "{agent: 'test:scripted', params: {steps: [{log: here}, {until-cancelled: null}]}}";
    let nodes: String = (0..INSTANCES).map(|n| format!("  n{n}: {stay}\n")).collect();
    let graph = hap::Graph::from_text("g.yaml", &format!("nodes:\n{nodes}")).unwrap();
    threads.block_on(async {
        let mut run = runtime.start(&graph, "{}").await.unwrap();
        let mut here = 0;
        while here < INSTANCES {
            let event = run.next_event().await.unwrap();
            here += u32::from(matches!(event.kind, EventKind::NodeLog { .. }));
        }
        run.cancel();
        assert_eq!(run.outcome().await.status, RunStatus::Cancelled);
    });
}
