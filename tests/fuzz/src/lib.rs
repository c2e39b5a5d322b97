//! The properties that are fuzzed: one function a target, which takes any bytes and panics when the property does not
//! hold. The fuzz targets here call them under libFuzzer; `tests/tests/fuzz_corpus.rs` takes this very file in as a
//! module and calls them on stable Rust.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a property says that it does not hold by panicking"
)]

pub mod bounded;
pub mod component;
pub mod context;
pub mod entrypoint;
pub mod graph_file;
pub mod json;
pub mod mutate;
pub mod reference;
pub mod told;
pub mod wasm;

/// A target's name, and the property that holds for every input.
pub type Target = (&'static str, fn(&[u8]));

/// Every target, named as its folder in `corpus/`.
pub const TARGETS: [Target; 4] = [
    ("graph_file", graph_file::check),
    ("json", json::check),
    ("entrypoint", entrypoint::check),
    ("component", component::check),
];
