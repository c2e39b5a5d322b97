//! Runs over time: what happens at the same time, in which order events come, and what cancelling leaves behind.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::future::pending;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hap::{
    Agent, Answer, BoxFuture, Budget, Call, Digest, EventKind, FailureKind, Graph, Json, Limit, Manifest,
    NodeStatus, Request, RunOptions, RunOutcome, RunStatus, Runtime, Usage, json,
};
use hap_tests::builder;
use tokio::sync::Barrier;

/// An agent made of an async function; counts how many of its calls are alive.
struct Asynchronous<F> {
    manifest: Manifest,
    alive: Arc<AtomicUsize>,
    function: F,
}

struct Alive(Arc<AtomicUsize>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl<F, R> Agent for Asynchronous<F>
where
    F: Fn(Request, Call) -> R + Send + Sync,
    R: Future<Output = String> + Send + 'static,
{
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn digest(&self) -> Option<Digest> {
        None
    }

    fn invoke(&self, request: Request, call: Call) -> BoxFuture<'_, Answer> {
        self.alive.fetch_add(1, Ordering::SeqCst);
        let alive = Alive(self.alive.clone());
        let answer = (self.function)(request, call);
        Box::pin(async move {
            let _alive = alive;
            Answer {
                result: Ok(answer.await),
                usage: Usage::default(),
            }
        })
    }
}

fn agent<F, R>(function: F) -> (Arc<dyn Agent>, Arc<AtomicUsize>)
where
    F: Fn(Request, Call) -> R + Send + Sync + 'static,
    R: Future<Output = String> + Send + 'static,
{
    let alive = Arc::new(AtomicUsize::new(0));
    (
        Arc::new(Asynchronous {
            manifest: Manifest::in_process("t"),
            alive: alive.clone(),
            function,
        }),
        alive,
    )
}

fn graph(text: &str) -> Graph {
    Graph::from_text("graph.yaml", text).unwrap()
}

fn status<'a>(outcome: &'a RunOutcome, node: &str) -> &'a NodeStatus {
    &outcome
        .agent_metadata
        .iter()
        .find(|(id, _)| id.as_str() == node)
        .unwrap()
        .1
        .status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn independent_nodes_run_at_the_same_time() {
    // Each waits for the other two, so the run ends only if all three run at once.
    let barrier = Arc::new(Barrier::new(3));
    let (waits, _) = agent(move |_, _| {
        let barrier = barrier.clone();
        async move {
            barrier.wait().await;
            "{}".to_owned()
        }
    });
    let runtime = builder()
        .agent("t:waits", waits)
        .max_parallel(NonZeroUsize::new(3).unwrap())
        .build()
        .unwrap();
    let graph = graph("nodes: {a: {agent: 't:waits'}, b: {agent: 't:waits'}, c: {agent: 't:waits'}}");
    assert_eq!(
        runtime.run(&graph, "{}").await.unwrap().status,
        RunStatus::Success
    );
}

