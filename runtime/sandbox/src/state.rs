//! The data of one store: what one call may use, and what it has used.

use std::sync::Arc;

use hap_model::{Budget, Call, Failure, Limit};
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::limiter::Limiter;
use crate::record::Recorder;
use crate::wasi::{VirtualClock, VirtualRandom};

/// What a host function can reach. Made anew for each call and dropped with its store.
pub(crate) struct State {
    pub(crate) call: Call,
    /// Whether the guest is asked to describe itself: then every capability is refused.
    pub(crate) describing: bool,
    pub(crate) limiter: Limiter,
    pub(crate) recorder: Recorder,
    pub(crate) table: ResourceTable,
    pub(crate) clock: VirtualClock,
    pub(crate) random: Option<VirtualRandom>,
    /// The most bytes of randomness that one call asked for.
    pub(crate) most_random_bytes: u64,
    wasi: Option<WasiCtx>,
    /// The first limit that a host function found reached.
    refused: Option<Failure>,
}

impl State {
    pub(crate) fn new(call: Call, describing: bool) -> State {
        let mut table = ResourceTable::new();
        table.set_max_capacity(call.budget.get(Limit::Handles) as usize);
        State {
            describing,
            limiter: Limiter::new(&call.budget),
            recorder: Recorder::new(&call),
            table,
            clock: VirtualClock::new(call.run.started_at_unix_nanos),
            random: None,
            most_random_bytes: 0,
            wasi: None,
            refused: None,
            call,
        }
    }

    pub(crate) fn budget(&self) -> &Arc<Budget> {
        &self.call.budget
    }

    /// Counts text that a host call took over, before anything is done with it.
    pub(crate) fn take_over(&mut self, bytes: usize) -> wasmtime::Result<()> {
        let taken = self.recorder.take_over(bytes);
        taken.map_err(|failure| self.refuse(failure))
    }

    /// The most entries that the table of handles ever held.
    ///
    /// The table tells no length; but it gives entries that were freed before it adds one, so its length is that number,
    /// and filling what is free counts it. The table is of no use afterwards.
    pub(crate) fn most_handles(&mut self) -> u64 {
        self.table.set_max_capacity(0);
        let mut most = self.table.iter_mut().count() as u64;
        while self.table.push(()).is_ok() {
            most += 1;
        }
        most
    }

    /// Ends the call: remembers why and gives the error that makes wasmtime trap.
    pub(crate) fn refuse(&mut self, failure: Failure) -> wasmtime::Error {
        let message = failure.message.clone();
        self.refused.get_or_insert(failure);
        wasmtime::Error::msg(message)
    }

    /// The limit that was reached, if one was: it explains whatever error wasmtime gave.
    pub(crate) fn refused(&mut self) -> Option<Failure> {
        self.limiter
            .refused
            .take()
            .or_else(|| self.refused.take())
            .or_else(|| self.recorder.refused())
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        // Most agents never call into WASI, and the context costs more than such a call.
        let ctx = self
            .wasi
            .get_or_insert_with(|| crate::wasi::empty_world(&self.recorder));
        WasiCtxView {
            ctx,
            table: &mut self.table,
        }
    }
}
