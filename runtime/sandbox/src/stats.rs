//! What a sandbox has to tell to whoever watches the process.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// What a sandbox is doing, and what its compile cache was good for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SandboxStats {
    /// How many places for instances there are.
    pub places: usize,
    /// How many of them are taken.
    pub places_taken: usize,
    /// How many calls wait for a place.
    pub waiting: usize,
    /// How many components were found in the compile cache.
    pub cache_hits: u64,
    /// How many were not, and were compiled.
    pub cache_misses: u64,
}

/// Counts while a sandbox works.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    waiting: AtomicUsize,
    hits: AtomicU64,
    misses: AtomicU64,
}

/// One call that waits for a place; it ends with this.
pub(crate) struct WaitingCall<'a>(&'a Counts);

impl Drop for WaitingCall<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Counts {
    pub(crate) fn waits(&self) -> WaitingCall<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        WaitingCall(self)
    }

    /// Notes whether a component was in the cache.
    pub(crate) fn looked_up(&self, found: bool) {
        let counter = if found { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn stats(&self, places: usize, places_taken: usize) -> SandboxStats {
        SandboxStats {
            places,
            places_taken,
            waiting: self.waiting.load(Ordering::Relaxed),
            cache_hits: self.hits.load(Ordering::Relaxed),
            cache_misses: self.misses.load(Ordering::Relaxed),
        }
    }
}
