//! The runtime: loads graphs with their agents, and runs them.

use std::collections::{BTreeSet, HashMap};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hap_engine::{BreakerReport, LoadedGraph, Run, RunOptions, check_flow};
use hap_model::{
    Agent, Digest, Entrypoint, Graph, NodeAgent, NodeBody, Plan, PlanBody, Problem, Problems, RunOutcome,
};
use hap_sandbox::{CacheError, ComponentAgent, ComponentBytes, ComponentInfo, Sandbox, SandboxStats};

use crate::builder::RuntimeBuilder;
use crate::error::{Error, Result};
use crate::input::{self, Input};
use crate::loader::{AgentLoader, LoadError};

/// How many components stay loaded for later graphs, the most recently used first.
const MAX_LOADED_COMPONENTS: usize = 256;

/// How long a blocking run waits for threads that do not end with it.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// Agents by the folder of the graph file that names them, and their entrypoint.
type Entrypoints = HashMap<(PathBuf, Entrypoint), Arc<dyn Agent>>;

/// The folder of a graph file, against which its paths are taken.
fn base_of(source: Option<&Arc<str>>) -> PathBuf {
    source
        .and_then(|source| Path::new(&**source).parent())
        .unwrap_or(Path::new(""))
        .to_owned()
}

/// Loads and runs graphs. Cheap to clone; clones are the same runtime.
#[derive(Clone)]
pub struct Runtime(Arc<Inner>);

struct Inner {
    sandbox: Sandbox,
    loader: Arc<dyn AgentLoader>,
    agents: HashMap<String, Arc<dyn Agent>>,
    options: RunOptions,
    cache_trouble: Option<CacheError>,
    /// Components by digest, the most recently used last.
    loaded: Mutex<Vec<(Digest, Arc<ComponentAgent>)>>,
}

impl Runtime {
    /// A builder with every setting at its default.
    pub fn builder() -> RuntimeBuilder {
        RuntimeBuilder::default()
    }

    pub(crate) fn new(
        sandbox: Sandbox,
        loader: Arc<dyn AgentLoader>,
        agents: HashMap<String, Arc<dyn Agent>>,
        options: RunOptions,
        cache_trouble: Option<CacheError>,
    ) -> Runtime {
        Runtime(Arc::new(Inner {
            sandbox,
            loader,
            agents,
            options,
            cache_trouble,
            loaded: Mutex::default(),
        }))
    }

    /// Why compiled components are not kept on disk, when they should be and cannot.
    pub fn cache_trouble(&self) -> Option<&CacheError> {
        self.0.cache_trouble.as_ref()
    }

    /// Checks a graph and loads its agents: each entrypoint once, each component once for all graphs.
    ///
    /// # Errors
    /// Every problem of the graph and of its agents at once.
    pub async fn load(&self, graph: &Graph) -> Result<LoadedGraph> {
        let planned = Plan::new(graph);
        let mut problems = planned
            .as_ref()
            .err()
            .cloned()
            .unwrap_or_else(|| Problems::new(graph.source.clone()));
        // Agents are loaded even when the graph is wrong, so that all problems are told at once.
        let agents = self.load_entrypoints(graph, &mut problems).await;
        if problems.has_errors() {
            problems.sort();
            return Err(Error::Graph(problems));
        }
        let mut find = |plan: &Plan, node: &hap_model::PlanNode| match &node.body {
            PlanBody::Agent(NodeAgent::Instance(agent)) => Some(agent.clone()),
            PlanBody::Agent(NodeAgent::Entrypoint(entrypoint)) => {
                agents.get(&(base_of(plan.source()), entrypoint.clone())).cloned()
            }
            PlanBody::Graph(_) => None,
        };
        // Every entrypoint of the plan was loaded, or there were errors.
        let Some(loaded) = LoadedGraph::new(Arc::new(planned?), &mut find) else {
            return Err(Error::Graph(problems));
        };
        fits(loaded.graphs().iter().map(|graph| (graph, None)))?;
        Ok(loaded)
    }

