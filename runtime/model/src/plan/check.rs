//! From a graph as written to a plan: every check that needs more than the text of one field.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::graph::{Graph, Located, NodeAgent, NodeBody, OnFailure};
use crate::id::{MAX_NODE_ID_BYTES, NodeId};
use crate::json::TopLevel;
use crate::problem::{Problem, Problems, nearest, shown};

use super::fallback::{Fallbacks, fallbacks};
use super::nested::Nested;
use super::node::plan_node;
use super::{Plan, PlanNode, conflicts, links, never_run, order};

/// Each node's place in the graph's list, by name.
pub(super) type Names<'a> = HashMap<&'a str, usize>;

/// An edge to a known node.
#[derive(Clone, Copy, Debug)]
pub(super) struct EdgeTo {
    /// The node's place in the graph's list.
    pub(super) to: usize,
    /// The edge's place in `next`.
    pub(super) position: usize,
}

pub(super) fn check(graph: &Graph) -> Result<Plan, Problems> {
    check_nested(graph, &mut Nested::outermost(graph))
}

/// Checks a graph and the graphs in it.
pub(super) fn check_nested<'a>(graph: &'a Graph, nested: &mut Nested<'a>) -> Result<Plan, Problems> {
    let mut problems = Problems::new(graph.source.clone());
    if graph.nodes.is_empty() {
        let problem = Problem::error(None, "the graph has no nodes");
        problems.push(problem.hint("add at least one node: `name: {agent: path/to/agent.wasm}`"));
    }
    let names = names(graph, &mut problems);
    let next = edges(graph, &names, &mut problems);
    let mut fallbacks = fallbacks(graph, &names, &next, &mut problems);
    let entry = entry(graph, &names, &next, &fallbacks, &mut problems);
    check_agents(graph, &mut problems);
    let conditions = links::conditions(graph, &next, &mut problems);
    let targets: Vec<Vec<usize>> = next
        .iter()
        .map(|edges| edges.iter().map(|edge| edge.to).collect())
        .collect();
    if let Err(cycles) = order::topological(&targets) {
        cycles
            .iter()
            .for_each(|cycle| problems.push(cycle_problem(graph, cycle)));
        return problems.into_result(()).and(Err(Problems::default()));
    }
    let reachable = order::reachable(&targets, &entry);
    let runs = runs(&reachable, &fallbacks);
    // What stands in for a node that is never run is never run either.
    fallbacks
        .list
        .retain(|index| runs.get(*index).copied().unwrap_or(false));
    let order = order_of_reachable(&targets, &reachable);
    let mut planned = plan_nodes(graph, &names, &fallbacks, nested, &mut problems);
    let mut warnings = Problems::new(graph.source.clone());
    nested.check_unused(graph, &mut problems, &mut warnings);
    let unreached = || {
        graph
            .nodes
            .iter()
            .zip(&runs)
            .filter(|(_, runs)| !**runs)
            .map(|(node, _)| node)
    };
    unreached().for_each(|node| warnings.push(never_run(&node.id)));
    for node in planned.iter().flatten() {
        if let super::PlanBody::Graph(plan) = &node.body {
            warnings.extend(plan.warnings().clone());
        }
    }
    warnings.sort();
    problems.clone().into_result(())?;

    let unreachable = unreached()
        .filter_map(|node| Some((NodeId::new(&node.id.text)?, node.body.clone())))
        .collect();
    let mut take = |indices: &[usize]| -> Vec<PlanNode> {
        indices
            .iter()
            .filter_map(|&index| planned.get_mut(index)?.take())
            .collect()
    };
    let nodes = take(&order);
    let fallbacks = take(&fallbacks.list);
    let (links, groups) = links::arrange(&order, &next, conditions);
    let plan = Plan {
        name: graph.name.as_deref().map(Arc::from),
        source: graph.source.clone(),
        nodes,
        links,
        groups,
        fallbacks,
        unreachable,
        reducers: Arc::new(graph.reducers.clone()),
        run_budget: graph.run_budget.clone(),
        warnings,
    };
    conflicts::check(&plan, graph, &order, &mut problems);
    problems.into_result(plan)
}

/// Which nodes have a part in a run: those that the entry leads to, and those that stand in for one of these.
fn runs(reachable: &[bool], fallbacks: &Fallbacks) -> Vec<bool> {
    let owner = |mut index: usize| {
        // A chain of fallbacks is no longer than there are nodes, and it is no circle.
        for _ in 0..reachable.len() {
            match fallbacks.stands_in_for.get(index).copied().flatten() {
                Some(owner) => index = owner,
                None => break,
            }
        }
        index
    };
    (0..reachable.len())
        .map(|index| reachable.get(owner(index)).copied().unwrap_or(false))
        .collect()
}

