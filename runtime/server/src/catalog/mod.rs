//! The agents and graphs that a server offers: those in its folders, and the graphs that tenants created. Folders are read
//! again and again; what changed is checked first and swapped in then, so a broken file never takes the place of a good
//! one, and runs under way keep what they began with.

mod change;
mod check;
mod files;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use hap::{Agent, Graph, LoadedGraph, NodeIndex, Runtime};

use crate::auth::{Principal, TenantId};
use crate::rpc::{Code, RpcError};
use crate::runs::Subject;
pub use change::{CatalogChange, Change, Offered};
use check::{refuse_grants, refuse_paths, wrong_graph};
use files::{FromFile, Others, add_files, changed, component_files, files, forget, keep, usable};

/// An agent that the server offers.
pub(crate) struct AgentEntry {
    pub(crate) name: String,
    pub(crate) agent: Arc<dyn Agent>,
}

/// A graph that the server offers.
pub(crate) struct GraphEntry {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) loaded: LoadedGraph,
    /// The graph as a tenant created it; it may be deleted then. `None` for a file's.
    pub(crate) source: Option<Graph>,
}

/// The agents and graphs of a server.
pub(crate) struct Catalog {
    runtime: Runtime,
    agent_folders: Vec<PathBuf>,
    /// Components outside those folders, with their names.
    agent_files: Vec<(String, PathBuf)>,
    graph_folders: Vec<PathBuf>,
    agents: Mutex<BTreeMap<String, FromFile<AgentEntry>>>,
    graphs: Mutex<BTreeMap<String, FromFile<GraphEntry>>>,
    created: Mutex<HashMap<TenantId, BTreeMap<String, Arc<GraphEntry>>>>,
    /// Whether the folders were read once.
    was_read: AtomicBool,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Catalog {
    pub(crate) fn new(
        runtime: Runtime,
        agent_folders: Vec<PathBuf>,
        agent_files: Vec<(String, PathBuf)>,
        graph_folders: Vec<PathBuf>,
    ) -> Catalog {
        Catalog {
            runtime,
            agent_folders,
            agent_files,
            graph_folders,
            agents: Mutex::default(),
            graphs: Mutex::default(),
            created: Mutex::default(),
            was_read: AtomicBool::new(false),
        }
    }

    /// Reads what changed in the folders, and gives it, for the operator.
    pub(crate) async fn refresh(&self) -> Vec<CatalogChange> {
        let mut told = Vec::new();
        let mut found = files(&self.agent_folders, &["wasm"]).await;
        add_files(&self.agent_files, &mut found);
        forget(&self.agents, Offered::Agent, &found, &mut told);
        let mut changed_agents = changed(&self.agents, &found).await;
        for (name, (path, stamp)) in found {
            if changed_agents.remove(&name) {
                let read = self.read_agent(&name, &path).await;
                let state = (stamp, Others::default());
                told.push(keep(&self.agents, Offered::Agent, name, state, read));
            }
        }
        // A graph holds its agents, so new ones reach it only when it is loaded again.
        let agents_changed = !told.is_empty();
        let found = files(&self.graph_folders, &["yaml", "yml", "json"]).await;
        forget(&self.graphs, Offered::Graph, &found, &mut told);
        let mut changed_graphs = changed(&self.graphs, &found).await;
        for (name, (path, stamp)) in found {
            if changed_graphs.remove(&name) || agents_changed {
                let (read, others) = self.read_graph(&name, &path).await;
                told.push(keep(&self.graphs, Offered::Graph, name, (stamp, others), read));
            }
        }
        if agents_changed {
            self.reload_created().await;
        }
        self.was_read.store(true, Ordering::Release);
        told
    }

    /// Whether the folders were read once.
    pub(crate) fn was_read(&self) -> bool {
        self.was_read.load(Ordering::Acquire)
    }

    /// Gives the graphs that tenants created the agents of now; where that fails they keep those that they have.
    async fn reload_created(&self) {
        let all: Vec<_> = locked(&self.created)
            .iter()
            .flat_map(|(tenant, own)| own.values().map(|entry| (tenant.clone(), entry.clone())))
            .collect();
        for (tenant, before) in all {
            let Some(graph) = &before.source else { continue };
            let Ok(loaded) = self.runtime.load(graph).await else {
                continue;
            };
            let mut created = locked(&self.created);
            let place = created.get_mut(&tenant).and_then(|own| own.get_mut(&before.name));
            // It may have been deleted, and another one created, meanwhile.
            if let Some(place) = place.filter(|place| Arc::ptr_eq(place, &before)) {
                *place = Arc::new(GraphEntry {
                    name: before.name.clone(),
                    description: before.description.clone(),
                    loaded,
                    source: before.source.clone(),
                });
            }
        }
    }

    async fn read_agent(&self, name: &str, path: &Path) -> Result<AgentEntry, String> {
        let mut graph = Graph::new();
        graph.add_entrypoint_node("agent", &path.display().to_string(), [] as [&str; 0]);
        let loaded = self
            .runtime
            .load(&graph)
            .await
            .map_err(|error| error.to_string())?;
        let agent = loaded.body(NodeIndex(0)).agent().cloned();
        Ok(AgentEntry {
            name: name.to_owned(),
            agent: agent.ok_or("it is no agent")?,
        })
    }

    /// Also gives the other files that the graph names, whether they can be used or not.
    async fn read_graph(&self, name: &str, path: &Path) -> (Result<GraphEntry, String>, Others) {
        let path = path.to_owned();
        let began = SystemTime::now();
        let read = tokio::task::spawn_blocking(move || {
            let (read, mut files) = hap::read_graph_with_files(path);
            if let Ok(graph) = &read {
                files.extend(component_files(graph));
            }
            (read, Others::read(files, began))
        });
        match read.await {
            Ok((Ok(graph), others)) => (self.load_graph(name, graph).await, others),
            Ok((Err(error), others)) => (Err(error.to_string()), others),
            Err(error) => (Err(error.to_string()), Others::default()),
        }
    }

    async fn load_graph(&self, name: &str, graph: Graph) -> Result<GraphEntry, String> {
        let loaded = self
            .runtime
            .load(&graph)
            .await
            .map_err(|error| error.to_string())?;
        Ok(GraphEntry {
            name: name.to_owned(),
            description: graph.description,
            loaded,
            source: None,
        })
    }

    /// The agents, by name.
    pub(crate) fn agents(&self) -> Vec<Arc<AgentEntry>> {
        locked(&self.agents)
            .values()
            .filter_map(|file| file.entry.clone())
            .collect()
    }

    /// The names of the agents and of the graphs of the folders.
    pub(crate) fn offered(&self) -> (Vec<String>, Vec<String>) {
        (usable(&self.agents), usable(&self.graphs))
    }

    /// Whether what a run of the tenant's is of stands in the folders, and is not a graph of the tenant's own.
    pub(crate) fn offers(&self, tenant: &TenantId, subject: &Subject) -> bool {
        match subject {
            Subject::Agent(name) => locked(&self.agents).contains_key(name),
            Subject::Graph(name) => {
                let created = locked(&self.created);
                let own = created.get(tenant).is_some_and(|own| own.contains_key(name));
                !own && locked(&self.graphs).contains_key(name)
            }
        }
    }

    /// The agents whose files cannot be used, and why: for who manages the server.
    pub(crate) fn broken_agents(&self) -> Vec<(String, String)> {
        let agents = locked(&self.agents);
        let broken = agents
            .iter()
            .filter_map(|(name, file)| Some((name.clone(), file.trouble.clone()?)));
        broken.collect()
    }

    /// The graphs whose files cannot be used, and why: for who manages the server.
    pub(crate) fn broken_graphs(&self) -> Vec<(String, String)> {
        let graphs = locked(&self.graphs);
        let broken = graphs
            .iter()
            .filter_map(|(name, file)| Some((name.clone(), file.trouble.clone()?)));
        broken.collect()
    }

    /// An agent by its name; dashes and underscores count as one.
    pub(crate) fn agent(&self, name: &str) -> Result<Arc<AgentEntry>, RpcError> {
        let agents = locked(&self.agents);
        let dashes = |text: &str| text.replace('_', "-");
        let exact = agents.get(name).and_then(|file| file.entry.clone());
        let found = exact.or_else(|| {
            let alike = agents.iter().find(|(known, _)| dashes(known) == dashes(name));
            alike.and_then(|(_, file)| file.entry.clone())
        });
        found.ok_or_else(|| not_found("agent", name, agents.keys()))
    }

    /// The graphs that a tenant may use, by name: its own before those of the folders.
    pub(crate) fn graphs(&self, tenant: &TenantId) -> Vec<Arc<GraphEntry>> {
        let mut all: BTreeMap<String, Arc<GraphEntry>> = locked(&self.graphs)
            .iter()
            .filter_map(|(name, file)| Some((name.clone(), file.entry.clone()?)))
            .collect();
        if let Some(own) = locked(&self.created).get(tenant) {
            all.extend(own.iter().map(|(name, entry)| (name.clone(), entry.clone())));
        }
        all.into_values().collect()
    }

    /// A graph by its name.
    pub(crate) fn graph(&self, tenant: &TenantId, name: &str) -> Result<Arc<GraphEntry>, RpcError> {
        let graphs = self.graphs(tenant);
        let found = graphs.iter().find(|graph| graph.name == name).cloned();
        found.ok_or_else(|| not_found("graph", name, graphs.iter().map(|graph| &graph.name)))
    }

    /// Checks a graph of a client's and loads its agents. Only agents of the server's folders can be named.
    pub(crate) async fn check(&self, by: &Principal, text: &str) -> Result<(Graph, LoadedGraph), RpcError> {
        let graph = Graph::from_text("graph", text)
            .map_err(|problems| wrong_graph(&problems, &self.agent_folders))?;
        refuse_paths(&graph)?;
        refuse_grants(&graph, by)?;
        match self.runtime.load(&graph).await {
            Ok(loaded) => Ok((graph, loaded)),
            Err(hap::Error::Graph(problems)) => Err(wrong_graph(&problems, &self.agent_folders)),
            Err(error) => Err(RpcError::new(Code::InvalidGraph, error.to_string())),
        }
    }

    /// Keeps a graph of a tenant's under a name, where the tenant has fewer than `max`.
    pub(crate) async fn create(
        &self,
        by: &Principal,
        name: &str,
        text: &str,
        max: usize,
    ) -> Result<Arc<GraphEntry>, RpcError> {
        if hap::NodeId::new(name).is_none() {
            let message = "a graph's name begins with a letter and goes on with letters, digits, `-` or `_`, 100 at most";
            return Err(RpcError::invalid_params(message));
        }
        let (graph, loaded) = self.check(by, text).await?;
        let entry = Arc::new(GraphEntry {
            name: name.to_owned(),
            description: graph.description.clone(),
            loaded,
            source: Some(graph),
        });
        let mut created = locked(&self.created);
        let own = created.entry(by.tenant.clone()).or_default();
        if own.contains_key(name) {
            return Err(RpcError::new(
                Code::Conflict,
                format!("there is a graph `{name}` already"),
            ));
        }
        if own.len() >= max {
            let message = format!("you have {} graphs, as many as may be", own.len());
            let hint = "delete one with `graph/delete`: waiting does not help";
            return Err(RpcError::new(Code::OverQuota, message).hint(hint));
        }
        own.insert(name.to_owned(), entry.clone());
        Ok(entry)
    }

    /// Deletes a graph that the tenant created. Runs of it go on.
    pub(crate) fn delete(&self, tenant: &TenantId, name: &str) -> Result<(), RpcError> {
        let own = {
            let mut created = locked(&self.created);
            let own = created.get_mut(tenant);
            let deleted = own.and_then(|own| own.remove(name));
            // A tenant without graphs takes no room.
            created.retain(|_, own| !own.is_empty());
            deleted
        };
        match own {
            Some(_) => Ok(()),
            None if self.graph(tenant, name).is_ok() => {
                let message = format!("graph `{name}` is one of the server's folders and cannot be deleted");
                Err(RpcError::new(Code::Forbidden, message))
            }
            None => Err(not_found("graph", name, std::iter::empty())),
        }
    }
}

fn not_found<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a String>) -> RpcError {
    let near = hap::nearest(name, known.map(String::as_str));
    let error = RpcError::new(
        Code::NotFound,
        format!("there is no {what} `{}`", hap::sanitize(name, 200)),
    );
    match near {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint(format!("`{what}/list` tells those that there are")),
    }
}
