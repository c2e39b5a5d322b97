//! A run: the handle to watch and end it, and the task that leads it. What nodes see depends on the plan alone, so it
//! does not matter which task runs which node when.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Instant, SystemTime};

use hap_model::{Cancellation, Event, EventKind, Json, NodePath, RunContext, RunId, RunOutcome};
use tokio::sync::oneshot;

use crate::crew::{Crew, lead};
use crate::events::Events;
use crate::finish;
use crate::loaded::LoadedGraph;
use crate::options::RunOptions;
use crate::scope::Scope;
use crate::shared::Shared;
use crate::slots::Slots;
use crate::spending::Spending;
use crate::stops::Stops;

/// The handle of a run. Dropping it ends the run: calls are dropped where they wait, computing guests where they
/// next give way.
pub struct Run {
    shared: Arc<Shared>,
    scope: Arc<Scope>,
    outcome: oneshot::Receiver<RunOutcome>,
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
            identity: options.identity,
        };
        let run_budget = match graph.plan().run_budget() {
            Some(own) => options.run_budget.narrowed_by(own),
            None => options.run_budget,
        };
        let (sender, outcome) = oneshot::channel();
        let shared = Arc::new(Shared {
            context: Arc::new(context),
            inputs,
            start,
            events: Events::new(id.clone(), start, options.event_sink, options.max_waiting_events),
            slots: Slots::new(options.max_parallel.get()),
            max_parallel: options.max_parallel.get(),
            stops: Stops::default(),
            breakers: options.breakers,
            spending: Arc::new(Spending::of_run(run_budget)),
            stopped: OnceLock::new(),
            cancel_grace: options.cancel_grace,
            ended: Arc::default(),
            outcome: Mutex::new(Some(sender)),
            tasks: AtomicUsize::new(0),
        });
        let nodes = graph.plan().len();
        shared.events.emit(|| EventKind::RunStarted { run: id, nodes });
        shared.watch_time();
        let budget = (options.budget, shared.spending.clone());
        let inputs = shared.inputs.clone();
        let scope = Scope::new(shared.clone(), graph, None, inputs, budget);
        tokio::spawn(whole_run(Leader::new(scope.clone())));
        Run {
            shared,
            scope,
            outcome,
        }
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
        self.shared.cancel();
    }

    /// Stops one node, with all that lies within its place; its `on_failure` decides what comes of that. A node that has not
    /// begun makes no attempt; one that has ended is as it is.
    pub fn cancel_node(&self, path: &NodePath) {
        self.shared.cancel_node(path);
    }

    /// How many tasks of this run have not ended. None is left soon after the run's end.
    pub fn tasks(&self) -> usize {
        self.shared.tasks()
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
            Err(_) => finish::outcome(&self.shared, &self.scope),
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.shared.events.reader_gone();
        self.shared.context.cancellation.cancel();
        self.shared.stops.everything();
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

/// The task that leads a run. It ends the run when it is dropped, however that comes about.
struct Leader(Arc<Scope>);

impl Leader {
    fn new(scope: Arc<Scope>) -> Leader {
        scope.run.tasks.fetch_add(1, Ordering::AcqRel);
        Leader(scope)
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        let Leader(scope) = self;
        scope.run.tasks.fetch_sub(1, Ordering::AcqRel);
        scope.run.finish(|| finish::outcome(&scope.run, scope));
    }
}

async fn whole_run(leader: Leader) {
    let mut slot = leader.0.run.slots.take().await;
    let crew: Arc<dyn Crew> = leader.0.clone();
    leader.0.call_help(leader.0.schedule().ready().saturating_sub(1));
    lead(crew, &mut slot).await;
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
