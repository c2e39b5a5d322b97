//! One run of a graph over time: which nodes are ready, which run at the same time, what each sees, and what happens
//! when one fails or the run is cancelled.
//!
//! The engine does not know what agents are. It calls [`hap_model::Agent`] and needs a tokio runtime.

mod attempt;
mod events;
mod finish;
mod options;
mod run;
mod run_budget;
mod schedule;
mod views;

pub use options::RunOptions;
pub use run::{Canceller, LoadedGraph, Run};
