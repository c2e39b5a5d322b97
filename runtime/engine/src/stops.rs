//! What is to stop before its end: the whole run, or one place in it with all that lies within.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use hap_model::NodePath;
use tokio::sync::Notify;

/// The places of one run that are stopped.
#[derive(Default)]
pub(crate) struct Stops {
    /// Whether there is any: looked at before the lock is taken.
    any: AtomicBool,
    inner: Mutex<Inner>,
    changed: Notify,
}

#[derive(Default)]
struct Inner {
    everything: bool,
    places: Vec<NodePath>,
}

impl Stops {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops the whole run, for good.
    pub(crate) fn everything(&self) {
        self.inner().everything = true;
        self.told();
    }

    /// Stops one place, until it is [cleared](Stops::clear).
    pub(crate) fn place(&self, path: NodePath) {
        self.inner().places.push(path);
        self.told();
    }

    fn told(&self) {
        self.any.store(true, Ordering::Release);
        self.changed.notify_waiters();
    }

    /// Lets a place go on: its next attempt, say, after one that was stopped has ended.
    pub(crate) fn clear(&self, path: &NodePath) {
        self.inner().places.retain(|place| place != path);
    }

    /// Whether `path` is to stop.
    pub(crate) fn is_stopped(&self, path: &NodePath) -> bool {
        if !self.any.load(Ordering::Acquire) {
            return false;
        }
        let inner = self.inner();
        inner.everything || inner.places.iter().any(|place| place.contains(path))
    }

    /// Waits until `path` is to stop.
    pub(crate) async fn stopped(&self, path: &NodePath) {
        loop {
            let changed = self.changed.notified();
            if self.is_stopped(path) {
                return;
            }
            changed.await;
        }
    }
}
