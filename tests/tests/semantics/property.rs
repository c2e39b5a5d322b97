//! Random graphs.

use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::Value;

use crate::assemble::graph;
use crate::engine::{Bench, at_least, difference, expected, told};
use crate::generate::{Shape, input};
use crate::reference::{Account, interpret};

/// Holds what the engine tells of random graphs against what the reference tells; `compare` says where they differ.
fn hold(cases: u32, shape: Shape, compare: impl Fn(&Value, &Account) -> Option<String>) {
    let bench = Bench::new();
    let config = Config {
        cases: at_least(cases),
        failure_persistence: None,
        max_shrink_iters: 100_000,
        max_shrink_time: 60_000,
        ..Config::default()
    };
    let result = TestRunner::new(config).run(&(graph(shape), input()), |(graph, input)| {
        let (graph, loaded) = bench.accepted(graph);
        let outcome = bench.run(&loaded, &input, 4);
        let account = interpret(&graph, &graph, &input);
        match compare(&told(&outcome), &account) {
            None => Ok(()),
            Some(difference) => {
                let input = Value::Object(input);
                let text = format!("{difference}\ngraph: {graph}\ninput: {input}\n");
                Err(TestCaseError::fail(text))
            }
        }
    });
    if let Err(error) = result {
        let text = error.to_string();
        panic!(
            "{}",
            text.split("minimal failing input").next().unwrap_or_default()
        );
    }
}

fn equal(told: &Value, account: &Account) -> Option<String> {
    difference(told, &expected(account))
}

/// As far as can be told without knowing how far the run came: what ended before the stop ended as it does without one.
fn equal_until_stopped(told: &Value, account: &Account) -> Option<String> {
    if !account.stopped {
        return equal(told, account);
    }
    let expected = expected(account);
    let differs = |(name, record): (&String, &Value)| {
        let skipped = matches!(record["reason"].as_str(), Some("upstream" | "not-needed"));
        // What it failed for is told also where the run was stopped before its fallback took its place.
        let failed = expected["nodes"][name]["replaced_by"] == "node" && record["replaced_by"].is_null();
        let cut_off = skipped || failed || record["status"] == "cancelled" || !record["nodes"].is_null();
        let difference = difference(record, &expected["nodes"][name]).filter(|_| !cut_off);
        difference.map(|difference| format!("{name}: {difference}"))
    };
    let began = expected["path"].as_array().unwrap();
    let path = told["path"].as_array().unwrap();
    told["nodes"]
        .as_object()
        .unwrap()
        .iter()
        .find_map(differs)
        .or_else(|| {
            path.iter()
                .find(|name| !began.contains(name))
                .map(|name| format!("{name} began"))
        })
        .or_else(|| (told["status"] != "error").then(|| format!("the run ended as {}", told["status"])))
}

#[test]
fn small_graphs_of_agents_do_what_the_reference_does() {
    let shape = Shape {
        nodes: 12,
        depth: 0,
        failing: 0.15,
        composed: 0.0,
        looking: 0.5,
        stopping: false,
    };
    hold(4000, shape, equal);
}

#[test]
fn graphs_in_graphs_with_maps_and_loops_do_what_the_reference_does() {
    let shape = Shape {
        nodes: 6,
        depth: 3,
        failing: 0.15,
        composed: 0.4,
        looking: 0.5,
        stopping: false,
    };
    hold(4000, shape, equal);
}

#[test]
fn graphs_that_mostly_go_well_do_what_the_reference_does() {
    let shape = Shape {
        nodes: 20,
        depth: 2,
        failing: 0.02,
        composed: 0.2,
        looking: 0.5,
        stopping: false,
    };
    hold(2000, shape, equal);
}

#[test]
fn graphs_of_hundreds_of_nodes_do_what_the_reference_does() {
    let shape = Shape {
        nodes: 400,
        depth: 1,
        failing: 0.02,
        composed: 0.05,
        looking: 0.05,
        stopping: false,
    };
    hold(100, shape, equal);
}

#[test]
fn a_stopped_run_has_done_nothing_that_the_reference_does_not_do() {
    let shape = Shape {
        nodes: 12,
        depth: 1,
        failing: 0.15,
        composed: 0.1,
        looking: 0.5,
        stopping: true,
    };
    hold(1000, shape, equal_until_stopped);
}
