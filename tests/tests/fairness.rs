//! What one agent's result costs the tasks beside it.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use hap::{
    Agent, Answer, BoxFuture, Call, Digest, Event, EventKind, EventSink, Graph, Manifest, Request, RunId,
    RunOutcome, RunStatus, Usage,
};
use hap_tests::builder;

/// Gives an output of a length, and knows whether it is being looked at.
struct Gives {
    manifest: Manifest,
    output: String,
    looked_at: Arc<AtomicBool>,
}

impl Agent for Gives {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn digest(&self) -> Option<Digest> {
        None
    }

    fn invoke(&self, _: Request, _: Call) -> BoxFuture<'_, Answer> {
        Box::pin(async {
            self.looked_at.store(true, Ordering::SeqCst);
            Answer {
                result: Ok(self.output.clone()),
                usage: Usage::default(),
            }
        })
    }
}

/// The node has ended, so its output is looked at no more.
struct Ended(Arc<AtomicBool>);

impl EventSink for Ended {
    fn event(&self, _: &RunId, event: &Event) {
        if matches!(event.kind, EventKind::NodeFinished { .. }) {
            self.0.store(false, Ordering::SeqCst);
        }
    }
}

/// Runs an agent with that output on a single thread, and tells how often a task beside it had its turn while the output
/// was looked at.
fn turns_meanwhile(output: String) -> (RunOutcome, usize) {
    let looked_at = Arc::<AtomicBool>::default();
    let agent = Gives {
        manifest: Manifest::in_process("gives"),
        output,
        looked_at: looked_at.clone(),
    };
    let runtime = builder()
        .agent("t:gives", Arc::new(agent))
        .event_sink(Arc::new(Ended(looked_at.clone())))
        .build()
        .unwrap();
    let graph = Graph::from_text("g", "nodes: {a: {agent: 't:gives'}}").unwrap();
    let turns = Arc::<AtomicUsize>::default();
    let counted = turns.clone();
    let thread = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let outcome = thread.block_on(async {
        let beside = tokio::spawn(async move {
            loop {
                counted.fetch_add(usize::from(looked_at.load(Ordering::SeqCst)), Ordering::SeqCst);
                tokio::task::yield_now().await;
            }
        });
        let outcome = runtime.run(&graph, "{}").await.unwrap();
        beside.abort();
        outcome
    });
    (outcome, turns.load(Ordering::SeqCst))
}

#[test]
fn a_long_output_is_parsed_while_other_tasks_go_on() {
    let (outcome, turns) = turns_meanwhile(format!(r#"{{"k":[{}0]}}"#, "[1],".repeat(1 << 20)));
    assert_eq!(outcome.status, RunStatus::Success);
    let record = outcome.agent_metadata.values().next().unwrap();
    assert_eq!((record.usage.output_keys, record.usage.json_depth), (1, 3));
    assert!(turns > 10, "{turns}");
}

#[test]
fn a_long_output_that_is_no_json_fails_its_node_alone() {
    let (outcome, turns) = turns_meanwhile("[".repeat(1 << 20));
    let (_, failure) = outcome.failures().next().unwrap();
    assert_eq!(failure.kind.name(), "invalid-output");
    assert!(turns > 0);
}

#[test]
fn a_short_output_is_parsed_where_it_is() {
    let (outcome, turns) = turns_meanwhile(r#"{"k":1}"#.to_owned());
    assert_eq!((outcome.status, turns), (RunStatus::Success, 0));
}
