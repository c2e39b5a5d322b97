//! A run: workers that take ready nodes one after the other, a handle to watch and cancel them, and the outcome.
//!
//! A worker that finishes a node goes on with the next one itself, so a chain runs in one task; further workers are
//! started only for nodes that could run at the same time. What nodes see depends on the plan alone, so it does not
//! matter which worker runs which node when.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use hap_model::{
    Agent, Budget, Call, CallObserver, Cancellation, Context, Event, EventKind, Failure, FailureKind, Json,
    LogRecord, NodeId, NodeIndex, NodeStatus, Plan, Progress, RunContext, RunId, RunOutcome, Usage,
};
use tokio::sync::{Notify, oneshot};

use crate::attempt::attempt;
use crate::events::Events;
use crate::finish;
use crate::options::RunOptions;
use crate::run_budget::RunBudget;
use crate::schedule::{Consequences, Decision, Schedule};
use crate::views::{Post, View, Writes, merge, view_failure};

/// A plan whose agents are all here: what can be run.
#[derive(Clone)]
pub struct LoadedGraph {
    plan: Arc<Plan>,
    agents: Arc<[Arc<dyn Agent>]>,
}

impl LoadedGraph {
    /// Joins a plan with the agents of its nodes, in topological order. `None` when their numbers differ.
    pub fn new(plan: Arc<Plan>, agents: Vec<Arc<dyn Agent>>) -> Option<LoadedGraph> {
        (plan.nodes().len() == agents.len()).then(|| LoadedGraph {
            plan,
            agents: agents.into(),
        })
    }

    /// The plan.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// The agent of a node.
    pub fn agent(&self, node: NodeIndex) -> &Arc<dyn Agent> {
        &self.agents[node.get()]
    }
}

/// The handle of a run. Dropping it ends the run: calls are dropped where they wait, computing guests where they
/// next give way.
pub struct Run {
    shared: Arc<Shared>,
    outcome: oneshot::Receiver<RunOutcome>,
}

/// What all workers of a run share.
pub(crate) struct Shared {
    pub(crate) graph: LoadedGraph,
    pub(crate) context: Arc<RunContext>,
    pub(crate) inputs: Vec<(Arc<str>, Json)>,
    pub(crate) start: Instant,
    budget: Budget,
    run_budget: RunBudget,
    /// Why the run was ended before its end, when it was.
    pub(crate) stopped: OnceLock<Failure>,
    max_parallel: usize,
    cancel_grace: Duration,
    events: Events,
    /// Raised when calls that have not returned are to be dropped.
    dropped: AtomicBool,
    dropped_notify: Notify,
    /// Told once, when the run has ended.
    ended: Arc<Notify>,
    inner: Mutex<Inner>,
}

struct Inner {
    schedule: Schedule,
    workers: usize,
    outcome: Option<oneshot::Sender<RunOutcome>>,
}

impl Run {
    /// Starts a run of `graph` on the members of an input object. It runs on the tokio runtime that this is called in.
    pub fn start(graph: LoadedGraph, inputs: Vec<(Arc<str>, Json)>, options: RunOptions) -> Run {
        let id = RunId::from_bits(unique_bits());
        let start = Instant::now();
        let context = RunContext {
            id: id.clone(),
            started_at_unix_nanos: options.started_at_unix_nanos.unwrap_or_else(unix_nanos),
            seed: options.seed.unwrap_or_else(|| unique_bits() as u64),
            cancellation: Cancellation::default(),
            resources: options.resources,
        };
        let state = Context::new(graph.plan.reducers().clone(), inputs.iter().cloned());
        let schedule = Schedule::new(graph.plan.clone(), View::new(state));
        let run_budget = match graph.plan.run_budget() {
            Some(own) => options.run_budget.narrowed_by(own),
            None => options.run_budget,
        };
        let (sender, outcome) = oneshot::channel();
        let shared = Arc::new(Shared {
            context: Arc::new(context),
            inputs,
            start,
            budget: options.budget,
            run_budget: RunBudget::new(run_budget, start),
            stopped: OnceLock::new(),
            max_parallel: options.max_parallel.get(),
            cancel_grace: options.cancel_grace,
            events: Events::new(id.clone(), start, options.event_sink, options.max_waiting_events),
            dropped: AtomicBool::new(false),
            dropped_notify: Notify::new(),
            ended: Arc::default(),
            inner: Mutex::new(Inner {
                schedule,
                workers: 0,
                outcome: Some(sender),
            }),
            graph,
        });
        shared.tell_start(id);
        shared.clone().watch_time();
        shared.clone().start_workers(&mut shared.inner());
        Run { shared, outcome }
    }

