//! From one node as written to one node of a plan.

use std::sync::Arc;

use crate::budget::Budget;
use crate::condition::Condition;
use crate::grants::Grants;
use crate::graph::{
    Graph, Located, Loop, MAX_LOOP_ROUNDS, MAX_MAP_ITEMS, MAX_WAIT, Map, Node, NodeBody, Repeat,
};
use crate::id::NodeId;
use crate::json::Json;
use crate::problem::{Problem, Problems, shown};

use super::links::check_keys;
use super::nested::Nested;
use super::{PlanBody, PlanLoop, PlanMap, PlanNode, PlanOnFailure, PlanRepeat};

/// The variables of a loop's condition.
const LOOP_VARIABLES: [&str; 3] = ["context", "output", "round"];

/// A node of a plan, or problems. `budget` is the graph's.
pub(super) fn plan_node<'a>(
    graph: &'a Graph,
    node: &'a Node,
    on_failure: PlanOnFailure,
    nested: &mut Nested<'a>,
    problems: &mut Problems,
) -> Option<PlanNode> {
    let body = match &node.body {
        NodeBody::Agent(agent) => Some(PlanBody::Agent(agent.clone())),
        NodeBody::Graph(inner) => {
            check_graph_node(node, problems);
            nested.plan(node, inner, problems).map(PlanBody::Graph)
        }
    };
    check_numbers(node, problems);
    let repeat = repeat(graph, node, problems);
    let keys = |list: &Option<Vec<Located>>| {
        list.as_ref()
            .map(|list| list.iter().map(|key| Arc::from(key.text.as_str())).collect())
    };
    let is_agent = matches!(node.body, NodeBody::Agent(_));
    // Retrying and breaking are about agents: a nested graph has defaults of its own.
    let for_agents = is_agent.then_some(&graph.defaults);
    let of_graph = graph.budget.clone().unwrap_or_else(Budget::unlimited);
    Some(PlanNode {
        id: NodeId::new(&node.id.text)?,
        body: body?,
        body_place: node.body_place,
        repeat: repeat?,
        params: node.params.clone(),
        reads: keys(&node.reads),
        writes: keys(&node.writes),
        grants: Arc::new(node.grants.clone()),
        budget: of_graph.narrowed_by(&node.budget),
        retry: node.retry.clone().or_else(|| for_agents?.retry.clone()),
        circuit_breaker: node
            .circuit_breaker
            .clone()
            .or_else(|| for_agents?.circuit_breaker.clone()),
        deadline: node.deadline.or(graph.defaults.deadline),
        on_failure,
    })
}

/// What makes no sense on a node whose work is a graph.
fn check_graph_node(node: &Node, problems: &mut Problems) {
    let own = shown(&node.id.text);
    let complaints = [
        (
            node.params.as_str() != "{}",
            "params",
            "give the nested graph's nodes their own `params`",
        ),
        (
            node.grants != Grants::none(),
            "grants",
            "grant it to the nodes of the nested graph",
        ),
        (
            node.circuit_breaker.is_some(),
            "circuit_breaker",
            "set it on the nodes of the nested graph",
        ),
    ];
    for (_, field, hint) in complaints.iter().filter(|(wrong, _, _)| *wrong) {
        let message = format!("node `{own}` is a graph, and a graph takes no `{field}`");
        problems.push(Problem::error(node.id.place, message).hint(*hint));
    }
}

/// Numbers of a node that was built in Rust; those of a file were checked where they stand.
fn check_numbers(node: &Node, problems: &mut Problems) {
    let retry = node.retry.as_ref().map_or(Ok(()), |retry| retry.check());
    let breaker = node
        .circuit_breaker
        .as_ref()
        .map_or(Ok(()), |breaker| breaker.check());
    let deadline = match node.deadline {
        Some(deadline) if deadline.is_zero() || deadline > MAX_WAIT => {
            Err("`deadline` must be more than nothing and 24 hours at most".to_owned())
        }
        _ => Ok(()),
    };
    for message in [retry, breaker, deadline].into_iter().filter_map(Result::err) {
        problems.push(Problem::error(
            node.id.place,
            format!("node `{}`: {message}", shown(&node.id.text)),
        ));
    }
}

