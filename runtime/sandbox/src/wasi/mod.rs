//! WASI, linked because language runtimes import it, and granting nothing: no files, no network, no arguments, no
//! environment. Time and randomness are virtual; what is printed becomes log records.

mod clocks;
mod random;
mod stdio;

use wasmtime::component::Linker;
use wasmtime_wasi::WasiCtx;

use crate::record::Recorder;
use crate::state::State;

pub(crate) use clocks::VirtualClock;
pub(crate) use random::VirtualRandom;

/// Links every interface of `wasi:cli/imports`, those of this module over wasmtime's own.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    linker.allow_shadowing(true);
    clocks::add_to_linker(linker)?;
    random::add_to_linker(linker)?;
    linker.allow_shadowing(false);
    Ok(())
}

/// A world with nothing in it but two streams to print on.
pub(crate) fn empty_world(recorder: &Recorder) -> WasiCtx {
    WasiCtx::builder()
        .stdout(stdio::Printed::stdout(recorder))
        .stderr(stdio::Printed::stderr(recorder))
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .build()
}
