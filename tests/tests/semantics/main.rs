//! What graphs do, held against a naive interpreter that follows the words of the design. The agents are real components.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what went wrong by panicking"
)]

mod agent;
mod assemble;
mod cancel;
mod cancel_node;
mod engine;
mod faults;
mod generate;
mod native;
mod property;
mod recovery;
mod reducers;
mod reference;
mod scale;
mod schedule;
mod values;
mod work;
