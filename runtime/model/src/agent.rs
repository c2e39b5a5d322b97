//! The port through which the engine calls agents. It does not say what an agent is: a component in a sandbox
//! and a Rust closure are the same to whoever calls them.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::budget::{Budget, Usage};
use crate::event::{LogRecord, Progress};
use crate::failure::{Failure, HostCall};
use crate::grants::Grants;
use crate::id::{Digest, NodeId, RunId};
use crate::identity::Identity;
use crate::json::Json;
use crate::node_path::NodePath;
use crate::resources::ResourceProvider;

/// A future on the heap that can move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What serves a node.
///
/// An implementation must hold no state between calls: equal requests deserve equal answers. A call ends early
/// when its future is dropped.
pub trait Agent: Send + Sync {
    /// What is known about the agent before it runs.
    fn manifest(&self) -> &Manifest;

    /// The digest of the component's bytes; `None` for an agent that is part of this program.
    fn digest(&self) -> Option<Digest>;

    /// Serves one request.
    fn invoke(&self, request: Request, call: Call) -> BoxFuture<'_, Answer>;

    /// The interfaces that its component imports: all that it could ever ask for. Empty for an agent of this program.
    fn imports(&self) -> &[String] {
        &[]
    }

    /// Whether it holds the budget of a call itself, limit by limit. For an agent that does not, the engine holds the
    /// limits that can be held from outside: wall time and output bytes.
    fn enforces_budget(&self) -> bool {
        false
    }
}

/// What is known about an agent before it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Manifest {
    /// Kebab-case name, unique in a catalogue.
    pub name: String,
    /// Semantic version of the agent.
    pub version: String,
    /// One line for people.
    pub description: String,
    /// JSON Schema (2020-12) of the context it wants; `None` accepts any object.
    pub context_schema: Option<Json>,
    /// JSON Schema (2020-12) of its output; `None` promises any value.
    pub output_schema: Option<Json>,
    /// Changes nothing outside the graph's context.
    pub read_only: bool,
    /// Calling it twice with one request leaves the world as calling it once.
    pub idempotent: bool,
}

/// Everything that an answer may depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// A JSON object: the keys of the context that the node may read.
    pub context: Json,
    /// A JSON object: the node's settings, verbatim.
    pub params: Json,
}

/// What came of a call, and what it cost.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The output as JSON text that nobody has checked yet, or why there is none.
    pub result: Result<String, Failure>,
    /// What was spent.
    pub usage: Usage,
}

/// Which call this is, what it may spend and use, and where its messages go. An output must not depend on it.
#[derive(Clone)]
pub struct Call {
    /// What is the same for all calls of the run.
    pub run: Arc<RunContext>,
    /// The node that is served.
    pub node: NodeId,
    /// Where it stands in the run: which round of a loop, which item of a map.
    pub path: NodePath,
    /// 1 on the first attempt.
    pub attempt: u32,
    /// What this attempt may spend.
    pub budget: Arc<Budget>,
    /// What the node may use.
    pub grants: Arc<Grants>,
    /// When the host stops the call.
    pub deadline: Instant,
    /// Takes the call's log records and progress.
    pub observer: Arc<dyn CallObserver>,
}

impl Call {
    /// Names this activation of the node, the same on every attempt: an idempotency key for the outside world.
    pub fn operation_id(&self) -> String {
        format!("{}/{}", self.run.id, self.path)
    }

    /// The time left before the host stops the call.
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}

/// What is the same for all calls of one run.
pub struct RunContext {
    /// The run.
    pub id: RunId,
    /// The instant from which virtual clocks start: nanoseconds since 1970-01-01T00:00Z.
    pub started_at_unix_nanos: u64,
    /// What virtual randomness is made from, together with node and attempt.
    pub seed: u64,
    /// Whether the run has been asked to stop.
    pub cancellation: Cancellation,
    /// Serves the documents that grants name.
    pub resources: Arc<dyn ResourceProvider>,
    /// Who asked for the run; a node is told what its grants name of it.
    pub identity: Arc<Identity>,
}

/// A flag that asks the calls of a run to return early.
#[derive(Clone, Debug, Default)]
pub struct Cancellation(Arc<AtomicBool>);

impl Cancellation {
    /// Raises the flag.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether it is raised.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Takes what a call says while it runs. Called often and in the middle of a guest's work: it must not block.
pub trait CallObserver: Send + Sync {
    /// A log record; it is within the budget, capped and clean already.
    fn log(&self, node: &NodePath, record: LogRecord);

    /// A progress update; likewise.
    fn progress(&self, node: &NodePath, progress: Progress);

    /// A call to the host that is over, and how long it took; the first ones of each attempt only. Its subject is clean.
    fn host_call(&self, node: &NodePath, call: HostCall, duration: Duration) {
        let _ = (node, call, duration);
    }
}

/// An agent made of a Rust closure over JSON values, for embedders and tests.
///
/// ```
/// use hap_model::{FnAgent, Agent};
/// let agent = FnAgent::new("double", |context| {
///     let n = context["n"].as_i64().ok_or("`n` must be an integer")?;
///     Ok(serde_json::json!({ "n": 2 * n }))
/// });
/// assert_eq!(agent.manifest().name, "double");
/// ```
pub struct FnAgent<F> {
    manifest: Manifest,
    function: F,
}

/// What a closure behind [`FnAgent`] may return as its error: a message, which becomes a `failed` failure.
pub type FnError = Box<dyn std::error::Error + Send + Sync>;

impl<F> FnAgent<F>
where
    F: Fn(serde_json::Value) -> Result<serde_json::Value, FnError> + Send + Sync,
{
    /// An agent called `name` that answers with what `function` makes of the context.
    pub fn new(name: impl Into<String>, function: F) -> FnAgent<F> {
        FnAgent {
            manifest: Manifest::in_process(name),
            function,
        }
    }
}

impl Manifest {
    /// The manifest of an agent that is part of this program.
    pub fn in_process(name: impl Into<String>) -> Manifest {
        Manifest {
            name: name.into(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            description: "an agent that is part of the host program".to_owned(),
            context_schema: None,
            output_schema: None,
            read_only: false,
            idempotent: false,
        }
    }
}

impl<F> Agent for FnAgent<F>
where
    F: Fn(serde_json::Value) -> Result<serde_json::Value, FnError> + Send + Sync,
{
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn digest(&self) -> Option<Digest> {
        None
    }

    fn invoke(&self, request: Request, _call: Call) -> BoxFuture<'_, Answer> {
        Box::pin(async move {
            use crate::failure::FailureKind::{Failed, InvalidInput};
            let result = serde_json::from_str(request.context.as_str())
                .map_err(|error| Failure::new(InvalidInput, error.to_string()))
                .and_then(|context| {
                    (self.function)(context).map_err(|error| Failure::new(Failed, error.to_string()))
                })
                .map(|output| output.to_string());
            Answer {
                result,
                usage: Usage::default(),
            }
        })
    }
}
