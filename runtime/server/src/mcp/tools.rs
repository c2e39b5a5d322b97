//! Tools: every agent and graph that the caller may execute.

use std::collections::BTreeMap;
use std::sync::Arc;

use hap::{Manifest, RunOutcome};
use rmcp::model::{CallToolResult, JsonObject, ListToolsResult, Tool, ToolAnnotations};

use super::name::{subject, tool_name};
use super::page::page;
use super::{result, schema};
use crate::auth::Scope;
use crate::catalog::{AgentEntry, GraphEntry};
use crate::execute::{self, Execution};
use crate::methods::{Caller, load_agent};
use crate::rpc::{Code, RpcError};
use crate::runs::{RunEntry, Subject};

/// Something that the caller may execute.
pub(super) enum Callable {
    Agent(Arc<AgentEntry>),
    Graph(Arc<GraphEntry>),
}

/// Whether the caller may execute it.
fn may(caller: &Caller, subject: &Subject) -> Result<(), RpcError> {
    let scope = match subject {
        Subject::Agent(_) => Scope::AgentExecute,
        Subject::Graph(_) => Scope::GraphExecute,
    };
    caller.require(scope, Some(subject.name()))
}

/// Everything that the caller may execute, by its name as a tool.
pub(super) fn callables(caller: &Caller) -> BTreeMap<String, Callable> {
    let catalog = &caller.server.catalog;
    let agents = catalog.agents().into_iter();
    let agents = agents.map(|agent| (Subject::Agent(agent.name.clone()), Callable::Agent(agent)));
    let graphs = catalog.graphs(&caller.principal.tenant).into_iter();
    let graphs = graphs.map(|graph| (Subject::Graph(graph.name.clone()), Callable::Graph(graph)));
    agents
        .chain(graphs)
        .filter(|(subject, _)| may(caller, subject).is_ok())
        .filter_map(|(subject, callable)| Some((tool_name(&subject)?, callable)))
        .collect()
}

/// What the tool of this name calls, for a caller who may.
///
/// # Errors
/// When there is none, and when the caller may not.
pub(super) fn callable(caller: &Caller, tool: &str) -> Result<Callable, RpcError> {
    let none = || {
        let message = format!("there is no tool `{}`", hap::sanitize(tool, 200));
        RpcError::new(Code::NotFound, message).hint("`tools/list` tells those that there are")
    };
    let subject = subject(tool).ok_or_else(none)?;
    // A name that the caller may not know of is refused before it is looked up.
    may(caller, &subject)?;
    let catalog = &caller.server.catalog;
    match &subject {
        // Elsewhere dashes and underscores count as one in agents' names; a tool has one name.
        Subject::Agent(name) => match catalog.agent(name) {
            Ok(agent) if agent.name == *name => Ok(Callable::Agent(agent)),
            _ => Err(none()),
        },
        Subject::Graph(name) => {
            let graph = catalog.graph(&caller.principal.tenant, name);
            graph.map(Callable::Graph).map_err(|_| none())
        }
    }
}

impl Callable {
    pub(super) fn subject(&self) -> Subject {
        match self {
            Callable::Agent(agent) => Subject::Agent(agent.name.clone()),
            Callable::Graph(graph) => Subject::Graph(graph.name.clone()),
        }
    }

    /// What it is called in a sentence.
    fn shown(&self) -> String {
        match self {
            Callable::Agent(agent) => format!("The agent `{}`", agent.name),
            Callable::Graph(graph) => format!("The graph `{}`", graph.name),
        }
    }

    /// What it does, in its author's words where there are any.
    pub(super) fn description(&self) -> String {
        let told = match self {
            Callable::Agent(agent) => agent.agent.manifest().description.clone(),
            Callable::Graph(graph) => graph.description.clone().unwrap_or_default(),
        };
        if !told.is_empty() {
            return told;
        }
        match self {
            Callable::Agent(_) => format!("{} of this server.", self.shown()),
            Callable::Graph(graph) => {
                let nodes: Vec<String> = graph
                    .loaded
                    .plan()
                    .topological_order()
                    .map(ToString::to_string)
                    .collect();
                format!(
                    "{} of this server. Its nodes: {}.",
                    self.shown(),
                    nodes.join(", ")
                )
            }
        }
    }

    pub(super) fn input_schema(&self) -> JsonObject {
        match self {
            Callable::Agent(agent) => schema::agent_input(agent.agent.manifest()),
            Callable::Graph(graph) => schema::graph_input(&graph.loaded),
        }
    }

    fn tool(&self, name: String) -> Tool {
        let mut tool = Tool::new(name, self.description(), self.input_schema());
        tool.title = Some(self.subject().name().to_owned());
        tool.annotations = Some(self.annotations());
        if let Callable::Agent(agent) = self {
            tool.output_schema = schema::agent_output(agent.agent.manifest()).map(Arc::new);
        }
        tool
    }

    /// What the agents' authors promise; a graph promises what all of its agents do.
    fn annotations(&self) -> ToolAnnotations {
        let (mut read_only, mut idempotent) = (true, true);
        let mut add = |manifest: &Manifest| {
            read_only &= manifest.read_only;
            idempotent &= manifest.idempotent;
        };
        match self {
            Callable::Agent(agent) => add(agent.agent.manifest()),
            Callable::Graph(graph) => graph.loaded.visit_agents(&mut |node| add(node.agent.manifest())),
        }
        ToolAnnotations::new().read_only(read_only).idempotent(idempotent)
    }
}

/// A page of the tools that the caller may call.
pub(crate) fn list(caller: &Caller, cursor: Option<String>) -> ListToolsResult {
    let (tools, next) = page(callables(caller), cursor);
    let tools = tools.into_iter().map(|(name, callable)| callable.tool(name));
    let mut result = ListToolsResult::with_all_items(tools.collect());
    result.next_cursor = next;
    result
}

/// A call of a tool that is under way.
pub(super) struct Started {
    pub(super) run: Arc<RunEntry>,
    shown: String,
}

impl Started {
    pub(super) fn result(&self, outcome: &RunOutcome) -> CallToolResult {
        result::of_outcome(&self.shown, outcome)
    }
}

/// Starts what the tool of this name calls, as `agent/execute` and `graph/execute` do.
///
/// # Errors
/// When there is no such tool, the caller may not call it, or there is no place for the run.
pub(super) async fn start(
    caller: &Caller,
    tool: &str,
    arguments: Option<JsonObject>,
) -> Result<Started, RpcError> {
    let callable = callable(caller, tool)?;
    let settings = &caller.server.settings;
    let (loaded, limit) = match &callable {
        Callable::Agent(agent) => (load_agent(caller, agent, None).await?, settings.agent_timeout),
        Callable::Graph(graph) => (graph.loaded.clone(), settings.graph_timeout),
    };
    let input = serde_json::to_string(&arguments.unwrap_or_default());
    let input = input.map_err(|_| RpcError::internal())?;
    let run = execute::start(
        caller,
        &loaded,
        input,
        None,
        callable.subject(),
        Execution::default(),
        limit,
    )
    .await?;
    Ok(Started {
        run,
        shown: callable.shown(),
    })
}

/// Calls a tool and waits for its result. Dropping the future cancels the run.
///
/// # Errors
/// As for [`start`]; that the run fails is a result.
pub(crate) async fn call(
    caller: &Caller,
    tool: &str,
    arguments: Option<JsonObject>,
) -> Result<CallToolResult, RpcError> {
    let started = start(caller, tool, arguments).await?;
    let outcome = execute::wait(caller, &started.run).await?;
    Ok(started.result(&outcome))
}
