//! One agent in one store: WebAssembly components run with a budget, with no authority but what is granted, and with a
//! failure that says what happened.
//!
//! This is the only crate that builds a wasmtime `Config`. It knows calls; it does not know runs, plans or retries.

#![warn(clippy::indexing_slicing)]

mod bindings;
mod cache;
mod capability;
mod compile;
mod component;
mod describe;
mod engine;
mod error;
mod guard;
mod handles;
mod instances;
mod invoke;
mod limiter;
mod nesting;
mod record;
mod sandbox;
mod slots;
mod state;
mod stats;
mod ticker;
mod trap;
mod wasi;

pub use cache::{CacheError, CompileCache};
pub use compile::{ChildCompiler, Compilation, compile_child};
pub use component::{ComponentBytes, ComponentInfo, digest};
pub use engine::Allocation;
pub use error::SandboxError;
pub use invoke::ComponentAgent;
pub use sandbox::{Sandbox, SandboxConfig};
pub use stats::SandboxStats;
