//! Who may run when. Plain bookkeeping under one lock: which nodes are ready, which are decided, and what they left
//! for the nodes after them. It never waits and never calls an agent.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;

use std::collections::BTreeMap;

use hap_model::{
    EdgeKind, Failure, FallbackIndex, GroupIndex, ItemCounts, NodeId, NodeIndex, NodeRecord, NodeStatus,
    Plan, SkipReason, Usage,
};

use crate::views::{Post, View};

/// The state of a run's nodes.
pub(crate) struct Schedule {
    plan: Arc<Plan>,
    ready: BinaryHeap<Reverse<NodeIndex>>,
    /// How many predecessors of each group are not decided yet.
    undecided_before: Vec<u32>,
    views: Vec<Option<GroupView>>,
    nodes: Vec<NodeState>,
    /// Whether the run was cancelled: then what waits for a cancelled node is cancelled too, and not skipped.
    cancelled: bool,
    /// How the fallbacks ended that were needed.
    fallbacks: BTreeMap<FallbackIndex, Decision>,
    /// What the final context is made of: every state that no later node carries on.
    frontier: Posts,
}

/// A group's view, dropped when the last of its members has taken it.
struct GroupView {
    view: Arc<View>,
    takers: usize,
}

/// What is known of one node.
#[derive(Default)]
pub(crate) struct NodeState {
    pub(crate) decided: Option<Decision>,
    post: Option<Post>,
    /// How many groups still have to take the post.
    takers: u32,
    /// For each condition of the edges that leave it, whether it held.
    held: Box<[bool]>,
    /// Whether its post is in the frontier already.
    in_frontier: bool,
}

/// How a node ended.
#[derive(Clone)]
pub(crate) struct Decision {
    pub(crate) status: NodeStatus,
    pub(crate) start: Option<Duration>,
    pub(crate) duration: Option<Duration>,
    pub(crate) failure: Option<Arc<Failure>>,
    pub(crate) account: Account,
}

/// What a node's work took.
#[derive(Clone, Default)]
pub(crate) struct Account {
    pub(crate) attempts: u32,
    pub(crate) usage: Usage,
    pub(crate) items: Option<ItemCounts>,
    pub(crate) rounds: Option<u32>,
    /// The nodes of its graph, where its work is one.
    pub(crate) nodes: BTreeMap<NodeId, NodeRecord>,
}

impl Account {
    /// Adds what a further attempt, item or round took.
    pub(crate) fn add(&mut self, other: Account) {
        self.attempts = self.attempts.saturating_add(other.attempts);
        self.usage.add(&other.usage);
        self.nodes = other.nodes;
    }
}

impl Decision {
    /// A node that did not run.
    pub(crate) fn without_attempt(status: NodeStatus) -> Decision {
        Decision {
            status,
            start: None,
            duration: None,
            failure: None,
            account: Account::default(),
        }
    }
}

/// What nodes left for those after them.
pub(crate) type Posts = Vec<(NodeIndex, Post)>;

/// What follows from a decision.
#[derive(Default)]
pub(crate) struct Consequences {
    /// Groups whose predecessors are all done, with what these left: their views are to be made and
    /// [opened](Schedule::open).
    pub(crate) to_open: Vec<(GroupIndex, Posts)>,
    /// Nodes that can never run, in topological order.
    pub(crate) skipped: Vec<(NodeIndex, NodeStatus)>,
}

impl Schedule {
    /// All nodes undecided; the group without predecessors sees `view`.
    pub(crate) fn new(plan: Arc<Plan>, view: Arc<View>) -> Schedule {
        let node = |index: usize| NodeState {
            takers: plan.links(NodeIndex(index as u32)).successors.len() as u32,
            ..NodeState::default()
        };
        let mut schedule = Schedule {
            ready: BinaryHeap::new(),
            undecided_before: plan
                .groups()
                .iter()
                .map(|group| group.predecessors.len() as u32)
                .collect(),
            views: plan.groups().iter().map(|_| None).collect(),
            nodes: (0..plan.nodes().len()).map(node).collect(),
            cancelled: false,
            fallbacks: BTreeMap::new(),
            frontier: Vec::new(),
            plan,
        };
        schedule.open(GroupIndex(0), view);
        schedule
    }

    /// Makes the members of a group ready.
    pub(crate) fn open(&mut self, group: GroupIndex, view: Arc<View>) {
        let members = &self.plan.group(group).members;
        self.ready.extend(members.iter().copied().map(Reverse));
        self.views[group.get()] = Some(GroupView {
            view,
            takers: members.len(),
        });
    }

    /// The earliest ready node and what it sees. Handing out the last member of a group hands out its view.
    pub(crate) fn next(&mut self) -> Option<(NodeIndex, Arc<View>)> {
        let Reverse(node) = self.ready.pop()?;
        let slot = &mut self.views[self.plan.links(node).group.get()];
        let group_view = slot.as_mut()?;
        group_view.takers -= 1;
        let view = match group_view.takers {
            0 => slot.take()?.view,
            _ => group_view.view.clone(),
        };
        Some((node, view))
    }

    pub(crate) fn ready(&self) -> usize {
        self.ready.len()
    }

    pub(crate) fn node(&self, index: NodeIndex) -> &NodeState {
        &self.nodes[index.get()]
    }

