//! What came of a run, as the result of a tool.

use std::fmt::Write as _;

use hap::{Failure, NodeStatus, RunOutcome, RunStatus};
use rmcp::model::{CallToolResult, ContentBlock, JsonObject, MetaObject};
use serde_json::Value;

use super::media;

/// Under this key, a result says which run it is of; `run/get` tells the rest.
const RUN: &str = "hap/run_id";

/// How many bytes of output one result has at most. It has them twice, as a value and as a text.
const MAX_OUTPUT: usize = 8 << 20;

/// How many failed nodes an explanation tells of.
const MAX_FAILURES: usize = 10;

/// The result: the keys that the nodes wrote, as structured content and as text, or why there are none.
pub(super) fn of_outcome(what: &str, outcome: &RunOutcome) -> CallToolResult {
    let mut result = match outcome.status {
        RunStatus::Success | RunStatus::Partial => outputs(outcome),
        _ => CallToolResult::error(vec![ContentBlock::text(explanation(what, outcome))]),
    };
    let run = (RUN.to_owned(), Value::from(outcome.run_id.to_string()));
    result.meta = Some(MetaObject(JsonObject::from_iter([run])));
    result
}

fn outputs(outcome: &RunOutcome) -> CallToolResult {
    let written = serde_json::to_string(&outcome.outputs).unwrap_or_default();
    if written.len() > MAX_OUTPUT {
        let message = format!(
            "The output has {} bytes, and a result may have {MAX_OUTPUT}: `run/get` tells the run's outcome.",
            written.len()
        );
        return CallToolResult::error(vec![ContentBlock::text(message)]);
    }
    let Ok(structured) = serde_json::from_str::<Value>(&written) else {
        let message = format!("The output has a number that cannot be passed on; as text it is: {written}");
        return CallToolResult::error(vec![ContentBlock::text(message)]);
    };
    let mut shown = structured.clone();
    let media = media::take_out(&mut shown, &format!("run://{}", outcome.run_id));
    // Where nothing was taken out, the text is what the nodes wrote, to the byte.
    let text = if media.is_empty() {
        written
    } else {
        shown.to_string()
    };
    let mut content = vec![ContentBlock::text(text)];
    content.extend(media);
    let degraded = |status: &NodeStatus| matches!(status, NodeStatus::Degraded { .. });
    let records = outcome
        .agent_metadata
        .iter()
        .filter(|(_, record)| degraded(&record.status));
    let replaced: Vec<String> = records.map(|(node, _)| format!("`{node}`")).collect();
    if !replaced.is_empty() {
        let message = format!(
            "These nodes failed and were replaced or done without: {}.",
            replaced.join(", ")
        );
        content.push(ContentBlock::text(message));
    }
    let mut result = CallToolResult::success(content);
    result.structured_content = Some(structured);
    result
}

/// Why a run has no result, for whoever called: a model can often mend its arguments by it.
fn explanation(what: &str, outcome: &RunOutcome) -> String {
    let mut text = match outcome.status {
        RunStatus::Timeout => format!("{what} took longer than it may."),
        RunStatus::Cancelled => format!("{what} was cancelled."),
        _ => format!("{what} failed."),
    };
    if let Some(failure) = &outcome.failure {
        tell(&mut text, None, failure);
    }
    let mut failures = outcome.failures();
    for (node, failure) in failures.by_ref().take(MAX_FAILURES) {
        tell(&mut text, Some(node.as_str()), failure);
    }
    let more = failures.count();
    if more > 0 {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "\nAnd {more} more.");
    }
    text
}

fn tell(text: &mut String, node: Option<&str>, failure: &Failure) {
    let place = node.map(|node| format!("Node `{node}`: ")).unwrap_or_default();
    // Writing to a `String` cannot fail.
    let _ = write!(text, "\n{place}{} ({})", failure.message, failure.kind.name());
    if let Some(hint) = &failure.hint {
        let _ = write!(text, "\n  Hint: {hint}");
    }
}
