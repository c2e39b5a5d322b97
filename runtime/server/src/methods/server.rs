//! `server/info`: what this server is.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Access, Caller, Table};
use crate::inner::Inner;
use crate::rpc::{MethodSpec, NoParams, RegisterError, RpcError};

/// What a server says about itself.
#[derive(JsonSchema, Serialize)]
pub(crate) struct ServerAbout {
    /// `hap`.
    name: &'static str,
    /// The version of the server.
    version: &'static str,
    /// How many runs are under way, of all tenants.
    active_runs: usize,
}

/// What a server says about itself and about the caller.
#[derive(JsonSchema, Serialize)]
struct ServerInfo {
    #[serde(flatten)]
    about: ServerAbout,
    /// The user that the caller is taken for.
    user: String,
    /// The tenant that the caller is taken for.
    tenant: String,
    /// What the caller may do.
    scopes: Vec<String>,
}

pub(super) fn add(table: &mut Table) -> Result<(), RegisterError> {
    let spec =
        MethodSpec::new("server/info").summary("What this server is, and who the caller is taken for.");
    table.add(spec, Access::Anybody, info)
}

async fn info(caller: Caller, _: NoParams) -> Result<ServerInfo, RpcError> {
    let principal = &caller.principal;
    Ok(ServerInfo {
        about: about(&caller.server),
        user: principal.user.clone(),
        tenant: principal.tenant.to_string(),
        scopes: principal.scopes.iter().map(ToString::to_string).collect(),
    })
}

/// What a server says about itself, whoever asks.
pub(crate) fn about(server: &Inner) -> ServerAbout {
    ServerAbout {
        name: "hap",
        version: env!("CARGO_PKG_VERSION"),
        active_runs: server.runs.active(),
    }
}
