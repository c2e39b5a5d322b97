//! What all tasks of one run share, and the ways in which a run is ended before its end.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use hap_model::{
    CallObserver, EventKind, Failure, FailureKind, HostCall, Json, LogRecord, NodePath, Progress, RunContext,
    RunOutcome,
};
use tokio::sync::{Notify, oneshot};

use crate::breaker::Breakers;
use crate::events::Events;
use crate::slots::Slots;
use crate::spending::Spending;
use crate::stops::Stops;

/// What all tasks of a run share.
pub(crate) struct Shared {
    pub(crate) context: Arc<RunContext>,
    pub(crate) inputs: Vec<(Arc<str>, Json)>,
    pub(crate) start: Instant,
    pub(crate) events: Events,
    pub(crate) slots: Slots,
    pub(crate) max_parallel: usize,
    pub(crate) stops: Stops,
    pub(crate) breakers: Breakers,
    pub(crate) spending: Arc<Spending>,
    /// Why the run was ended before its end, when it was.
    pub(crate) stopped: OnceLock<Failure>,
    pub(crate) cancel_grace: Duration,
    /// Told once, when the run has ended.
    pub(crate) ended: Arc<Notify>,
    pub(crate) outcome: Mutex<Option<oneshot::Sender<RunOutcome>>>,
    /// Tasks that have not ended.
    pub(crate) tasks: AtomicUsize,
}

impl Shared {
    /// Asks the run to stop, and stops it when its grace is over.
    pub(crate) fn cancel(self: &Arc<Shared>) {
        if self.context.cancellation.is_cancelled() {
            return;
        }
        self.context.cancellation.cancel();
        let grace = self.cancel_grace;
        let weak = Arc::downgrade(self);
        tokio::spawn(async move {
            tokio::time::sleep(grace).await;
            if let Some(shared) = weak.upgrade() {
                shared.stops.everything();
            }
        });
    }

    /// Stops one node.
    pub(crate) fn cancel_node(self: &Arc<Shared>, path: &NodePath) {
        self.stops.place(path.clone());
    }

    /// Ends the run for a reason of its own: no further node starts, and calls are dropped.
    pub(crate) fn stop(&self, failure: Failure) {
        let _ = self.stopped.set(failure);
        self.context.cancellation.cancel();
        self.stops.everything();
    }

    /// Whether work at `path` is to begin no more.
    pub(crate) fn is_over(&self, path: &NodePath) -> bool {
        self.context.cancellation.is_cancelled() || self.stops.is_stopped(path)
    }

    /// Ends the run when its time is up.
    pub(crate) fn watch_time(self: &Arc<Shared>) {
        let left = self.spending.time_left();
        let ended = self.ended.clone();
        let weak = Arc::downgrade(self);
        tokio::spawn(async move {
            tokio::select! {
                () = tokio::time::sleep(left) => {
                    if let Some(shared) = weak.upgrade() {
                        shared.stop(shared.spending.time_up());
                    }
                }
                () = ended.notified() => {}
            }
        });
    }

    /// Hands the outcome over, once.
    pub(crate) fn finish(&self, outcome: impl FnOnce() -> RunOutcome) {
        let sender = self.outcome.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(sender) = sender {
            let outcome = outcome();
            self.events.emit(|| EventKind::RunFinished {
                status: outcome.status,
            });
            // Nobody may be waiting for it.
            let _ = sender.send(outcome);
            self.events.end();
            self.ended.notify_one();
        }
    }

    /// How many tasks of the run have not ended.
    pub(crate) fn tasks(&self) -> usize {
        self.tasks.load(Ordering::Acquire)
    }
}

impl CallObserver for Shared {
    fn log(&self, node: &NodePath, record: LogRecord) {
        self.events.emit(|| EventKind::NodeLog {
            node: node.clone(),
            record,
        });
    }

    fn progress(&self, node: &NodePath, progress: Progress) {
        self.events.emit(|| EventKind::NodeProgress {
            node: node.clone(),
            progress,
        });
    }

    fn host_call(&self, node: &NodePath, call: HostCall, duration: Duration) {
        self.events.emit(|| EventKind::HostCalled {
            node: node.clone(),
            call,
            duration,
        });
    }
}

/// The failure of what was stopped before its end.
pub(crate) fn cancelled() -> Failure {
    Failure::new(FailureKind::Cancelled, "it was stopped before its end")
}
