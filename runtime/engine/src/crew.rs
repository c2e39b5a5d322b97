//! Work that several tasks share: one leads it, and others help as long as there is something to begin.
//!
//! Whoever finishes a piece goes on with the next one itself, so a chain runs in one task. Helpers are started only for
//! pieces that could be worked on at the same time, and never more of them than the run has slots.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hap_model::BoxFuture;
use tokio::sync::Notify;

use crate::shared::Shared;
use crate::slots::Slot;

/// Work that tasks share.
pub(crate) trait Crew: Send + Sync + 'static {
    /// Works until there is nothing that could be begun now.
    fn work<'a>(self: Arc<Self>, slot: &'a mut Slot) -> BoxFuture<'a, ()>;

    /// Who is at it.
    fn helpers(&self) -> &Helpers;
}

/// Those who help with one piece of shared work.
pub(crate) struct Helpers {
    count: AtomicUsize,
    max: usize,
    /// Tells the leader that there may be something to begin, or that a helper has left.
    changed: Notify,
}

impl Helpers {
    /// Room for a leader and so many helpers that `max_parallel` work.
    pub(crate) fn new(max_parallel: usize) -> Helpers {
        Helpers {
            count: AtomicUsize::new(0),
            max: max_parallel.saturating_sub(1),
            changed: Notify::new(),
        }
    }

    /// Takes a place among the helpers.
    fn join(&self) -> bool {
        let join = |count| (count < self.max).then_some(count + 1);
        self.count
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, join)
            .is_ok()
    }

    fn leave(&self) {
        self.count.fetch_sub(1, Ordering::AcqRel);
        self.changed.notify_one();
    }

    fn none(&self) -> bool {
        self.count.load(Ordering::Acquire) == 0
    }
}

/// Works until all is done: nothing left to begin, and nobody at it any more.
pub(crate) async fn lead(crew: Arc<dyn Crew>, slot: &mut Slot) {
    loop {
        crew.clone().work(slot).await;
        if crew.helpers().none() {
            return;
        }
        slot.wait(crew.helpers().changed.notified()).await;
    }
}

/// As [`lead`], in a task of its own: work that holds work that holds work would else stand on one stack.
pub(crate) async fn lead_apart(crew: Arc<dyn Crew>, run: &Arc<Shared>, slot: &mut Slot) {
    let mut lent = slot.lend();
    let leader = Counted::new(run.clone());
    let leading = tokio::spawn(async move {
        let _leader = leader;
        lead(crew, &mut lent).await;
        lent
    });
    match leading.await {
        Ok(lent) => slot.take_back(lent),
        // The tokio runtime ends, or the engine has a fault: what was not decided is told as such.
        Err(_) => *slot = run.slots.take().await,
    }
}

/// A task of the run, counted until it is dropped.
struct Counted(Arc<Shared>);

impl Counted {
    fn new(run: Arc<Shared>) -> Counted {
        run.tasks.fetch_add(1, Ordering::AcqRel);
        Counted(run)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.tasks.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Starts helpers for `wanted` more pieces, as far as there is room.
pub(crate) fn call_help(crew: &Arc<dyn Crew>, run: &Arc<Shared>, wanted: usize) {
    for _ in 0..wanted {
        if !crew.helpers().join() {
            // Whoever leads may be waiting and can take one.
            crew.helpers().changed.notify_one();
            return;
        }
        tokio::spawn(help(Helper::new(crew.clone(), run.clone())));
    }
}

/// One helper. It leaves when it is dropped, however that comes about.
struct Helper {
    crew: Arc<dyn Crew>,
    counted: Counted,
}

impl Helper {
    fn new(crew: Arc<dyn Crew>, run: Arc<Shared>) -> Helper {
        Helper {
            crew,
            counted: Counted::new(run),
        }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.crew.helpers().leave();
    }
}

async fn help(helper: Helper) {
    let mut slot = helper.counted.0.slots.take().await;
    helper.crew.clone().work(&mut slot).await;
}
