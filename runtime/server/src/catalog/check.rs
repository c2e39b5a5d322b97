//! What a graph of a client's must not do: name files of the server's machine, or give its agents what the client itself
//! may not read.

use std::path::PathBuf;

use hap::{EntrypointForm, Graph, NestedGraph, NodeAgent, NodeBody, Problems};

use crate::auth::{Grant, Principal, Scope, Scopes};
use crate::rpc::{Code, RpcError};

/// Every problem of a graph, with its place and remedy, as the error's data. The client is not told where the server's
/// folders are.
pub(super) fn wrong_graph(problems: &Problems, folders: &[PathBuf]) -> RpcError {
    let list: Vec<_> = problems
        .iter()
        .map(|problem| {
            let mut told = problem.clone();
            for folder in folders {
                let folder = folder.display().to_string();
                if !folder.is_empty() {
                    told.message = told.message.replace(&folder, "the folder of agents");
                }
            }
            // How to start the program is no remedy for a client.
            told.hint = told.hint.filter(|hint| !hint.contains("--agents"));
            serde_json::to_value(told).unwrap_or_default()
        })
        .collect();
    let count = list.len();
    let message = format!(
        "the graph cannot be used: {count} problem{}",
        if count == 1 { "" } else { "s" }
    );
    RpcError::new(Code::InvalidGraph, message).with("problems", list)
}

/// A client must not name files of the server's machine.
pub(super) fn refuse_paths(graph: &Graph) -> Result<(), RpcError> {
    for graph in graph.with_nested() {
        for node in &graph.nodes {
            let is_path = match &node.body {
                NodeBody::Agent(NodeAgent::Entrypoint(entrypoint)) => {
                    matches!(entrypoint.parse(), Ok(EntrypointForm::Path(_)))
                }
                NodeBody::Graph(NestedGraph::File(_)) => true,
                _ => false,
            };
            if is_path {
                let message = format!(
                    "node `{}` names a file: over the network, agents are named `namespace:name`, and nested graphs stand in the graph",
                    node.id.text
                );
                return Err(RpcError::new(Code::InvalidGraph, message));
            }
        }
    }
    Ok(())
}

/// The agents of a client's graph may read what the client itself may read, and nothing else.
pub(super) fn refuse_grants(graph: &Graph, principal: &Principal) -> Result<(), RpcError> {
    let nodes = graph.with_nested().into_iter().flat_map(|graph| &graph.nodes);
    for node in nodes {
        for pattern in &node.grants.resources {
            // A pattern is written as a text.
            let pattern = serde_json::to_value(pattern).unwrap_or_default();
            let pattern = pattern.as_str().unwrap_or_default();
            let wanted = format!("{}:{pattern}", Scope::ResourceRead).parse::<Grant>();
            let wanted = wanted.unwrap_or_else(|_| Grant::everything(Scope::ResourceRead));
            if !principal.scopes.covers(&Scopes::from(wanted)) {
                let message = format!(
                    "node `{}` is to read `{}`, which you may not",
                    node.id.text,
                    hap::sanitize(pattern, 200)
                );
                return Err(
                    RpcError::new(Code::Forbidden, message).with("scope", Scope::ResourceRead.as_str())
                );
            }
        }
    }
    Ok(())
}
