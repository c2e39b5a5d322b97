//! Fallbacks: nodes that stand apart from all edges and run only in the place of one other node.

use crate::graph::{Graph, OnFailure};
use crate::problem::{Problem, Problems, shown};

use super::check::{EdgeTo, Names, unknown};
use super::{FallbackIndex, PlanOnFailure};

/// Which nodes are fallbacks, and whose.
pub(super) struct Fallbacks {
    /// For each node, the node that it stands in for.
    pub(super) stands_in_for: Vec<Option<usize>>,
    /// The fallbacks in the order of declaration: their places in the graph's list.
    pub(super) list: Vec<usize>,
}

impl Fallbacks {
    /// Whether a node is a fallback.
    pub(super) fn contains(&self, index: usize) -> bool {
        self.stands_in_for.get(index).is_some_and(Option::is_some)
    }

    /// What happens when the node at `index` fails.
    pub(super) fn on_failure(&self, graph: &Graph, names: &Names<'_>, index: usize) -> PlanOnFailure {
        let own = graph.nodes.get(index).and_then(|node| node.on_failure.as_ref());
        match own.or(graph.defaults.on_failure.as_ref()) {
            None | Some(OnFailure::Fail) => PlanOnFailure::Fail,
            Some(OnFailure::Stop) => PlanOnFailure::Stop,
            Some(OnFailure::Continue) => PlanOnFailure::Continue,
            Some(OnFailure::Output(output)) => PlanOnFailure::Output(output.clone()),
            Some(OnFailure::Node(name)) => {
                let target = names.get(name.text.as_str());
                let position = target.and_then(|target| self.list.binary_search(target).ok());
                position.map_or(PlanOnFailure::Fail, |at| {
                    PlanOnFailure::Node(FallbackIndex(at as u32))
                })
            }
        }
    }
}

/// Finds the fallbacks and checks that each stands apart, serves one node, and that no chain of them is a circle.
pub(super) fn fallbacks(
    graph: &Graph,
    names: &Names<'_>,
    next: &[Vec<EdgeTo>],
    problems: &mut Problems,
) -> Fallbacks {
    let mut stands_in_for: Vec<Option<usize>> = vec![None; graph.nodes.len()];
    let mut has_predecessor = vec![false; graph.nodes.len()];
    next.iter()
        .flatten()
        .for_each(|edge| has_predecessor[edge.to] = true);
    if let Some(OnFailure::Node(name)) = &graph.defaults.on_failure {
        let problem = Problem::error(
            name.place,
            "`defaults` cannot name a fallback node: it would stand in for itself",
        );
        problems.push(problem.hint("name it in `on_failure` of the node that it stands in for"));
    }
    for (index, node) in graph.nodes.iter().enumerate() {
        let Some(OnFailure::Node(name)) = &node.on_failure else {
            continue;
        };
        let (own, told) = (shown(&node.id.text), shown(&name.text));
        let Some(&target) = names.get(name.text.as_str()) else {
            let message = format!("node `{own}` falls back to `{told}`, which is no node");
            problems.push(unknown(name, message, graph, problems.len()));
            continue;
        };
        let entry = graph.entry.iter().any(|entry| entry.text == name.text);
        let complaint = if target == index {
            Some(format!("node `{own}` falls back to itself"))
        } else if has_predecessor[target] || !next[target].is_empty() || entry {
            Some(format!(
                "node `{own}` falls back to `{told}`, which has a place of its own in the graph"
            ))
        } else {
            let other = stands_in_for[target].and_then(|other| graph.nodes.get(other));
            other.map(|other| {
                format!(
                    "`{told}` is the fallback of node `{}` already",
                    shown(&other.id.text)
                )
            })
        };
        match complaint {
            Some(message) => problems.push(Problem::error(name.place, message).hint(
                "name a node of its own, which no edge and no `entry` names; it may use the same agent",
            )),
            None => stands_in_for[target] = Some(index),
        }
    }
    check_circles(graph, &stands_in_for, problems);
    let list = (0..graph.nodes.len())
        .filter(|&index| stands_in_for[index].is_some())
        .collect();
    Fallbacks { stands_in_for, list }
}

/// A chain of fallbacks must begin at a node that is none.
fn check_circles(graph: &Graph, stands_in_for: &[Option<usize>], problems: &mut Problems) {
    let mut begins: Vec<Option<bool>> = stands_in_for
        .iter()
        .map(|owner| owner.is_none().then_some(true))
        .collect();
    for start in 0..begins.len() {
        let (mut at, mut path) = (start, Vec::new());
        let good = loop {
            match (begins[at], stands_in_for[at]) {
                (Some(known), _) => break known,
                (None, Some(owner)) => {
                    path.push(at);
                    // Told false until known otherwise: coming back here closes a circle.
                    begins[at] = Some(false);
                    at = owner;
                }
                (None, None) => break true,
            }
        };
        if good {
            path.iter().for_each(|&index| begins[index] = Some(true));
        } else if stands_in_for[at].is_some() && path.contains(&at) {
            // The nodes of the circle, in the order in which one falls back to the next.
            let circle: Vec<usize> = path.iter().copied().skip_while(|&index| index != at).collect();
            let name = |index: usize| {
                graph
                    .nodes
                    .get(index)
                    .map_or(String::new(), |node| shown(&node.id.text))
            };
            let mut names: Vec<String> = circle.iter().rev().map(|&index| name(index)).collect();
            names.extend(names.first().cloned());
            let place = graph.nodes.get(at).and_then(|node| node.id.place);
            let message = format!("these fallbacks form a circle: {}", names.join(" -> "));
            let problem = Problem::error(place, message);
            problems.push(problem.hint("begin the chain at a node that is no fallback"));
        }
    }
}