    /// What the final context is made of.
    pub(crate) fn take_frontier(&mut self) -> Posts {
        std::mem::take(&mut self.frontier)
    }

    /// Takes note that the run was cancelled.
    pub(crate) fn cancel(&mut self) {
        self.cancelled = true;
    }

    /// How a fallback ended, if it was needed.
    pub(crate) fn fallback(&self, index: FallbackIndex) -> Option<&Decision> {
        self.fallbacks.get(&index)
    }

    /// Records how a fallback ended.
    pub(crate) fn decide_fallback(&mut self, index: FallbackIndex, decision: Decision) {
        self.fallbacks.insert(index, decision);
    }

    /// Records how a node that had been handed out ended, what it leaves, and which of its conditions held. A node without
    /// an output leaves what it saw.
    pub(crate) fn decide(
        &mut self,
        node: NodeIndex,
        decision: Decision,
        post: Post,
        held: Box<[bool]>,
    ) -> Consequences {
        let good = decision.status.is_good();
        let mut consequences = Consequences::default();
        self.record(node, decision);
        let state = &mut self.nodes[node.get()];
        state.held = held;
        if good && state.takers > 0 {
            state.post = Some(post);
        } else {
            self.add_to_frontier(node, post);
        }
        self.propagate(node, &mut consequences);
        consequences
    }

    fn record(&mut self, node: NodeIndex, decision: Decision) {
        self.nodes[node.get()].decided = Some(decision);
    }

    fn add_to_frontier(&mut self, node: NodeIndex, post: Post) {
        if !std::mem::replace(&mut self.nodes[node.get()].in_frontier, true) {
            self.frontier.push((node, post));
        }
    }

    /// Finds what the decision about `first` decides for those after it. Skipping a node decides it too.
    fn propagate(&mut self, first: NodeIndex, consequences: &mut Consequences) {
        let plan = self.plan.clone();
        let mut decided = vec![first];
        while let Some(node) = decided.pop() {
            for &group in &plan.links(node).successors {
                self.undecided_before[group.get()] -= 1;
                if self.undecided_before[group.get()] > 0 {
                    continue;
                }
                let (taken, others) = self.take_posts(group);
                // What no edge carries on is kept for the end. It may be carried on elsewhere: merging it twice changes
                // nothing.
                for (node, post) in others {
                    self.add_to_frontier(node, post);
                }
                match self.obstacle(group) {
                    None => consequences.to_open.push((group, taken)),
                    Some(status) => {
                        for (node, post) in taken {
                            self.add_to_frontier(node, post);
                        }
                        for &member in &plan.group(group).members {
                            self.record(member, Decision::without_attempt(status.clone()));
                            consequences.skipped.push((member, status.clone()));
                            decided.push(member);
                        }
                    }
                }
            }
        }
        consequences.skipped.sort_by_key(|(node, _)| *node);
    }

    /// Whether the edge of that kind from a decided node is taken.
    fn is_taken(&self, from: NodeIndex, edge: EdgeKind) -> bool {
        let state = self.node(from);
        let good = state
            .decided
            .as_ref()
            .is_some_and(|decision| decision.status.is_good());
        good && match edge {
            EdgeKind::Always => true,
            EdgeKind::If(condition) => state.held.get(condition as usize).copied().unwrap_or(false),
            EdgeKind::Else => !state.held.contains(&true),
        }
    }

    /// Why a group whose predecessors are decided cannot run. Of those that have no output although they were to have one,
    /// the first is to blame, or whoever is to blame for that one; else no edge was taken.
    fn obstacle(&self, group: GroupIndex) -> Option<NodeStatus> {
        let group = self.plan.group(group);
        let mut any_taken = group.predecessors.is_empty();
        for (&node, &edge) in group.predecessors.iter().zip(&group.edges) {
            match &self.node(node).decided.as_ref()?.status {
                status if status.is_good() => any_taken |= self.is_taken(node, edge),
                NodeStatus::Skipped {
                    reason: SkipReason::NotTaken,
                } => {}
                status @ NodeStatus::Skipped { .. } => return Some(status.clone()),
                NodeStatus::Cancelled if self.cancelled => return Some(NodeStatus::Cancelled),
                _ => {
                    let reason = SkipReason::Upstream {
                        node: self.plan.node(node).id.clone(),
                    };
                    return Some(NodeStatus::Skipped { reason });
                }
            }
        }
        let reason = SkipReason::NotTaken;
        (!any_taken).then_some(NodeStatus::Skipped { reason })
    }

    /// What the predecessors of a group left: first what the edges into it carry, then the rest. Each post is moved to the
    /// last group that takes it.
    fn take_posts(&mut self, group: GroupIndex) -> (Posts, Posts) {
        let plan = self.plan.clone();
        let group = plan.group(group);
        let (mut taken, mut others) = (Posts::new(), Posts::new());
        for (&node, &edge) in group.predecessors.iter().zip(&group.edges) {
            let is_taken = self.is_taken(node, edge);
            let state = &mut self.nodes[node.get()];
            state.takers -= 1;
            let post = if state.takers == 0 {
                state.post.take()
            } else if is_taken || !state.in_frontier {
                state.post.clone()
            } else {
                None
            };
            if let Some(post) = post {
                if is_taken { &mut taken } else { &mut others }.push((node, post));
            }
        }
        (taken, others)
    }
}
