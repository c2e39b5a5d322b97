//! `resource/list`, `resource/read`: the documents that the runtime serves to agents, and what the server tells of itself.

use hap::{ResourceEntry, ResourceError, ResourceProvider};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Access, Caller, Table};
use crate::auth::Scope;
use crate::resources;
use crate::rpc::{Code, MethodSpec, NoParams, ParamSpec, RegisterError, RpcError};

/// How many bytes one call gives at most.
const MAX_BYTES: u32 = 1 << 20;

#[derive(Deserialize, JsonSchema)]
struct Read {
    /// Its name, as `resource/list` tells it.
    name: String,
    /// The first byte that is wanted; 0 unless given.
    #[serde(default)]
    offset: u64,
    /// How many bytes are wanted, 1 MiB at most.
    #[serde(default)]
    max_bytes: Option<u32>,
}

/// What is told of a resource in a list.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ResourceEntry")]
struct Entry {
    /// Its name, to read it by.
    name: String,
    /// Its IANA media type, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
    /// Its bytes, where they are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) size: Option<u64>,
}

#[derive(JsonSchema, Serialize)]
struct ResourceList {
    resources: Vec<Entry>,
}

/// A piece of a resource: its text, or its bytes in base64 where they are no text.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ResourcePiece")]
struct Piece {
    name: String,
    /// Where the bytes are text in UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// Where they are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
    /// The byte to read on from; left out at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<u64>,
}

pub(super) fn add(table: &mut Table) -> Result<(), RegisterError> {
    // `resources/list` and `resources/read` are MCP's.
    let list = MethodSpec::new("resource/list")
        .errors(&[Code::Unavailable])
        .summary("The resources that the caller may read.");
    table.add(list, Access::Any(Scope::ResourceRead), self::list)?;
    let read = MethodSpec::new("resource/read")
        .params(
            const {
                &[
                    ParamSpec::required("name"),
                    ParamSpec::optional("offset"),
                    ParamSpec::optional("max_bytes"),
                ]
            },
        )
        .errors(&[Code::NotFound, Code::Unavailable])
        .example(
            "four bytes",
            r#"{"name": "open/a.txt", "offset": 4, "max_bytes": 4}"#,
            r#"{"name": "open/a.txt", "text": "that", "next_offset": 8}"#,
        )
        .summary("A piece of a resource.");
    table.add(
        read,
        Access::On(Scope::ResourceRead, |read: &Read| &read.name),
        self::read,
    )
}

async fn list(caller: Caller, _: NoParams) -> Result<ResourceList, RpcError> {
    let entry = |entry: ResourceEntry| Entry {
        name: entry.name,
        media_type: entry.media_type,
        size: entry.size,
    };
    let resources = entries(&caller).await?.into_iter().map(entry).collect();
    Ok(ResourceList { resources })
}

/// The resources that the caller may read.
///
/// # Errors
/// When the documents cannot be listed.
pub(crate) async fn entries(caller: &Caller) -> Result<Vec<ResourceEntry>, RpcError> {
    let mut entries = resources::of(caller).list().await.map_err(trouble)?;
    entries.retain(|entry| caller.may(Scope::ResourceRead, &entry.name));
    Ok(entries)
}

async fn read(caller: Caller, read: Read) -> Result<Piece, RpcError> {
    let max = read.max_bytes.unwrap_or(MAX_BYTES).clamp(1, MAX_BYTES);
    let bytes = bytes(&caller, &read.name, read.offset, max).await?;
    let next_offset = (!bytes.is_empty()).then(|| read.offset.saturating_add(bytes.len() as u64));
    let (text, base64) = match String::from_utf8(bytes) {
        Ok(text) => (Some(text), None),
        Err(error) => {
            use base64::Engine as _;
            let bytes = error.into_bytes();
            (
                None,
                Some(base64::engine::general_purpose::STANDARD.encode(bytes)),
            )
        }
    };
    Ok(Piece {
        name: read.name,
        text,
        base64,
        next_offset,
    })
}

/// A piece of a resource; empty behind its end. Whether the caller has `resource:read` is for the method to ask.
///
/// # Errors
/// When there is none of that name for the caller, and when it cannot be read.
pub(crate) async fn bytes(caller: &Caller, name: &str, offset: u64, max: u32) -> Result<Vec<u8>, RpcError> {
    if !hap::is_resource_name(name) {
        return Err(not_there());
    }
    let provider = resources::of(caller);
    provider.read(name, offset, max).await.map_err(trouble)
}

fn not_there() -> RpcError {
    RpcError::new(Code::NotFound, "there is no such resource")
        .hint("`resource/list` tells those that there are")
}

fn trouble(error: ResourceError) -> RpcError {
    match error {
        ResourceError::NotFound => not_there(),
        // Its text may name places of the server's machine.
        _ => RpcError::new(Code::Unavailable, "the resource cannot be read at present"),
    }
}
