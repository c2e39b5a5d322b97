//! `graph/create`, `graph/validate`, `graph/list`, `graph/describe`, `graph/execute`, `graph/delete`.

use std::sync::Arc;

use hap::{RunId, RunOutcome};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{Access, Broken, Caller, Table};
use crate::auth::Scope;
use crate::catalog::GraphEntry;
use crate::execute::{Execution, Started};
use crate::rpc::{Code, MethodSpec, NoParams, ParamSpec, RegisterError, RpcError};
use crate::runs::Subject;

#[derive(Deserialize, JsonSchema)]
struct Named {
    /// The graph's name.
    name: String,
}

/// How a graph is written; only told, because it is read as the text that it is.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[allow(dead_code, reason = "it stands for what it describes")]
enum WrittenGraph {
    /// As an object.
    Object(Map<String, Value>),
    /// As the text of a graph file.
    Text(String),
}

#[derive(Deserialize, JsonSchema)]
struct Create {
    /// The name to keep it under.
    name: String,
    /// The graph, which names its agents `namespace:name`.
    #[schemars(with = "WrittenGraph")]
    graph: Box<RawValue>,
}

#[derive(Deserialize, JsonSchema)]
struct Validate {
    /// The graph, which names its agents `namespace:name`.
    #[schemars(with = "WrittenGraph")]
    graph: Box<RawValue>,
}

#[derive(Deserialize, JsonSchema)]
struct Execute {
    /// The graph's name.
    name: String,
    /// The run's input; an empty one unless given.
    #[serde(default)]
    #[schemars(with = "Option<Map<String, Value>>")]
    input: Option<Box<RawValue>>,
    #[serde(flatten)]
    execution: Execution,
}

/// What is told of a graph.
#[derive(JsonSchema, Serialize)]
pub(crate) struct GraphInfo {
    /// Its name.
    name: String,
    /// What its author says about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// Whether a client created it.
    created: bool,
    /// Its nodes in the order in which they count.
    nodes: Vec<String>,
    /// What is probably not as meant.
    warnings: Vec<String>,
}

#[derive(JsonSchema, Serialize)]
struct GraphList {
    graphs: Vec<GraphInfo>,
    /// Files that cannot be used; only for who manages the server.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    broken: Vec<Broken>,
}

#[derive(JsonSchema, Serialize)]
struct Deleted {
    /// Always true.
    deleted: bool,
}

pub(super) fn add(table: &mut Table) -> Result<(), RegisterError> {
    let named = const { &[ParamSpec::required("name")] };
    let create = MethodSpec::new("graph/create")
        .aliases(&["graphs/create"])
        .params(const { &[ParamSpec::required("name"), ParamSpec::required("graph")] })
        .errors(&[Code::InvalidGraph, Code::Conflict])
        .example(
            "one node",
            r#"{"name": "hello", "graph": {"nodes": {"hello": {"agent": "text:hello"}}}}"#,
            r#"{"name": "hello", "created": true, "nodes": ["hello"], "warnings": []}"#,
        )
        .summary("Checks a graph and keeps it under a name.");
    table.add(
        create,
        Access::On(Scope::GraphCreate, |create: &Create| &create.name),
        self::create,
    )?;
    let validate = MethodSpec::new("graph/validate")
        .aliases(&["graphs/validate"])
        .params(const { &[ParamSpec::required("graph")] })
        .errors(&[Code::InvalidGraph])
        .example(
            "the text of a file",
            r#"{"graph": "nodes: {hello: {agent: 'text:hello'}}"}"#,
            r#"{"nodes": ["hello"], "warnings": []}"#,
        )
        .summary("Checks a graph.");
    table.add(validate, Access::Any(Scope::GraphCreate), self::validate)?;
    let list = MethodSpec::new("graph/list")
        .aliases(&["graphs/list"])
        .summary("The graphs that the caller may know of.");
    table.add(list, Access::Any(Scope::GraphRead), self::list)?;
    let describe = MethodSpec::new("graph/describe")
        .aliases(&["graphs/describe"])
        .params(named)
        .errors(&[Code::NotFound])
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
                    ParamSpec::optional("input"),
                    ParamSpec::optional("context"),
                    ParamSpec::optional("timeout_ms"),
                    ParamSpec::optional("detached"),
                    ParamSpec::optional("idempotency_key"),
                    ParamSpec::optional("subscribe"),
                ]
            },
        )
        .errors(&[Code::NotFound, Code::Conflict, Code::Unavailable])
        .example(
            "a run that is left alone",
            r#"{"name": "hello", "input": {"name": "Ada"}, "detached": true}"#,
            r#"{"run_id": "0123456789abcdef0123456789abcdef"}"#,
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
        .errors(&[Code::NotFound])
        .example("delete", r#"{"name": "hello"}"#, r#"{"deleted": true}"#)
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
    let (server, principal) = (&caller.server, &caller.principal);
    let max = server.settings.allowed(&principal.tenant).graphs;
    let entry = server.catalog.create(principal, &create.name, &text, max).await?;
    Ok(info(&entry))
}

/// What is told of a graph that can be used.
#[derive(JsonSchema, Serialize)]
struct Validated {
    /// Its nodes in the order in which they count.
    nodes: Vec<String>,
    /// What is probably not as meant.
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
pub(crate) fn about(caller: &Caller, name: &str) -> Result<GraphInfo, RpcError> {
    caller.require(Scope::GraphRead, Some(name))?;
    Ok(info(
        &*caller.server.catalog.graph(&caller.principal.tenant, name)?,
    ))
}

/// What came of an execution: the run's id alone where it goes on, and else the outcome.
#[derive(JsonSchema, Serialize)]
#[serde(untagged)]
enum GraphRun {
    Finished(Arc<RunOutcome>),
    Detached {
        #[schemars(with = "RunId")]
        run_id: String,
    },
}

async fn execute(caller: Caller, execute: Execute) -> Result<GraphRun, RpcError> {
    let entry = caller
        .server
        .catalog
        .graph(&caller.principal.tenant, &execute.name)?;
    let limit = caller.server.settings.graph_timeout;
    let subject = Subject::Graph(entry.name.clone());
    let input = execute.input.as_deref().map_or("{}", RawValue::get).to_owned();
    let started = crate::execute::execute(
        &caller,
        &entry.loaded,
        input,
        None,
        subject,
        execute.execution,
        limit,
    )
    .await?;
    Ok(match started {
        Started::Detached(run_id) => GraphRun::Detached { run_id },
        Started::Finished(outcome) => GraphRun::Finished(outcome),
    })
}

async fn delete(caller: Caller, named: Named) -> Result<Deleted, RpcError> {
    caller
        .server
        .catalog
        .delete(&caller.principal.tenant, &named.name)?;
    Ok(Deleted { deleted: true })
}
