//! Graph files: any text is read in bounded time, what is wrong is told with places that are in the text, and a plan is
//! what the graph says.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use hap_model::{EdgeKind, Graph, Json, Limit, MAX_JSON_DEPTH, Node, NodeIndex, OnFailure, Plan, Problems};

use super::bounded::within;
use super::reference;
use super::told::is_told_well;

/// Up to here each pair of nodes is looked at.
const FEW_NODES: usize = 100;

/// A file cannot make more problems than these, however wrong it is.
const MOST_PROBLEMS: usize = 1000;

/// The property.
pub fn check(data: &[u8]) {
    // A file that is not UTF-8 is refused before it is read as a graph.
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    within(Duration::from_secs(1), || check_text(text));
}

fn check_text(text: &str) {
    let graph = match Graph::from_text("graph.yaml", text) {
        Ok(graph) => graph,
        Err(problems) => return are_told_well(&problems, text),
    };
    for node in &graph.nodes {
        let params = Json::parse(node.params.as_str(), MAX_JSON_DEPTH).unwrap();
        assert_eq!(params.kind(), "an object");
        assert!(reference::read(params.as_str()).is_ok());
        for limit in Limit::ALL {
            assert!((1..=limit.ceiling()).contains(&node.budget.get(limit)), "{limit}");
        }
    }
    match Plan::new(&graph) {
        Ok(plan) => {
            is_what_the_graph_says(&plan, &graph);
            if !plan.warnings().is_empty() {
                have_places(plan.warnings(), text);
            }
        }
        Err(problems) => are_told_well(&problems, text),
    }
}

fn are_told_well(problems: &Problems, text: &str) {
    assert!(problems.has_errors());
    have_places(problems, text);
}

/// Every place is in the text, the end of a line and the end of the text included.
fn have_places(problems: &Problems, text: &str) {
    let lines: Vec<usize> = text
        .replace("\r\n", "\n")
        .split(['\n', '\r'])
        .map(|line| line.chars().count())
        .collect();
    assert!(problems.len() <= MOST_PROBLEMS);
    for problem in problems.iter() {
        // A cycle is told with every node on it.
        let longest =
            if problem.message.contains("form a cycle") || problem.message.contains("includes itself") {
                text.len() * 4
            } else {
                1000
            };
        is_told_well(&problem.message, longest + 100);
        problem.hint.iter().for_each(|hint| is_told_well(hint, 1000));
        let Some(place) = problem.place else { continue };
        assert_eq!(problem.source, None, "there is one file only");
        let line = (place.line as usize)
            .checked_sub(1)
            .and_then(|line| lines.get(line));
        let inside = line.is_some_and(|length| (1..=length + 1).contains(&(place.column as usize)));
        assert!(inside, "{place} is not in the text: {problem:?}");
    }
    let printed = problems.to_string();
    assert!(problems.iter().all(|problem| printed.contains(&problem.message)));
}

fn is_what_the_graph_says(plan: &Plan, graph: &Graph) {
    let position: HashMap<&str, NodeIndex> = plan
        .topological_order()
        .enumerate()
        .map(|(at, id)| (id.as_str(), NodeIndex(at as u32)))
        .collect();
    assert_eq!(
        position.len(),
        plan.nodes().len(),
        "a node stands twice in the order"
    );
    let reachable = reachable(graph);
    for node in graph.nodes.iter().filter(|node| !is_fallback(graph, node)) {
        assert_eq!(
            reachable.contains(node.id.text.as_str()),
            position.contains_key(node.id.text.as_str())
        );
    }
    let left_out: HashSet<&str> = plan.unreachable().iter().map(|(id, _)| id.as_str()).collect();
    let fallbacks: HashSet<&str> = plan.fallbacks().iter().map(|node| node.id.as_str()).collect();
    assert_eq!(
        left_out.len() + fallbacks.len() + position.len(),
        graph.nodes.len()
    );
    assert_eq!(plan.len(), graph.nodes.len());
    assert!(fallbacks.iter().all(|id| !position.contains_key(id)));
    assert!(left_out.iter().all(|id| !position.contains_key(id)));

    let naive = naive_order(graph, &reachable);
    assert!(
        plan.topological_order().map(|id| id.as_str()).eq(naive),
        "another order is due"
    );

    let mut before: Vec<Vec<NodeIndex>> = vec![Vec::new(); position.len()];
    for node in &graph.nodes {
        let Some(&from) = position.get(node.id.text.as_str()) else {
            continue;
        };
        for next in &node.next {
            let to = position[next.to.text.as_str()];
            assert!(from < to, "`{}` comes after `{}`", node.id.text, next.to.text);
            before[to.get()].push(from);
        }
    }
    for (index, mut expected) in before.iter().cloned().enumerate() {
        expected.sort();
        let index = NodeIndex(index as u32);
        assert_eq!(plan.predecessors(index), expected, "predecessors of {index:?}");
        let links = plan.links(index);
        assert!(plan.group(links.group).members.contains(&index));
        for group in &links.successors {
            assert!(plan.group(*group).predecessors.contains(&index));
        }
        for edge in plan
            .groups()
            .iter()
            .flat_map(|group| group.predecessors.iter().zip(&group.edges))
        {
            if let (before, EdgeKind::If(condition)) = edge {
                assert!((*condition as usize) < plan.links(*before).conditions.len());
            }
        }
        let exit = !before.iter().any(|before| before.contains(&index));
        assert_eq!(exit, plan.exits().any(|other| other == index));
    }
    let members: usize = plan.groups().iter().map(|group| group.members.len()).sum();
    assert_eq!(members, position.len(), "every node is in one group");
    layers_are_consistent(plan, &before);
    if before.len() <= FEW_NODES {
        no_two_write_at_once(plan, &before);
    }
}

