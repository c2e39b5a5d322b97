//! `hap:agent/run`: which call this is and how much of its time is left.

use crate::bindings::hap::agent::run;
use crate::state::State;

impl run::Host for State {
    fn id(&mut self) -> wasmtime::Result<String> {
        Ok(self.call.run.id.to_string())
    }

    fn node(&mut self) -> wasmtime::Result<String> {
        Ok(self.call.node.to_string())
    }

    fn operation_id(&mut self) -> wasmtime::Result<String> {
        Ok(self.call.operation_id())
    }

    fn attempt(&mut self) -> wasmtime::Result<u32> {
        Ok(self.call.attempt)
    }

    fn remaining_ms(&mut self) -> wasmtime::Result<Option<u64>> {
        Ok(Some(self.call.remaining().as_millis() as u64))
    }

    fn is_cancelled(&mut self) -> wasmtime::Result<bool> {
        Ok(self.call.run.cancellation.is_cancelled())
    }
}