fn repeat(graph: &Graph, node: &Node, problems: &mut Problems) -> Option<PlanRepeat> {
    match &node.repeat {
        Repeat::Once => Some(PlanRepeat::Once),
        Repeat::Map(map) => plan_map(graph, node, map, problems).map(PlanRepeat::Map),
        Repeat::Loop(repeated) => plan_loop(graph, node, repeated, problems).map(PlanRepeat::Loop),
    }
}

fn plan_map(graph: &Graph, node: &Node, map: &Map, problems: &mut Problems) -> Option<PlanMap> {
    let own = shown(&node.id.text);
    let over: Vec<Arc<str>> = map.over.text.split('.').map(Arc::from).collect();
    if over.iter().any(|key| key.is_empty()) {
        let message = format!("node `{own}`: `{}` is no path to a list", shown(&map.over.text));
        let problem = Problem::error(map.over.place, message);
        problems.push(problem.hint("write a context key, or keys with dots between them: `report.sections`"));
        return None;
    }
    if !(1..=MAX_MAP_ITEMS).contains(&map.max_items) {
        let message = format!(
            "node `{own}`: `max_items` must be from 1 to {MAX_MAP_ITEMS}, not {}",
            map.max_items
        );
        problems.push(Problem::error(node.id.place, message));
        return None;
    }
    if map.item.text.is_empty() {
        problems.push(Problem::error(
            map.item.place,
            format!("node `{own}`: `as` must name a key"),
        ));
        return None;
    }
    let into: Arc<str> = Arc::from(map.into.as_ref().map_or(node.id.text.as_str(), |key| &key.text));
    if let Some(writes) = &node.writes
        && !writes.iter().any(|key| key.text == *into)
    {
        let message = format!(
            "node `{own}` is a map that writes `{}`, which is not in its `writes`",
            shown(&into)
        );
        let problem = Problem::error(
            writes.first().and_then(|key| key.place).or(node.id.place),
            message,
        );
        problems.push(problem.hint(format!(
            "add `{}` to `writes`, or name another key in `map.into`",
            shown(&into)
        )));
        return None;
    }
    if let (Some(reads), Some(top)) = (&node.reads, over.first())
        && !reads.iter().any(|key| key.text == **top)
    {
        let told = shown(top);
        let message = format!("node `{own}` goes over `{told}`, which is not in its `reads`");
        problems.push(Problem::error(map.over.place, message).hint(format!("add `{told}` to `reads`")));
        return None;
    }
    if let Some(reducer) = graph.reducers.get(&into)
        && let Some(needed) = reducer.refuses(&Json::list([]))
    {
        let told = shown(&into);
        let message =
            format!("node `{own}` writes a list to `{told}`, and its reducer `{reducer}` needs {needed}");
        let problem = Problem::error(map.over.place, message);
        problems.push(problem.hint("name another key in `map.into`, or reduce it with `append`"));
        return None;
    }
    Some(PlanMap {
        over,
        item: Arc::from(map.item.text.as_str()),
        into,
        max_parallel: map.max_parallel,
        max_items: map.max_items,
        failed_items: map.failed_items,
    })
}

fn plan_loop(graph: &Graph, node: &Node, repeated: &Loop, problems: &mut Problems) -> Option<PlanLoop> {
    let own = shown(&node.id.text);
    if !(1..=MAX_LOOP_ROUNDS).contains(&repeated.max_rounds) {
        let message = format!(
            "node `{own}`: `max_rounds` must be from 1 to {MAX_LOOP_ROUNDS}, not {}",
            repeated.max_rounds
        );
        problems.push(Problem::error(node.id.place, message));
        return None;
    }
    match Condition::new(&repeated.until.text, &LOOP_VARIABLES) {
        Ok(until) => {
            check_keys(
                graph,
                node,
                "the loop's `until`",
                &repeated.until,
                &until,
                problems,
            );
            Some(PlanLoop {
                until,
                max_rounds: repeated.max_rounds,
                at_max: repeated.at_max,
            })
        }
        Err(error) => {
            let message = format!("node `{own}`: the loop's `until`: {error}");
            let problem = Problem::error(repeated.until.place, message);
            problems.push(match error.hint {
                Some(hint) => problem.hint(hint),
                None => problem,
            });
            None
        }
    }
}
