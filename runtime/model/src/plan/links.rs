//! How the nodes of a plan hang together: who waits for whom, under which condition, and who sees the same view.

use std::collections::HashMap;

use crate::condition::Condition;
use crate::graph::{Graph, Located, Node, OnFailure, Repeat, When};
use crate::id::NodeIndex;
use crate::problem::{Problem, Problems, nearest, shown};

use super::check::EdgeTo;
use super::{EdgeKind, Group, GroupIndex, Links};

/// The variables of an edge's condition.
const VARIABLES: [&str; 2] = ["context", "output"];

/// The conditions of each node's edges, each once, and for each edge its kind.
pub(super) struct Conditions {
    pub(super) of_node: Vec<Vec<Condition>>,
    /// By node, then by edge, in the order of `next`.
    pub(super) kinds: Vec<Vec<EdgeKind>>,
}

/// Checks the conditions of all edges.
pub(super) fn conditions(graph: &Graph, next: &[Vec<EdgeTo>], problems: &mut Problems) -> Conditions {
    let mut all = Conditions {
        of_node: Vec::with_capacity(next.len()),
        kinds: Vec::with_capacity(next.len()),
    };
    for (node, targets) in graph.nodes.iter().zip(next) {
        let mut own: Vec<Condition> = Vec::new();
        let mut kinds = Vec::with_capacity(targets.len());
        let edges = || targets.iter().filter_map(|target| node.next.get(target.position));
        for edge in edges() {
            kinds.push(match &edge.when {
                When::Always => EdgeKind::Always,
                When::Else => EdgeKind::Else,
                When::If(text) => match Condition::new(&text.text, &VARIABLES) {
                    Ok(condition) => {
                        check_keys(
                            graph,
                            node,
                            "the condition of an edge",
                            text,
                            &condition,
                            problems,
                        );
                        let known = own.iter().position(|other| *other == condition);
                        EdgeKind::If(known.unwrap_or_else(|| {
                            own.push(condition);
                            own.len() - 1
                        }) as u32)
                    }
                    Err(error) => {
                        let message = format!(
                            "node `{}`: the condition of the edge to `{}`: {error}",
                            shown(&node.id.text),
                            shown(&edge.to.text)
                        );
                        let problem = Problem::error(text.place, message);
                        problems.push(match error.hint {
                            Some(hint) => problem.hint(hint),
                            None => problem,
                        });
                        EdgeKind::Always
                    }
                },
            });
        }
        let has_conditions = || edges().any(|edge| matches!(edge.when, When::If(_)));
        if let Some(edge) = edges().find(|edge| edge.when == When::Else)
            && !has_conditions()
        {
            let message = format!(
                "node `{}` has an `else` edge and no edge with a condition",
                shown(&node.id.text)
            );
            let problem = Problem::error(edge.to.place, message);
            problems.push(
                problem.hint("add an edge `{to: node, when: condition}`, or make this one a plain edge"),
            );
        }
        all.of_node.push(own);
        all.kinds.push(kinds);
    }
    all
}

/// What a node can write is known where it says so: a condition that reads another key of its output would never have an
/// answer.
pub(super) fn check_keys(
    graph: &Graph,
    node: &Node,
    what: &str,
    text: &Located,
    condition: &Condition,
    problems: &mut Problems,
) {
    // What takes the place of a failed node's output may have other keys.
    let on_failure = node.on_failure.as_ref().or(graph.defaults.on_failure.as_ref());
    if !matches!(on_failure, None | Some(OnFailure::Fail | OnFailure::Stop)) {
        return;
    }
    let written: Vec<&str> = match (&node.repeat, &node.writes) {
        (Repeat::Map(map), _) => vec![map.into.as_ref().map_or(node.id.text.as_str(), |key| &key.text)],
        (_, Some(writes)) => writes.iter().map(|key| key.text.as_str()).collect(),
        (_, None) => return,
    };
    for key in condition.needs_of("output") {
        if written.contains(&&*key) {
            continue;
        }
        let (own, told) = (shown(&node.id.text), shown(&key));
        let message = format!("node `{own}`: {what} reads `output.{told}`, which the node does not write");
        let problem = Problem::error(text.place, message);
        problems.push(match nearest(&key, written.iter().copied()) {
            Some(near) => problem.hint(format!("did you mean `output.{near}`?")),
            None => problem.hint(format!("it writes {}", shown(&written.join(", ")))),
        });
    }
}

/// Lays the nodes out in `order` and finds the groups.
pub(super) fn arrange(
    order: &[usize],
    next: &[Vec<EdgeTo>],
    mut conditions: Conditions,
) -> (Vec<Links>, Vec<Group>) {
    let mut position = vec![None; next.len()];
    for (at, &index) in order.iter().enumerate() {
        position[index] = Some(NodeIndex(at as u32));
    }
    // Walking in topological order leaves every list sorted by predecessor.
    let mut before: Vec<Vec<(NodeIndex, EdgeKind)>> = vec![Vec::new(); order.len()];
    for (at, &index) in order.iter().enumerate() {
        for (target, kind) in next[index].iter().zip(&conditions.kinds[index]) {
            if let Some(to) = position[target.to] {
                before[to.get()].push((NodeIndex(at as u32), *kind));
            }
        }
    }
    let mut groups = Groups::default();
    let mut links: Vec<Links> = Vec::with_capacity(order.len());
    for (at, (list, &index)) in before.into_iter().zip(order).enumerate() {
        links.push(Links {
            group: groups.join(list, NodeIndex(at as u32)),
            successors: Vec::new(),
            conditions: std::mem::take(&mut conditions.of_node[index]),
        });
    }
    for (at, group) in groups.list.iter().enumerate() {
        for before in &group.predecessors {
            links[before.get()].successors.push(GroupIndex(at as u32));
        }
    }
    (links, groups.list)
}

/// Interns lists of predecessors, so that nodes with equal lists share a group.
#[derive(Default)]
struct Groups {
    list: Vec<Group>,
    by_predecessors: HashMap<Vec<(NodeIndex, EdgeKind)>, GroupIndex>,
}

impl Groups {
    fn join(&mut self, predecessors: Vec<(NodeIndex, EdgeKind)>, member: NodeIndex) -> GroupIndex {
        let next = GroupIndex(self.list.len() as u32);
        let index = *self
            .by_predecessors
            .entry(predecessors)
            .or_insert_with_key(|predecessors| {
                let (predecessors, edges) = predecessors.iter().copied().unzip();
                self.list.push(Group {
                    predecessors,
                    edges,
                    members: Vec::new(),
                });
                next
            });
        self.list[index.get()].members.push(member);
        index
    }
}
