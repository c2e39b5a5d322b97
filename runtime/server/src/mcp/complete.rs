//! Completions: the rest of a name that a person has begun to write.

use rmcp::model::{CompleteResult, CompletionInfo, Reference};
use serde_json::Value;

use super::tools::callable;
use crate::auth::Scope;
use crate::methods::Caller;

/// What may stand for `argument` where it begins with `start`: names that the caller may know, or the values that a
/// tool's schema lists.
pub(super) fn complete(caller: &Caller, of: &Reference, argument: &str, start: &str) -> CompleteResult {
    let mut values = match of {
        Reference::Resource(template) => names(caller, &template.uri),
        Reference::Prompt(prompt) => listed(caller, &prompt.name, argument),
        // Kinds of references that are not known yet.
        _ => Vec::new(),
    };
    values.retain(|value| value.starts_with(start));
    let total = u32::try_from(values.len()).ok();
    let has_more = values.len() > CompletionInfo::MAX_VALUES;
    values.truncate(CompletionInfo::MAX_VALUES);
    let info = CompletionInfo::with_pagination(values, total, has_more);
    CompleteResult::new(info.unwrap_or_default())
}

fn names(caller: &Caller, template: &str) -> Vec<String> {
    let tenant = &caller.principal.tenant;
    match template.split_once("://").map(|(scheme, _)| scheme) {
        Some("agent") => {
            let agents = caller.server.catalog.agents().into_iter();
            let agents = agents.filter(|agent| caller.may(Scope::AgentRead, &agent.name));
            agents.map(|agent| agent.name.clone()).collect()
        }
        Some("graph") => {
            let graphs = caller.server.catalog.graphs(tenant).into_iter();
            let graphs = graphs.filter(|graph| caller.may(Scope::GraphRead, &graph.name));
            graphs.map(|graph| graph.name.clone()).collect()
        }
        Some("run") => {
            let runs = caller.server.runs.list(tenant).into_iter();
            let runs = runs.filter(|run| caller.may(Scope::RunRead, run.asked.subject.name()));
            runs.map(|run| run.id.clone()).collect()
        }
        _ => Vec::new(),
    }
}

/// The texts that a tool's schema lists for one of its properties.
fn listed(caller: &Caller, tool: &str, argument: &str) -> Vec<String> {
    let Ok(callable) = callable(caller, tool) else {
        return Vec::new();
    };
    let schema = Value::Object(callable.input_schema());
    let values = schema["properties"][argument]["enum"].as_array();
    let values = values.into_iter().flatten().filter_map(Value::as_str);
    values.map(str::to_owned).collect()
}
