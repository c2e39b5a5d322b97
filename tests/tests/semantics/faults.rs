//! One fault at a time: every node of a rich graph made to fail in every way there is, with real components, against the
//! reference.

use serde_json::{Value, json};

use crate::engine::{Bench, difference, expected, told};
use crate::reference::{Object, interpret};

/// A graph with every kind of node: routing both ways, a map and a loop over agents and over graphs, retries, and every kind of
/// recovery but `stop`.
fn rich() -> Value {
    let agent = |fields: Value| {
        let mut node = json!({"agent": "test:scripted", "params": {"steps": []}});
        node.as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        node
    };
    let retry = json!({"attempts": 2, "delay": "0ms", "jitter": 0, "on": ["unavailable", "timeout", "trap", "invalid-output"]});
    let step = |step: Value| json!({"steps": [step]});
    json!({
        "reducers": {"sum": "sum", "list": "append"},
        "nodes": {
            "start": agent(json!({"params": step(json!({"emit": {"p": 1, "sum": 1}})), "retry": retry, "next": [
                {"to": "left", "when": "output.p == 1"}, {"to": "right", "when": "context.p == 2"}, {"else": "neither"}, "each", "polish"]})),
            "left": agent(json!({"params": step(json!({"emit": {"list": [1]}})), "on_failure": {"output": {"list": [9]}}, "next": ["join"]})),
            "right": agent(json!({"next": ["join"]})),
            "neither": agent(json!({"next": ["join"]})),
            "each": agent(json!({"map": {"over": "items", "as": "item", "failed_items": "skip"}, "retry": retry,
                "params": step(json!({"count": "item"})), "next": ["join", "nested"]})),
            "polish": agent(json!({"loop": {"until": "output.n >= 2", "max_rounds": 3}, "params": step(json!({"count": "n"})),
                "on_failure": {"node": "rough"}, "next": ["join"]})),
            "rough": agent(json!({"params": step(json!({"emit": {"n": 7}})), "on_failure": {"node": "rougher"}})),
            "rougher": agent(json!({"params": step(json!({"emit": {"n": 8}}))})),
            "join": agent(json!({"params": step(json!({"look": "saw"})), "on_failure": "continue", "next": ["end"]})),
            "nested": {"on_failure": "fail", "next": ["end"], "graph": {
                "reducers": {"sum": "sum"}, "defaults": {"retry": retry},
                "nodes": {
                    "inner": agent(json!({"params": step(json!({"emit": {"sum": 2}})), "next": ["items"]})),
                    "items": {"map": {"over": "items", "as": "item", "failed_items": "null"}, "next": ["rounds"],
                        "graph": {"nodes": {"deep": agent(json!({"params": step(json!({"count": "item"})), "next": ["deeper"]})),
                            "deeper": agent(json!({"on_failure": "continue"}))}}},
                    "rounds": {"loop": {"until": "round >= 2", "max_rounds": 2, "at_max": "keep"},
                        "graph": {"reducers": {"sum": "sum"}, "nodes": {"again": agent(json!({"params": step(json!({"emit": {"sum": 1}}))}))}}},
                },
            }},
            "end": agent(json!({"params": step(json!({"look": "seen"}))})),
        },
    })
}

/// The ways in which an agent fails: its first step, and what is set beside it.
fn ways() -> Vec<(&'static str, Value, Value)> {
    let says = |case: &str, attempts: u32| json!({"fail-first": {"attempts": attempts, "case": case, "message": "as told"}});
    let some = |step: Value| json!({"choose": {"key": "item", "among": [2], "steps": [step]}});
    let later = |step: Value| json!({"choose": {"key": "n", "among": [1], "steps": [step]}});
    vec![
        ("failed", says("failed", 99), json!({})),
        ("invalid input", says("invalid-input", 99), json!({})),
        ("unavailable", says("unavailable", 99), json!({})),
        ("unavailable at first", says("unavailable", 1), json!({})),
        ("trap", json!({"panic": "as told"}), json!({})),
        ("invalid output", json!({"emit": {"sum": "no number"}}), json!({})),
        ("a limit", json!({"emit": {}}), json!({"budget": {"output": 1}})),
        (
            "time",
            json!({"sleep-ms": 60_000}),
            json!({"budget": {"wall-time": "10ms"}}),
        ),
        ("an item fails", some(says("failed", 99)), json!({})),
        ("an item traps", some(json!({"panic": "as told"})), json!({})),
        ("a later round fails", later(says("failed", 99)), json!({})),
    ]
}

/// The graph, once for each of its agents, which there has another step first and other settings.
fn afflicted(graph: &Value, step: &Value, settings: &Value) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for (name, node) in graph["nodes"].as_object().unwrap() {
        let mut put = |path: String, node: Value| {
            let mut graph = graph.clone();
            graph["nodes"][name] = node;
            all.push((path, graph));
        };
        if let Some(nested) = node.get("graph") {
            for (path, nested) in afflicted(nested, step, settings) {
                let mut node = node.clone();
                node["graph"] = nested;
                put(format!("{name}/{path}"), node);
            }
        } else {
            let mut node = node.clone();
            // At the end, since steps that follow would write over what is wrong.
            node["params"]["steps"].as_array_mut().unwrap().push(step.clone());
            node.as_object_mut()
                .unwrap()
                .extend(settings.as_object().unwrap().clone());
            put(name.clone(), node);
        }
    }
    all
}

#[test]
fn every_fault_of_every_node_leads_to_what_the_reference_says() {
    let bench = Bench::new();
    let input: Object = json!({"items": [1, 2, 3]}).as_object().unwrap().clone();
    let mut wrong = Vec::new();
    // The second time where the fallbacks are needed anyway.
    for polish in [json!([{"count": "n"}]), json!([{"panic": "as told"}])] {
        let mut graph = rich();
        graph["nodes"]["polish"]["params"]["steps"] = polish;
        for (way, step, settings) in ways() {
            for (path, graph) in afflicted(&graph, &step, &settings) {
                let loaded = bench.load(&graph).unwrap();
                let outcome = bench.run(&loaded, &input, 4);
                let account = interpret(&graph, &graph, &input);
                if let Some(difference) = difference(&told(&outcome), &expected(&account)) {
                    wrong.push(format!("{path}, {way}: {difference}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
