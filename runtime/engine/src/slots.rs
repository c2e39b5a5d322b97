//! The right to work: as many agents of one run are called at one time as it has slots. Whoever waits for something else
//! gives its slot back meanwhile, so those who hold one always get on, and nobody waits for ever.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The slots of one run.
#[derive(Clone)]
pub(crate) struct Slots(Arc<Semaphore>);

/// A slot that is held.
pub(crate) struct Slot {
    slots: Slots,
    permit: Option<OwnedSemaphorePermit>,
}

impl Slots {
    pub(crate) fn new(count: usize) -> Slots {
        Slots(Arc::new(Semaphore::new(count.clamp(1, Semaphore::MAX_PERMITS))))
    }

    /// Waits for a slot.
    pub(crate) async fn take(&self) -> Slot {
        Slot {
            slots: self.clone(),
            // The semaphore is never closed.
            permit: self.0.clone().acquire_owned().await.ok(),
        }
    }
}

impl Slot {
    /// The same slot for a task of its own, which [gives it back](Slot::take_back). Nothing is held here meanwhile.
    pub(crate) fn lend(&mut self) -> Slot {
        Slot {
            slots: self.slots.clone(),
            permit: self.permit.take(),
        }
    }

    /// Takes a slot back that was lent.
    pub(crate) fn take_back(&mut self, slot: Slot) {
        *self = slot;
    }

    /// Waits for `wait` without the slot.
    pub(crate) async fn wait<T>(&mut self, wait: impl Future<Output = T>) -> T {
        self.permit = None;
        let waited = wait.await;
        *self = self.slots.take().await;
        waited
    }
}
