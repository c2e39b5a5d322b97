//! The plan: a graph that has been checked once and can run. Nodes stand in topological order, so a node's
//! [`NodeIndex`] is its place in that order, and everything later than it has a greater index.

mod check;
mod conflicts;
mod fallback;
mod links;
mod nested;
mod node;
mod order;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use crate::budget::Budget;
use crate::condition::Condition;
use crate::grants::Grants;
use crate::graph::{AtMax, CircuitBreaker, FailedItems, Graph, NodeAgent, NodeBody, Retry};
use crate::id::{NodeId, NodeIndex};
use crate::json::Json;
use crate::problem::{Place, Problem, Problems};
use crate::reducer::Reducer;

/// A checked graph, immutable and cheap to share.
#[derive(Debug)]
pub struct Plan {
    name: Option<Arc<str>>,
    source: Option<Arc<str>>,
    nodes: Vec<PlanNode>,
    links: Vec<Links>,
    groups: Vec<Group>,
    fallbacks: Vec<PlanNode>,
    unreachable: Vec<(NodeId, NodeBody)>,
    reducers: Arc<BTreeMap<Arc<str>, Reducer>>,
    run_budget: Option<Budget>,
    warnings: Problems,
}

/// A node of a plan: the work and what becomes of it.
#[derive(Debug)]
pub struct PlanNode {
    /// Its name.
    pub id: NodeId,
    /// What does its work.
    pub body: PlanBody,
    /// Where that is named in the graph file.
    pub body_place: Option<Place>,
    /// How often the work is done.
    pub repeat: PlanRepeat,
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
    /// When a failed attempt is made again.
    pub retry: Option<Retry>,
    /// When the agent is left alone because it keeps failing.
    pub circuit_breaker: Option<CircuitBreaker>,
    /// How long the node may take with all its attempts and waits.
    pub deadline: Option<Duration>,
    /// What happens when it fails for good.
    pub on_failure: PlanOnFailure,
}

/// What does the work of a node of a plan.
#[derive(Clone, Debug)]
pub enum PlanBody {
    /// An agent.
    Agent(NodeAgent),
    /// A graph. Nodes that name the same graph share its plan.
    Graph(Arc<Plan>),
}

/// How often the work of a node of a plan is done.
#[derive(Clone, Debug)]
pub enum PlanRepeat {
    /// Once.
    Once,
    /// For each item of a list.
    Map(PlanMap),
    /// Until a condition holds.
    Loop(PlanLoop),
}

/// A checked [`Map`](crate::Map).
#[derive(Clone, Debug)]
pub struct PlanMap {
    /// The keys that lead to the list.
    pub over: Vec<Arc<str>>,
    /// The key under which the work sees its item.
    pub item: Arc<str>,
    /// The key under which the outputs are written.
    pub into: Arc<str>,
    /// How many items may be worked on at one time.
    pub max_parallel: Option<NonZeroU32>,
    /// The most items that the list may have.
    pub max_items: u64,
    /// What becomes of an item whose work fails.
    pub failed_items: FailedItems,
}

/// A checked [`Loop`](crate::Loop).
#[derive(Clone, Debug)]
pub struct PlanLoop {
    /// What ends it.
    pub until: Condition,
    /// The most rounds.
    pub max_rounds: u32,
    /// What happens when the condition does not hold after the last of them.
    pub at_max: AtMax,
}

/// A checked [`OnFailure`](crate::OnFailure).
#[derive(Clone, Debug)]
pub enum PlanOnFailure {
    /// What waits for the node is skipped.
    Fail,
    /// As `Fail`, and the rest of the run is stopped.
    Stop,
    /// What comes after it goes on without its output.
    Continue,
    /// This value takes the place of its output.
    Output(Json),
    /// This node is run in its place.
    Node(FallbackIndex),
}

/// How a node of a plan hangs together with the others.
#[derive(Debug, Default)]
pub struct Links {
    /// The group whose view it sees.
    pub group: GroupIndex,
    /// The groups that wait for it, each once.
    pub successors: Vec<GroupIndex>,
    /// The conditions of the edges that leave it, each once, in the order of the file.
    pub conditions: Vec<Condition>,
}

/// A fallback's position in its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FallbackIndex(pub u32);

impl FallbackIndex {
    /// The position as an index into per-fallback tables.
    pub fn get(self) -> usize {
        self.0 as usize
    }
}

/// When the edge from a predecessor is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EdgeKind {
    /// Always.
    Always,
    /// When the condition at this position of the predecessor's [`Links::conditions`] holds.
    If(u32),
    /// When none of them holds.
    Else,
}

/// A group's position in its plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupIndex(pub u32);

impl GroupIndex {
    /// The position as an index into per-group tables.
    pub fn get(self) -> usize {
        self.0 as usize
    }
}

/// Nodes that wait for the same predecessors under the same conditions: they see the same view, which is made once for
/// all of them.
#[derive(Debug, Default)]
pub struct Group {
    /// The nodes that must be decided first, in topological order.
    pub predecessors: Vec<NodeIndex>,
    /// For each of them, when its edge is taken.
    pub edges: Vec<EdgeKind>,
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

    /// The file that the graph came from.
    pub fn source(&self) -> Option<&Arc<str>> {
        self.source.as_ref()
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

    /// How one node hangs together with the others.
    pub fn links(&self, index: NodeIndex) -> &Links {
        &self.links[index.get()]
    }

    /// The nodes that run only in the place of others that failed.
    pub fn fallbacks(&self) -> &[PlanNode] {
        &self.fallbacks
    }

    /// One of them.
    pub fn fallback(&self, index: FallbackIndex) -> &PlanNode {
        &self.fallbacks[index.get()]
    }

    /// How many nodes the graph has: those that run, those that stand in for others, and those that are never reached.
    pub fn len(&self) -> usize {
        self.nodes.len() + self.fallbacks.len() + self.unreachable.len()
    }

    /// Whether it has none. A checked graph has at least one.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
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
        &self.group(self.links(index).group).predecessors
    }

    /// The nodes that nothing comes after: the final context is made of what they saw and wrote.
    pub fn exits(&self) -> impl Iterator<Item = NodeIndex> {
        let exit =
            |(index, links): (usize, &Links)| links.successors.is_empty().then_some(NodeIndex(index as u32));
        self.links.iter().enumerate().filter_map(exit)
    }

    /// The nodes that the entry does not lead to: they are not run.
    pub fn unreachable(&self) -> &[(NodeId, NodeBody)] {
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

/// A warning that the graph still runs with.
fn never_run(id: &crate::graph::Located) -> Problem {
    Problem::warning(
        id.place,
        format!("node `{}` is never run: the entry does not lead to it", id.text),
    )
    .hint("lead an edge to it, add it to `entry`, or remove it")
}