    /// Starts a run and gives its handle. It runs on the tokio runtime that this is called in.
    ///
    /// # Errors
    /// As [`Runtime::load`], when the input is no acceptable object, and when it lacks what an agent's schema requires.
    pub async fn start(&self, graph: &Graph, input: impl Into<Input>) -> Result<Run> {
        let loaded = self.load(graph).await?;
        let input = input.into();
        // What is wrong with the input itself is told when it is taken apart.
        if let Ok(members) = input::members(&input, &self.0.options.budget, loaded.plan()) {
            let keys = members.into_iter().map(|(key, _)| key).collect();
            fits([(&loaded, Some(&keys))])?;
        }
        self.start_loaded(&loaded, input)
    }

    /// As [`Runtime::start`], for a graph that was loaded before.
    ///
    /// # Errors
    /// When the input is no acceptable object.
    pub fn start_loaded(&self, graph: &LoadedGraph, input: impl Into<Input>) -> Result<Run> {
        self.start_with(graph, input, self.0.options.clone())
    }

    /// As [`Runtime::start_loaded`], with other options than the runtime's own.
    ///
    /// # Errors
    /// When the input is no acceptable object.
    pub fn start_with(
        &self,
        graph: &LoadedGraph,
        input: impl Into<Input>,
        options: RunOptions,
    ) -> Result<Run> {
        let members = input::members(&input.into(), &options.budget, graph.plan())?;
        Ok(Run::start(graph.clone(), members, options))
    }

    /// The circuit breakers that have seen a call, by agent.
    pub fn circuit_breakers(&self) -> Vec<BreakerReport> {
        self.0.options.breakers.report()
    }

    /// What the sandbox is doing now, and what its compile cache was good for.
    pub fn sandbox_stats(&self) -> SandboxStats {
        self.0.sandbox.stats()
    }

    /// The options that runs have unless they are given others.
    pub fn run_options(&self) -> &RunOptions {
        &self.0.options
    }

    /// Runs a graph to its end.
    ///
    /// # Errors
    /// As [`Runtime::start`]. A run that fails is no error here: its outcome tells how it ended.
    pub async fn run(&self, graph: &Graph, input: impl Into<Input>) -> Result<RunOutcome> {
        Ok(self.start(graph, input).await?.outcome().await)
    }

    /// As [`Runtime::run`], for programs that are not async.
    ///
    /// # Errors
    /// As [`Runtime::run`], and when called inside an async runtime.
    pub fn run_blocking(&self, graph: &Graph, input: impl Into<Input>) -> Result<RunOutcome> {
        if tokio::runtime::Handle::try_current().is_ok() {
            return Err(Error::BlockingInAsync);
        }
        let threads = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(Error::Threads)?;
        let outcome = threads.block_on(self.run(graph, input));
        // A component that is still being compiled, with nobody waiting any more, must not hold up the caller.
        threads.shutdown_timeout(LAST_WAIT);
        outcome
    }

    /// What there is to know about a component before it runs.
    ///
    /// # Errors
    /// When the file cannot be read, or is no agent.
    pub async fn inspect(&self, path: &Path) -> Result<ComponentInfo> {
        let file = path.to_owned();
        let read = tokio::task::spawn_blocking(move || read_file(&file, MAX_FILE_BYTES)).await;
        let bytes = read.map_err(|error| Error::Read {
            path: path.to_owned(),
            source: io::Error::other(error),
        })??;
        let inspected = self.0.sandbox.inspect(bytes).await;
        let (_, info) = inspected.map_err(|source| Error::Component {
            path: path.to_owned(),
            source,
        })?;
        Ok(info)
    }

