//! One call of an agent, whatever the agent is: within its time and its output, and no panic gets through.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use hap_model::{Agent, Answer, Budget, Call, Failure, FailureKind, Limit, Request, Usage, sanitize};

/// Calls an agent. A panic in host code fails this node and nothing else.
pub(crate) async fn call_agent(agent: &dyn Agent, request: Request, call: Call) -> Answer {
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
