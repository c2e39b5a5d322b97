//! The settings of a runtime, each with its default.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hap_engine::RunOptions;
use hap_model::{Agent, Budget, EventSink, FnAgent, FnError, ResourceProvider};
use hap_sandbox::{Allocation, Compilation, Sandbox, SandboxConfig};

use crate::error::Result;
use crate::loader::{AgentLoader, FolderLoader};
use crate::runtime::Runtime;

/// Builds a [`Runtime`].
#[derive(Default)]
pub struct RuntimeBuilder {
    folders: Vec<PathBuf>,
    loader: Option<Arc<dyn AgentLoader>>,
    agents: HashMap<String, Arc<dyn Agent>>,
    options: RunOptions,
    sandbox: SandboxConfig,
    no_cache: bool,
}

impl RuntimeBuilder {
    /// Adds a folder in which `namespace:name` entrypoints are looked up.
    pub fn agents_dir(mut self, folder: impl Into<PathBuf>) -> RuntimeBuilder {
        self.folders.push(folder.into());
        self
    }

    /// Replaces the loader of components, and with it the agent folders.
    pub fn agent_loader(mut self, loader: Arc<dyn AgentLoader>) -> RuntimeBuilder {
        self.loader = Some(loader);
        self
    }

    /// Serves the entrypoint `name` (`namespace:name`) with an agent of this program.
    pub fn agent(mut self, entrypoint: impl Into<String>, agent: Arc<dyn Agent>) -> RuntimeBuilder {
        self.agents.insert(entrypoint.into(), agent);
        self
    }

    /// Serves the entrypoint `name` (`namespace:name`) with a closure over the context.
    pub fn agent_fn<F>(self, entrypoint: impl Into<String>, function: F) -> RuntimeBuilder
    where
        F: Fn(serde_json::Value) -> std::result::Result<serde_json::Value, FnError> + Send + Sync + 'static,
    {
        let entrypoint = entrypoint.into();
        let agent = FnAgent::new(entrypoint.clone(), function);
        self.agent(entrypoint, Arc::new(agent))
    }

    /// How many nodes of a run may run at one time. Default: four for each processor.
    pub fn max_parallel(mut self, nodes: NonZeroUsize) -> RuntimeBuilder {
        self.options.max_parallel = nodes;
        self
    }

    /// What an attempt of a node may spend. Graphs and nodes can only lower it.
    pub fn budget(mut self, budget: Budget) -> RuntimeBuilder {
        self.options.budget = budget;
        self
    }

    /// What all attempts of a run may spend together. Graphs can only lower it.
    pub fn run_budget(mut self, budget: Budget) -> RuntimeBuilder {
        self.options.run_budget = budget;
        self
    }

    /// The instant from which virtual clocks start (nanoseconds since 1970) and the seed of virtual randomness: with both
    /// given, a run can be repeated to the byte.
    pub fn repeatable(mut self, started_at_unix_nanos: u64, seed: u64) -> RuntimeBuilder {
        self.options.started_at_unix_nanos = Some(started_at_unix_nanos);
        self.options.seed = Some(seed);
        self
    }

    /// Receives every event of every run.
    pub fn event_sink(mut self, sink: Arc<dyn EventSink>) -> RuntimeBuilder {
        self.options.event_sink = Some(sink);
        self
    }

    /// Serves the documents that graphs grant.
    pub fn resources(mut self, provider: Arc<dyn ResourceProvider>) -> RuntimeBuilder {
        self.options.resources = provider;
        self
    }

    /// The folder of compiled components. Default: `hap` in the user's cache folder.
    pub fn cache_dir(mut self, folder: impl Into<PathBuf>) -> RuntimeBuilder {
        self.sandbox.cache_folder = Some(folder.into());
        self
    }

    /// Compiles components at each start instead of keeping them on disk.
    pub fn no_cache(mut self) -> RuntimeBuilder {
        self.no_cache = true;
        self
    }

    /// The most bytes that the folder of compiled components may hold; what was used longest ago goes first. Default 2 GiB.
    pub fn max_cache_bytes(mut self, bytes: u64) -> RuntimeBuilder {
        self.sandbox.max_cache_bytes = bytes;
        self
    }

    /// How many instances may live at one time in all runs together. Default 256. Each reserves some 16 GiB of address space
    /// and no memory: where address space is limited, there is room for few.
    pub fn max_instances(mut self, instances: u32) -> RuntimeBuilder {
        self.sandbox.max_instances = instances;
        self
    }

    /// How many of these one agent may have. Default: half of all.
    pub fn max_instances_per_agent(mut self, instances: u32) -> RuntimeBuilder {
        self.sandbox.max_instances_per_agent = Some(instances);
        self
    }

    /// Where components are compiled. Programs that compile strangers' components choose a process of its own.
    pub fn compilation(mut self, compilation: Compilation) -> RuntimeBuilder {
        self.sandbox.compilation = compilation;
        self
    }

    /// The longest component, in bytes. Default 64 MiB.
    pub fn max_component_bytes(mut self, bytes: u64) -> RuntimeBuilder {
        self.sandbox.max_component_bytes = bytes;
        self
    }

    /// Real time for compiling one component in this process; a child process has a limit of its own. Default 60 s.
    pub fn compile_time(mut self, time: Duration) -> RuntimeBuilder {
        self.sandbox.compile_time = time;
        self
    }

    /// How instances get their memory, where the host's own choice is not wanted.
    pub fn allocation(mut self, allocation: Allocation) -> RuntimeBuilder {
        self.sandbox.allocation = Some(allocation);
        self
    }

    /// Starts the runtime.
    ///
    /// # Errors
    /// When the sandbox cannot start on this host.
    pub fn build(mut self) -> Result<Runtime> {
        self.sandbox.cache_folder = match self.sandbox.cache_folder {
            _ if self.no_cache => None,
            Some(folder) => Some(folder),
            None => default_cache_folder(),
        };
        let max_bytes = self.sandbox.max_component_bytes;
        let (sandbox, cache_trouble) = Sandbox::new(self.sandbox)?;
        let folders = self.folders;
        let loader = self
            .loader
            .unwrap_or_else(|| Arc::new(FolderLoader { folders, max_bytes }));
        Ok(Runtime::new(
            sandbox,
            loader,
            self.agents,
            self.options,
            cache_trouble,
        ))
    }
}

/// `$XDG_CACHE_HOME/hap`, else `~/.cache/hap`; nothing where neither is known.
fn default_cache_folder() -> Option<PathBuf> {
    let absolute = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let base = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")))?;
    Some(base.join("hap").join("compiled"))
}