#[tokio::test]
async fn no_more_nodes_run_at_once_than_the_setting_allows() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counts, _) = agent({
        let (now, most) = (now.clone(), most.clone());
        move |_, _| {
            let (now, most) = (now.clone(), most.clone());
            async move {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                for _ in 0..10 {
                    tokio::task::yield_now().await;
                }
                now.fetch_sub(1, Ordering::SeqCst);
                "{}".to_owned()
            }
        }
    });
    let runtime = builder()
        .agent("t:counts", counts)
        .max_parallel(NonZeroUsize::new(3).unwrap())
        .build()
        .unwrap();
    let nodes: String = (0..20)
        .map(|n| format!("  n{n}: {{agent: 't:counts'}}\n"))
        .collect();
    runtime
        .run(&graph(&format!("nodes:\n{nodes}")), "{}")
        .await
        .unwrap();
    assert_eq!(most.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn events_come_in_one_order_and_the_run_waits_for_its_reader() {
    let (answers, _) = agent(|_, _| async { "{}".to_owned() });
    let runtime = builder().agent("t:a", answers).build().unwrap();
    let loaded = runtime.load(&graph("nodes: {a: {agent: 't:a', next: [b, c]}, b: {agent: 't:a'}, c: {agent: 't:a'}, z: {agent: 't:a', next: a}}")).await.unwrap();
    let options = RunOptions {
        max_waiting_events: 1,
        max_parallel: NonZeroUsize::MIN,
        ..runtime.run_options().clone()
    };
    let mut run = runtime.start_with(&loaded, "{}", options).unwrap();
    let mut told = Vec::new();
    while let Some(event) = run.next_event().await {
        assert_eq!(event.sequence, told.len() as u64);
        told.push(event.to_string());
    }
    let expected = [
        "z: started",
        "z: done",
        "a: started",
        "a: done",
        "b: started",
        "b: done",
        "c: started",
        "c: done",
        "run finished: success",
    ];
    assert_eq!(told[1..], expected);
    assert_eq!(run.outcome().await.status, RunStatus::Success);
}

#[tokio::test(start_paused = true)]
async fn cancelling_keeps_what_was_done_and_leaves_nothing_running() {
    let (answers, _) = agent(|_, _| async { r#"{"k":1}"#.to_owned() });
    let (hangs, alive) = agent(|_, _| pending());
    let runtime = builder()
        .agent("t:answers", answers)
        .agent("t:hangs", hangs)
        .build()
        .unwrap();
    let graph = graph(
        "nodes: {a: {agent: 't:answers', next: b}, b: {agent: 't:hangs', next: c}, c: {agent: 't:answers'}}",
    );
    let mut run = runtime.start(&graph, "{}").await.unwrap();
    while let Some(event) = run.next_event().await {
        if matches!(&event.kind, EventKind::NodeStarted { node, .. } if node.as_str() == "b") {
            run.cancel();
            break;
        }
    }
    let outcome = run.outcome().await;
    assert_eq!(outcome.status, RunStatus::Cancelled);
    assert_eq!(outcome.get("k").unwrap().as_str(), "1");
    assert_eq!(
        [
            status(&outcome, "a"),
            status(&outcome, "b"),
            status(&outcome, "c")
        ],
        [&NodeStatus::Done, &NodeStatus::Cancelled, &NodeStatus::Cancelled]
    );
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_dropped_handle_leaves_nothing_running() {
    let (hangs, alive) = agent(|_, _| pending());
    let runtime = builder().agent("t:hangs", hangs).build().unwrap();
    let run = runtime
        .start(
            &graph("nodes: {a: {agent: 't:hangs'}, b: {agent: 't:hangs'}}"),
            "{}",
        )
        .await
        .unwrap();
    while alive.load(Ordering::SeqCst) < 2 {
        tokio::task::yield_now().await;
    }
    drop(run);
    while alive.load(Ordering::SeqCst) > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_agent_of_the_host_is_held_to_time_and_output_too() {
    let (hangs, alive) = agent(|_, _| pending());
    let (talks, _) = agent(|_, _| async { format!("\"{}\"", "x".repeat(2000)) });
    let budget = Budget::default().with(Limit::Output, 1000);
    let runtime = builder()
        .agent("t:hangs", hangs)
        .agent("t:talks", talks)
        .budget(budget)
        .build()
        .unwrap();
    let outcome = runtime
        .run(
            &graph("nodes: {a: {agent: 't:hangs'}, b: {agent: 't:talks'}}"),
            "{}",
        )
        .await
        .unwrap();
    let limits: Vec<_> = outcome
        .failures()
        .map(|(_, failure)| failure.kind.clone())
        .collect();
    assert_eq!(
        limits,
        [
            FailureKind::Limit {
                limit: Limit::WallTime,
                allowed: 30_000,
                used: 30_000
            },
            FailureKind::Limit {
                limit: Limit::Output,
                allowed: 1000,
                used: 2002
            }
        ]
    );
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}

#[test]
fn a_blocking_call_inside_a_runtime_is_an_error_and_no_panic() {
    let runtime = builder().agent_fn("t:a", |_| Ok(json!({}))).build().unwrap();
    let graph = graph("nodes: {a: {agent: 't:a'}}");
    assert_eq!(
        runtime.run_blocking(&graph, "{}").unwrap().status,
        RunStatus::Success
    );
    let threads = tokio::runtime::Runtime::new().unwrap();
    let error = threads
        .block_on(async { runtime.run_blocking(&graph, "{}") })
        .unwrap_err();
    assert!(error.to_string().contains("call `run` and await it"));
}

#[test]
fn bad_input_is_refused_before_anything_runs() {
    let runtime = builder().agent_fn("t:a", |_| Ok(json!({}))).build().unwrap();
    let graph = graph("reducers: {list: append}\nnodes: {a: {agent: 't:a'}}");
    let refused = |input: String| runtime.run_blocking(&graph, input).unwrap_err().to_string();
    for (input, expected) in [
        ("{".to_owned(), "not JSON"),
        ("[1]".to_owned(), "a list, where an object is needed"),
        (r#"{"a":1,"a":2}"#.to_owned(), "stands twice"),
        (
            format!(r#"{{"a":{}1{}}}"#, "[".repeat(10_000), "]".repeat(10_000)),
            "deeper than 100",
        ),
        (
            format!(r#"{{"a":"{}"}}"#, "x".repeat(100_000_000)),
            "the limit `input` is 16 MiB",
        ),
        (
            r#"{"list": 3}"#.to_owned(),
            "its `list` is a number, and the key's reducer `append` needs a list",
        ),
    ] {
        let message = refused(input);
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn all_problems_of_a_graph_and_its_agents_are_told_at_once() {
    let runtime: Runtime = builder()
        .agent_fn("t:a", |_| Ok(json!({})))
        .agents_dir("nowhere")
        .build()
        .unwrap();
    let text = "nodes:\n  a: {agent: 't:a', next: [b, zz]}\n  b: {agent: missing.wasm, next: a}\n  c: {agent: 'no:where'}\n  d: {agent: nonsense}\n";
    let message = runtime.run_blocking(&graph(text), "{}").unwrap_err().to_string();
    for expected in [
        "graph.yaml:2:31: node `a` leads to `zz`, which is no node",
        "these nodes form a cycle: a -> b -> a",
        "graph.yaml:3:14: node `b`: cannot read the component `missing.wasm`",
        "graph.yaml:4:14: node `c`: there is no agent `no:where`",
        "graph.yaml:5:14: node `d`: `nonsense` is no entrypoint",
    ] {
        assert!(message.contains(expected), "missing {expected:?} in:\n{message}");
    }
}

#[test]
fn what_is_no_object_goes_under_the_nodes_name_with_its_type() {
    let runtime = builder().agent_fn("t:a", |_| Ok(json!(42))).build().unwrap();
    let outcome = runtime
        .run_blocking(&graph("nodes: {answer: {agent: 't:a'}}"), "{}")
        .unwrap();
    assert_eq!(outcome.outputs.get("answer").map(Json::as_str), Some("42"));
}

#[test]
fn concurrent_writers_of_one_key_fail_the_run_and_name_each_other() {
    let runtime = builder()
        .agent_fn("t:a", |_| Ok(json!({"k": 1, "a": 0})))
        .agent_fn("t:b", |_| Ok(json!({"k": 2})))
        .build()
        .unwrap();
    let outcome = runtime
        .run_blocking(
            &graph("nodes: {a: {agent: 't:a', next: j}, b: {agent: 't:b', next: j}, j: {agent: 't:a'}}"),
            "{}",
        )
        .unwrap();
    let (node, failure) = outcome
        .agent_metadata
        .iter()
        .find_map(|(id, record)| Some((id, record.failure.as_ref()?)))
        .unwrap();
    assert_eq!((node.as_str(), &failure.kind), ("j", &FailureKind::WriteConflict));
    assert_eq!(
        failure.message,
        "node `a` and node `b` ran at the same time and wrote different values to `k`"
    );
    // What is not in conflict is kept.
    assert_eq!(outcome.get("a").unwrap().as_str(), "0");
    assert_eq!(outcome.get("k"), None);
    assert_eq!(outcome.status, RunStatus::Error);
}

#[test]
fn a_node_that_nothing_reaches_is_skipped_and_said_so() {
    let runtime = builder().agent_fn("t:a", |_| Ok(json!({}))).build().unwrap();
    let graph = graph(
        "entry: a\nnodes: {a: {agent: 't:a', next: j}, orphan: {agent: 't:a', next: j}, j: {agent: 't:a'}}",
    );
    let outcome = runtime.run_blocking(&graph, "{}").unwrap();
    assert_eq!(outcome.status, RunStatus::Success);
    assert_eq!(
        outcome.counts().into_iter().collect::<Vec<_>>(),
        [("done", 2), ("skipped", 1)]
    );
    assert_eq!(
        outcome
            .execution_path
            .iter()
            .map(|id| id.as_str())
            .collect::<Vec<_>>(),
        ["a", "j"]
    );
}

#[test]
fn a_run_has_a_budget_that_its_nodes_spend_together() {
    let spin = hap_tests::wat_agent(
        ";; \n(func (export \"hap:agent/agent@0.1.0#invoke\") (param i32 i32 i32 i32) (result i32) (local $n i32)\n\
         (loop $more (local.set $n (i32.add (local.get $n) (i32.const 1))) (br_if $more (i32.lt_u (local.get $n) (i32.const 100000))))\n\
         (call $ok_true))",
    )
    .unwrap();
    let folder = hap_tests::folder_of(&[("spin", spin)]).unwrap();
    let text = "run_budget: {fuel: 2M}\nnodes:\n  a: {agent: spin.wasm, next: b}\n  b: {agent: spin.wasm, next: c}\n  c: {agent: spin.wasm}\n";
    let source = folder.path().join("g.yaml").display().to_string();
    let outcome = builder()
        .build()
        .unwrap()
        .run_blocking(&Graph::from_text(&source, text).unwrap(), "{}")
        .unwrap();
    let fuel: Vec<u64> = outcome
        .agent_metadata
        .values()
        .map(|record| record.usage.fuel)
        .collect();
    assert_eq!(
        [
            status(&outcome, "a"),
            status(&outcome, "b"),
            status(&outcome, "c")
        ],
        [&NodeStatus::Done, &NodeStatus::Done, &NodeStatus::Limited]
    );
    assert_eq!(
        fuel.iter().sum::<u64>(),
        2_000_000,
        "no more than the run had: {fuel:?}"
    );
    let (_, failure) = outcome.failures().next().unwrap();
    assert!(
        failure.message.contains("all that the run's budget had left"),
        "{}",
        failure.message
    );
    assert!(failure.hint.as_ref().unwrap().contains("run_budget.fuel"));
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_time_is_up_ends_as_a_timeout() {
    let (hangs, alive) = agent(|_, _| pending());
    let (answers, _) = agent(|_, _| async { r#"{"k":1}"#.to_owned() });
    let budget = Budget::default().with(Limit::WallTime, 3_600_000);
    let runtime = builder()
        .agent("t:hangs", hangs)
        .agent("t:answers", answers)
        .budget(budget)
        .run_budget(Budget::unlimited().with(Limit::WallTime, 5_000))
        .build()
        .unwrap();
    let outcome = runtime
        .run(
            &graph("nodes: {a: {agent: 't:answers', next: b}, b: {agent: 't:hangs'}}"),
            "{}",
        )
        .await
        .unwrap();
    assert_eq!(outcome.status, RunStatus::Timeout);
    assert_eq!(
        outcome.failure.unwrap().message,
        "the run's limit `wall-time` reached: 5 s of 5 s used"
    );
    assert_eq!(outcome.graph_context.get("k").unwrap().as_str(), "1");
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}

#[test]
fn a_run_whose_tokio_runtime_ends_still_has_an_outcome() {
    let (hangs, alive) = agent(|_, _| pending());
    let runtime = builder().agent("t:hangs", hangs).build().unwrap();
    let graph = graph("nodes: {a: {agent: 't:hangs', next: b}, b: {agent: 't:hangs'}}");
    let first = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let run = first.block_on(runtime.start(&graph, "{}")).unwrap();
    while alive.load(Ordering::SeqCst) == 0 {
        std::thread::yield_now();
    }
    drop(first);
    let second = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let outcome = second.block_on(run.outcome());
    assert_eq!(outcome.status, RunStatus::Error);
    assert_eq!(alive.load(Ordering::SeqCst), 0);
    let messages: Vec<&str> = outcome
        .failures()
        .map(|(_, failure)| failure.message.as_str())
        .collect();
    assert_eq!(messages, ["the run ended before the node did"; 2]);
}

#[test]
fn a_graph_built_in_rust_runs_like_one_from_a_file() {
    let runtime = builder()
        .agent_fn("t:add", |context| {
            Ok(json!({"n": context["n"].as_i64().unwrap_or(0) + 1}))
        })
        .build()
        .unwrap();
    let double = hap::FnAgent::new("double", |context| {
        Ok(json!({"n": 2 * context["n"].as_i64().unwrap_or(0)}))
    });
    let mut built = Graph::new();
    built.add_entrypoint_node("add", "t:add", ["double"]);
    built.add_agent_node("double", Arc::new(double), [] as [&str; 0]);
    let order: Vec<String> = hap::Plan::new(&built)
        .unwrap()
        .topological_order()
        .map(ToString::to_string)
        .collect();
    assert_eq!(order, ["add", "double"]);
    let outcome = runtime.run_blocking(&built, json!({"n": 20})).unwrap();
    assert_eq!(outcome.get("n").unwrap().as_str(), "42");
}
