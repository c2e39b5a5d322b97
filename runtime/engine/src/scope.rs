//! One graph at work: the outermost of a run, or one that is the work of a node. Its nodes are handed out as they become
//! ready, and what they leave is merged for those after them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hap_model::{
    BoxFuture, Budget, Context, EventKind, Json, NodeId, NodeIndex, NodePath, NodeStatus, PlanOnFailure,
};

use crate::crew::{Crew, Helpers, call_help};
use crate::finish;
use crate::loaded::LoadedGraph;
use crate::schedule::{Consequences, Decision, Schedule};
use crate::shared::Shared;
use crate::slots::Slot;
use crate::spending::Spending;
use crate::views::{Post, View, merge};

/// A graph at work.
pub(crate) struct Scope {
    pub(crate) run: Arc<Shared>,
    pub(crate) graph: LoadedGraph,
    /// The node whose work the graph is; `None` for the outermost.
    pub(crate) path: Option<NodePath>,
    /// What an attempt may spend at most.
    pub(crate) budget: Budget,
    /// What all of them may spend together.
    pub(crate) spending: Arc<Spending>,
    schedule: Mutex<Schedule>,
    helpers: Helpers,
}

impl Scope {
    /// A graph that begins with `inputs` as its context.
    pub(crate) fn new(
        run: Arc<Shared>,
        graph: LoadedGraph,
        path: Option<NodePath>,
        inputs: impl IntoIterator<Item = (Arc<str>, Json)>,
        (budget, spending): (Budget, Arc<Spending>),
    ) -> Arc<Scope> {
        let context = Context::new(graph.plan().reducers().clone(), inputs);
        let schedule = Schedule::new(graph.plan().clone(), View::new(context));
        let scope = Arc::new(Scope {
            helpers: Helpers::new(run.max_parallel),
            run,
            graph,
            path,
            budget,
            spending,
            schedule: Mutex::new(schedule),
        });
        for (node, _) in scope.graph.plan().unreachable() {
            scope.tell_end(node, &Decision::without_attempt(finish::unreachable()));
        }
        scope
    }

    pub(crate) fn schedule(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where a node of this graph stands in the run.
    pub(crate) fn path_of(&self, node: &NodeId) -> NodePath {
        match &self.path {
            None => NodePath::from(node),
            Some(path) => path.child(node),
        }
    }

    /// Records a node's end, makes the views that it was the last to be waited for, and calls help for the nodes that
    /// became ready.
    pub(crate) fn decide(
        self: &Arc<Scope>,
        index: NodeIndex,
        decision: Decision,
        post: Post,
        held: Box<[bool]>,
    ) {
        self.tell_end(&self.graph.plan().node(index).id, &decision);
        self.tell_unused_fallbacks(index);
        let Consequences { to_open, skipped } = {
            let mut schedule = self.schedule();
            if self.run.context.cancellation.is_cancelled() {
                schedule.cancel();
            }
            schedule.decide(index, decision, post, held)
        };
        for (node, status) in skipped {
            self.tell_end(
                &self.graph.plan().node(node).id,
                &Decision::without_attempt(status),
            );
            self.tell_unused_fallbacks(node);
        }
        // Merging can take long when much was written, so it is done outside the lock.
        let opened: Vec<_> = to_open
            .into_iter()
            .filter_map(|(group, posts)| Some((group, View::new(merge(posts)?))))
            .collect();
        let mut schedule = self.schedule();
        for (group, view) in opened {
            schedule.open(group, view);
        }
        // Whoever decided goes on with one of the ready nodes.
        let ready = schedule.ready();
        drop(schedule);
        self.call_help(ready.saturating_sub(1));
    }

    /// Calls help for so many ready nodes.
    pub(crate) fn call_help(self: &Arc<Scope>, wanted: usize) {
        if wanted > 0 {
            let crew: Arc<dyn Crew> = self.clone();
            call_help(&crew, &self.run, wanted);
        }
    }

    pub(crate) fn tell_end(&self, node: &NodeId, decision: &Decision) {
        self.run.events.emit(|| EventKind::NodeFinished {
            node: self.path_of(node),
            status: decision.status.clone(),
            fuel: decision.account.usage.fuel,
            memory_bytes: decision.account.usage.memory_bytes,
            duration: decision.duration.unwrap_or_default(),
            failure: decision.failure.clone(),
        });
    }

    /// Tells of the fallbacks that a decided node did not need.
    fn tell_unused_fallbacks(&self, index: NodeIndex) {
        let plan = self.graph.plan();
        let mut last = plan.node(index);
        while let PlanOnFailure::Node(fallback) = last.on_failure {
            last = plan.fallback(fallback);
            if self.schedule().fallback(fallback).is_none() {
                self.tell_end(&last.id, &Decision::without_attempt(finish::not_needed()));
            }
        }
    }

    /// The ready node that comes first, with what it sees.
    fn next(&self) -> Option<(NodeIndex, Arc<View>)> {
        self.schedule().next()
    }

    /// A node that is not begun because the run is over.
    pub(crate) fn decide_cancelled(self: &Arc<Scope>, index: NodeIndex, view: Arc<View>) {
        let post = Post {
            view,
            writes: Vec::new(),
        };
        let decision = Decision::without_attempt(NodeStatus::Cancelled);
        self.decide(index, decision, post, Box::default());
    }
}

impl Crew for Scope {
    fn work<'a>(self: Arc<Scope>, slot: &'a mut Slot) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            while let Some((node, view)) = self.next() {
                self.run.events.has_room().await;
                self.run_node(node, view, slot).await;
            }
        })
    }

    fn helpers(&self) -> &Helpers {
        &self.helpers
    }
}
