//! The lock of a graph: which components it was checked with, and what they may ask for. A run that is given the lock
//! refuses a component that changed or wants more.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hap_engine::{AgentNode, LoadedGraph};
use hap_model::{NodeAgent, NodePath, Place, PlanBody, Problem, Problems};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The version of the file's form.
const VERSION: u32 = 1;

/// What a graph was checked with, by entrypoint. Written beside the graph as `GRAPH.lock`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    version: u32,
    agents: BTreeMap<String, LockedAgent>,
}

/// One component as it was when the graph was locked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LockedAgent {
    name: String,
    version: String,
    digest: String,
    imports: BTreeSet<String>,
}

impl Lock {
    /// The lock of a graph as it is loaded now. Agents of this program have no component and are not locked.
    pub fn of(graph: &LoadedGraph) -> Lock {
        let agents = locked(graph)
            .into_iter()
            .map(|(entrypoint, _, agent)| (entrypoint, agent))
            .collect();
        Lock {
            version: VERSION,
            agents,
        }
    }

    /// Where the lock of a graph file stands: beside it, with `.lock` at the end.
    pub fn path_of(graph: &Path) -> PathBuf {
        let mut path = graph.as_os_str().to_owned();
        path.push(".lock");
        path.into()
    }

    /// Reads the lock of a graph file; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be read, or is no lock of a version that is known.
    pub fn read(graph: &Path) -> Result<Option<Lock>> {
        let path = Lock::path_of(graph);
        let trouble = |source| Error::Read {
            path: path.clone(),
            source,
        };
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text.map_err(trouble)?,
        };
        let invalid = |message: String| trouble(io::Error::new(io::ErrorKind::InvalidData, message));
        let lock: Lock =
            serde_json::from_str(&text).map_err(|error| invalid(format!("it is no lock: {error}")))?;
        match lock.version {
            VERSION => Ok(Some(lock)),
            other => Err(invalid(format!(
                "it is of version {other}, and this program knows {VERSION}"
            ))),
        }
    }

    /// The file's text: JSON that is the same for the same components.
    pub fn to_text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// Holds a loaded graph against the lock.
    ///
    /// # Errors
    /// Every component that is not in the lock, changed, or wants more, with its place in the graph.
    pub fn check(&self, graph: &LoadedGraph, source: &str) -> std::result::Result<(), Problems> {
        let mut problems = Problems::new(Some(source.into()));
        let relock = format!("look at the change, then run `hap lock {source}`");
        for (entrypoint, node, agent) in locked(graph) {
            let mut tell = |message: String| {
                let mut told = Problems::new(node.source.clone().or_else(|| Some(source.into())));
                let message = format!("node `{}`: {message}", node.path);
                told.push(Problem::error(node.place, message).hint(relock.clone()));
                problems.extend(told);
            };
            let Some(known) = self.agents.get(&entrypoint) else {
                tell(format!("`{entrypoint}` is not in the lock"));
                continue;
            };
            let more: Vec<&str> = agent
                .imports
                .difference(&known.imports)
                .map(String::as_str)
                .collect();
            if !more.is_empty() {
                tell(format!(
                    "`{entrypoint}` wants more than when it was locked: {}",
                    more.join(", ")
                ));
            } else if agent.digest != known.digest {
                tell(format!(
                    "`{entrypoint}` changed: it was {}, and is {}",
                    known.digest, agent.digest
                ));
            }
        }
        problems.into_result(())
    }
}

/// The components of a graph and of the graphs in it, each once, with the first node that names it.
fn locked(graph: &LoadedGraph) -> Vec<(String, LoadedNode, LockedAgent)> {
    let mut seen = BTreeSet::new();
    let mut list = Vec::new();
    graph.visit_agents(&mut |found: &AgentNode<'_>| {
        let (PlanBody::Agent(NodeAgent::Entrypoint(entrypoint)), Some(digest)) =
            (&found.node.body, found.agent.digest())
        else {
            return;
        };
        if !seen.insert(entrypoint.clone()) {
            return;
        }
        let manifest = found.agent.manifest();
        let locked = LockedAgent {
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            digest: digest.to_string(),
            imports: found.agent.imports().iter().cloned().collect(),
        };
        let node = LoadedNode {
            path: found.path.clone(),
            place: found.node.body_place,
            source: found.source.cloned(),
        };
        list.push((entrypoint.as_str().to_owned(), node, locked));
    });
    list
}

/// Which node names a component, and where.
struct LoadedNode {
    path: NodePath,
    place: Option<Place>,
    source: Option<Arc<str>>,
}