/// Every node as it runs, by its place in the graph's list.
fn plan_nodes<'a>(
    graph: &'a Graph,
    names: &Names<'_>,
    fallbacks: &Fallbacks,
    nested: &mut Nested<'a>,
    problems: &mut Problems,
) -> Vec<Option<PlanNode>> {
    let mut planned = Vec::with_capacity(graph.nodes.len());
    for (index, node) in graph.nodes.iter().enumerate() {
        let on_failure = fallbacks.on_failure(graph, names, index);
        let own = node.on_failure.as_ref().or(graph.defaults.on_failure.as_ref());
        if let Some(OnFailure::Output(output)) = own {
            check_replacement(graph, node, output, problems);
        }
        planned.push(plan_node(graph, node, on_failure, nested, problems));
    }
    planned
}

/// The output that takes the place of a failed node's must be one that the node could have written.
fn check_replacement(
    graph: &Graph,
    node: &crate::graph::Node,
    output: &crate::json::Json,
    problems: &mut Problems,
) {
    let own = shown(&node.id.text);
    let members = match TopLevel::parse(output.as_str(), crate::json::MAX_JSON_DEPTH) {
        Ok(TopLevel::Object(members)) => members,
        Ok(TopLevel::Other(value)) => vec![(Arc::from(node.id.text.as_str()), value)],
        Err(error) => {
            let message = format!("node `{own}`: the output of `on_failure`: {error}");
            return problems.push(Problem::error(node.id.place, message));
        }
    };
    for (key, value) in &members {
        let told = shown(key);
        if let Some(writes) = &node.writes
            && !writes.iter().any(|allowed| allowed.text == **key)
        {
            let message = format!(
                "node `{own}`: the output of `on_failure` has the key `{told}`, which is not in `writes`"
            );
            problems.push(Problem::error(node.id.place, message).hint(format!("add `{told}` to `writes`")));
        }
        if let Some(reducer) = graph.reducers.get(key)
            && let Some(needed) = reducer.refuses(value)
        {
            let message = format!(
                "node `{own}`: in the output of `on_failure`, `{told}` is {}, and its reducer `{reducer}` needs {needed}",
                value.kind()
            );
            problems.push(Problem::error(node.id.place, message));
        }
    }
}

/// The order of the nodes that run. Those that do not run have no part in it: adding one changes nothing.
fn order_of_reachable(next: &[Vec<usize>], reachable: &[bool]) -> Vec<usize> {
    let edges: Vec<Vec<usize>> = next
        .iter()
        .zip(reachable)
        .map(|(targets, reached)| if *reached { targets.clone() } else { Vec::new() })
        .collect();
    // A part of a graph without cycles has none.
    let order = order::topological(&edges).unwrap_or_default();
    order.into_iter().filter(|index| reachable[*index]).collect()
}

/// Node names: well-formed and each once.
fn names<'a>(graph: &'a Graph, problems: &mut Problems) -> Names<'a> {
    let mut names = Names::new();
    for (index, node) in graph.nodes.iter().enumerate() {
        let name = node.id.text.as_str();
        let told = shown(name);
        if NodeId::new(name).is_none() {
            let problem = Problem::error(node.id.place, format!("`{told}` is no node name"));
            problems.push(problem.hint(format!(
                "begin with a letter and go on with letters, digits, `-` or `_`, {MAX_NODE_ID_BYTES} at most"
            )));
        }
        if names.insert(name, index).is_some() {
            let message = format!("there are two nodes called `{told}`");
            problems.push(Problem::error(node.id.place, message).hint("rename one"));
        }
    }
    names
}

/// The edges by index, those to unknown nodes left out and told.
fn edges(graph: &Graph, names: &Names<'_>, problems: &mut Problems) -> Vec<Vec<EdgeTo>> {
    let mut all = Vec::with_capacity(graph.nodes.len());
    for (index, node) in graph.nodes.iter().enumerate() {
        let mut next: Vec<EdgeTo> = Vec::with_capacity(node.next.len());
        let mut seen = BTreeSet::new();
        for (position, target) in node.next.iter().map(|edge| &edge.to).enumerate() {
            let Some(&to) = names.get(target.text.as_str()) else {
                let message = format!(
                    "node `{}` leads to `{}`, which is no node",
                    shown(&node.id.text),
                    shown(&target.text)
                );
                problems.push(unknown(target, message, graph, problems.len()));
                continue;
            };
            if to == index {
                let message = format!("node `{}` leads to itself", shown(&node.id.text));
                let problem = Problem::error(target.place, message);
                problems.push(problem.hint("remove the edge: a graph has no cycles; `loop` does work again"));
            } else if !seen.insert(to) {
                let message = format!(
                    "node `{}` leads to `{}` twice",
                    shown(&node.id.text),
                    shown(&target.text)
                );
                let problem = Problem::error(target.place, message);
                problems.push(problem.hint("remove one of the two, or join their conditions with `||`"));
            } else {
                next.push(EdgeTo { to, position });
            }
        }
        all.push(next);
    }
    all
}

