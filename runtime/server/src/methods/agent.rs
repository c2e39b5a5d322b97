//! `agent/list`, `agent/describe`, `agent/execute`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hap::{Digest, Graph, Json, LoadedGraph, Manifest, Node, NodeAgent, NodeRecord, RunId, RunStatus};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{Access, Broken, Caller, Table};
use crate::auth::Scope;
use crate::catalog::AgentEntry;
use crate::execute::{Execution, Started};
use crate::rpc::{Code, MethodSpec, NoParams, ParamSpec, RegisterError, RpcError};
use crate::runs::Subject;

/// The node of the graph that runs one agent.
const NODE: &str = "agent";

#[derive(Deserialize, JsonSchema)]
struct Named {
    /// The agent's name; dashes and underscores count as one.
    agent: String,
}

#[derive(Deserialize, JsonSchema)]
struct Execute {
    /// The agent's name; dashes and underscores count as one.
    agent: String,
    /// The context that it gets; an empty one unless given.
    #[serde(default)]
    #[schemars(with = "Option<Map<String, Value>>")]
    input: Option<Box<RawValue>>,
    /// Its settings.
    #[serde(default)]
    #[schemars(with = "Option<Map<String, Value>>")]
    params: Option<Box<RawValue>>,
    #[serde(flatten)]
    execution: Execution,
}

/// What is told of an agent.
#[derive(JsonSchema, Serialize)]
pub(crate) struct AgentInfo {
    /// The name by which it is called here.
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<Digest>,
    /// What it says about itself.
    manifest: Manifest,
    /// What its component imports: all that it could ever ask for.
    imports: Vec<String>,
}

pub(super) fn add(table: &mut Table) -> Result<(), RegisterError> {
    let list = MethodSpec::new("agent/list")
        .aliases(&["agents/list"])
        .summary("The agents that the caller may know of.");
    table.add(list, Access::Any(Scope::AgentRead), self::list)?;
    let describe = MethodSpec::new("agent/describe")
        .aliases(&["agents/describe"])
        .params(const { &[ParamSpec::required("agent")] })
        .errors(&[Code::NotFound])
        .summary("An agent's manifest, digest and imports.");
    table.add(
        describe,
        Access::On(Scope::AgentRead, |named: &Named| &named.agent),
        self::describe,
    )?;
    let execute = MethodSpec::new("agent/execute")
        .aliases(&["agents/execute"])
        .params(
            const {
                &[
                    ParamSpec::required("agent"),
                    ParamSpec::optional("input"),
                    ParamSpec::optional("context"),
                    ParamSpec::optional("params"),
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
            r#"{"agent": "data_analyzer", "input": {"data": "sales figures", "analysis_type": "trend"}, "detached": true}"#,
            r#"{"run_id": "0123456789abcdef0123456789abcdef"}"#,
        )
        .summary("Runs one agent.");
    table.add(
        execute,
        Access::On(Scope::AgentExecute, |execute: &Execute| &execute.agent),
        self::execute,
    )
}

fn info(entry: &AgentEntry) -> AgentInfo {
    AgentInfo {
        name: entry.name.clone(),
        digest: entry.agent.digest(),
        manifest: entry.agent.manifest().clone(),
        imports: entry.agent.imports().to_vec(),
    }
}

#[derive(JsonSchema, Serialize)]
struct AgentList {
    agents: Vec<AgentInfo>,
    /// Files that cannot be used; only for who manages the server.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    broken: Vec<Broken>,
}

async fn list(caller: Caller, _: NoParams) -> Result<AgentList, RpcError> {
    let agents = caller.server.catalog.agents();
    let visible = agents
        .iter()
        .filter(|agent| caller.may(Scope::AgentRead, &agent.name));
    Ok(AgentList {
        agents: visible.map(|agent| info(agent)).collect(),
        broken: super::broken(&caller, || caller.server.catalog.broken_agents()),
    })
}

async fn describe(caller: Caller, named: Named) -> Result<AgentInfo, RpcError> {
    about(&caller, &named.agent)
}

/// What an agent is, for a caller who may know.
pub(crate) fn about(caller: &Caller, name: &str) -> Result<AgentInfo, RpcError> {
    Ok(info(&*find(caller, name)?))
}

/// An agent, for a caller who may know of it.
pub(crate) fn find(caller: &Caller, name: &str) -> Result<Arc<AgentEntry>, RpcError> {
    // A name that the caller may not know of is refused before it is looked up, and once more as it is in the catalogue:
    // dashes and underscores count as one in names, but not in scopes.
    caller.require(Scope::AgentRead, Some(name))?;
    let entry = caller.server.catalog.agent(name)?;
    caller.require(Scope::AgentRead, Some(&entry.name))?;
    Ok(entry)
}

/// The graph that runs one agent, with these settings.
///
/// # Errors
/// When the settings cannot be used.
pub(crate) async fn load(
    caller: &Caller,
    entry: &AgentEntry,
    params: Option<&RawValue>,
) -> Result<LoadedGraph, RpcError> {
    let mut node = Node::new(NODE, NodeAgent::Instance(entry.agent.clone()));
    if let Some(params) = params {
        let json = Json::parse(params.get(), hap::MAX_JSON_DEPTH);
        let json = json.map_err(|error| RpcError::invalid_params(format!("`params`: {error}")))?;
        if json.kind() != "an object" {
            return Err(RpcError::invalid_params(format!(
                "`params` is {}, and must be an object",
                json.kind()
            )));
        }
        node = node.params(json);
    }
    let mut graph = Graph::new();
    graph.add_node(node);
    let loaded = caller.server.runtime.load(&graph).await;
    loaded.map_err(|error| RpcError::invalid_params(error.to_string()))
}

/// What came of an execution: the run's id alone where it goes on.
#[derive(JsonSchema, Serialize)]
struct AgentRun {
    #[schemars(with = "RunId")]
    run_id: String,
    /// How the run ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<RunStatus>,
    /// What the agent wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<BTreeMap<Arc<str>, Json>>,
    /// What it took.
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<NodeRecord>,
}

async fn execute(caller: Caller, execute: Execute) -> Result<AgentRun, RpcError> {
    let entry = caller.server.catalog.agent(&execute.agent)?;
    // Dashes and underscores count as one in names, but not in scopes.
    caller.require(Scope::AgentExecute, Some(&entry.name))?;
    let loaded = load(&caller, &entry, execute.params.as_deref()).await?;
    let limit: Duration = caller.server.settings.agent_timeout;
    let subject = Subject::Agent(entry.name.clone());
    let input = execute.input.as_deref().map_or("{}", RawValue::get).to_owned();
    let started = crate::execute::execute(
        &caller,
        &loaded,
        input,
        execute.params.as_deref(),
        subject,
        execute.execution,
        limit,
    )
    .await?;
    Ok(match started {
        Started::Detached(run_id) => AgentRun {
            run_id,
            status: None,
            output: None,
            metadata: None,
        },
        // The result of an agent is told as one: its output, and what it took.
        Started::Finished(outcome) => AgentRun {
            run_id: outcome.run_id.to_string(),
            status: Some(outcome.status),
            output: Some(outcome.outputs.clone()),
            metadata: outcome.agent_metadata.get(NODE).cloned(),
        },
    })
}
