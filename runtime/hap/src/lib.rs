//! Runs graphs of agents that nobody has to trust. This is the one crate to embed.
//!
//! An agent is a WebAssembly component that exports the interface `hap:agent/agent` of `wit/`; or a closure of the host
//! program, as here:
//!
//! ```
//! use hap::{Graph, Runtime, json};
//!
//! fn main() -> hap::Result<()> {
//!     let runtime = Runtime::builder()
//!         .agent_fn("text:count", |context| {
//!             let text = context["text"].as_str().ok_or("`text` must be a string")?;
//!             Ok(json!({ "words": text.split_whitespace().count() }))
//!         })
//!         .agent_fn("text:report", |context| Ok(json!({ "report": format!("{} words", context["words"]) })))
//!         .build()?;
//!
//!     let graph = Graph::from_text("report.yaml", "
//!         nodes:
//!           count:  {agent: 'text:count', reads: [text], next: report}
//!           report: {agent: 'text:report'}
//!     ")?;
//!     let outcome = runtime.run_blocking(&graph, json!({ "text": "all that is gold" }))?;
//!
//!     assert_eq!(outcome.get("report").unwrap().as_str(), r#""4 words""#);
//!     Ok(())
//! }
//! ```
//!
//! Components are named by path or found in agent folders ([`RuntimeBuilder::agents_dir`]); [`read_graph`] reads a graph
//! file; [`Runtime::start`] gives a [`Run`] that can be watched event by event and cancelled.

/// The examples of the pages, run as tests.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../../docs/embedding.md")]
    struct Embedding;
    #[doc = include_str!("../../../docs/security.md")]
    struct Security;
    #[doc = include_str!("../../../README.md")]
    struct Readme;
}

mod builder;
mod error;
mod graph_file;
mod input;
mod loader;
mod lock;
mod resources;
mod runtime;

pub use builder::RuntimeBuilder;
pub use error::{Error, Result};
pub use graph_file::{read_graph, read_graph_with_files};
pub use hap_engine::{
    AgentNode, Body, BreakerReport, Breakers, Canceller, FindAgent, LoadedAgent, LoadedGraph, Run, RunOptions,
};
pub use hap_model::*;
pub use hap_sandbox::{
    Allocation, CacheError, ChildCompiler, Compilation, ComponentInfo, SandboxConfig, SandboxError,
    SandboxStats, compile_child,
};
pub use input::Input;
pub use loader::{AgentLoader, FolderLoader, LoadError, LoadedBytes};
pub use lock::Lock;
pub use resources::FolderResources;
pub use runtime::Runtime;
pub use serde_json::json;
