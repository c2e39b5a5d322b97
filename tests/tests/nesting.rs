//! Graphs in graphs, and fallbacks of fallbacks: as deep as they may be, and what is held of their outputs.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::fmt::Write;

use hap::{FailureKind, Graph, NodeStatus, RunOutcome, RunStatus, Runtime, json};

fn runtime() -> Runtime {
    Runtime::builder()
        .no_cache()
        .agent_fn("t:text", |_| Ok(json!({"n": "text"})))
        .agent_fn("t:three", |_| Ok(json!({"n": 3})))
        .agent_fn("t:fails", |_| Err("as told".into()))
        .build()
        .unwrap()
}

async fn run(graph: &str) -> RunOutcome {
    let graph = Graph::from_text("g.yaml", graph).unwrap();
    runtime().run(&graph, json!({"list": [1]})).await.unwrap()
}

fn failed_because(outcome: &RunOutcome, node: &str) -> FailureKind {
    let record = &outcome.agent_metadata[node];
    assert_eq!(record.status, NodeStatus::Failed);
    record.failure.as_ref().unwrap().kind.clone()
}

#[tokio::test]
async fn the_deepest_graph_that_may_be_runs() {
    let mut text = "{agent: 't:three'}".to_owned();
    for _ in 0..16 {
        text = format!("{{graph: {{nodes: {{x: {text}}}}}}}");
    }
    let outcome = run(&format!("nodes: {{x: {text}}}")).await;
    assert_eq!(outcome.status, RunStatus::Success);
    assert_eq!(outcome.get("n").unwrap().as_str(), "3");
}

#[tokio::test]
async fn a_long_chain_of_fallbacks_is_followed_to_its_end() {
    let mut text = "nodes:\n".to_owned();
    for n in 0..500 {
        writeln!(
            text,
            "  n{n}: {{agent: 't:fails', on_failure: {{node: n{}}}}}",
            n + 1
        )
        .unwrap();
    }
    text.push_str("  n500: {agent: 't:three'}\n");
    let outcome = run(&text).await;
    assert_eq!(outcome.status, RunStatus::Partial);
    assert_eq!(outcome.get("n").unwrap().as_str(), "3");
    assert_eq!(outcome.counts()["degraded"], 500);
    assert_eq!(outcome.execution_path.len(), 501);
}

#[tokio::test]
async fn outputs_that_no_single_attempt_made_are_held_against_their_reducers_too() {
    let nested =
        "reducers: {n: sum}\nnodes: {x: {graph: {nodes: {y: {agent: 't:text'}}}}, z: {agent: 't:three'}}";
    let outcome = run(nested).await;
    assert_eq!(failed_because(&outcome, "x"), FailureKind::InvalidOutput);
    assert_eq!(outcome.get("n").unwrap().as_str(), "3");

    let fallback = "reducers: {n: sum}\nnodes: {x: {agent: 't:fails', on_failure: {node: y}}, y: {graph: {nodes: {y: {agent: 't:text'}}}}}";
    let outcome = run(fallback).await;
    assert_eq!(failed_because(&outcome, "y"), FailureKind::InvalidOutput);
    assert_eq!(failed_because(&outcome, "x"), FailureKind::Failed);
}

#[tokio::test]
async fn the_node_that_stops_the_run_has_failed_and_was_not_cancelled() {
    let outcome =
        run("nodes: {x: {agent: 't:fails', on_failure: stop, next: y}, y: {agent: 't:three'}}").await;
    assert_eq!(outcome.status, RunStatus::Error);
    assert_eq!(failed_because(&outcome, "x"), FailureKind::Failed);
}

#[tokio::test]
async fn what_a_map_writes_is_its_list_whatever_its_items_have() {
    let outcome = run(
        "nodes: {x: {graph: {nodes: {y: {agent: 't:three'}}}, map: {over: list, as: i, into: out}, writes: [out]}}",
    )
    .await;
    assert_eq!(outcome.status, RunStatus::Success);
    assert_eq!(outcome.get("out").unwrap().as_str(), r#"[{"n":3}]"#);
}

#[tokio::test]
async fn a_name_means_the_graph_that_is_nearest_around_the_node() {
    let text = "graphs:\n  part: {nodes: {a: {agent: 't:text'}}}\nnodes:\n  outer: {graph: part, next: inner}\n  inner:\n    graph:\n      graphs: {part: {nodes: {a: {agent: 't:three'}}}}\n      nodes: {b: {graph: part}}\n";
    let outcome = run(text).await;
    assert_eq!(outcome.get("n").unwrap().as_str(), "3");
}

#[test]
fn a_file_knows_its_own_graphs_and_not_those_of_the_file_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    write(
        "own.yaml",
        "graphs: {x: {nodes: {a: {agent: 't:three'}}}}\nnodes: {b: {graph: x}}\n",
    );
    let outer = write(
        "outer.yaml",
        "graphs: {x: {nodes: {a: {agent: 't:text'}}}}\nnodes: {a: {graph: own.yaml}, c: {graph: x, writes: []}}\n",
    );
    let graph = hap::read_graph(&outer).unwrap();
    let outcome = runtime().run_blocking(&graph, json!({})).unwrap();
    assert_eq!(outcome.get("n").unwrap().as_str(), "3");

    // Without names of its own it knows none.
    write("own.yaml", "nodes: {b: {graph: x}}\n");
    let graph = hap::read_graph(&outer).unwrap();
    let told = runtime().run_blocking(&graph, json!({})).unwrap_err().to_string();
    assert!(told.contains("there is no graph `x` under `graphs`"), "{told}");
}

#[test]
fn a_long_chain_of_files_is_refused_before_it_is_read_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    for n in 0..2000 {
        let text = format!("nodes: {{a: {{graph: ./z{}.yaml}}}}", n + 1);
        std::fs::write(folder.path().join(format!("z{n}.yaml")), text).unwrap();
    }
    let told = hap::read_graph(folder.path().join("z0.yaml"))
        .unwrap_err()
        .to_string();
    assert!(
        told.contains("graphs are nested more than 16 levels deep"),
        "{told}"
    );
}
