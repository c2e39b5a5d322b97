//! What nodes see and what the run ends with, held against a naive interpreter that follows the words of the design: one
//! node after the other, each view made from scratch. Random graphs, random writers, any number of threads.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::Arc;

use hap::{
    Agent, FnAgent, Graph, Json, LoadedGraph, Node, NodeAgent, Plan, PlanBody, PlanNode, Reducer, Run,
    RunOptions, RunOutcome,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// What one node of a random graph does.
#[derive(Clone, Debug)]
struct Spec {
    /// Later nodes that it leads to.
    next: BTreeSet<usize>,
    /// The keys it writes, with a value that tells the writer or one that all writers share.
    writes: BTreeMap<&'static str, bool>,
    reads: Option<BTreeSet<&'static str>>,
    fails: bool,
}

const KEYS: [&str; 5] = ["p", "q", "list", "count", "seen"];

fn spec(index: usize, size: usize) -> impl Strategy<Value = Spec> {
    let later = index + 1..size.max(index + 2);
    let next = prop::collection::btree_set(later, 0..4)
        .prop_map(move |set| set.into_iter().filter(|to| *to < size).collect());
    let key = prop::sample::select(&KEYS[..4]);
    let writes = prop::collection::btree_map(key, prop::bool::weighted(0.6), 0..3);
    let reads = prop::option::weighted(
        0.3,
        prop::collection::btree_set(prop::sample::select(&KEYS[..]), 0..4),
    );
    (next, writes, reads, prop::bool::weighted(0.05)).prop_map(|(next, writes, reads, fails)| Spec {
        next,
        writes,
        reads,
        fails,
    })
}

fn specs() -> impl Strategy<Value = Vec<Spec>> {
    (1usize..24).prop_flat_map(|size| (0..size).map(|index| spec(index, size)).collect::<Vec<_>>())
}

fn value(index: usize, key: &str, shared: bool) -> Value {
    match key {
        "list" => json!([index]),
        "count" => json!(index),
        _ if shared => json!("same"),
        _ => json!(format!("by {index}")),
    }
}

fn reducers() -> [(&'static str, Reducer); 2] {
    [("list", Reducer::Append), ("count", Reducer::Sum)]
}

/// The graph, whose nodes also write what they saw under a key of their own.
fn graph(specs: &[Spec]) -> Plan {
    let mut graph = Graph::new();
    for (index, spec) in specs.iter().enumerate() {
        let spec = spec.clone();
        let (next, reads) = (spec.next.clone(), spec.reads.clone());
        let agent: Arc<dyn Agent> = Arc::new(FnAgent::new(format!("agent{index}"), move |context| {
            if spec.fails {
                return Err("as told".into());
            }
            let mut output: Map<String, Value> = spec
                .writes
                .iter()
                .map(|(key, shared)| ((*key).to_owned(), value(index, key, *shared)))
                .collect();
            output.insert(format!("saw{index}"), Value::String(context.to_string()));
            Ok(Value::Object(output))
        }));
        let mut node = Node::new(format!("n{index}"), NodeAgent::Instance(agent))
            .next(next.iter().map(|to| format!("n{to}")));
        if let Some(keys) = reads {
            node = node.reads(keys.into_iter().chain(["saw0"]));
        }
        graph.add_node(node);
    }
    graph.reducers = reducers()
        .into_iter()
        .map(|(key, reducer)| (Arc::from(key), reducer))
        .collect();
    Plan::new(&graph).unwrap()
}

/// The naive interpreter's account of a run.
#[derive(Debug, PartialEq)]
struct Account {
    context: BTreeMap<String, String>,
    status: BTreeMap<String, String>,
    path: Vec<String>,
}

/// The value of a key for somebody who comes after `ancestors`: `Err` when it cannot be told.
fn resolve(
    key: &str,
    ancestors: &BTreeSet<usize>,
    reach: &[BTreeSet<usize>],
    writes: &[Option<Map<String, Value>>],
) -> Result<Option<Value>, ()> {
    let writers: Vec<usize> = ancestors
        .iter()
        .copied()
        .filter(|node| writes[*node].as_ref().is_some_and(|map| map.contains_key(key)))
        .collect();
    let value = |node: &usize| writes[*node].as_ref().unwrap()[key].clone();
    let input = json!({"list": [100], "p": "input"});
    match key {
        "list" => Ok(Some(Value::Array(
            std::iter::once(json!([100]))
                .chain(writers.iter().map(value))
                .flat_map(|list| list.as_array().unwrap().clone())
                .collect(),
        ))),
        "count" => Ok((!writers.is_empty()).then(|| {
            json!(
                writers
                    .iter()
                    .map(|node| value(node).as_u64().unwrap())
                    .sum::<u64>()
            )
        })),
        _ => {
            // Those that no later writer comes after.
            let last: Vec<&usize> = writers
                .iter()
                .filter(|writer| !writers.iter().any(|other| reach[*other].contains(writer)))
                .collect();
            match last.as_slice() {
                [] => Ok(input.get(key).cloned()),
                [first, rest @ ..] if rest.iter().all(|other| value(other) == value(first)) => {
                    Ok(Some(value(first)))
                }
                _ => Err(()),
            }
        }
    }
}

fn reference(specs: &[Spec]) -> Account {
    let size = specs.len();
    // In these graphs every edge leads to a later node, but topological order is not always the order of declaration.
    let mut order: Vec<usize> = Vec::new();
    while order.len() < size {
        let free = |node: &usize| {
            !order.contains(node)
                && (0..size).all(|before| !specs[before].next.contains(node) || order.contains(&before))
        };
        order.push((0..size).find(free).unwrap());
    }
    let position: BTreeMap<usize, usize> = order.iter().enumerate().map(|(at, node)| (*node, at)).collect();
    // From here on, nodes are named by their place in the order.
    let before = |at: usize| -> BTreeSet<usize> {
        (0..size)
            .filter(|node| specs[*node].next.contains(&order[at]))
            .map(|node| position[&node])
            .collect()
    };
    let mut reach: Vec<BTreeSet<usize>> = Vec::new();
    for at in 0..size {
        let mut ancestors = BTreeSet::new();
        for direct in before(at) {
            ancestors.insert(direct);
            ancestors.extend(reach[direct].clone());
        }
        reach.push(ancestors);
    }
    let mut writes: Vec<Option<Map<String, Value>>> = vec![None; size];
    let mut account = Account {
        context: BTreeMap::new(),
        status: BTreeMap::new(),
        path: Vec::new(),
    };
    let keys = |writes: &[Option<Map<String, Value>>]| -> BTreeSet<String> {
        let written = writes.iter().flatten().flat_map(|map| map.keys().cloned());
        written.chain(["list".to_owned(), "p".to_owned()]).collect()
    };
    for at in 0..size {
        let (index, spec) = (order[at], &specs[order[at]]);
        let name = format!("n{index}");
        if before(at).iter().any(|node| writes[*node].is_none()) {
            account.status.insert(name, "skipped".into());
            continue;
        }
        let mut view = Map::new();
        let readable = |key: &str| {
            spec.reads
                .as_ref()
                .is_none_or(|reads| reads.contains(key) || key == "saw0")
        };
        let mut conflict = false;
        for key in keys(&writes).into_iter().filter(|key| readable(key)) {
            match resolve(&key, &reach[at], &reach, &writes) {
                Ok(Some(value)) => drop(view.insert(key, value)),
                Ok(None) => {}
                Err(()) => conflict = true,
            }
        }
        if !conflict {
            account.path.push(name.clone());
        }
        if conflict || spec.fails {
            account.status.insert(name, "failed".into());
            continue;
        }
        let mut output: Map<String, Value> = spec
            .writes
            .iter()
            .map(|(key, shared)| ((*key).to_owned(), value(index, key, *shared)))
            .collect();
        output.insert(
            format!("saw{index}"),
            Value::String(Value::Object(view).to_string()),
        );
        writes[at] = Some(output);
        account.status.insert(name, "done".into());
    }
    let everybody: BTreeSet<usize> = (0..size).collect();
    for key in keys(&writes) {
        if let Ok(Some(value)) = resolve(&key, &everybody, &reach, &writes) {
            account.context.insert(key, value.to_string());
        }
    }
    account
}

fn account(outcome: &RunOutcome) -> Account {
    let text = |value: &Json| value.to::<Value>().unwrap().to_string();
    Account {
        context: outcome
            .graph_context
            .iter()
            .map(|(key, value)| (key.to_string(), text(value)))
            .collect(),
        status: outcome
            .agent_metadata
            .iter()
            .map(|(id, record)| (id.to_string(), record.status.name().to_owned()))
            .collect(),
        path: outcome.execution_path.iter().map(ToString::to_string).collect(),
    }
}

fn run(graph: &LoadedGraph, threads: usize) -> RunOutcome {
    let input = || {
        [("list", "[100]"), ("p", "\"input\"")]
            .map(|(key, text)| (Arc::from(key), Json::parse(text, 10).unwrap()))
    };
    let options = RunOptions {
        max_parallel: NonZeroUsize::new(threads).unwrap(),
        ..RunOptions::default()
    };
    let runtime = match threads {
        1 => tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap(),
        _ => tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .enable_all()
            .build()
            .unwrap(),
    };
    runtime.block_on(async { Run::start(graph.clone(), input().into(), options).outcome().await })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_does_what_the_naive_interpreter_does(specs in specs()) {
        let mut find = |_: &Plan, node: &PlanNode| match &node.body {
            PlanBody::Agent(NodeAgent::Instance(agent)) => Some(agent.clone()),
            _ => None,
        };
        let loaded = LoadedGraph::new(Arc::new(graph(&specs)), &mut find).unwrap();
        let expected = reference(&specs);
        prop_assert_eq!(&account(&run(&loaded, 1)), &expected);
        prop_assert_eq!(&account(&run(&loaded, 4)), &expected);
    }
}
