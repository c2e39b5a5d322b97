//! One attempt of one node: what it is given, the call, and what its output is worth.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use hap_model::{
    Agent, Answer, Budget, Call, Failure, FailureKind, Json, JsonError, JsonShape, Limit, NodeId, Plan,
    PlanNode, Request, TopLevel, Usage, sanitize,
};

use crate::views::Writes;

/// Calls `agent` for `node` and checks what it returns.
pub(crate) async fn attempt(
    plan: &Plan,
    node: &PlanNode,
    agent: &dyn Agent,
    context: Json,
    call: Call,
) -> (Result<Writes, Failure>, Usage) {
    let (max_depth, max_keys) = (
        call.budget.get(Limit::JsonDepth),
        call.budget.get(Limit::OutputKeys),
    );
    let request = Request {
        context,
        params: node.params.clone(),
    };
    let Answer { result, mut usage } = call_agent(agent, request, call).await;
    let result = match result {
        Ok(output) => match take_apart(output, max_depth, max_keys).await {
            Ok((value, shape)) => {
                (usage.output_keys, usage.json_depth) = (shape.keys, shape.depth);
                writes(plan, node, value)
            }
            Err(failure) => Err(failure),
        },
        Err(failure) => Err(failure),
    };
    if let Err(failure) = &result {
        tell_excess(&mut usage, failure);
    }
    (result, usage)
}

/// An output of more than this is parsed where it holds up no other task: a megabyte takes some milliseconds. Handing it
/// over takes some microseconds, so short outputs stay where they are.
const LONG_OUTPUT_BYTES: usize = 256 << 10;

/// Checks an output and takes it apart.
async fn take_apart(output: String, max_depth: u64, max_keys: u64) -> Result<(TopLevel, JsonShape), Failure> {
    let long = output.len() > LONG_OUTPUT_BYTES;
    let parse = move || TopLevel::measured(&output, max_depth, max_keys);
    let parsed = if long {
        let elsewhere = tokio::task::spawn_blocking(parse).await;
        elsewhere.map_err(|_| {
            let message = "the thread that parsed the output ended before it was done";
            Failure::new(FailureKind::Internal, message)
        })?
    } else {
        parse()
    };
    parsed.map_err(|error| match error {
        JsonError::TooManyKeys(allowed) => Failure::limit(Limit::OutputKeys, allowed, allowed + 1),
        JsonError::TooDeep(allowed) => Failure::limit(Limit::JsonDepth, allowed, allowed + 1),
        error => Failure::new(
            FailureKind::InvalidOutput,
            format!("the output cannot be merged: {error}"),
        ),
    })
}

/// An output that is too large in a way is not read to its end, so all that is known is what its failure says.
fn tell_excess(usage: &mut Usage, failure: &Failure) {
    if let FailureKind::Limit { limit, used, .. } = failure.kind {
        match limit {
            Limit::OutputKeys => usage.output_keys = used,
            Limit::JsonDepth => usage.json_depth = used,
            _ => {}
        }
    }
}

/// The call itself. A panic in host code fails this node and nothing else.
async fn call_agent(agent: &dyn Agent, request: Request, call: Call) -> Answer {
    let budget = call.budget.clone();
    let failed = |failure| Answer {
        result: Err(failure),
        usage: Usage::default(),
    };
    // Calling and polling are both host code.
    let invoked = AssertUnwindSafe(async move { agent.invoke(request, call).await }).catch_unwind();
    let answer = if agent.enforces_budget() {
        invoked.await
    } else {
        match tokio::time::timeout(budget.wall_time(), invoked).await {
            Ok(answer) => answer,
            Err(_) => {
                let allowed = budget.get(Limit::WallTime);
                return failed(Failure::limit(Limit::WallTime, allowed, allowed));
            }
        }
    };
    match answer {
        Ok(answer) if !agent.enforces_budget() => within_output_limit(answer, &budget),
        Ok(answer) => answer,
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_default();
            let message = format!(
                "host code panicked while it served this node: {}",
                sanitize(&text, 1000)
            );
            failed(
                Failure::new(FailureKind::Internal, message)
                    .hint("this is a fault of the host: please report it"),
            )
        }
    }
}

fn within_output_limit(mut answer: Answer, budget: &Budget) -> Answer {
    let allowed = budget.get(Limit::Output);
    if let Ok(output) = &answer.result {
        answer.usage.output_bytes = output.len() as u64;
        if answer.usage.output_bytes > allowed {
            answer.result = Err(Failure::limit(Limit::Output, allowed, answer.usage.output_bytes));
        }
    }
    answer
}

/// Holds an output against the graph: an object's keys go into the context, any other value goes under the node's name.
fn writes(plan: &Plan, node: &PlanNode, output: TopLevel) -> Result<Writes, Failure> {
    let invalid = |message: String| Failure::new(FailureKind::InvalidOutput, message);
    let writes = match output {
        TopLevel::Object(members) => members,
        TopLevel::Other(value) => vec![(node.id.shared(), value)],
    };
    if let Some(allowed) = &node.writes {
        check_writes(&node.id, &writes, allowed)?;
    }
    for (key, value) in &writes {
        if let Some(reducer) = plan.reducers().get(key)
            && let Some(needed) = reducer.refuses(value)
        {
            let kind = value.kind();
            return Err(invalid(format!(
                "the output's `{key}` is {kind}, and its reducer `{reducer}` needs {needed}"
            )));
        }
    }
    Ok(writes)
}

fn check_writes(node: &NodeId, writes: &Writes, allowed: &BTreeSet<Arc<str>>) -> Result<(), Failure> {
    let Some((key, _)) = writes.iter().find(|(key, _)| !allowed.contains(key)) else {
        return Ok(());
    };
    let names: Vec<&str> = allowed.iter().map(|name| &**name).collect();
    let hint = match hap_model::nearest(key, names.iter().copied()) {
        Some(near) => format!("did the agent mean `{near}`?"),
        None => format!("add `{key}` to `writes` of node `{node}`"),
    };
    let message = format!(
        "the output has the key `{key}`, which is not in the node's `writes` ({})",
        names.join(", ")
    );
    Err(Failure::new(FailureKind::InvalidOutput, message).hint(hint))
}
