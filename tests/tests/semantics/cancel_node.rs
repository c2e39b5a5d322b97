//! One node alone can be cancelled, wherever it stands; its `on_failure` decides what comes of that.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hap::{
    Agent, EventKind, Failure, FailureKind, NodePath, NodeStatus, Replacement, Run, RunOptions, RunOutcome,
    RunStatus, SkipReason,
};
use serde_json::json;

use crate::native::{members, native, options, served, status};

/// An agent that answers but where it is to hang.
fn hanging(at: &'static [&'static str]) -> (Arc<dyn Agent>, Arc<AtomicUsize>) {
    native(move |_, call| async move {
        if at.contains(&call.path.as_str()) {
            std::future::pending::<()>().await;
        }
        Ok(format!(r#"{{"{}":{}}}"#, call.node, call.attempt))
    })
}

fn path(outcome: &RunOutcome) -> Vec<&str> {
    outcome.execution_path.iter().map(|id| id.as_str()).collect()
}

/// The place in a run that events name so.
async fn begun(run: &mut Run, place: &str) -> NodePath {
    loop {
        let event = run.next_event().await.unwrap();
        if let EventKind::NodeStarted { node, .. } = &event.kind
            && node.as_str() == place
        {
            return node.clone();
        }
    }
}

/// Runs the graph with an agent that hangs where it is told, and cancels that.
async fn cancelled_at(text: &str, at: &'static [&'static str], begins: &str) -> RunOutcome {
    let (agent, alive) = hanging(at);
    let graph = served(text, &agent);
    let mut run = Run::start(graph, members(&json!({"items": [1, 2, 3]})), options());
    let place = begun(&mut run, begins).await;
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    // Until the call hangs there is nothing to cancel but the node; both must do.
    let place = match at[0].strip_prefix(begins) {
        Some(rest) if rest.starts_with('[') => place.item(rest[1..2].parse().unwrap()),
        Some(rest) if rest.starts_with('#') => place.round(rest[1..2].parse().unwrap()),
        _ => place,
    };
    run.cancel_node(&place);
    let outcome = run.outcome().await;
    assert_eq!(alive.load(Ordering::SeqCst), 0);
    outcome
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_node_is_recovered_from_as_its_on_failure_says() {
    let run = |on_failure: &str| {
        let text = format!(
            "nodes:\n  a: {{agent: 't:a', next: b, on_failure: {on_failure}}}\n  b: {{agent: 't:a'}}\n  f: {{agent: 't:a'}}\n"
        );
        async move { cancelled_at(&text, &["a"], "a").await }
    };
    let outcome = run("fail").await;
    let node = hap::NodeId::new("a").unwrap();
    assert_eq!(outcome.status, RunStatus::Error);
    assert_eq!(status(&outcome, "a"), &NodeStatus::Cancelled);
    let reason = SkipReason::Upstream { node };
    assert_eq!(status(&outcome, "b"), &NodeStatus::Skipped { reason });
    let by = Replacement::Nothing;
    let outcome = run("continue").await;
    assert_eq!(
        (status(&outcome, "a"), path(&outcome)),
        (&NodeStatus::Degraded { by }, vec!["a", "b", "f"])
    );
    let outcome = run("{output: {a: 5}}").await;
    assert_eq!(outcome.get("a").unwrap().as_str(), "5");
    let outcome = run("{node: f}").await;
    assert_eq!(
        (outcome.status, path(&outcome)),
        (RunStatus::Partial, vec!["a", "f", "b"])
    );
}

#[tokio::test(start_paused = true)]
async fn one_item_one_round_and_one_inner_node_can_be_cancelled() {
    let text = "nodes:\n  each: {agent: 't:a', map: {over: items, as: item, failed_items: skip}}\n";
    let outcome = cancelled_at(text, &["each[1]"], "each").await;
    let by = Replacement::Items { failed: 1 };
    assert_eq!(status(&outcome, "each"), &NodeStatus::Degraded { by });
    assert_eq!(
        outcome.get("each").unwrap().as_str(),
        r#"[{"each":1},{"each":1}]"#
    );

    let text =
        "nodes:\n  a: {agent: 't:a', loop: {until: 'round >= 3', max_rounds: 3}, on_failure: continue}\n";
    let outcome = cancelled_at(text, &["a#2"], "a").await;
    let by = Replacement::Nothing;
    assert_eq!(status(&outcome, "a"), &NodeStatus::Degraded { by });

    let text = "nodes:\n  g: {graph: {nodes: {x: {agent: 't:a', on_failure: {output: {x: 9}}}, y: {agent: 't:a'}}}}\n";
    let outcome = cancelled_at(text, &["g/x"], "g/x").await;
    let by = Replacement::Within;
    assert_eq!(status(&outcome, "g"), &NodeStatus::Degraded { by });
    assert_eq!(
        (
            outcome.get("x").unwrap().as_str(),
            outcome.get("y").unwrap().as_str()
        ),
        ("9", "1")
    );
}

#[tokio::test(start_paused = true)]
async fn a_node_cancelled_before_it_begins_makes_no_attempt_and_one_that_ended_stays() {
    let (agent, _) = native(|_, call| async move {
        match call.node.as_str() {
            "c" => Err(Failure::new(FailureKind::Failed, "it was asked")),
            _ => Ok("{}".to_owned()),
        }
    });
    let graph = served(
        "nodes: {a: {agent: 't:a', next: b}, b: {agent: 't:a', next: c}, c: {agent: 't:a', on_failure: continue, next: d}, d: {agent: 't:a'}}",
        &agent,
    );
    let mut run = Run::start(
        graph,
        Vec::new(),
        RunOptions {
            max_waiting_events: 1,
            ..options()
        },
    );
    let place = begun(&mut run, "b").await;
    let node = |name: &str| NodePath::from(&hap::NodeId::new(name).unwrap());
    run.cancel_node(&node("c"));
    run.cancel_node(&node("a"));
    run.cancel_node(&node("nowhere"));
    assert_eq!(place, node("b"));
    let outcome = run.outcome().await;
    let by = Replacement::Nothing;
    assert_eq!(
        [
            status(&outcome, "a"),
            status(&outcome, "c"),
            status(&outcome, "d")
        ],
        [&NodeStatus::Done, &NodeStatus::Degraded { by }, &NodeStatus::Done]
    );
    let record = outcome
        .agent_metadata
        .iter()
        .find(|(id, _)| id.as_str() == "c")
        .unwrap()
        .1;
    assert_eq!(
        (record.attempts, &record.failure.as_ref().unwrap().kind),
        (0, &FailureKind::Cancelled)
    );
}