    /// Names the run.
    pub fn id(&self) -> &RunId {
        &self.shared.context.id
    }

    /// The next event, in order; `None` after the last. Safe to cancel.
    ///
    /// Events wait for their reader, up to `max_waiting_events`; then no further node is started until one is read.
    /// [`Run::outcome`] ends the reading.
    pub async fn next_event(&mut self) -> Option<Event> {
        self.shared.events.next().await
    }

    /// Asks the run to stop: no further node starts, agents are asked to return, and those that have not after the
    /// run's `cancel_grace` are dropped. The outcome tells what was done until then.
    pub fn cancel(&self) {
        self.shared.clone().cancel();
    }

    /// A handle with which others can [cancel](Run::cancel) the run; it does not keep the run alive.
    pub fn canceller(&self) -> Canceller {
        Canceller(Arc::downgrade(&self.shared))
    }

    /// Waits for the end of the run. Events that were not read are dropped. Dropping the future ends the run.
    pub async fn outcome(mut self) -> RunOutcome {
        self.shared.events.reader_gone();
        match (&mut self.outcome).await {
            Ok(outcome) => outcome,
            // The last worker sends it, so this is a run whose tokio runtime ended before it could begin.
            Err(_) => finish::outcome(&self.shared, &mut self.shared.inner().schedule),
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.shared.events.reader_gone();
        self.shared.context.cancellation.cancel();
        self.shared.drop_calls();
    }
}

/// One worker of a run. It leaves when it is dropped, however that comes about.
struct Worker(Arc<Shared>);

impl Worker {
    /// Runs ready nodes until there are none.
    async fn work(self) {
        while let Some((node, view)) = self.0.next_node() {
            self.0.events.has_room().await;
            self.0.run_node(node, view).await;
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// Cancels a run from elsewhere, such as a signal handler.
#[derive(Clone)]
pub struct Canceller(std::sync::Weak<Shared>);

impl Canceller {
    /// As [`Run::cancel`]; nothing when the run is gone.
    pub fn cancel(&self) {
        if let Some(shared) = self.0.upgrade() {
            shared.cancel();
        }
    }
}

impl Shared {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell_start(&self, run: RunId) {
        let plan = self.graph.plan();
        let nodes = plan.nodes().len() + plan.unreachable().len();
        self.events.emit(|| EventKind::RunStarted { run, nodes });
        for (node, _) in plan.unreachable() {
            self.tell_end(node, &Decision::without_attempt(finish::unreachable()));
        }
    }

    /// Starts as many workers as there are nodes for, and as are allowed.
    fn start_workers(self: Arc<Shared>, inner: &mut Inner) {
        let wanted = inner
            .schedule
            .ready()
            .min(self.max_parallel.saturating_sub(inner.workers));
        inner.workers += wanted;
        for _ in 0..wanted {
            tokio::spawn(Worker(self.clone()).work());
        }
    }

    fn next_node(&self) -> Option<(NodeIndex, Arc<View>)> {
        self.inner().schedule.next()
    }

    /// The last worker to leave finds every node decided, unless its tasks were dropped with the tokio runtime: then the
    /// outcome says so.
    fn leave(&self) {
        let mut inner = self.inner();
        inner.workers -= 1;
        if inner.workers > 0 {
            return;
        }
        if let Some(sender) = inner.outcome.take() {
            let outcome = finish::outcome(self, &mut inner.schedule);
            drop(inner);
            self.events.emit(|| EventKind::RunFinished {
                status: outcome.status,
            });
            // Nobody may be waiting for it.
            let _ = sender.send(outcome);
            self.events.end();
            self.ended.notify_one();
        }
    }

    async fn run_node(self: &Arc<Shared>, index: NodeIndex, view: Arc<View>) {
        let plan = self.graph.plan().clone();
        let node = plan.node(index);
        if self.context.cancellation.is_cancelled() {
            let decision = Decision::without_attempt(NodeStatus::Cancelled);
            return self.decide(
                index,
                decision,
                Post {
                    view,
                    writes: Vec::new(),
                },
            );
        }
        let start = self.start.elapsed();
        let context = match view.text(node.reads.as_ref()) {
            Ok(context) => context,
            Err(error) => {
                let failure = Some(Arc::new(view_failure(&plan, &error)));
                let decision = Decision {
                    failure,
                    ..Decision::without_attempt(NodeStatus::Failed)
                };
                return self.decide(
                    index,
                    decision,
                    Post {
                        view,
                        writes: Vec::new(),
                    },
                );
            }
        };
        self.events.emit(|| EventKind::NodeStarted {
            node: node.id.clone(),
            attempt: 1,
        });
        let (result, usage) = self.attempt(index, context).await;
        if let Err(failure) = self.run_budget.spend(&usage) {
            self.stop(failure);
        }
        let (status, writes, failure) = match result {
            Ok(writes) => (NodeStatus::Done, writes, None),
            Err(failure) => (self.status_of(&failure), Vec::new(), Some(Arc::new(failure))),
        };
        let duration = self.start.elapsed().saturating_sub(start);
        let decision = Decision {
            status,
            attempts: 1,
            start: Some(start),
            duration: Some(duration),
            usage,
            failure,
        };
        self.decide(index, decision, Post { view, writes });
    }

    /// One attempt with what the run's budget has left, unless calls are dropped before it ends.
    async fn attempt(
        self: &Arc<Shared>,
        index: NodeIndex,
        context: Json,
    ) -> (Result<Writes, Failure>, Usage) {
        let plan = self.graph.plan();
        let node = plan.node(index);
        let own = self.budget.narrowed_by(&node.budget);
        let call = Call {
            run: self.context.clone(),
            node: node.id.clone(),
            attempt: 1,
            budget: Arc::new(self.run_budget.left(&own)),
            grants: node.grants.clone(),
            deadline: Instant::now() + own.wall_time(),
            observer: self.clone(),
        };
        let attempt = attempt(plan, node, &**self.graph.agent(index), context, call);
        let (result, usage) = tokio::select! {
            biased;
            answered = attempt => answered,
            () = self.calls_dropped() => (Err(cancelled()), Usage::default()),
        };
        (
            result.map_err(|failure| self.run_budget.explain(failure, &own)),
            usage,
        )
    }

    /// Records a node's end, makes the views that it was the last to be waited for, and starts workers for the nodes
    /// that became ready.
    fn decide(self: &Arc<Shared>, index: NodeIndex, decision: Decision, post: Post) {
        self.tell_end(&self.graph.plan().node(index).id, &decision);
        let Consequences { to_open, skipped } = self.inner().schedule.decide(index, decision, post);
        for (node, status) in skipped {
            self.tell_end(
                &self.graph.plan().node(node).id,
                &Decision::without_attempt(status),
            );
        }
        // Merging can take long when much was written, so it is done outside the lock.
        let opened: Vec<_> = to_open
            .into_iter()
            .filter_map(|(group, posts)| Some((group, View::new(merge(posts)?))))
            .collect();
        let mut inner = self.inner();
        for (group, view) in opened {
            inner.schedule.open(group, view);
        }
        // This worker takes one of the ready nodes itself.
        if inner.schedule.ready() > 1 {
            self.clone().start_more_workers(&mut inner);
        }
    }

    fn start_more_workers(self: Arc<Shared>, inner: &mut Inner) {
        let wanted = (inner.schedule.ready() - 1).min(self.max_parallel.saturating_sub(inner.workers));
        inner.workers += wanted;
        for _ in 0..wanted {
            tokio::spawn(Worker(self.clone()).work());
        }
    }

    fn tell_end(&self, node: &NodeId, decision: &Decision) {
        self.events.emit(|| EventKind::NodeFinished {
            node: node.clone(),
            status: decision.status.clone(),
            fuel: decision.usage.fuel,
            memory_bytes: decision.usage.memory_bytes,
            duration: decision.duration.unwrap_or_default(),
            failure: decision.failure.clone(),
        });
    }

    fn cancel(self: Arc<Shared>) {
        if self.context.cancellation.is_cancelled() {
            return;
        }
        self.context.cancellation.cancel();
        let grace = self.cancel_grace;
        let weak = Arc::downgrade(&self);
        drop(self);
        tokio::spawn(async move {
            tokio::time::sleep(grace).await;
            if let Some(shared) = weak.upgrade() {
                shared.drop_calls();
            }
        });
    }

    /// How a node with this failure ended. An agent that was asked to stop and says that it failed has stopped.
    fn status_of(&self, failure: &Failure) -> NodeStatus {
        match failure.kind {
            FailureKind::Limit { .. } => NodeStatus::Limited,
            _ if self.context.cancellation.is_cancelled() => NodeStatus::Cancelled,
            _ => NodeStatus::Failed,
        }
    }

    /// Ends the run when its time is up.
    fn watch_time(self: Arc<Shared>) {
        let left = self.run_budget.time_left();
        let weak = Arc::downgrade(&self);
        drop(self);
        tokio::spawn(async move {
            // A run that has ended is gone, and so is its end.
            let Some(ended) = weak.upgrade().map(|shared| shared.ended.clone()) else {
                return;
            };
            tokio::select! {
                () = tokio::time::sleep(left) => {
                    if let Some(shared) = weak.upgrade() {
                        shared.stop(shared.run_budget.time_up());
                    }
                }
                () = ended.notified() => {}
            }
        });
    }

    /// Ends the run for a reason of its own: no further node starts, and calls are dropped.
    fn stop(&self, failure: Failure) {
        let _ = self.stopped.set(failure);
        self.context.cancellation.cancel();
        self.drop_calls();
    }

    fn drop_calls(&self) {
        self.dropped.store(true, Ordering::Release);
        self.dropped_notify.notify_waiters();
    }

    async fn calls_dropped(&self) {
        let notified = self.dropped_notify.notified();
        if !self.dropped.load(Ordering::Acquire) {
            notified.await;
        }
    }
}

impl CallObserver for Shared {
    fn log(&self, node: &NodeId, record: LogRecord) {
        self.events.emit(|| EventKind::NodeLog {
            node: node.clone(),
            record,
        });
    }

    fn progress(&self, node: &NodeId, progress: Progress) {
        self.events.emit(|| EventKind::NodeProgress {
            node: node.clone(),
            progress,
        });
    }
}

fn cancelled() -> Failure {
    Failure::new(FailureKind::Cancelled, "the run was cancelled")
}

fn unix_nanos() -> u64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_nanos() as u64
}

/// Bits that no other run of this host has: from the standard library's own random keys.
fn unique_bits() -> u128 {
    use std::hash::{BuildHasher, RandomState};
    let half = || u128::from(RandomState::new().hash_one(unix_nanos()));
    half() << 64 | half()
}
