//! The fields of a graph file. The original HAP's JSON (`agent_entrypoint`, `next_nodes`, `entry_node`) is read
//! by the same rules, because each of its names is a second name of one of ours.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::graph::{Defaults, Graph, Located, Node};
use crate::problem::{Place, Problem, Problems, shown};
use crate::reducer::Reducer;

use super::fields::{Fields, located};
use super::limits::{budget, run_budget};
use super::node_file::node;
use super::recovery_file::{circuit_breaker, deadline, on_failure, retry};
use super::tree::{self, Tree, Value};

/// How deep graphs may be nested in graphs, whether in one file or over several.
pub const MAX_NESTED_GRAPHS: usize = 16;

/// Reads a graph, or every problem of its text.
pub(crate) fn parse_graph(source: &str, text: &str) -> Result<Graph, Problems> {
    let source: Arc<str> = source.into();
    let mut problems = Problems::new(Some(source.clone()));
    let tree = match tree::parse(text) {
        Ok(tree) => tree,
        Err(list) => {
            list.into_iter().for_each(|problem| problems.push(problem));
            return problems.into_result(Graph::new());
        }
    };
    let graph = graph(&tree, "the graph", &source, MAX_NESTED_GRAPHS, &mut problems);
    problems.into_result(graph)
}

/// A graph in which graphs may be nested `levels` deep.
pub(super) fn graph(
    tree: &Tree,
    what: &str,
    source: &Arc<str>,
    levels: usize,
    problems: &mut Problems,
) -> Graph {
    let mut fields = Fields::of(tree, what, problems);
    let place = fields.place();
    let graph = Graph {
        name: fields.text(&["name"], problems).map(|located| located.text),
        description: fields
            .text(&["description"], problems)
            .map(|located| located.text),
        entry: fields
            .texts(&["entry", "entry_node"], problems)
            .unwrap_or_default(),
        nodes: nodes(
            fields.take(&["nodes"], problems),
            (what, place),
            (source, levels),
            problems,
        ),
        reducers: reducers(fields.take(&["reducers"], problems), problems),
        graphs: graphs(fields.take(&["graphs"], problems), source, levels, problems),
        defaults: fields
            .take(&["defaults"], problems)
            .map(|tree| defaults(tree, problems))
            .unwrap_or_default(),
        budget: fields
            .take(&["budget"], problems)
            .map(|tree| budget(tree, problems)),
        run_budget: fields
            .take(&["run_budget"], problems)
            .map(|tree| run_budget(tree, problems)),
        source: Some(source.clone()),
    };
    fields.finish(problems);
    graph
}

/// Nodes are a mapping from name to node, or a list of nodes that each have an `id`.
fn nodes(
    tree: Option<&Tree>,
    (what, place): (&str, Place),
    nested: (&Arc<str>, usize),
    problems: &mut Problems,
) -> Vec<Node> {
    let Some(tree) = tree else {
        let problem = Problem::error(Some(place), format!("{what} has no `nodes`"));
        problems
            .push(problem.hint("add `nodes:` with at least one node: `name: {agent: path/to/agent.wasm}`"));
        return Vec::new();
    };
    match &tree.value {
        Value::Map(members) => members
            .iter()
            .filter_map(|(key, place, value)| {
                node(
                    Some(Located {
                        text: key.clone(),
                        place: Some(*place),
                    }),
                    value,
                    nested,
                    problems,
                )
            })
            .collect(),
        Value::List(items) => items
            .iter()
            .filter_map(|item| node(None, item, nested, problems))
            .collect(),
        _ => {
            let message = format!("`nodes` must be a mapping or a list, not {}", tree.kind());
            problems.push(Problem::error(Some(tree.place), message));
            Vec::new()
        }
    }
}

fn reducers(tree: Option<&Tree>, problems: &mut Problems) -> BTreeMap<Arc<str>, Reducer> {
    let Some(tree) = tree else { return BTreeMap::new() };
    let Value::Map(members) = &tree.value else {
        let message = format!(
            "`reducers` must be a mapping from key to reducer, not {}",
            tree.kind()
        );
        problems.push(Problem::error(Some(tree.place), message));
        return BTreeMap::new();
    };
    let mut reducers = BTreeMap::new();
    for (key, _, value) in members {
        let Some(name) = located(value, key, problems) else {
            continue;
        };
        match Reducer::from_name(&name.text) {
            Some(reducer) => {
                reducers.insert(Arc::from(key.as_str()), reducer);
            }
            None => {
                let names: Vec<_> = Reducer::NAMES.iter().map(|(name, _)| *name).collect();
                let problem =
                    Problem::error(name.place, format!("there is no reducer `{}`", shown(&name.text)));
                problems.push(problem.hint(format!("the reducers are {}", names.join(", "))));
            }
        }
    }
    reducers
}

