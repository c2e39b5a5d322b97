//! The nouns of HAP: graph, plan, context, budget, grants, events, outcome, and the ports through which agents and
//! resources are reached. Plain data and pure functions: nothing here waits, and nothing knows what runs an agent.
//!
//! Data flows one way: a file or a program makes a [`Graph`], checking makes it a [`Plan`], running it makes
//! [`Event`]s and in the end a [`RunOutcome`].
//!
//! ```
//! use hap_model::{Graph, Plan};
//! let text = "
//! nodes:
//!   a: {agent: demo:a, next: [b, c]}
//!   b: {agent: demo:b, writes: [k], next: d}
//!   c: {agent: demo:c, writes: [k], next: d}
//!   d: {agent: demo:d}
//! ";
//! let graph = Graph::from_text("graph.yaml", text).unwrap();
//! let problems = Plan::new(&graph).unwrap_err();
//! assert!(problems.to_string().contains("nodes `b` and `c` can run at the same time and both write `k`"));
//! ```

mod agent;
mod budget;
mod condition;
mod context;
mod entrypoint;
mod event;
mod failure;
mod file;
mod grants;
mod graph;
mod id;
mod identity;
mod json;
mod node_path;
mod node_set;
mod outcome;
mod plan;
mod problem;
mod reducer;
mod resources;
#[cfg(feature = "schema")]
mod schema;

pub use agent::{
    Agent, Answer, BoxFuture, Call, CallObserver, Cancellation, FnAgent, FnError, Manifest, Request,
    RunContext,
};
pub use budget::{Budget, Limit, Unit, Usage};
pub use condition::{Condition, ConditionError, ConditionValue, MAX_CONDITION_BYTES};
pub use context::{Conflict, Context, Reducers, Resolved, ViewError, Writer};
pub use entrypoint::{Entrypoint, EntrypointError, EntrypointForm};
pub use event::{BreakerState, Event, EventKind, EventSink, Level, LogRecord, LogSource, Progress};
pub use failure::{Failure, FailureKind, HostCall, MAX_CAUSES, MAX_CAUSES_IN_FULL, Origin, sanitize};
pub use file::MAX_NESTED_GRAPHS;
pub use grants::{Grants, ResourcePattern, Ungranted, is_canonical, is_resource_name};
pub use graph::{
    AtMax, CircuitBreaker, Defaults, Edge, FailedItems, Graph, Located, Loop, MAX_ATTEMPTS, MAX_LOOP_ROUNDS,
    MAX_MAP_ITEMS, MAX_WAIT, Map, NestedGraph, Node, NodeAgent, NodeBody, OnFailure, Repeat, Retry, RetryOn,
    When,
};
pub use id::{Digest, MAX_NODE_ID_BYTES, NodeId, NodeIndex, RunId};
pub use identity::{Identity, IdentityPart};
pub use json::{Json, JsonError, JsonShape, MAX_JSON_DEPTH, TopLevel};
pub use node_path::NodePath;
pub use outcome::{ItemCounts, NodeRecord, NodeStatus, Replacement, RunOutcome, RunStatus, SkipReason};
pub use plan::{
    EdgeKind, FallbackIndex, Group, GroupIndex, Links, Plan, PlanBody, PlanLoop, PlanMap, PlanNode,
    PlanOnFailure, PlanRepeat,
};
pub use problem::{Place, Problem, Problems, Severity, nearest};
pub use reducer::{ReduceError, Reducer};
pub use resources::{
    ComposedResources, MemoryResources, NoResources, ResourceEntry, ResourceError, ResourceProvider,
};
