//! `graph/create`, `graph/validate`, `graph/list`, `graph/describe`, `graph/execute`, `graph/delete`.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Access, Broken, Caller, Table};
use crate::auth::Scope;
use crate::catalog::GraphEntry;
use crate::execute::{Execution, Started};
use crate::rpc::{MethodSpec, NoParams, ParamSpec, RegisterError, RpcError};
use crate::runs::Subject;

#[derive(Deserialize)]
struct Named {
    name: String,
}

/// A graph, as an object or as the text of a graph file.
#[derive(Deserialize)]
struct Create {
    name: String,
    graph: Box<RawValue>,
}

#[derive(Deserialize)]
struct Validate {
    graph: Box<RawValue>,
}

#[derive(Deserialize)]
struct Execute {
    name: String,
    #[serde(default)]
    input: Option<Box<RawValue>>,
    #[serde(flatten)]
    execution: Execution,
}

/// What is told of a graph.
#[derive(Serialize)]
pub(super) struct GraphInfo {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// Whether a client created it.
    created: bool,
    /// Its nodes in the order in which they count.
    nodes: Vec<String>,
    /// What is probably not as meant.
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct GraphList {
    graphs: Vec<GraphInfo>,
    /// Files that cannot be used; only for who manages the server.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    broken: Vec<Broken>,
}

#[derive(Serialize)]
struct Deleted {
    deleted: bool,
}

pub(super) fn add(table: &mut Table) -> Result<(), RegisterError> {
    let named = const { &[ParamSpec::required("name")] };
    let create = MethodSpec::new("graph/create")
        .aliases(&["graphs/create"])
        .params(const { &[ParamSpec::required("name"), ParamSpec::required("graph")] })
        .summary("Checks a graph and keeps it under a name.");
    table.add(
        create,
        Access::On(Scope::GraphCreate, |create: &Create| &create.name),
        self::create,
    )?;
    let validate = MethodSpec::new("graph/validate")
        .aliases(&["graphs/validate"])
        .params(const { &[ParamSpec::required("graph")] })
        .summary("Checks a graph.");
    table.add(validate, Access::Any(Scope::GraphCreate), self::validate)?;
    let list = MethodSpec::new("graph/list")
        .aliases(&["graphs/list"])
        .summary("The graphs that the caller may know of.");
    table.add(list, Access::Any(Scope::GraphRead), self::list)?;
    let describe = MethodSpec::new("graph/describe")
        .aliases(&["graphs/describe"])
        .params(named)
        .summary("A graph's nodes, and what is probably not as meant in it.");
    table.add(
        describe,
        Access::On(Scope::GraphRead, |named: &Named| &named.name),
        self::describe,
    )?;
    let execute = MethodSpec::new("graph/execute")
        .aliases(&["graphs/execute"])
        .params(
            const {
                &[
                    ParamSpec::required("name"),
                    ParamSpec::optional("input").summary("the run's input: an object"),
                    ParamSpec::optional("context").summary("who asks, for correlation: `session_id`, `user`"),
                    ParamSpec::optional("timeout_ms")
                        .summary("how long it may take, within the server's own bound"),
                    ParamSpec::optional("detached").summary("whether to answer with the run's id at once"),
                    ParamSpec::optional("idempotency_key").summary("the same key gives the same run"),
                    ParamSpec::optional("subscribe")
                        .summary("whether to send the run's events on this connection, as notifications"),
                ]
            },
        )
        .summary("Runs a graph.");
    table.add(
        execute,
        Access::On(Scope::GraphExecute, |execute: &Execute| &execute.name),
        self::execute,
    )?;
    let delete = MethodSpec::new("graph/delete")
        .aliases(&["graphs/delete"])
        .params(named)
        .summary("Deletes a graph that a client created. Its runs go on.");
    table.add(
        delete,
        Access::On(Scope::GraphDelete, |named: &Named| &named.name),
        self::delete,
    )
}

fn info(entry: &GraphEntry) -> GraphInfo {
    let plan = entry.loaded.plan();
    GraphInfo {
        name: entry.name.clone(),
        description: entry.description.clone(),
        created: entry.source.is_some(),
        nodes: plan.topological_order().map(ToString::to_string).collect(),
        warnings: entry
            .loaded
            .warnings()
            .iter()
            .map(|problem| problem.message.clone())
            .collect(),
    }
}

/// The text of a graph: of a JSON string what it says, of an object the object, because JSON is YAML.
fn text(graph: &RawValue) -> String {
    serde_json::from_str::<String>(graph.get()).unwrap_or_else(|_| graph.get().to_owned())
}

async fn create(caller: Caller, create: Create) -> Result<GraphInfo, RpcError> {
    let text = text(&create.graph);
    let entry = caller
        .server
        .catalog
        .create(&caller.principal, &create.name, &text)
        .await?;
    Ok(info(&entry))
}

#[derive(Serialize)]
struct Validated {
    nodes: Vec<String>,
    warnings: Vec<String>,
}

async fn validate(caller: Caller, validate: Validate) -> Result<Validated, RpcError> {
    let (_, loaded) = caller
        .server
        .catalog
        .check(&caller.principal, &text(&validate.graph))
        .await?;
    Ok(Validated {
        nodes: loaded
            .plan()
            .topological_order()
            .map(ToString::to_string)
            .collect(),
        warnings: loaded
            .warnings()
            .iter()
            .map(|problem| problem.message.clone())
            .collect(),
    })
}

async fn list(caller: Caller, _: NoParams) -> Result<GraphList, RpcError> {
    let graphs = caller.server.catalog.graphs(&caller.principal.tenant);
    let visible = graphs
        .iter()
        .filter(|graph| caller.may(Scope::GraphRead, &graph.name));
    Ok(GraphList {
        graphs: visible.map(|graph| info(graph)).collect(),
        broken: super::broken(&caller, || caller.server.catalog.broken_graphs()),
    })
}

async fn describe(caller: Caller, named: Named) -> Result<GraphInfo, RpcError> {
    about(&caller, &named.name)
}

/// What a graph is, for a caller who may know.
pub(super) fn about(caller: &Caller, name: &str) -> Result<GraphInfo, RpcError> {
    caller.require(Scope::GraphRead, Some(name))?;
    Ok(info(
        &*caller.server.catalog.graph(&caller.principal.tenant, name)?,
    ))
}

async fn execute(caller: Caller, execute: Execute) -> Result<Started, RpcError> {
    let entry = caller
        .server
        .catalog
        .graph(&caller.principal.tenant, &execute.name)?;
    let limit = caller.server.settings.graph_timeout;
    let subject = Subject::Graph(entry.name.clone());
    let input = execute.input.as_deref().map_or("{}", RawValue::get).to_owned();
    crate::execute::execute(
        &caller,
        &entry.loaded,
        input,
        None,
        subject,
        execute.execution,
        limit,
    )
    .await
}

async fn delete(caller: Caller, named: Named) -> Result<Deleted, RpcError> {
    caller
        .server
        .catalog
        .delete(&caller.principal.tenant, &named.name)?;
    Ok(Deleted { deleted: true })
}
