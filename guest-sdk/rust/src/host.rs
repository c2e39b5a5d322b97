//! The functions the host offers: the component's imports on WebAssembly, the fake of
//! [`testing`](crate::testing) elsewhere. Both have the shape that wit-bindgen gives the imports.

#[cfg(target_arch = "wasm32")]
pub(crate) use crate::bindings::hap::agent::{identity, log, progress, resources, run};

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use crate::testing::imports::{identity, log, progress, resources, run};
