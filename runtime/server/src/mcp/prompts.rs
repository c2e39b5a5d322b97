//! Prompts: one beside each tool, with which a person asks for it. Its arguments are those of the tool, and it
//! carries what is known of the agent or graph.

use rmcp::model::{
    ContentBlock, GetPromptResult, JsonObject, ListPromptsResult, Prompt, PromptArgument, PromptMessage,
    ResourceContents, Role,
};
use serde_json::Value;

use super::page::page;
use super::resources::{uri, whole};
use super::tools::{callable, callables};
use crate::methods::Caller;
use crate::rpc::RpcError;
use crate::runs::Subject;

/// A page of the prompts: of the tools that the caller may call.
pub(crate) fn list(caller: &Caller, cursor: Option<String>) -> ListPromptsResult {
    let (entries, next) = page(callables(caller), cursor);
    let prompts = entries.into_iter().map(|(name, callable)| {
        let arguments = arguments(&callable.input_schema());
        let prompt = Prompt::new(name, Some(callable.description()), Some(arguments));
        prompt.with_title(callable.subject().name())
    });
    let mut result = ListPromptsResult::with_all_items(prompts.collect());
    result.next_cursor = next;
    result
}

/// The properties of a tool's input, as the arguments of its prompt.
fn arguments(schema: &JsonObject) -> Vec<PromptArgument> {
    let required = schema.get("required").and_then(Value::as_array);
    let properties = schema.get("properties").and_then(Value::as_object);
    let argument = |(name, described): (&String, &Value)| {
        let is_required = required.is_some_and(|required| required.iter().any(|key| key == name));
        let mut argument = PromptArgument::new(name).with_required(is_required);
        argument.description = described
            .get("description")
            .and_then(Value::as_str)
            .map(str::to_owned);
        argument
    };
    properties.into_iter().flatten().map(argument).collect()
}

/// The prompt of a tool, with these arguments filled in.
///
/// # Errors
/// When there is no such tool, the caller may not call it, or an argument that it needs is missing.
pub(crate) async fn get(
    caller: &Caller,
    tool: &str,
    given: Option<JsonObject>,
) -> Result<GetPromptResult, RpcError> {
    let callable = callable(caller, tool)?;
    let given = given.unwrap_or_default();
    let wanted = arguments(&callable.input_schema());
    let missing = wanted
        .iter()
        .find(|wanted| wanted.required == Some(true) && !given.contains_key(&wanted.name));
    if let Some(missing) = missing {
        let message = format!("the argument `{}` is missing", missing.name);
        return Err(RpcError::invalid_params(message).with("param", missing.name.clone()));
    }
    let mut text = format!("Call the tool `{tool}`");
    if given.is_empty() {
        let names: Vec<String> = wanted.iter().map(|wanted| format!("`{}`", wanted.name)).collect();
        if !names.is_empty() {
            text += &format!("; it takes {}", names.join(", "));
        }
    } else {
        text += &format!(" with these arguments: {}", Value::Object(given));
    }
    text += ". Then tell me what it answered.";
    let mut messages = vec![PromptMessage::new_text(Role::User, text)];
    let known = known(caller, &callable.subject()).await;
    messages.extend(known.map(|known| PromptMessage::new(Role::User, known)));
    Ok(GetPromptResult::new(messages).with_description(callable.description()))
}

/// What is known of it, where the caller may read that.
async fn known(caller: &Caller, subject: &Subject) -> Option<ContentBlock> {
    let name = match subject {
        Subject::Agent(name) => format!("agent://{name}/info"),
        Subject::Graph(name) => format!("graph://{name}"),
    };
    let text = String::from_utf8(whole(caller, &name).await.ok()?).ok()?;
    let contents = ResourceContents::text(text, uri(caller, &name));
    Some(ContentBlock::resource(
        contents.with_mime_type("application/json"),
    ))
}
