//! What a guest may call, one file an interface of the contract. Each checks its grant and its budget first: a guest
//! learns that it was refused, never why.

mod identity;
mod log;
mod progress;
mod resources;
mod run;

use wasmtime::component::{HasSelf, Linker};

use crate::bindings::hap::agent;
use crate::state::State;

#[expect(unreachable_pub, reason = "the generated bindings re-export it publicly")]
pub use resources::Reader;

/// Links every interface of the contract.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    agent::run::add_to_linker::<State, HasSelf<State>>(linker, |state| state)?;
    agent::log::add_to_linker::<State, HasSelf<State>>(linker, |state| state)?;
    agent::progress::add_to_linker::<State, HasSelf<State>>(linker, |state| state)?;
    agent::identity::add_to_linker::<State, HasSelf<State>>(linker, |state| state)?;
    agent::resources::add_to_linker::<State, HasSelf<State>>(linker, |state| state)
}

// The package's types have no functions of their own.
impl agent::types::Host for State {}
