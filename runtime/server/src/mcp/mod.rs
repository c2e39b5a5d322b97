//! The Model Context Protocol: what a server offers, for every agent application that speaks it.
//!
//! Every agent and graph that the caller may execute is a tool, with a prompt beside it; what `resource/list` tells
//! are resources. This folder says what these are, once, for MCP and for the methods of the same names on `/rpc`. The
//! protocol itself, with its versions, sessions and streams, is the official SDK's, `rmcp`.
//!
//! What must stay true: a tool is called the way `agent/execute` and `graph/execute` go, with the same scopes, places
//! and records; whoever asks is known anew for every request, within a session too.

mod complete;
mod events;
mod handler;
mod http;
mod media;
mod name;
mod page;
mod progress;
mod prompts;
mod resources;
mod result;
mod schema;
mod sessions;
mod stdio;
mod tools;

pub(crate) use http::route;
pub(crate) use prompts::{get as get_prompt, list as list_prompts};
pub(crate) use resources::{is_documents_uri, list as list_resources, read as read_resource};
pub(crate) use stdio::serve as serve_streams;
pub(crate) use tools::{call as call_tool, list as list_tools};

use rmcp::model::{ErrorCode, ErrorData};

use crate::rpc::{Code, RpcError};

/// An error as MCP has it: what is not there is a wrong parameter; HAP's own codes stay what they are.
fn error(error: RpcError) -> ErrorData {
    let code = match error.known_code() {
        Some(Code::NotFound) => ErrorCode::INVALID_PARAMS,
        // All codes are small numbers.
        _ => ErrorCode(i32::try_from(error.code).unwrap_or(ErrorCode::INTERNAL_ERROR.0)),
    };
    ErrorData::new(code, error.message, error.data)
}
