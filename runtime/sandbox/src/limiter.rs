//! Memory and tables, counted over the whole store: wasmtime's own limits hold for each memory alone.

use hap_model::{Budget, Failure, Limit};
use wasmtime::ResourceLimiter;

/// Counts what a store holds and refuses more.
#[derive(Debug)]
pub(crate) struct Limiter {
    memory: Counter,
    table_elements: Counter,
    instances: usize,
    /// Set when something was refused: the failure of the whole call.
    pub(crate) refused: Option<Failure>,
}

#[derive(Debug)]
struct Counter {
    limit: Limit,
    allowed: u64,
    held: u64,
    /// What the growth that is under way adds, to be taken back if the host cannot provide it.
    pending: u64,
}

impl Limiter {
    pub(crate) fn new(budget: &Budget) -> Limiter {
        let counter = |limit| Counter {
            limit,
            allowed: budget.get(limit),
            held: 0,
            pending: 0,
        };
        Limiter {
            memory: counter(Limit::Memory),
            table_elements: counter(Limit::TableElements),
            instances: budget.get(Limit::Instances) as usize,
            refused: None,
        }
    }

    /// The most memory held at one time, in bytes. Memories never shrink.
    pub(crate) fn memory_bytes(&self) -> u64 {
        self.memory.held
    }

    /// The most table elements held at one time.
    pub(crate) fn table_elements(&self) -> u64 {
        self.table_elements.held
    }

    /// Sets how many instances the store may have, from the next [`wasmtime::Store::limiter`] on.
    pub(crate) fn allow_instances(&mut self, instances: usize) {
        self.instances = instances;
    }

    fn refuse(&mut self, failure: Failure) -> wasmtime::Error {
        let message = failure.message.clone();
        self.refused.get_or_insert(failure);
        wasmtime::Error::msg(message)
    }
}

impl Counter {
    fn grow(&mut self, current: usize, desired: usize) -> Result<(), Failure> {
        let more = desired.saturating_sub(current) as u64;
        let wanted = self.held.saturating_add(more);
        if wanted > self.allowed {
            return Err(Failure::limit(self.limit, self.allowed, wanted));
        }
        (self.held, self.pending) = (wanted, more);
        Ok(())
    }

    fn take_back(&mut self) {
        self.held = self.held.saturating_sub(std::mem::take(&mut self.pending));
    }
}

// A refusal ends the call. A guest that is merely told "no" goes on in its own way, often into an `unreachable`, and
// nobody learns that memory was the reason.
impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        self.memory
            .grow(current, desired)
            .map(|()| true)
            .map_err(|failure| self.refuse(failure))
    }

    fn memory_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.memory.take_back();
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        self.table_elements
            .grow(current, desired)
            .map(|()| true)
            .map_err(|failure| self.refuse(failure))
    }

    fn table_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.table_elements.take_back();
        Ok(())
    }

    fn instances(&self) -> usize {
        self.instances
    }

    fn tables(&self) -> usize {
        self.instances
    }

    fn memories(&self) -> usize {
        self.instances
    }
}
