//! The methods of the Model Context Protocol, as they are there: `tools/list`, `tools/call`, `resources/list`,
//! `resources/read`, `prompts/list`, `prompts/get`. What they do is in `mcp`.

use rmcp::model::{
    CallToolResult, GetPromptResult, JsonObject, ListPromptsResult, ListResourcesResult, ListToolsResult,
    ReadResourceResult,
};
use serde::Deserialize;
use serde_json::Value;

use super::{Access, Caller, Table};
use crate::auth::Scope;
use crate::mcp;
use crate::rpc::{MethodSpec, ParamSpec, RegisterError, RpcError};

/// One of these is needed for any tool.
const EXECUTE: &[Scope] = &[Scope::AgentExecute, Scope::GraphExecute];

/// A protocol's own data about a request, which nothing is done with here.
const META: ParamSpec = ParamSpec::optional("_meta").summary("data about the request, which is passed over");

#[derive(Deserialize)]
struct List {
    #[serde(default)]
    cursor: Option<String>,
    #[serde(default)]
    _meta: Option<Value>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
    #[serde(default)]
    arguments: Option<JsonObject>,
    #[serde(default)]
    _meta: Option<Value>,
}

#[derive(Deserialize)]
struct Read {
    uri: String,
    #[serde(default)]
    _meta: Option<Value>,
}

pub(super) fn add(table: &mut Table) -> Result<(), RegisterError> {
    let cursor = const {
        &[
            ParamSpec::optional("cursor").summary("where the page before ended"),
            META,
        ]
    };
    let list = MethodSpec::new("tools/list").params(cursor);
    let list = list.summary("The tools of MCP: the agents and graphs that the caller may execute.");
    table.add(list, Access::AnyOf(EXECUTE), list_tools)?;
    let call = MethodSpec::new("tools/call")
        .params(
            const {
                &[
                    ParamSpec::required("name").summary("the tool's name, as `tools/list` tells it"),
                    ParamSpec::optional("arguments").summary("the input: an object"),
                    META,
                ]
            },
        )
        .summary("Runs an agent or graph as a tool of MCP.");
    table.add(call, Access::Asks(|call: &Named| &call.name), call_tool)?;
    let list = MethodSpec::new("resources/list").params(cursor);
    let list = list.summary("The resources that the caller may read, under the URIs of MCP.");
    table.add(list, Access::Any(Scope::ResourceRead), list_resources)?;
    let read = MethodSpec::new("resources/read")
        .params(
            const {
                &[
                    ParamSpec::required("uri").summary("its URI, as `resources/list` tells it"),
                    META,
                ]
            },
        )
        .summary("The whole of a resource.");
    table.add(read, Access::Asks(|read: &Read| &read.uri), read_resource)?;
    let list = MethodSpec::new("prompts/list").params(cursor);
    let list = list.summary("The prompts of MCP: one for each tool.");
    table.add(list, Access::AnyOf(EXECUTE), list_prompts)?;
    let get = MethodSpec::new("prompts/get")
        .params(
            const {
                &[
                    ParamSpec::required("name").summary("the prompt's name, as `prompts/list` tells it"),
                    ParamSpec::optional("arguments").summary("what is filled in: an object"),
                    META,
                ]
            },
        )
        .summary("A prompt of MCP.");
    table.add(get, Access::Asks(|get: &Named| &get.name), get_prompt)
}

async fn list_tools(caller: Caller, list: List) -> Result<ListToolsResult, RpcError> {
    Ok(mcp::list_tools(&caller, list.cursor))
}

async fn call_tool(caller: Caller, call: Named) -> Result<CallToolResult, RpcError> {
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

async fn get_prompt(caller: Caller, get: Named) -> Result<GetPromptResult, RpcError> {
    mcp::get_prompt(&caller, &get.name, get.arguments)
}
