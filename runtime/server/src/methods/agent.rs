//! `agent/list`, `agent/describe`, `agent/execute`.

use std::sync::Arc;
use std::time::Duration;

use hap::{Graph, Json, LoadedGraph, Manifest, Node, NodeAgent, NodeId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Access, Broken, Caller, Table};
use crate::auth::Scope;
use crate::catalog::AgentEntry;
use crate::execute::{Execution, Started};
use crate::rpc::{MethodSpec, NoParams, ParamSpec, RegisterError, RpcError};
use crate::runs::Subject;

/// The node of the graph that runs one agent.
const NODE: &str = "agent";

#[derive(Deserialize)]
struct Named {
    agent: String,
}

#[derive(Deserialize)]
struct Execute {
    agent: String,
    #[serde(default)]
    input: Option<Box<RawValue>>,
    #[serde(default)]
    params: Option<Box<RawValue>>,
    #[serde(flatten)]
    execution: Execution,
}

/// What is told of an agent.
#[derive(Serialize)]
pub(super) struct AgentInfo {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
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
                    ParamSpec::required("agent").summary("its name"),
                    ParamSpec::optional("input").summary("the context that it gets: an object"),
                    ParamSpec::optional("context").summary("who asks, for correlation: `session_id`, `user`"),
                    ParamSpec::optional("params").summary("its settings: an object"),
                    ParamSpec::optional("timeout_ms")
                        .summary("how long it may take, within the server's own bound"),
                    ParamSpec::optional("detached").summary("whether to answer with the run's id at once"),
                    ParamSpec::optional("idempotency_key").summary("the same key gives the same run"),
                ]
            },
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
        digest: entry.agent.digest().map(|digest| digest.to_string()),
        manifest: entry.agent.manifest().clone(),
        imports: entry.agent.imports().to_vec(),
    }
}

#[derive(Serialize)]
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
pub(super) fn about(caller: &Caller, name: &str) -> Result<AgentInfo, RpcError> {
    // A name that the caller may not know of is refused before it is looked up, and once more as it is in the catalogue:
    // dashes and underscores count as one in names, but not in scopes.
    caller.require(Scope::AgentRead, Some(name))?;
    let entry = caller.server.catalog.agent(name)?;
    caller.require(Scope::AgentRead, Some(&entry.name))?;
    Ok(info(&entry))
}

/// The graph that runs one agent, with these settings.
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

async fn execute(caller: Caller, execute: Execute) -> Result<Started, RpcError> {
    let entry = caller.server.catalog.agent(&execute.agent)?;
    // Dashes and underscores count as one in names, but not in scopes.
    caller.require(Scope::AgentExecute, Some(&entry.name))?;
    let loaded = load(&caller, &entry, execute.params.as_deref()).await?;
    let limit: Duration = caller.server.settings.agent_timeout;
    let subject = Subject::Agent(entry.name.clone());
    let input = execute.input.as_deref().map_or("{}", RawValue::get).to_owned();
    let mut started = crate::execute::execute(
        &caller,
        &loaded,
        input,
        execute.params.as_deref(),
        subject,
        execute.execution,
        limit,
    )
    .await?;
    // The result of an agent is told as one: its output, and what it took.
    if let Started::Finished(finished) = &mut started {
        let node = NodeId::new(NODE);
        let record = node.and_then(|node| finished.outcome.agent_metadata.get(&node).cloned());
        finished.agent = record.map(Arc::new);
    }
    Ok(started)
}
