//! The fields of a node of a graph file.

use std::sync::Arc;

use crate::budget::Budget;
use crate::entrypoint::Entrypoint;
use crate::graph::{Edge, Located, NestedGraph, Node, NodeAgent, NodeBody};
use crate::problem::{Place, Problem, Problems, shown};

use super::fields::{Fields, located};
use super::graph_file::{graph, too_deep};
use super::limits::{budget, grants};
use super::recovery_file::{circuit_breaker, deadline, on_failure, retry};
use super::repeat_file::repeat;
use super::tree::{Tree, Value};

/// A node whose name is `key`, or in its `id`. `nested` is the file, and how many levels of graphs may still be nested.
pub(super) fn node(
    key: Option<Located>,
    tree: &Tree,
    nested: (&Arc<str>, usize),
    problems: &mut Problems,
) -> Option<Node> {
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
    let id = key.or(own_id);
    let body = body(&mut fields, id.as_ref(), nested, problems);
    let rest = Rest::take(&mut fields, problems);
    let place = fields.place();
    fields.finish(problems);

    let Some(id) = id else {
        problems.push(Problem::error(Some(place), "the node has no `id`").hint("add `id: some-name`"));
        return None;
    };
    if body.is_none()
        && matches!(tree.value, Value::Map(_))
        && tree
            .members()
            .all(|(name, _, value)| name != "graph" || value.is_null())
    {
        let problem = Problem::error(id.place, format!("node `{}` has no `agent`", shown(&id.text)));
        problems.push(problem.hint("add `agent: path/to/agent.wasm`, `agent: namespace:name` or `graph: …`"));
    }
    let (body, body_place) = body?;
    let node = Node::with_body(id, body);
    Some(Node {
        body_place,
        ..rest.into_node(node)
    })
}

/// The agent or the graph that does the node's work, and where it is named.
fn body(
    fields: &mut Fields<'_>,
    id: Option<&Located>,
    nested: (&Arc<str>, usize),
    problems: &mut Problems,
) -> Option<(NodeBody, Option<Place>)> {
    let agent = fields.text(&["agent", "agent_entrypoint"], problems);
    let graph = fields.take(&["graph"], problems);
    // The original writes this field too, and always as null: an instance has no form in a file.
    if let Some(instance) = fields.take(&["agent_instance"], problems) {
        let problem = Problem::error(Some(instance.place), "an agent instance cannot stand in a file");
        problems.push(problem.hint("name the agent by its entrypoint: `agent: path/to/agent.wasm`"));
    }
    match (agent, graph) {
        (Some(agent), None) => {
            let entrypoint = NodeAgent::Entrypoint(Entrypoint::new(agent.text));
            Some((NodeBody::Agent(entrypoint), agent.place))
        }
        (None, Some(tree)) => {
            let body = nested_graph(tree, id, nested, problems)?;
            Some((NodeBody::Graph(body), Some(tree.place)))
        }
        (Some(agent), Some(tree)) => {
            let message = "a node has an `agent` or a `graph`, not both";
            problems.push(Problem::error(Some(tree.place), message).hint("remove one"));
            let entrypoint = NodeAgent::Entrypoint(Entrypoint::new(agent.text));
            Some((NodeBody::Agent(entrypoint), agent.place))
        }
        (None, None) => None,
    }
}

/// A graph that stands here, the name of one under `graphs`, or the name of a file.
fn nested_graph(
    tree: &Tree,
    id: Option<&Located>,
    (source, levels): (&Arc<str>, usize),
    problems: &mut Problems,
) -> Option<NestedGraph> {
    if !matches!(tree.value, Value::Map(_)) {
        let name = located(tree, "graph", problems)?;
        let is_file = name.text.contains('/')
            || [".yaml", ".yml", ".json"]
                .iter()
                .any(|end| name.text.ends_with(end));
        return Some(if is_file {
            NestedGraph::File(name)
        } else {
            NestedGraph::Named(name)
        });
    }
    let Some(levels) = levels.checked_sub(1) else {
        problems.push(too_deep(tree.place));
        return None;
    };
    let what = id.map_or("the nested graph".to_owned(), |id| {
        format!("the graph of node `{}`", shown(&id.text))
    });
    let nested = graph(tree, &what, source, levels, problems);
    Some(NestedGraph::Inline(Arc::new(nested)))
}

/// The fields of a node beside its name and its body.
struct Rest<'a> {
    next: Vec<Edge>,
    params: Option<&'a Tree>,
    node: Node,
}

impl<'a> Rest<'a> {
    fn take(fields: &mut Fields<'a>, problems: &mut Problems) -> Rest<'a> {
        let next = fields
            .take(&["next", "next_nodes"], problems)
            .map(|tree| edges(tree, problems))
            .unwrap_or_default();
        let params = fields.take(&["params"], problems);
        if let Some(tree) = params
            && !matches!(tree.value, Value::Map(_))
        {
            let message = format!("`params` must be a mapping, not {}", tree.kind());
            problems.push(Problem::error(Some(tree.place), message));
        }
        // The name and the body are put in later.
        let node = Node::with_body("", NodeBody::Agent(NodeAgent::Entrypoint(Entrypoint::new(""))));
        let node = Node {
            repeat: repeat(fields, problems),
            reads: fields.texts(&["reads"], problems),
            writes: fields.texts(&["writes"], problems),
            description: fields
                .text(&["description"], problems)
                .map(|located| located.text),
            grants: fields
                .take(&["grants"], problems)
                .map(|tree| grants(tree, problems))
                .unwrap_or_default(),
            budget: fields
                .take(&["budget"], problems)
                .map_or_else(Budget::unlimited, |tree| budget(tree, problems)),
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
            ..node
        };
        Rest { next, params, node }
    }

    fn into_node(self, named: Node) -> Node {
        Node {
            id: named.id,
            body: named.body,
            next: self.next,
            params: self.params.map_or(named.params, Tree::to_json),
            ..self.node
        }
    }
}

/// What comes after a node: a name, or a list of names and of edges with conditions.
fn edges(tree: &Tree, problems: &mut Problems) -> Vec<Edge> {
    match &tree.value {
        Value::List(items) => items.iter().filter_map(|item| edge(item, problems)).collect(),
        _ => edge(tree, problems).into_iter().collect(),
    }
}

fn edge(tree: &Tree, problems: &mut Problems) -> Option<Edge> {
    if !matches!(tree.value, Value::Map(_)) {
        return located(tree, "next", problems).map(Edge::from);
    }
    let mut fields = Fields::of(tree, "the edge", problems);
    let to = fields.text(&["to"], problems);
    let condition = fields.take_or_null(&["when"], problems);
    let otherwise = fields.text(&["else"], problems);
    let place = fields.place();
    fields.finish(problems);
    let complaint = match (to, condition, otherwise) {
        (_, Some(tree), _) if tree.is_null() => "`when` is empty",
        (Some(to), None, None) => return Some(Edge::from(to)),
        (Some(to), Some(tree), None) => {
            let condition = located(tree, "when", problems)?;
            return Some(Edge::when(to, condition));
        }
        (None, None, Some(to)) => return Some(Edge::otherwise(to)),
        (Some(_), None, Some(_)) => "an edge has `to` or `else`, not both",
        (_, Some(_), Some(_)) => "an edge has `when` or `else`, not both",
        (None, _, None) => "an edge needs the node that it leads to",
    };
    problems.push(
        Problem::error(Some(place), complaint)
            .hint("write the node's name, `{to: node, when: condition}` or `{else: node}`"),
    );
    None
}
