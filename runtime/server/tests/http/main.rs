//! The server as its clients meet it: over HTTP on a loopback port, and over streams.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test says what went wrong by panicking"
)]

mod actors;
mod cors;
mod described;
mod edges;
mod identity;
mod life;
mod matrix;
mod mcp;
mod methods;
mod metrics;
mod progress;
mod quotas;
mod resources;
mod runs;
mod slow;
mod socket;
mod subscriptions;
mod support;
mod tls;
mod traces;
mod transports;
mod websocket;