    /// The agents of all entrypoints of a graph and of the graphs in it, by the folder that they are named from.
    async fn load_entrypoints(&self, graph: &Graph, problems: &mut Problems) -> Entrypoints {
        let mut loaded: HashMap<(PathBuf, Entrypoint), std::result::Result<Arc<dyn Agent>, LoadError>> =
            HashMap::new();
        for graph in graph.with_nested() {
            let base = base_of(graph.source.as_ref());
            let mut found = Problems::new(graph.source.clone());
            for node in &graph.nodes {
                let NodeBody::Agent(NodeAgent::Entrypoint(entrypoint)) = &node.body else {
                    continue;
                };
                let key = (base.clone(), entrypoint.clone());
                if !loaded.contains_key(&key) {
                    let Some(result) = self.load_entrypoint(entrypoint, &base).await else {
                        continue;
                    };
                    loaded.insert(key.clone(), result);
                }
                if let Some(Err(error)) = loaded.get(&key) {
                    let message = format!("node `{}`: {}", node.id.text, error.message);
                    let problem = Problem::error(node.body_place, message);
                    found.push(match &error.hint {
                        Some(hint) => problem.hint(hint.clone()),
                        None => problem,
                    });
                }
            }
            problems.extend(found);
        }
        loaded
            .into_iter()
            .filter_map(|(key, result)| Some((key, result.ok()?)))
            .collect()
    }

    /// `None` when the entrypoint has no known form: the plan tells that.
    async fn load_entrypoint(
        &self,
        entrypoint: &Entrypoint,
        base: &Path,
    ) -> Option<std::result::Result<Arc<dyn Agent>, LoadError>> {
        if let Some(agent) = self.0.agents.get(entrypoint.as_str()) {
            return Some(Ok(agent.clone()));
        }
        let form = entrypoint.parse().ok()?;
        let loaded = match self.0.loader.load(&form, base).await {
            Ok(loaded) => loaded,
            Err(error) => return Some(Err(error)),
        };
        let component = self.component(loaded.bytes).await;
        Some(
            component
                .map(|agent| agent as Arc<dyn Agent>)
                .map_err(|error| LoadError {
                    message: format!("`{}`: {error}", loaded.origin.display()),
                    hint: None,
                }),
        )
    }

    async fn component(
        &self,
        bytes: Vec<u8>,
    ) -> std::result::Result<Arc<ComponentAgent>, hap_sandbox::SandboxError> {
        let bytes = ComponentBytes::from(bytes);
        let digest = bytes.digest();
        if let Some(agent) = self.recently_loaded(&digest) {
            return Ok(agent);
        }
        let agent = Arc::new(self.0.sandbox.load(bytes).await?);
        let mut loaded = self.0.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if loaded.len() >= MAX_LOADED_COMPONENTS {
            loaded.remove(0);
        }
        loaded.push((digest, agent.clone()));
        Ok(agent)
    }

    fn recently_loaded(&self, digest: &Digest) -> Option<Arc<ComponentAgent>> {
        let mut loaded = self.0.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let position = loaded.iter().position(|(known, _)| known == digest)?;
        let entry = loaded.remove(position);
        let agent = entry.1.clone();
        loaded.push(entry);
        Some(agent)
    }
}

/// Whether what nodes are given fits what their agents want, as far as schemas and, where it is known, the input tell.
fn fits<'a>(
    graphs: impl IntoIterator<Item = (&'a LoadedGraph, Option<&'a BTreeSet<Arc<str>>>)>,
) -> Result<()> {
    let mut problems: Option<Problems> = None;
    for (graph, input_keys) in graphs {
        let mut told = Problems::new(graph.plan().source().cloned());
        check_flow(graph, input_keys)
            .into_iter()
            .for_each(|problem| told.push(problem));
        match &mut problems {
            Some(problems) => problems.extend(told),
            None => problems = Some(told),
        }
    }
    Ok(problems.unwrap_or_default().into_result(())?)
}

/// The longest file that is read here: what a graph and a component may have at most.
pub(crate) const MAX_FILE_BYTES: u64 = 64 << 20;

/// Reads a file of at most `max_bytes`. The bound holds for files that grow, and for pipes.
pub(crate) fn read_file(path: &Path, max_bytes: u64) -> Result<Vec<u8>> {
    let trouble = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let file = std::fs::File::open(path).map_err(trouble)?;
    let length = file.metadata().map_err(trouble)?.len().min(max_bytes);
    let mut bytes = Vec::with_capacity(length.saturating_add(1) as usize);
    file.take(max_bytes.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(trouble)?;
    if bytes.len() as u64 > max_bytes {
        let message = format!("it is longer than {max_bytes} bytes");
        return Err(trouble(io::Error::new(io::ErrorKind::FileTooLarge, message)));
    }
    Ok(bytes)
}
