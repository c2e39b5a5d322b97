//! The methods of the Model Context Protocol, as they are there: `tools/list`, `tools/call`, `resources/list`,
//! `resources/read`, `prompts/list`, `prompts/get`. What they do is in `mcp`.

use rmcp::model::{
    CallToolResult, GetPromptResult, JsonObject, ListPromptsResult, ListResourcesResult, ListToolsResult,
    ReadResourceResult,
};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Access, Caller, Table};
use crate::auth::Scope;
use crate::mcp;
use crate::rpc::{Code, MethodSpec, ParamSpec, RegisterError, RpcError};

/// One of these is needed for any tool.
const EXECUTE: &[Scope] = &[Scope::AgentExecute, Scope::GraphExecute];

#[derive(Deserialize, JsonSchema)]
struct List {
    /// Where the page before ended.
    #[serde(default)]
    cursor: Option<String>,
    /// What the protocol says about the request, which is passed over.
    #[serde(default)]
    _meta: Option<JsonObject>,
}

#[derive(Deserialize, JsonSchema)]
struct CallTool {
    /// The tool's name, as `tools/list` tells it.
    name: String,
    /// The input.
    #[serde(default)]
    arguments: Option<JsonObject>,
    /// What the protocol says about the request, which is passed over.
    #[serde(default)]
    _meta: Option<JsonObject>,
}

#[derive(Deserialize, JsonSchema)]
struct Read {
    /// Its URI, as `resources/list` tells it.
    uri: String,
    /// What the protocol says about the request, which is passed over.
    #[serde(default)]
    _meta: Option<JsonObject>,
}

#[derive(Deserialize, JsonSchema)]
struct GetPrompt {
    /// The prompt's name, as `prompts/list` tells it.
    name: String,
    /// What is filled in.
    #[serde(default)]
    arguments: Option<JsonObject>,
    /// What the protocol says about the request, which is passed over.
    #[serde(default)]
    _meta: Option<JsonObject>,
}

pub(super) fn add(table: &mut Table) -> Result<(), RegisterError> {
    let page = const { &[ParamSpec::optional("cursor"), ParamSpec::optional("_meta")] };
    let named = const {
        &[
            ParamSpec::required("name"),
            ParamSpec::optional("arguments"),
            ParamSpec::optional("_meta"),
        ]
    };
    let list = MethodSpec::new("tools/list")
        .params(page)
        .summary("The tools of MCP: the agents and graphs that the caller may execute.");
    table.add(list, Access::AnyOf(EXECUTE), list_tools)?;
    let call = MethodSpec::new("tools/call")
        .params(named)
        .errors(&[Code::NotFound, Code::Cancelled, Code::Unavailable])
        .summary("Runs an agent or graph as a tool of MCP.");
    table.add(
        call,
        Access::Asks(EXECUTE, |call: &CallTool| &call.name),
        call_tool,
    )?;
    let list = MethodSpec::new("resources/list")
        .params(page)
        .errors(&[Code::Unavailable])
        .summary("The resources that the caller may read, under the URIs of MCP.");
    table.add(list, Access::Any(Scope::ResourceRead), list_resources)?;
    let read = MethodSpec::new("resources/read")
        .params(const { &[ParamSpec::required("uri"), ParamSpec::optional("_meta")] })
        .errors(&[Code::NotFound, Code::Unavailable])
        .summary("The whole of a resource.");
    table.add(
        read,
        Access::Asks(&[Scope::ResourceRead], |read: &Read| &read.uri),
        read_resource,
    )?;
    let list = MethodSpec::new("prompts/list")
        .params(page)
        .summary("The prompts of MCP: one for each tool.");
    table.add(list, Access::AnyOf(EXECUTE), list_prompts)?;
    let get = MethodSpec::new("prompts/get")
        .params(named)
        .errors(&[Code::NotFound])
        .summary("A prompt of MCP.");
    table.add(
        get,
        Access::Asks(EXECUTE, |get: &GetPrompt| &get.name),
        get_prompt,
    )
}

async fn list_tools(caller: Caller, list: List) -> Result<ListToolsResult, RpcError> {
    Ok(mcp::list_tools(&caller, list.cursor))
}

async fn call_tool(caller: Caller, call: CallTool) -> Result<CallToolResult, RpcError> {
    mcp::call_tool(&caller, &call.name, call.arguments).await
}

async fn list_resources(caller: Caller, list: List) -> Result<ListResourcesResult, RpcError> {
    mcp::list_resources(&caller, list.cursor).await
}

async fn read_resource(caller: Caller, read: Read) -> Result<ReadResourceResult, RpcError> {
    mcp::read_resource(&caller, &read.uri).await
}

async fn list_prompts(caller: Caller, list: List) -> Result<ListPromptsResult, RpcError> {
    Ok(mcp::list_prompts(&caller, list.cursor))
}

async fn get_prompt(caller: Caller, get: GetPrompt) -> Result<GetPromptResult, RpcError> {
    mcp::get_prompt(&caller, &get.name, get.arguments).await
}
