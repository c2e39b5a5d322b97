//! The plan: a graph that has been checked once and can run. Nodes stand in topological order, so a node's
//! [`NodeIndex`] is its place in that order, and everything later than it has a greater index.

mod check;
mod conflicts;
mod order;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::budget::Budget;
use crate::grants::Grants;
use crate::graph::{Graph, NodeAgent};
use crate::id::{NodeId, NodeIndex};
use crate::json::Json;
use crate::problem::{Place, Problem, Problems};
use crate::reducer::Reducer;

/// A checked graph, immutable and cheap to share.
#[derive(Debug)]
pub struct Plan {
    name: Option<Arc<str>>,
    nodes: Vec<PlanNode>,
    groups: Vec<Group>,
    unreachable: Vec<(NodeId, NodeAgent)>,
    reducers: Arc<BTreeMap<Arc<str>, Reducer>>,
    run_budget: Option<Budget>,
    warnings: Problems,
}

/// A node of a plan.
#[derive(Debug)]
pub struct PlanNode {
    /// Its name.
    pub id: NodeId,
    /// What serves it.
    pub agent: NodeAgent,
    /// Where the agent is named in the graph file.
    pub agent_place: Option<Place>,
    /// The settings handed to the agent.
    pub params: Json,
    /// The keys that it may see; `None` is all of its view.
    pub reads: Option<BTreeSet<Arc<str>>>,
    /// The keys that it may write; `None` is any.
    pub writes: Option<BTreeSet<Arc<str>>>,
    /// What it may use.
    pub grants: Arc<Grants>,
    /// What an attempt may spend, within the graph's budget.
    pub budget: Budget,
    /// The group whose view it sees.
    pub group: GroupIndex,
    /// The groups that wait for it, each once.
    pub successors: Vec<GroupIndex>,
}

/// A group's position in its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupIndex(pub u32);

impl GroupIndex {
    /// The position as an index into per-group tables.
    pub fn get(self) -> usize {
        self.0 as usize
    }
}

/// Nodes that wait for the same predecessors: they see the same view, which is made once for all of them.
#[derive(Debug, Default)]
pub struct Group {
    /// The nodes that must be decided first, in topological order.
    pub predecessors: Vec<NodeIndex>,
    /// The nodes of the group, in topological order.
    pub members: Vec<NodeIndex>,
}

impl Plan {
    /// Checks `graph`.
    ///
    /// # Errors
    /// Every problem at once, each with its place and remedy.
    pub fn new(graph: &Graph) -> Result<Plan, Problems> {
        check::check(graph)
    }

    /// The graph's name.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The node names in the order in which they count: every node after those that lead to it, ties in the order of
    /// declaration.
    pub fn topological_order(&self) -> impl Iterator<Item = &NodeId> {
        self.nodes.iter().map(|node| &node.id)
    }

    /// The nodes in topological order.
    pub fn nodes(&self) -> &[PlanNode] {
        &self.nodes
    }

    /// One node.
    pub fn node(&self, index: NodeIndex) -> &PlanNode {
        &self.nodes[index.get()]
    }

    /// The groups; the first has no predecessors and sees the run's input alone.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// One group.
    pub fn group(&self, index: GroupIndex) -> &Group {
        &self.groups[index.get()]
    }

    /// The nodes that come directly before `index`.
    pub fn predecessors(&self, index: NodeIndex) -> &[NodeIndex] {
        &self.group(self.node(index).group).predecessors
    }

    /// The nodes that nothing comes after: the final context is made of what they saw and wrote.
    pub fn exits(&self) -> impl Iterator<Item = NodeIndex> {
        let exit =
            |(index, node): (usize, &PlanNode)| node.successors.is_empty().then_some(NodeIndex(index as u32));
        self.nodes.iter().enumerate().filter_map(exit)
    }

    /// The nodes that the entry does not lead to: they are not run.
    pub fn unreachable(&self) -> &[(NodeId, NodeAgent)] {
        &self.unreachable
    }

    /// How concurrent writes are combined, by key.
    pub fn reducers(&self) -> &Arc<BTreeMap<Arc<str>, Reducer>> {
        &self.reducers
    }

    /// What all attempts of a run may spend together, where the graph says so.
    pub fn run_budget(&self) -> Option<&Budget> {
        self.run_budget.as_ref()
    }

    /// What is probably not as meant, though the graph can run.
    pub fn warnings(&self) -> &Problems {
        &self.warnings
    }

    /// The layers: nodes of one layer wait for none of each other. A node's layer is one more than the highest
    /// layer of its predecessors.
    pub fn layers(&self) -> Vec<Vec<NodeIndex>> {
        let mut layer_of = vec![0usize; self.nodes.len()];
        let mut layers: Vec<Vec<NodeIndex>> = Vec::new();
        for index in (0..self.nodes.len() as u32).map(NodeIndex) {
            let layer = self
                .predecessors(index)
                .iter()
                .map(|before| layer_of[before.get()] + 1)
                .max()
                .unwrap_or(0);
            layer_of[index.get()] = layer;
            if layers.len() <= layer {
                layers.resize_with(layer + 1, Vec::new);
            }
            layers[layer].push(index);
        }
        layers
    }
}

/// Interns predecessor lists, so that nodes with equal lists share a group.
#[derive(Default)]
struct Groups {
    list: Vec<Group>,
    by_predecessors: HashMap<Vec<NodeIndex>, GroupIndex>,
}

impl Groups {
    fn join(&mut self, predecessors: Vec<NodeIndex>, member: NodeIndex) -> GroupIndex {
        let next = GroupIndex(self.list.len() as u32);
        let index = *self
            .by_predecessors
            .entry(predecessors)
            .or_insert_with_key(|predecessors| {
                self.list.push(Group {
                    predecessors: predecessors.clone(),
                    members: Vec::new(),
                });
                next
            });
        self.list[index.get()].members.push(member);
        index
    }
}

/// A warning that the graph still runs with.
fn never_run(id: &crate::graph::Located) -> Problem {
    Problem::warning(
        id.place,
        format!("node `{}` is never run: the entry does not lead to it", id.text),
    )
    .hint("lead an edge to it, add it to `entry`, or remove it")
}
