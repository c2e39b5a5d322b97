//! The fields of a graph file. The original HAP's JSON (`agent_entrypoint`, `next_nodes`, `entry_node`) is read
//! by the same rules, because each of its names is a second name of one of ours.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::budget::{Budget, Limit};
use crate::entrypoint::Entrypoint;
use crate::grants::{Grants, ResourcePattern};
use crate::graph::{Graph, Located, Node, NodeAgent};
use crate::problem::{Place, Problem, Problems, nearest, shown};
use crate::reducer::Reducer;

use super::fields::{Fields, located};
use super::tree::{self, Tree, Value};

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
    let mut fields = Fields::of(&tree, "the graph", &mut problems);
    let graph = Graph {
        name: fields.text(&["name"], &mut problems).map(|located| located.text),
        description: fields
            .text(&["description"], &mut problems)
            .map(|located| located.text),
        entry: fields
            .texts(&["entry", "entry_node"], &mut problems)
            .unwrap_or_default(),
        nodes: nodes(
            fields.take(&["nodes"], &mut problems),
            fields.place(),
            &mut problems,
        ),
        reducers: reducers(fields.take(&["reducers"], &mut problems), &mut problems),
        budget: fields
            .take(&["budget"], &mut problems)
            .map(|tree| budget(tree, &mut problems)),
        run_budget: fields
            .take(&["run_budget"], &mut problems)
            .map(|tree| run_budget(tree, &mut problems)),
        source: Some(source),
    };
    fields.finish(&mut problems);
    problems.into_result(graph)
}

/// Nodes are a mapping from name to node, or a list of nodes that each have an `id`.
fn nodes(tree: Option<&Tree>, graph: Place, problems: &mut Problems) -> Vec<Node> {
    let Some(tree) = tree else {
        let problem = Problem::error(Some(graph), "the graph has no `nodes`");
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
                    problems,
                )
            })
            .collect(),
        Value::List(items) => items
            .iter()
            .filter_map(|item| node(None, item, problems))
            .collect(),
        _ => {
            let message = format!("`nodes` must be a mapping or a list, not {}", tree.kind());
            problems.push(Problem::error(Some(tree.place), message));
            Vec::new()
        }
    }
}

fn node(key: Option<Located>, tree: &Tree, problems: &mut Problems) -> Option<Node> {
    let what = key.as_ref().map_or("the node".to_owned(), |key| {
        format!("node `{}`", shown(&key.text))
    });
    let mut fields = Fields::of(tree, what.clone(), problems);
    let own_id = fields.text(&["id"], problems);
    if let (Some(key), Some(id)) = (&key, &own_id)
        && key.text != id.text
    {
        problems.push(
            Problem::error(id.place, format!("{what} has the id `{}`", shown(&id.text)))
                .hint("make both the same, or leave `id` out"),
        );
    }
    let agent = fields.text(&["agent", "agent_entrypoint"], problems);
    let next = fields
        .texts(&["next", "next_nodes"], problems)
        .unwrap_or_default();
    let params = fields.take(&["params"], problems);
    let reads = fields.texts(&["reads"], problems);
    let writes = fields.texts(&["writes"], problems);
    let description = fields
        .text(&["description"], problems)
        .map(|located| located.text);
    let grants = fields
        .take(&["grants"], problems)
        .map(|tree| grants(tree, problems))
        .unwrap_or_default();
    let budget = fields
        .take(&["budget"], problems)
        .map_or_else(Budget::unlimited, |tree| budget(tree, problems));
    // The original writes this field too, and always as null: an instance has no form in a file.
    if let Some(instance) = fields.take(&["agent_instance"], problems) {
        let problem = Problem::error(Some(instance.place), "an agent instance cannot stand in a file");
        problems.push(problem.hint("name the agent by its entrypoint: `agent: path/to/agent.wasm`"));
    }
    let place = fields.place();
    fields.finish(problems);

    let Some(id) = key.or(own_id) else {
        problems.push(Problem::error(Some(place), "the node has no `id`").hint("add `id: some-name`"));
        return None;
    };
    let Some(agent) = agent else {
        if matches!(tree.value, Value::Map(_)) {
            let problem = Problem::error(id.place, format!("node `{}` has no `agent`", shown(&id.text)));
            problems.push(problem.hint("add `agent: path/to/agent.wasm` or `agent: namespace:name`"));
        }
        return None;
    };
    if let Some(tree) = params
        && !matches!(tree.value, Value::Map(_))
    {
        problems.push(Problem::error(
            Some(tree.place),
            format!("`params` must be a mapping, not {}", tree.kind()),
        ));
    }
    let node = Node::new(id, NodeAgent::Entrypoint(Entrypoint::new(agent.text)));
    Some(Node {
        agent_place: agent.place,
        next,
        params: params.map_or(node.params.clone(), Tree::to_json),
        reads,
        writes,
        description,
        grants,
        budget,
        ..node
    })
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

fn budget(tree: &Tree, problems: &mut Problems) -> Budget {
    let Value::Map(members) = &tree.value else {
        let message = format!(
            "`budget` must be a mapping from limit to value, not {}",
            tree.kind()
        );
        problems.push(Problem::error(Some(tree.place), message));
        return Budget::unlimited();
    };
    let mut budget = Budget::unlimited();
    for (key, place, value) in members {
        let Some(limit) = Limit::from_name(key) else {
            let names = Limit::ALL.map(Limit::name);
            let hint = match nearest(key, names) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the limits are {}", names.join(", ")),
            };
            problems
                .push(Problem::error(Some(*place), format!("there is no limit `{}`", shown(key))).hint(hint));
            continue;
        };
        let Some(text) = located(value, key, problems) else {
            continue;
        };
        match limit.parse_value(&text.text) {
            Ok(value) => budget = budget.with(limit, value),
            Err(message) => problems.push(Problem::error(text.place, message)),
        }
    }
    budget
}

/// A run's budget: the limits that add up over its attempts.
fn run_budget(tree: &Tree, problems: &mut Problems) -> Budget {
    for (key, place, _) in tree.members() {
        if let Some(limit) = Limit::from_name(key).filter(|limit| !limit.adds_up()) {
            let message =
                format!("`{limit}` holds for each attempt by itself, so a run's budget cannot hold it");
            problems.push(Problem::error(Some(place), message).hint("set it in `budget`"));
        }
    }
    budget(tree, problems)
}

fn grants(tree: &Tree, problems: &mut Problems) -> Grants {
    let mut fields = Fields::of(tree, "`grants`", problems);
    let mut resources = Vec::new();
    for pattern in fields.texts(&["resources"], problems).unwrap_or_default() {
        match ResourcePattern::new(&pattern.text) {
            Ok(good) => resources.push(good),
            Err(message) => problems.push(Problem::error(pattern.place, message)),
        }
    }
    fields.finish(problems);
    Grants { resources }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(graph.node("A").unwrap().next[0].text, "B");
        assert_eq!(graph.node("B").unwrap().agent.to_string(), "demo:second");
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
