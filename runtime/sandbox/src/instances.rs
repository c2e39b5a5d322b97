//! How many core instances a component consists of. wasmtime tells it of memories and tables before anything runs, and of
//! instances not at all; but it refuses one instance more than a store may have, and that tells it.

use hap_model::{Budget, Limit};
use wasmtime::{Engine, Instance, Module, Store};

use crate::error::SandboxError;
use crate::state::State;

/// A module with nothing in it: the preamble of a core module alone.
const EMPTY: &[u8] = b"\0asm\x01\0\0\0";

/// The module that [`count`] tries to instantiate.
pub(crate) fn empty_module(engine: &Engine) -> Result<Module, SandboxError> {
    Module::from_binary(engine, EMPTY).map_err(|error| SandboxError::engine(&error))
}

/// The core instances in `store`, which is of no use afterwards.
pub(crate) async fn count(store: &mut Store<State>, empty: &Module) -> u32 {
    let most = Budget::unlimited().get(Limit::Instances) as u32;
    for held in 0..most {
        // A refusal comes before anything is allocated, so all but the last try cost next to nothing.
        store.data_mut().limiter.allow_instances(held as usize + 1);
        store.limiter(|state| &mut state.limiter);
        if Instance::new_async(&mut *store, empty, &[]).await.is_ok() {
            return held;
        }
    }
    // As many as there may be: then there may be no place for one more.
    most
}