fn layers_are_consistent(plan: &Plan, before: &[Vec<NodeIndex>]) {
    let layers = plan.layers();
    let mut layer_of = vec![None; before.len()];
    for (layer, nodes) in layers.iter().enumerate() {
        assert!(!nodes.is_empty());
        for node in nodes {
            assert_eq!(
                layer_of[node.get()].replace(layer),
                None,
                "a node is in two layers"
            );
        }
    }
    for (node, before) in before.iter().enumerate() {
        let expected = before
            .iter()
            .map(|node| layer_of[node.get()].map_or(0, |layer| layer + 1))
            .max();
        assert_eq!(layer_of[node], Some(expected.unwrap_or(0)));
    }
}

/// Of two nodes that declare to write one key without a reducer, one comes after the other.
fn no_two_write_at_once(plan: &Plan, before: &[Vec<NodeIndex>]) {
    let mut ancestors: Vec<HashSet<usize>> = Vec::new();
    for before in before {
        let mut all = HashSet::new();
        for node in before {
            all.insert(node.get());
            all.extend(&ancestors[node.get()]);
        }
        ancestors.push(all);
    }
    // Of two nodes behind conditions, perhaps only one ever runs.
    let mut conditional: Vec<bool> = Vec::new();
    for (at, before) in before.iter().enumerate() {
        let group = plan.group(plan.links(NodeIndex(at as u32)).group);
        conditional.push(
            group.edges.iter().any(|edge| *edge != EdgeKind::Always)
                || before.iter().any(|node| conditional[node.get()]),
        );
    }
    for (late, node) in plan.nodes().iter().enumerate() {
        for key in node
            .writes
            .iter()
            .flatten()
            .filter(|key| !plan.reducers().contains_key(*key))
        {
            for (early, other) in plan.nodes().iter().enumerate().take(late) {
                let both = other.writes.as_ref().is_some_and(|keys| keys.contains(key));
                let ordered = ancestors[late].contains(&early) || conditional[late] || conditional[early];
                assert!(
                    !both || ordered,
                    "`{}` and `{}` both write `{key}`",
                    other.id,
                    node.id
                );
            }
        }
    }
}

/// Whether the node only stands in for another.
fn is_fallback(graph: &Graph, node: &Node) -> bool {
    graph
        .nodes
        .iter()
        .any(|other| matches!(&other.on_failure, Some(OnFailure::Node(name)) if name.text == node.id.text))
}

/// The names of the nodes that run, found by walking the graph as written.
fn reachable(graph: &Graph) -> HashSet<&str> {
    let led_to: HashSet<&str> = graph
        .nodes
        .iter()
        .flat_map(|node| &node.next)
        .map(|edge| edge.to.text.as_str())
        .collect();
    let mut left: Vec<&str> = if graph.entry.is_empty() {
        let free = graph.nodes.iter().filter(|node| !is_fallback(graph, node));
        let free = free.map(|node| node.id.text.as_str());
        free.filter(|id| !led_to.contains(id)).collect()
    } else {
        graph.entry.iter().map(|entry| entry.text.as_str()).collect()
    };
    let next: HashMap<&str, _> = graph
        .nodes
        .iter()
        .map(|node| (node.id.text.as_str(), &node.next))
        .collect();
    let mut reached = HashSet::new();
    while let Some(id) = left.pop() {
        if reached.insert(id) {
            left.extend(
                next.get(id)
                    .into_iter()
                    .flat_map(|next| next.iter().map(|edge| edge.to.text.as_str())),
            );
        }
    }
    reached
}

/// The order that is due: again and again the first declared node that waits for none of those left.
fn naive_order<'a>(graph: &'a Graph, reachable: &HashSet<&str>) -> Vec<&'a str> {
    let mut left: Vec<_> = graph
        .nodes
        .iter()
        .filter(|node| reachable.contains(node.id.text.as_str()))
        .collect();
    let mut order = Vec::new();
    while !left.is_empty() {
        let waited_for: HashSet<&str> = left
            .iter()
            .flat_map(|node| &node.next)
            .map(|edge| edge.to.text.as_str())
            .collect();
        let free = left
            .iter()
            .position(|node| !waited_for.contains(node.id.text.as_str()));
        order.push(left.remove(free.unwrap()).id.text.as_str());
    }
    order
}
