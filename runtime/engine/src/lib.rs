//! One run of a graph over time: which nodes are ready, which run at the same time, what each sees, and what happens
//! when one fails or the run is cancelled.
//!
//! The engine does not know what agents are. It calls [`hap_model::Agent`] and needs a tokio runtime.

mod attempt;
mod backoff;
mod breaker;
mod call;
mod crew;
mod events;
mod finish;
mod flow;
mod loaded;
mod map;
mod nested;
mod node;
mod options;
mod output;
mod persevere;
mod repeat;
mod routes;
mod run;
mod schedule;
mod schema;
mod scope;
mod shared;
mod slots;
mod spending;
mod stops;
mod views;

pub use breaker::{BreakerReport, Breakers};
pub use flow::check_flow;
pub use loaded::{AgentNode, Body, FindAgent, LoadedAgent, LoadedGraph};
pub use options::RunOptions;
pub use run::{Canceller, Run};
