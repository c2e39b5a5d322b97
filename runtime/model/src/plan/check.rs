//! From a graph as written to a plan: every check that needs more than the text of one field.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::budget::Budget;
use crate::graph::{Graph, Located, Node, NodeAgent};
use crate::id::{MAX_NODE_ID_BYTES, NodeId, NodeIndex};
use crate::problem::{Problem, Problems, nearest, shown};

use super::{Group, GroupIndex, Groups, Plan, PlanNode, conflicts, never_run, order};

/// Each node's place in the graph's list, by name.
pub(super) type Names<'a> = HashMap<&'a str, usize>;

pub(super) fn check(graph: &Graph) -> Result<Plan, Problems> {
    let mut problems = Problems::new(graph.source.clone());
    if graph.nodes.is_empty() {
        let problem = Problem::error(None, "the graph has no nodes");
        problems.push(problem.hint("add at least one node: `name: {agent: path/to/agent.wasm}`"));
    }
    let (names, ids) = names(graph, &mut problems);
    let next = edges(graph, &names, &mut problems);
    let entry = entry(graph, &names, &next, &mut problems);
    check_agents(graph, &mut problems);
    let reachable = order::reachable(&next, &entry);
    if let Err(cycles) = order::topological(&next) {
        cycles
            .iter()
            .for_each(|cycle| problems.push(cycle_problem(graph, cycle)));
        return problems.into_result(()).and(Err(Problems::default()));
    }
    let mut warnings = Problems::new(graph.source.clone());
    let unreached = || {
        graph
            .nodes
            .iter()
            .enumerate()
            .filter(|(index, _)| !reachable.get(*index).copied().unwrap_or(false))
    };
    unreached().for_each(|(_, node)| warnings.push(never_run(&node.id)));
    warnings.sort();
    let ids: Vec<NodeId> = problems.clone().into_result(ids)?.into_iter().flatten().collect();
    let id = |index: usize| ids[index].clone();

    let order = order_of_reachable(&next, &reachable);
    let (nodes, groups) = arrange(graph, &order, &next, id);
    let plan = Plan {
        name: graph.name.as_deref().map(Arc::from),
        nodes,
        groups,
        unreachable: unreached()
            .map(|(index, node)| (id(index), node.agent.clone()))
            .collect(),
        reducers: Arc::new(graph.reducers.clone()),
        run_budget: graph.run_budget.clone(),
        warnings,
    };
    conflicts::check(&plan, graph, &order, &mut problems);
    problems.into_result(plan)
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
fn names<'a>(graph: &'a Graph, problems: &mut Problems) -> (Names<'a>, Vec<Option<NodeId>>) {
    let mut names = Names::new();
    let mut ids = Vec::with_capacity(graph.nodes.len());
    for (index, node) in graph.nodes.iter().enumerate() {
        let name = node.id.text.as_str();
        let told = shown(name);
        let id = NodeId::new(name);
        if id.is_none() {
            let problem = Problem::error(node.id.place, format!("`{told}` is no node name"));
            problems.push(problem.hint(format!(
                "begin with a letter and go on with letters, digits, `-` or `_`, {MAX_NODE_ID_BYTES} at most"
            )));
        }
        if names.insert(name, index).is_some() {
            let message = format!("there are two nodes called `{told}`");
            problems.push(Problem::error(node.id.place, message).hint("rename one"));
        }
        ids.push(id);
    }
    (names, ids)
}

/// The edges by index, those to unknown nodes left out and told.
fn edges(graph: &Graph, names: &Names<'_>, problems: &mut Problems) -> Vec<Vec<usize>> {
    let mut all = Vec::with_capacity(graph.nodes.len());
    for (index, node) in graph.nodes.iter().enumerate() {
        let mut next: Vec<usize> = Vec::with_capacity(node.next.len());
        let mut seen = BTreeSet::new();
        for target in &node.next {
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
                problems.push(
                    Problem::error(target.place, message).hint("remove the edge: a graph has no cycles"),
                );
            } else if !seen.insert(to) {
                let message = format!(
                    "node `{}` leads to `{}` twice",
                    shown(&node.id.text),
                    shown(&target.text)
                );
                problems.push(Problem::error(target.place, message).hint("remove one of the two"));
            } else {
                next.push(to);
            }
        }
        all.push(next);
    }
    all
}

/// Where the run begins: what the graph says, else every node that nothing leads to.
fn entry(graph: &Graph, names: &Names<'_>, next: &[Vec<usize>], problems: &mut Problems) -> Vec<usize> {
    if graph.entry.is_empty() {
        let mut has_predecessor = vec![false; next.len()];
        next.iter().flatten().for_each(|&to| has_predecessor[to] = true);
        return (0..next.len()).filter(|&index| !has_predecessor[index]).collect();
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
fn unknown(name: &Located, message: String, graph: &Graph, problems: usize) -> Problem {
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
        if let NodeAgent::Entrypoint(entrypoint) = &node.agent
            && let Err(error) = entrypoint.parse()
        {
            problems.push(Problem::error(
                node.agent_place,
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

/// Lays the nodes out in `order` and finds the groups.
fn arrange(
    graph: &Graph,
    order: &[usize],
    next: &[Vec<usize>],
    id: impl Fn(usize) -> NodeId,
) -> (Vec<PlanNode>, Vec<Group>) {
    let mut position = vec![None; next.len()];
    for (at, &index) in order.iter().enumerate() {
        position[index] = Some(NodeIndex(at as u32));
    }
    // Walking in topological order leaves every predecessor list sorted.
    let mut predecessors: Vec<Vec<NodeIndex>> = vec![Vec::new(); order.len()];
    for (at, &index) in order.iter().enumerate() {
        for to in next[index].iter().filter_map(|&to| position[to]) {
            predecessors[to.get()].push(NodeIndex(at as u32));
        }
    }
    let mut groups = Groups::default();
    let group_of: Vec<GroupIndex> = predecessors
        .into_iter()
        .enumerate()
        .map(|(at, list)| groups.join(list, NodeIndex(at as u32)))
        .collect();
    let mut successors: Vec<Vec<GroupIndex>> = vec![Vec::new(); order.len()];
    for (at, group) in groups.list.iter().enumerate() {
        for before in &group.predecessors {
            successors[before.get()].push(GroupIndex(at as u32));
        }
    }
    let budget = graph.budget.clone().unwrap_or_else(Budget::unlimited);
    let nodes = order
        .iter()
        .zip(group_of)
        .zip(successors)
        .map(|((&index, group), successors)| {
            plan_node(&graph.nodes[index], id(index), &budget, group, successors)
        })
        .collect();
    (nodes, groups.list)
}

fn plan_node(
    node: &Node,
    id: NodeId,
    budget: &Budget,
    group: GroupIndex,
    successors: Vec<GroupIndex>,
) -> PlanNode {
    let keys = |list: &Option<Vec<Located>>| {
        list.as_ref()
            .map(|list| list.iter().map(|key| Arc::from(key.text.as_str())).collect())
    };
    PlanNode {
        id,
        agent: node.agent.clone(),
        agent_place: node.agent_place,
        params: node.params.clone(),
        reads: keys(&node.reads),
        writes: keys(&node.writes),
        grants: Arc::new(node.grants.clone()),
        budget: budget.narrowed_by(&node.budget),
        group,
        successors,
    }
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
