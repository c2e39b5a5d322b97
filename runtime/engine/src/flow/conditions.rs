//! Conditions of edges that read what their node's agent never returns, where its output schema is closed.

use hap_model::{NodeIndex, Problem, nearest};

use super::facts::Kinds;
use super::{Flow, MAX_PROBLEMS, shown};

/// A problem for each key that a condition reads of an output that cannot have it.
pub(super) fn unanswerable(flow: &Flow<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, node, facts) in flow.nodes() {
        // An agent that can return anything, or something that is no object, cannot be held to keys.
        if facts.open || facts.other != Kinds::NONE {
            continue;
        }
        let conditions = &flow.plan.links(NodeIndex(index as u32)).conditions;
        for condition in conditions {
            for key in condition.needs_of("output") {
                if facts.gives.contains_key(&*key) || problems.len() >= MAX_PROBLEMS {
                    continue;
                }
                let (told, source) = (shown(&key), shown(condition.source()));
                let message = format!(
                    "node `{}`: the condition `{source}` of an edge reads `output.{told}`, which its agent never returns",
                    node.id
                );
                let problem = Problem::error(node.body_place, message);
                problems.push(match nearest(&key, facts.gives.keys().map(String::as_str)) {
                    Some(near) => problem.hint(format!("did you mean `output.{}`?", shown(near))),
                    None => problem.hint("read a key of the agent's output schema"),
                });
            }
        }
    }
    problems
}
