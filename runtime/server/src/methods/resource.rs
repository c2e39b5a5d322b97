//! `resource/list`, `resource/read`: the documents that the runtime serves to agents, and what the server itself can tell,
//! as `hap://server/info`, `agent://NAME/info`, `graph://NAME` and `run://ID`.

use hap::ResourceError;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Access, Caller, Table};
use crate::auth::Scope;
use crate::rpc::{Code, MethodSpec, NoParams, ParamSpec, RegisterError, RpcError};
use crate::runs::Subject;

/// How many bytes one call gives at most.
const MAX_BYTES: u32 = 1 << 20;

/// The resource that tells what this server is.
const SERVER_INFO: &str = "hap://server/info";

#[derive(Deserialize)]
struct Read {
    name: String,
    #[serde(default)]
    offset: u64,
    #[serde(default)]
    max_bytes: Option<u32>,
}

/// What is told of a resource in a list.
#[derive(Serialize)]
pub(crate) struct Entry {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) media_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) size: Option<u64>,
}

#[derive(Serialize)]
struct ResourceList {
    resources: Vec<Entry>,
}

/// A piece of a resource: its text, or its bytes in base64 where they are no text.
#[derive(Serialize)]
struct Piece {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
    /// Where to read on; `None` at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<u64>,
}

pub(super) fn add(table: &mut Table) -> Result<(), RegisterError> {
    // `resources/list` and `resources/read` are MCP's.
    let list = MethodSpec::new("resource/list").summary("The resources that the caller may read.");
    table.add(list, Access::Any(Scope::ResourceRead), self::list)?;
    let read = MethodSpec::new("resource/read")
        .params(
            const {
                &[
                    ParamSpec::required("name").summary("its name, as `resource/list` tells it"),
                    ParamSpec::optional("offset").summary("the first byte that is wanted; 0 unless given"),
                    ParamSpec::optional("max_bytes").summary("how many bytes are wanted, 1 MiB at most"),
                ]
            },
        )
        .summary("A piece of a resource.");
    table.add(
        read,
        Access::On(Scope::ResourceRead, |read: &Read| &read.name),
        self::read,
    )
}

async fn list(caller: Caller, _: NoParams) -> Result<ResourceList, RpcError> {
    let resources = entries(&caller).await?;
    Ok(ResourceList { resources })
}

/// The resources that the caller may read.
///
/// # Errors
/// When the documents cannot be listed.
pub(crate) async fn entries(caller: &Caller) -> Result<Vec<Entry>, RpcError> {
    let server = &caller.server;
    let documents = server
        .runtime
        .run_options()
        .resources
        .list()
        .await
        .map_err(trouble)?;
    let tenant = &caller.principal.tenant;
    let own = |name: String| Entry {
        name,
        media_type: Some("application/json".to_owned()),
        size: None,
    };
    let agents = server.catalog.agents().into_iter();
    let agents = agents.filter(|agent| caller.may(Scope::AgentRead, &agent.name));
    let graphs = server.catalog.graphs(tenant).into_iter();
    let graphs = graphs.filter(|graph| caller.may(Scope::GraphRead, &graph.name));
    let runs = server.runs.list(tenant).into_iter();
    let runs = runs.filter(|run| caller.may(Scope::RunRead, run.asked.subject.name()));
    let resources = std::iter::once(own(SERVER_INFO.to_owned()))
        .chain(agents.map(|agent| own(format!("agent://{}/info", agent.name))))
        .chain(graphs.map(|graph| own(format!("graph://{}", graph.name))))
        .chain(runs.map(|run| own(format!("run://{}", run.id))))
        .chain(documents.into_iter().map(|document| Entry {
            name: document.name,
            media_type: document.media_type,
            size: document.size,
        }));
    Ok(resources
        .filter(|entry| caller.may(Scope::ResourceRead, &entry.name))
        .collect())
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

/// A piece of a resource that the caller may read; empty behind its end.
///
/// # Errors
/// When there is none of that name, or the caller may not know of what it tells.
pub(crate) async fn bytes(caller: &Caller, name: &str, offset: u64, max: u32) -> Result<Vec<u8>, RpcError> {
    if let Some(value) = own(caller, name)? {
        let text = value.to_string();
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = text.as_bytes().get(from..).unwrap_or_default();
        return Ok(rest.get(..max as usize).unwrap_or(rest).to_vec());
    }
    if !hap::is_canonical(name) {
        return Err(not_there());
    }
    let provider = &caller.server.runtime.run_options().resources;
    provider.read(name, offset, max).await.map_err(trouble)
}

/// What is known of an agent or graph, and the name of the resource that tells it.
///
/// # Errors
/// When there is none, or the caller may not know of it.
pub(crate) fn describe(caller: &Caller, subject: &Subject) -> Result<(String, Value), RpcError> {
    Ok(match subject {
        Subject::Agent(name) => {
            let value = json(&super::agent::about(caller, name)?);
            (format!("agent://{name}/info"), value)
        }
        Subject::Graph(name) => (
            format!("graph://{name}"),
            json(&super::graph::about(caller, name)?),
        ),
    })
}

/// What the server itself tells under that name. It needs the scope of the thing too: `resource:read` alone opens no
/// second way to it.
fn own(caller: &Caller, name: &str) -> Result<Option<Value>, RpcError> {
    if name == SERVER_INFO {
        return Ok(Some(json(&super::server::about(caller))));
    }
    let Some((scheme, rest)) = name.split_once("://") else {
        return Ok(None);
    };
    Ok(Some(match scheme {
        "agent" => {
            let agent = rest.strip_suffix("/info").ok_or_else(not_there)?;
            json(&super::agent::about(caller, agent)?)
        }
        "graph" => json(&super::graph::about(caller, rest)?),
        "run" => json(&super::run::about(caller, rest)?),
        _ => return Err(not_there()),
    }))
}

fn json(value: &impl Serialize) -> Value {
    // What methods answer with always has a JSON form.
    serde_json::to_value(value).unwrap_or_default()
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
