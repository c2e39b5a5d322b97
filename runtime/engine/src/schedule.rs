//! Who may run when. Plain bookkeeping under one lock: which nodes are ready, which are decided, and what they left
//! for the nodes after them. It never waits and never calls an agent.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;

use hap_model::{Failure, GroupIndex, NodeIndex, NodeStatus, Plan, SkipReason, Usage};

use crate::views::{Post, View};

/// The state of a run's nodes.
pub(crate) struct Schedule {
    plan: Arc<Plan>,
    ready: BinaryHeap<Reverse<NodeIndex>>,
    /// How many predecessors of each group are not decided yet.
    undecided_before: Vec<u32>,
    views: Vec<Option<GroupView>>,
    nodes: Vec<NodeState>,
    /// What the final context is made of: every state that no later node carries on.
    frontier: Vec<(NodeIndex, Post)>,
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
}

/// How a node ended.
#[derive(Clone)]
pub(crate) struct Decision {
    pub(crate) status: NodeStatus,
    pub(crate) attempts: u32,
    pub(crate) start: Option<Duration>,
    pub(crate) duration: Option<Duration>,
    pub(crate) usage: Usage,
    pub(crate) failure: Option<Arc<Failure>>,
}

impl Decision {
    /// A node that did not run.
    pub(crate) fn without_attempt(status: NodeStatus) -> Decision {
        Decision {
            status,
            attempts: 0,
            start: None,
            duration: None,
            usage: Usage::default(),
            failure: None,
        }
    }
}

/// What follows from a decision.
#[derive(Default)]
pub(crate) struct Consequences {
    /// Groups whose predecessors are all done, with what these left: their views are to be made and
    /// [opened](Schedule::open).
    pub(crate) to_open: Vec<(GroupIndex, Vec<(NodeIndex, Post)>)>,
    /// Nodes that can never run, in topological order.
    pub(crate) skipped: Vec<(NodeIndex, NodeStatus)>,
}

impl Schedule {
    /// All nodes undecided; the group without predecessors sees `view`.
    pub(crate) fn new(plan: Arc<Plan>, view: Arc<View>) -> Schedule {
        let node = |node: &hap_model::PlanNode| NodeState {
            takers: node.successors.len() as u32,
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
            nodes: plan.nodes().iter().map(node).collect(),
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
        let slot = &mut self.views[self.plan.node(node).group.get()];
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
    pub(crate) fn take_frontier(&mut self) -> Vec<(NodeIndex, Post)> {
        std::mem::take(&mut self.frontier)
    }

    /// Records how a node that had been handed out ended, and what it leaves. A node that is not done leaves what it saw.
    pub(crate) fn decide(&mut self, node: NodeIndex, decision: Decision, post: Post) -> Consequences {
        let done = decision.status == NodeStatus::Done;
        let mut consequences = Consequences::default();
        self.record(node, decision);
        if done && !self.plan.node(node).successors.is_empty() {
            self.nodes[node.get()].post = Some(post);
        } else {
            self.frontier.push((node, post));
        }
        self.propagate(node, &mut consequences);
        consequences
    }

    fn record(&mut self, node: NodeIndex, decision: Decision) {
        self.nodes[node.get()].decided = Some(decision);
    }

    /// Finds what the decision about `first` decides for those after it. Skipping a node decides it too.
    fn propagate(&mut self, first: NodeIndex, consequences: &mut Consequences) {
        let mut decided = vec![first];
        while let Some(node) = decided.pop() {
            let plan = self.plan.clone();
            for &group in &plan.node(node).successors {
                self.undecided_before[group.get()] -= 1;
                if self.undecided_before[group.get()] > 0 {
                    continue;
                }
                let posts = self.take_posts(group);
                match self.obstacle(group) {
                    None => consequences.to_open.push((group, posts)),
                    Some(status) => {
                        self.frontier.extend(posts);
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

    /// Why a group whose predecessors are decided cannot run: the first of them that is not done is to blame, or
    /// whoever is to blame for that one.
    fn obstacle(&self, group: GroupIndex) -> Option<NodeStatus> {
        let predecessors = self.plan.group(group).predecessors.iter();
        predecessors
            .filter_map(|&node| Some((node, self.node(node).decided.as_ref()?)))
            .find_map(|(node, decision)| match &decision.status {
                NodeStatus::Done => None,
                status @ (NodeStatus::Skipped { .. } | NodeStatus::Cancelled) => Some(status.clone()),
                _ => {
                    let reason = SkipReason::Upstream {
                        node: self.plan.node(node).id.clone(),
                    };
                    Some(NodeStatus::Skipped { reason })
                }
            })
    }

    /// What the predecessors of a group left; each post is moved to the last group that takes it.
    fn take_posts(&mut self, group: GroupIndex) -> Vec<(NodeIndex, Post)> {
        let plan = self.plan.clone();
        let take = |&node: &NodeIndex| {
            let state = &mut self.nodes[node.get()];
            state.takers -= 1;
            let post = if state.takers == 0 {
                state.post.take()
            } else {
                state.post.clone()
            };
            post.map(|post| (node, post))
        };
        plan.group(group).predecessors.iter().filter_map(take).collect()
    }
}
