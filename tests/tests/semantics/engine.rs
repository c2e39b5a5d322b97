//! The engine's account of a run, in the words of the reference.

use std::num::NonZeroUsize;
use std::sync::Arc;

use hap::{Agent, Graph, LoadedGraph, Plan, PlanNode, Problems, RunOptions, RunOutcome, Runtime};
use hap_tests::{builder, built_agents};
use serde_json::{Value, json};

use crate::reference::{Account, Object};

/// A runtime of HAP and one of tokio, made once for many runs.
pub(crate) struct Bench {
    pub(crate) runtime: Runtime,
    pub(crate) threads: tokio::runtime::Runtime,
    pub(crate) agent: Arc<dyn Agent>,
}

impl Bench {
    pub(crate) fn new() -> Bench {
        let threads = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let bytes = std::fs::read(built_agents().unwrap().join("test/scripted.wasm")).unwrap();
        let (sandbox, _) = hap_sandbox::Sandbox::new(hap_sandbox::SandboxConfig::default()).unwrap();
        let agent = threads.block_on(sandbox.load(bytes)).unwrap();
        Bench {
            runtime: builder().build().unwrap(),
            threads,
            agent: Arc::new(agent),
        }
    }

    /// The graph with its agent.
    pub(crate) fn load(&self, graph: &Value) -> Result<LoadedGraph, Problems> {
        let plan = Arc::new(Plan::new(&Graph::from_text("g.yaml", &graph.to_string())?)?);
        Ok(joined(&plan, &self.agent))
    }

    /// A random graph in a form that is accepted, and ready to run.
    pub(crate) fn accepted(&self, graph: Value) -> (Value, LoadedGraph) {
        let graph = hoisted(graph);
        if let Ok(loaded) = self.load(&graph) {
            return (graph, loaded);
        }
        let graph = unbound(graph);
        match self.load(&graph) {
            Ok(loaded) => (graph, loaded),
            Err(problems) => panic!("{problems}\n{graph}"),
        }
    }

    pub(crate) fn run(&self, graph: &LoadedGraph, input: &Object, max_parallel: usize) -> RunOutcome {
        let options = RunOptions {
            max_parallel: NonZeroUsize::new(max_parallel).unwrap(),
            ..self.runtime.run_options().clone()
        };
        let start = || {
            self.runtime
                .start_with(graph, Value::Object(input.clone()), options)
        };
        self.threads.block_on(async { start().unwrap().outcome().await })
    }
}

/// That many cases, or as many as `PROPTEST_CASES` asks for where that is more.
pub(crate) fn at_least(cases: u32) -> u32 {
    let asked = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|asked| asked.parse().ok());
    asked.map_or(cases, |asked: u32| asked.max(cases))
}

/// A plan, all of whose nodes are served by one agent.
pub(crate) fn joined(plan: &Arc<Plan>, agent: &Arc<dyn Agent>) -> LoadedGraph {
    let mut find = |_: &Plan, _: &PlanNode| Some(agent.clone());
    LoadedGraph::new(plan.clone(), &mut find).unwrap()
}

/// The same graph, whose named graphs stand where names are looked up.
fn hoisted(mut graph: Value) -> Value {
    let mut named = Object::new();
    hoist(&mut graph, &mut named);
    graph["graphs"] = named.into();
    graph
}

fn hoist(graph: &mut Value, named: &mut Object) {
    for node in graph["nodes"].as_object_mut().unwrap().values_mut() {
        let Some(mut nested) = node.get_mut("graph").map(Value::take) else {
            continue;
        };
        hoist(&mut nested, named);
        node["graph"] = if nested["name"] == "named" {
            let name = format!("g{}", named.len());
            named.insert(name.clone(), nested);
            name.into()
        } else {
            nested
        };
    }
}

/// The same graph, whose nodes may write anything.
fn unbound(mut graph: Value) -> Value {
    for node in graph["nodes"].as_object_mut().unwrap().values_mut() {
        node.as_object_mut().unwrap().remove("writes");
        // A map writes one key, and a condition on another is refused.
        if node.get("map").is_some() {
            for edge in node
                .get_mut("next")
                .and_then(Value::as_array_mut)
                .into_iter()
                .flatten()
            {
                let target = ["to", "else"]
                    .into_iter()
                    .find_map(|field| edge.get(field).cloned());
                *edge = target.unwrap_or_else(|| edge.take());
            }
        }
        if let Some(nested) = node.get_mut("graph").filter(|nested| nested.is_object()) {
            *nested = unbound(nested.take());
        }
    }
    if let Some(named) = graph.get_mut("graphs").and_then(Value::as_object_mut) {
        named
            .values_mut()
            .for_each(|graph| *graph = unbound(graph.take()));
    }
    graph
}

fn records(told: &Value) -> Value {
    let record = |(name, told): (&String, &Value)| {
        let mut kept = Object::new();
        for field in [
            "status",
            "replaced_by",
            "fallback",
            "upstream",
            "failed",
            "reason",
            "rounds",
            "items",
        ] {
            kept.extend(told.get(field).map(|value| (field.to_owned(), value.clone())));
        }
        kept.extend(
            told.get("failure")
                .map(|failure| ("failure".to_owned(), failure["kind"].clone())),
        );
        kept.extend(
            told.get("nodes")
                .map(|nodes| ("nodes".to_owned(), records(nodes))),
        );
        (name.clone(), Value::Object(kept))
    };
    told.as_object().unwrap().iter().map(record).collect()
}

/// What the engine says came of a run.
pub(crate) fn told(outcome: &RunOutcome) -> Value {
    let told = serde_json::to_value(outcome).unwrap();
    let text = serde_json::to_string(outcome).unwrap();
    let read: RunOutcome = serde_json::from_str(&text).expect("what is written can be read");
    assert_eq!(serde_json::to_string(&read).unwrap(), text);
    json!({
        "status": told["status"],
        "context": told["graph_context"],
        "path": told["execution_path"],
        "nodes": records(&told["agent_metadata"]),
    })
}

/// What the reference says.
pub(crate) fn expected(account: &Account) -> Value {
    json!({
        "status": account.status(),
        "context": account.context,
        "path": account.path,
        "nodes": account.records,
    })
}

/// Where two accounts differ, for people.
pub(crate) fn difference(told: &Value, expected: &Value) -> Option<String> {
    if told == expected {
        return None;
    }
    if let (Value::Object(told), Value::Object(expected)) = (told, expected) {
        let keys: std::collections::BTreeSet<&String> = told.keys().chain(expected.keys()).collect();
        let differences = keys.into_iter().filter_map(|key| {
            let null = &Value::Null;
            let (told, expected) = (told.get(key).unwrap_or(null), expected.get(key).unwrap_or(null));
            Some(format!("{key}: {}", difference(told, expected)?))
        });
        return Some(differences.collect::<Vec<_>>().join("\n"));
    }
    Some(format!("engine {told}, reference {expected}"))
}
