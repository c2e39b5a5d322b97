//! `server/info`: what this server is.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Access, Caller, Table};
use crate::rpc::{MethodSpec, NoParams, RegisterError, RpcError};

/// What a server says about itself.
#[derive(JsonSchema, Serialize)]
pub(crate) struct ServerInfo {
    /// `hap`.
    name: &'static str,
    /// The version of the server.
    version: &'static str,
    /// The user that the caller is taken for.
    user: String,
    /// The tenant that the caller is taken for.
    tenant: String,
    /// What the caller may do.
    scopes: Vec<String>,
    /// How many runs are under way, of all tenants.
    active_runs: usize,
}

pub(super) fn add(table: &mut Table) -> Result<(), RegisterError> {
    let spec =
        MethodSpec::new("server/info").summary("What this server is, and who the caller is taken for.");
    table.add(spec, Access::Anybody, info)
}

async fn info(caller: Caller, _: NoParams) -> Result<ServerInfo, RpcError> {
    Ok(about(&caller))
}

pub(super) fn about(caller: &Caller) -> ServerInfo {
    ServerInfo {
        name: "hap",
        version: env!("CARGO_PKG_VERSION"),
        user: caller.principal.user.clone(),
        tenant: caller.principal.tenant.to_string(),
        scopes: caller.principal.scopes.iter().map(ToString::to_string).collect(),
        active_runs: caller.server.runs.active(),
    }
}