/// Graphs under names, for nodes to use.
fn graphs(
    tree: Option<&Tree>,
    source: &Arc<str>,
    levels: usize,
    problems: &mut Problems,
) -> BTreeMap<Arc<str>, Arc<Graph>> {
    let Some(tree) = tree else { return BTreeMap::new() };
    if !matches!(tree.value, Value::Map(_)) {
        let message = format!(
            "`graphs` must be a mapping from name to graph, not {}",
            tree.kind()
        );
        problems.push(Problem::error(Some(tree.place), message));
    }
    let Some(levels) = levels.checked_sub(1) else {
        problems.push(too_deep(tree.place));
        return BTreeMap::new();
    };
    tree.members()
        .map(|(name, _, value)| {
            let what = format!("graph `{}`", shown(name));
            (
                Arc::from(name),
                Arc::new(graph(value, &what, source, levels, problems)),
            )
        })
        .collect()
}

/// Graphs nested too deep.
pub(super) fn too_deep(place: Place) -> Problem {
    Problem::error(
        Some(place),
        format!("graphs are nested more than {MAX_NESTED_GRAPHS} levels deep"),
    )
    .hint("put the inner graphs side by side under `graphs` and name them")
}

fn defaults(tree: &Tree, problems: &mut Problems) -> Defaults {
    let mut fields = Fields::of(tree, "`defaults`", problems);
    let defaults = Defaults {
        retry: fields
            .take(&["retry"], problems)
            .and_then(|tree| retry(tree, problems)),
        circuit_breaker: fields
            .take(&["circuit_breaker"], problems)
            .and_then(|tree| circuit_breaker(tree, problems)),
        deadline: fields
            .take(&["deadline"], problems)
            .and_then(|tree| deadline(tree, problems)),
        on_failure: fields
            .take(&["on_failure"], problems)
            .and_then(|tree| on_failure(tree, problems)),
    };
    fields.finish(problems);
    defaults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::Limit;

    #[test]
    fn the_original_json_loads_unchanged() {
        let text = r#"{
            "nodes": {
                "A": {"id": "A", "agent_entrypoint": "demo:first", "agent_instance": null, "next_nodes": ["B"]},
                "B": {"id": "B", "agent_entrypoint": "demo:second", "next_nodes": []}
            },
            "entry_node": "A"
        }"#;
        let graph = Graph::from_text("g.json", text).unwrap();
        assert_eq!(graph.entry[0].text, "A");
        assert_eq!(graph.node("A").unwrap().next[0].to.text, "B");
        assert_eq!(graph.node("B").unwrap().body.to_string(), "demo:second");
    }

    #[test]
    fn all_fields_are_read() {
        let graph = Graph::from_text(
            "g.yaml",
            "name: n\ndescription: d\nentry: a\nreducers: {k: append}\nbudget: {fuel: 5M}\nnodes:\n  - id: a\n    agent: x.wasm\n    \
             next: b\n    params: {p: [1, two]}\n    reads: [text]\n    writes: k\n    description: dd\n    \
             grants: {resources: ['corpus/*']}\n    budget: {memory: 64MiB, wall-time: 2s}\n  - {id: b, agent: y.wasm}\n",
        )
        .unwrap();
        let node = graph.node("a").unwrap();
        assert_eq!(node.params.as_str(), r#"{"p":[1,"two"]}"#);
        assert_eq!(node.reads.as_ref().unwrap()[0].text, "text");
        assert_eq!(
            node.writes.as_ref().unwrap()[0].place,
            Some(Place { line: 12, column: 13 })
        );
        assert_eq!(node.budget.get(Limit::WallTime), 2000);
        assert_eq!(graph.budget.as_ref().unwrap().get(Limit::Fuel), 5_000_000);
        assert!(node.grants.allows_resource("corpus/x"));
        assert_eq!(graph.reducers["k"], Reducer::Append);
    }

    #[test]
    fn every_problem_is_told_at_once_with_place_and_remedy() {
        let text = "nmae: x\nnodes:\n  a: {agnet: x.wasm}\n  b:\n    agent: [1]\n    params: 3\n    budget: {fule: 1, memory: lots}\n    \
                    grants: {resources: ['../x']}\n  c: 7\nreducers: {k: concat}\n";
        let error = Graph::from_text("g.yaml", text).unwrap_err().to_string();
        for expected in [
            "g.yaml:1:1: the graph has no field `nmae`\n  hint: did you mean `name`?",
            "g.yaml:3:3: node `a` has no `agent`",
            "g.yaml:3:7: node `a` has no field `agnet`\n  hint: did you mean `agent`?",
            "g.yaml:5:12: `agent` must be text, not a list",
            "there is no limit `fule`\n  hint: did you mean `fuel`?",
            "`lots` is no value for `memory`",
            "`../x` is no resource pattern",
            "g.yaml:9:6: node `c` must be a mapping, not a number",
            "there is no reducer `concat`\n  hint: the reducers are append",
        ] {
            assert!(error.contains(expected), "missing {expected:?} in:\n{error}");
        }
    }
}
