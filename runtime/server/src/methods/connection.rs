//! What needs a connection that stays: `run/subscribe`, `run/unsubscribe`, `$/cancelRequest`.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Access, Caller, Table};
use crate::auth::Scope;
use crate::connection::CANCEL;
use crate::rpc::{Code, Id, MethodSpec, ParamSpec, RegisterError, RpcError};

#[derive(Deserialize, JsonSchema)]
struct Subscribe {
    /// The run's id.
    run: String,
    /// The number of the first event that is wanted; 0 unless given.
    #[serde(default)]
    after: Option<u64>,
}

#[derive(Deserialize, JsonSchema)]
struct Unsubscribe {
    /// The run's id.
    run: String,
}

#[derive(Deserialize, JsonSchema)]
struct Cancel {
    /// The id of the call, as it was sent.
    #[schemars(schema_with = "id_schema")]
    id: Box<RawValue>,
}

fn id_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["string", "number"] })
}

#[derive(JsonSchema, Serialize)]
struct Subscribed {
    /// Always true: what cannot be subscribed to is an error.
    subscribed: bool,
}

#[derive(JsonSchema, Serialize)]
struct Unsubscribed {
    /// Whether there was a subscription.
    unsubscribed: bool,
}

#[derive(JsonSchema, Serialize)]
struct Cancelled {
    /// Whether there is such a call under way.
    cancelled: bool,
}

pub(super) fn add(table: &mut Table) -> Result<(), RegisterError> {
    let subscribe = MethodSpec::new("run/subscribe")
        .aliases(&["runs/subscribe"])
        .params(const { &[ParamSpec::required("run"), ParamSpec::optional("after")] })
        .errors(&[Code::NotFound, Code::MethodNotFound])
        .summary("Sends a run's events on this connection, from a number on, as notifications.");
    table.add(subscribe, Access::Any(Scope::RunRead), self::subscribe)?;
    let unsubscribe = MethodSpec::new("run/unsubscribe")
        .aliases(&["runs/unsubscribe"])
        .params(const { &[ParamSpec::required("run")] })
        .errors(&[Code::MethodNotFound])
        .summary("Sends no more events of a run on this connection.");
    table.add(unsubscribe, Access::Anybody, self::unsubscribe)?;
    let cancel = MethodSpec::new(CANCEL)
        .params(const { &[ParamSpec::required("id")] })
        .errors(&[Code::MethodNotFound])
        .summary("Cancels a call of this connection, and the run that it alone waits for.");
    table.add(cancel, Access::Anybody, self::cancel)
}

async fn subscribe(caller: Caller, asked: Subscribe) -> Result<Subscribed, RpcError> {
    let run = super::find_run(&caller, &asked.run, Scope::RunRead)?;
    let connection = caller.connection()?;
    connection.subscribe(connection.subscription()?, run, asked.after.unwrap_or_default());
    Ok(Subscribed { subscribed: true })
}

async fn unsubscribe(caller: Caller, asked: Unsubscribe) -> Result<Unsubscribed, RpcError> {
    let unsubscribed = caller.connection()?.unsubscribe(&asked.run);
    Ok(Unsubscribed { unsubscribed })
}

async fn cancel(caller: Caller, asked: Cancel) -> Result<Cancelled, RpcError> {
    let id = Id::from_raw(&asked.id)
        .ok_or_else(|| RpcError::invalid_params("`id` must be a text or a number").with("param", "id"))?;
    let cancelled = caller.connection()?.cancel(&id);
    Ok(Cancelled { cancelled })
}
