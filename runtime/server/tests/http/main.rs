//! The server as its clients meet it: over HTTP on a loopback port, and over streams.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test says what went wrong by panicking"
)]

mod actors;
mod edges;
mod life;
mod matrix;
mod mcp;
mod methods;
mod resources;
mod runs;
mod support;
