//! Agents of this program, which tell what was asked of them and count how many of their calls are alive.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hap::{
    Agent, Answer, BoxFuture, Call, Digest, Failure, FailureKind, Graph, Json, LoadedGraph, Manifest,
    NodeStatus, Plan, Request, RunOptions, RunOutcome, Usage,
};
use serde_json::Value;

use crate::agent;
use crate::engine::joined;

/// An agent made of an async function.
pub(crate) struct Native<F> {
    manifest: Manifest,
    alive: Arc<AtomicUsize>,
    function: F,
}

struct Alive(Arc<AtomicUsize>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl<F, R> Agent for Native<F>
where
    F: Fn(Request, Call) -> R + Send + Sync,
    R: Future<Output = Result<String, Failure>> + Send + 'static,
{
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn digest(&self) -> Option<Digest> {
        None
    }

    fn invoke(&self, request: Request, call: Call) -> BoxFuture<'_, Answer> {
        self.alive.fetch_add(1, Ordering::SeqCst);
        let alive = Alive(self.alive.clone());
        let answer = (self.function)(request, call);
        Box::pin(async move {
            let _alive = alive;
            Answer {
                result: answer.await,
                usage: Usage::default(),
            }
        })
    }
}

/// The agent, and the number of its calls that have not ended.
pub(crate) fn native<F, R>(function: F) -> (Arc<dyn Agent>, Arc<AtomicUsize>)
where
    F: Fn(Request, Call) -> R + Send + Sync + 'static,
    R: Future<Output = Result<String, Failure>> + Send + 'static,
{
    let alive = Arc::new(AtomicUsize::new(0));
    let agent = Native {
        manifest: Manifest::in_process("native"),
        alive: alive.clone(),
        function,
    };
    (Arc::new(agent), alive)
}

/// What the agent `scripted` answers to the request.
pub(crate) fn scripted(request: &Request, attempt: u32) -> Result<String, Failure> {
    let context: Value = request.context.to().unwrap();
    let params: Value = request.params.to().unwrap();
    let answer = agent::answer(&params, context.as_object().unwrap(), attempt.into());
    answer.map(|output| output.to_string()).map_err(|kind| {
        let kind = match kind {
            "unavailable" => FailureKind::Unavailable { retry_after: None },
            "invalid-input" => FailureKind::InvalidInput,
            "trap" => FailureKind::Trap,
            _ => FailureKind::Failed,
        };
        Failure::new(kind, "as told")
    })
}

/// A graph whose nodes are all served by that agent.
pub(crate) fn served(text: &str, agent: &Arc<dyn Agent>) -> LoadedGraph {
    let graph = Graph::from_text("g.yaml", text).unwrap();
    joined(&Arc::new(Plan::new(&graph).unwrap()), agent)
}

/// The members of an input.
pub(crate) fn members(input: &Value) -> Vec<(Arc<str>, Json)> {
    let members = input.as_object().unwrap().iter();
    members
        .map(|(key, value)| (Arc::from(key.as_str()), Json::from_value(value).unwrap()))
        .collect()
}

/// Options with which a run can be repeated.
pub(crate) fn options() -> RunOptions {
    RunOptions {
        started_at_unix_nanos: Some(1_700_000_000_000_000_000),
        seed: Some(7),
        ..RunOptions::default()
    }
}

pub(crate) fn status<'a>(outcome: &'a RunOutcome, node: &str) -> &'a NodeStatus {
    let record = outcome.agent_metadata.iter().find(|(id, _)| id.as_str() == node);
    &record.unwrap().1.status
}