/// Where the run begins: what the graph says, else every node that nothing leads to.
fn entry(
    graph: &Graph,
    names: &Names<'_>,
    next: &[Vec<EdgeTo>],
    fallbacks: &Fallbacks,
    problems: &mut Problems,
) -> Vec<usize> {
    if graph.entry.is_empty() {
        let mut has_predecessor = vec![false; next.len()];
        next.iter()
            .flatten()
            .for_each(|edge| has_predecessor[edge.to] = true);
        return (0..next.len())
            .filter(|&index| !has_predecessor[index] && !fallbacks.contains(index))
            .collect();
    }
    let mut entry = Vec::new();
    for name in &graph.entry {
        match names.get(name.text.as_str()) {
            Some(&index) => entry.push(index),
            None => {
                let message = format!("the entry names `{}`, which is no node", shown(&name.text));
                problems.push(unknown(name, message, graph, problems.len()));
            }
        }
    }
    entry
}

/// A name that is no node's. Near names are looked for while there are few problems: looking compares with every name.
pub(super) fn unknown(name: &Located, message: String, graph: &Graph, problems: usize) -> Problem {
    const FEW: usize = 20;
    let problem = Problem::error(name.place, message);
    let near = if problems < FEW {
        nearest(&name.text, graph.nodes.iter().map(|node| node.id.text.as_str()))
    } else {
        None
    };
    match near {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None => problem.hint("add the node, or remove the name"),
    }
}

fn check_agents(graph: &Graph, problems: &mut Problems) {
    for node in &graph.nodes {
        if let NodeBody::Agent(NodeAgent::Entrypoint(entrypoint)) = &node.body
            && let Err(error) = entrypoint.parse()
        {
            problems.push(Problem::error(
                node.body_place,
                format!("node `{}`: {error}", shown(&node.id.text)),
            ));
        }
    }
}

fn cycle_problem(graph: &Graph, cycle: &[usize]) -> Problem {
    let name = |index: usize| {
        graph
            .nodes
            .get(index)
            .map_or("?".to_owned(), |node| shown(&node.id.text))
    };
    let mut path: Vec<String> = cycle.iter().map(|&index| name(index)).collect();
    path.extend(cycle.first().map(|&first| name(first)));
    let place = cycle
        .first()
        .and_then(|&first| graph.nodes.get(first))
        .and_then(|node| node.id.place);
    Problem::error(place, format!("these nodes form a cycle: {}", path.join(" -> ")))
        .hint("remove one of its edges: a node cannot wait for its own output")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> Result<Plan, Problems> {
        Plan::new(&Graph::from_text("g.yaml", text).unwrap())
    }

    #[test]
    fn a_node_that_is_never_run_does_not_change_the_order_of_the_others() {
        let order = |text: &str| {
            plan(text)
                .unwrap()
                .topological_order()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        };
        let nodes = "  a: {agent: d:x, next: b}\n  b: {agent: d:x}\n  c: {agent: d:x}\n";
        assert_eq!(order(&format!("entry: [a, c]\nnodes:\n{nodes}")), ["a", "b", "c"]);
        assert_eq!(
            order(&format!(
                "entry: [a, c]\nnodes:\n{nodes}  u: {{agent: d:x, next: b}}\n"
            )),
            ["a", "b", "c"]
        );
    }

    #[test]
    fn very_many_problems_with_very_long_names_stay_cheap_to_tell() {
        let long = "x".repeat(20_000);
        let next: Vec<String> = (0..5000).map(|n| format!("m{n:0180}")).collect();
        let text = format!("nodes: [{{id: {long}, agent: d:x, next: [{}]}}]", next.join(", "));
        let problems = plan(&text).unwrap_err();
        assert_eq!(problems.len(), 1000);
        let told = problems.to_string();
        assert!(told.len() < 500_000, "{}", told.len());
        assert!(
            told.ends_with("and 4001 more errors"),
            "{}",
            &told[told.len() - 100..]
        );
    }

    #[test]
    fn names_are_told_without_what_a_terminal_would_obey() {
        let problems = plan("nodes: {a: {agent: \"\\e[2J\", next: \"\\e[31mred\\nblue\"}}")
            .unwrap_err()
            .to_string();
        assert!(
            !problems.contains('\x1b') && problems.contains("` [31mred blue`"),
            "{problems:?}"
        );
    }
}
