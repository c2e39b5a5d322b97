//! The sandbox: one engine, one linker, one cache, and the components that were loaded into it.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hap_model::{
    Budget, Call, CallObserver, Digest, Grants, Limit, LogRecord, Manifest, NoResources, NodeId, NodePath,
    Progress, RunContext, RunId, sanitize,
};
use tokio::sync::Semaphore;
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Module};

use crate::cache::{CacheError, CompileCache};
use crate::compile::{self, ChildCompiler, Compilation};
use crate::component::{self, ComponentBytes, ComponentInfo, Exports};
use crate::describe;
use crate::engine::{self, Allocation};
use crate::error::SandboxError;
use crate::instances;
use crate::invoke::{ComponentAgent, Prepared};
use crate::nesting;
use crate::slots::{GaveUp, Slots};
use crate::state::State;
use crate::stats::{Counts, SandboxStats};
use crate::ticker::Ticker;

/// How many components that cannot be compiled are remembered.
const MAX_REMEMBERED_FAILURES: usize = 256;

/// Settings of a sandbox.
#[derive(Clone, Debug)]
pub struct SandboxConfig {
    /// How many instances may live at one time; further calls wait. Each reserves address space but no memory. Default 256.
    pub max_instances: u32,
    /// How many of them one component may have; further calls of it wait. `None` is half of all, so that no agent can take
    /// every place.
    pub max_instances_per_agent: Option<u32>,
    /// How instances get their memory; `None` chooses what suits the host.
    pub allocation: Option<Allocation>,
    /// The folder of compiled components; `None` compiles each time.
    pub cache_folder: Option<PathBuf>,
    /// The bound on that folder, in bytes. Default 2 GiB.
    pub max_cache_bytes: u64,
    /// The longest component, in bytes. Default 64 MiB.
    pub max_component_bytes: u64,
    /// Where components are compiled. Default: in this process. Only then does a backtrace tell source lines, where the
    /// component carries debug information.
    pub compilation: Compilation,
    /// Real time for compiling one component in this process; a child process has a limit of its own. Default 60 s.
    pub compile_time: Duration,
    /// What `describe` may spend.
    pub describe_budget: Budget,
}

impl Default for SandboxConfig {
    fn default() -> SandboxConfig {
        SandboxConfig {
            max_instances: 256,
            max_instances_per_agent: None,
            allocation: None,
            cache_folder: None,
            max_cache_bytes: 2 << 30,
            max_component_bytes: 64 << 20,
            compilation: Compilation::InProcess,
            compile_time: Duration::from_secs(60),
            describe_budget: Budget::default()
                .with(Limit::Fuel, 2_000_000_000)
                .with(Limit::WallTime, 5_000)
                .with(Limit::Output, 1 << 20)
                .with(Limit::HostCallBytes, 1 << 20),
        }
    }
}

impl SandboxConfig {
    fn instances_per_agent(&self) -> u32 {
        self.max_instances_per_agent
            .unwrap_or(self.max_instances.div_ceil(2))
            .clamp(1, self.max_instances.max(1))
    }
}

/// Runs components. Cheap to clone; clones are the same sandbox.
#[derive(Clone)]
pub struct Sandbox {
    engine: Engine,
    linker: Arc<Linker<State>>,
    permits: Arc<Semaphore>,
    ticker: Arc<Ticker>,
    cache: Option<CompileCache>,
    /// What the instances of a component are counted with.
    empty: Module,
    /// Tells this engine's machine code from that of other versions and settings.
    compatibility: u64,
    /// The compilations in this process.
    slots: Arc<Slots>,
    /// Components that could not be compiled, the latest last.
    failures: Arc<Mutex<Vec<(Digest, SandboxError)>>>,
    counts: Arc<Counts>,
    config: Arc<SandboxConfig>,
}

impl Sandbox {
    /// Starts a sandbox. The second value says why the compile cache is not used, if it was asked for and cannot be.
    ///
    /// # Errors
    /// When the host cannot run one, such as for lack of address space.
    pub fn new(config: SandboxConfig) -> Result<(Sandbox, Option<CacheError>), SandboxError> {
        let allocation = config.allocation.unwrap_or_else(Allocation::detect);
        let source_lines = matches!(config.compilation, Compilation::InProcess);
        let engine = engine::build(allocation, config.max_instances, source_lines)?;
        let ticker = Arc::new(Ticker::start(&engine)?);
        let mut linker = Linker::new(&engine);
        crate::wasi::add_to_linker(&mut linker).map_err(|error| SandboxError::engine(&error))?;
        crate::capability::add_to_linker(&mut linker).map_err(|error| SandboxError::engine(&error))?;
        let opened = config
            .cache_folder
            .as_deref()
            .map(|folder| CompileCache::open(folder, config.max_cache_bytes));
        let (cache, trouble) = match opened {
            Some(Ok(cache)) => (Some(cache), None),
            Some(Err(error)) => (None, Some(error)),
            None => (None, None),
        };
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let sandbox = Sandbox {
            empty: instances::empty_module(&engine)?,
            engine,
            linker: Arc::new(linker),
            permits: Arc::new(Semaphore::new(config.max_instances as usize)),
            ticker,
            cache,
            compatibility: hasher.finish(),
            slots: Arc::new(Slots::new(config.compile_time)),
            failures: Arc::default(),
            counts: Arc::default(),
            config: Arc::new(config),
        };
        Ok((sandbox, trouble))
    }

    /// What the sandbox is doing now, and what its cache was good for.
    pub fn stats(&self) -> SandboxStats {
        let places = self.config.max_instances as usize;
        let taken = places.saturating_sub(self.permits.available_permits());
        self.counts.stats(places, taken)
    }

    /// Loads the agent in a component: checks the bytes, compiles them or takes them from the cache, checks imports and
    /// exports against the contract, and asks the agent to describe itself. It needs a tokio runtime whose time is enabled.
    ///
    /// # Errors
    /// The first of these that fails, in words for the component's author.
    pub async fn load(&self, bytes: impl Into<ComponentBytes>) -> Result<ComponentAgent, SandboxError> {
        self.inspect(bytes).await.map(|(agent, _)| agent)
    }

    /// As [`Sandbox::load`], with what there is to know about the component.
    ///
    /// # Errors
    /// As [`Sandbox::load`].
    pub async fn inspect(
        &self,
        bytes: impl Into<ComponentBytes>,
    ) -> Result<(ComponentAgent, ComponentInfo), SandboxError> {
        let ComponentBytes { bytes, digest } = bytes.into();
        let size = bytes.len() as u64;
        let allowed = self.config.max_component_bytes;
        if size > allowed {
            return Err(SandboxError::TooLarge { size, allowed });
        }
        component::check_preamble(&bytes)?;
        nesting::check(&bytes)?;
        let component = self.compile(digest, bytes).await?;
        let (imports, export_names) = component::names(&component, &self.engine);
        component::check_imports(&imports)?;
        let exports = component::exports(&component, &export_names)?;
        let pre = self
            .linker
            .instantiate_pre(&component)
            .map_err(|error| component::link_error(&error))?;
        // Only components that import modules have no answer here, and those were refused above.
        let required = component.resources_required();
        let mut component = Prepared {
            engine: self.engine.clone(),
            permits: self.permits.clone(),
            counts: self.counts.clone(),
            own_permits: Semaphore::new(self.config.instances_per_agent() as usize),
            ticker: self.ticker.clone(),
            places: self.config.max_instances,
            pre,
            instances: 0,
            empty: self.empty.clone(),
            memories: required.as_ref().map_or(0, |required| required.num_memories),
            tables: required.as_ref().map_or(0, |required| required.num_tables),
        };
        let manifest = self.describe(&mut component, &exports).await?;
        let info = ComponentInfo {
            digest,
            size,
            manifest: manifest.clone(),
            imports,
            exports: export_names,
        };
        let imports = info.imports.clone();
        Ok((
            ComponentAgent {
                component,
                exports,
                manifest,
                digest,
                imports,
            },
            info,
        ))
    }

    /// The component, from the cache or compiled. What cannot be compiled is remembered, so that it is tried once.
    async fn compile(&self, digest: Digest, bytes: Vec<u8>) -> Result<Component, SandboxError> {
        let known = self
            .failures()
            .iter()
            .find(|(known, _)| *known == digest)
            .map(|(_, error)| error.clone());
        if let Some(error) = known {
            return Err(error);
        }
        let compiled = match &self.config.compilation {
            Compilation::InProcess => self.compile_here(digest, bytes).await,
            Compilation::ChildProcess(child) => self.compile_in_child(digest, &bytes, child).await,
        };
        if let Err(error @ (SandboxError::Invalid { .. } | SandboxError::CompileLimit { .. })) = &compiled {
            let mut failures = self.failures();
            if failures.len() >= MAX_REMEMBERED_FAILURES {
                failures.remove(0);
            }
            failures.push((digest, error.clone()));
        }
        compiled
    }

    /// Compiling computes for long, so it must not hold up the tasks of the thread that asks for it.
    async fn compile_here(&self, digest: Digest, bytes: Vec<u8>) -> Result<Component, SandboxError> {
        let sandbox = self.clone();
        let cached = tokio::task::spawn_blocking(move || sandbox.cached(&digest)).await;
        if let Ok(Some(component)) = cached {
            return Ok(component);
        }
        let engine = self.engine.clone();
        let compiled = self
            .slots
            .run(move || Component::from_binary(&engine, &bytes))
            .await;
        let component = compiled
            .map_err(|gave_up| match gave_up {
                GaveUp::TimeUp => compile::took_longer(self.config.compile_time),
                GaveUp::Busy { under_way } => SandboxError::CompilerBusy { under_way },
                GaveUp::Stopped => SandboxError::Compiler { digest },
            })?
            .map_err(|error| SandboxError::invalid(&error))?;
        // Not where it is compiled: what took too long must not push others out of the cache.
        let (sandbox, compiled) = (self.clone(), component.clone());
        let keep = move || {
            if let Ok(code) = compiled.serialize() {
                sandbox.keep(&digest, &code);
            }
        };
        let _ = tokio::task::spawn_blocking(keep).await;
        Ok(component)
    }

    async fn compile_in_child(
        &self,
        digest: Digest,
        bytes: &[u8],
        child: &ChildCompiler,
    ) -> Result<Component, SandboxError> {
        let sandbox = self.clone();
        let cached = tokio::task::spawn_blocking(move || sandbox.cached(&digest)).await;
        if let Ok(Some(component)) = cached {
            return Ok(component);
        }
        let code = compile::in_child(child, bytes).await?;
        let sandbox = self.clone();
        let load = move || {
            sandbox.keep(&digest, &code);
            sandbox
                .deserialize(&code)
                .map_err(|error| SandboxError::invalid(&error))
        };
        tokio::task::spawn_blocking(load)
            .await
            .map_err(|_| SandboxError::Compiler { digest })?
    }

    /// The compiled form from the cache. The file is mapped, so that only what is used of it is read.
    fn cached(&self, digest: &Digest) -> Option<Component> {
        let component = self.mapped(digest);
        self.counts.looked_up(component.is_some());
        component
    }

    fn mapped(&self, digest: &Digest) -> Option<Component> {
        let path = self.cache.as_ref()?.get(digest, self.compatibility)?;
        // SAFETY: the cache checked that this user's host wrote the file for an engine of the same version and settings.
        // Its files are never written to again, only removed or replaced by another with the same meaning.
        #[expect(unsafe_code, reason = "machine code has no safe way in")]
        let mapped = unsafe { Component::deserialize_file(&self.engine, &path) };
        // Where the folder lies on a file system whose files may not be run, the code must be copied.
        mapped.or_else(|_| self.deserialize(&fs::read(path)?)).ok()
    }

    /// A full disk costs time at the next start and nothing else, so failing to keep an entry is no failure.
    fn keep(&self, digest: &Digest, code: &[u8]) {
        if let Some(cache) = &self.cache {
            let _ = cache.put(digest, self.compatibility, code);
        }
    }

    /// Machine code that this user's host made: just now in its own compiler process, or earlier and kept in the cache,
    /// which authenticates it.
    fn deserialize(&self, code: &[u8]) -> wasmtime::Result<Component> {
        // SAFETY: the bytes are what `Component::serialize` gave this user's host for an engine of the same version and
        // settings: the compiler process is this host's own program, and the cache checked its keyed hash over code,
        // component and engine.
        #[expect(unsafe_code, reason = "machine code has no safe way in")]
        unsafe {
            Component::deserialize(&self.engine, code)
        }
    }

    fn failures(&self) -> MutexGuard<'_, Vec<(Digest, SandboxError)>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls `describe` with every capability refused, and counts the instances that it took.
    async fn describe(&self, component: &mut Prepared, exports: &Exports) -> Result<Manifest, SandboxError> {
        let state = State::new(describing_call(&self.config.describe_budget), true);
        let called = component.call::<_, (describe::ManifestText,)>(&exports.describe, (), state);
        let (described, usage) = called.await;
        let (text,) = described.map_err(|failure| SandboxError::Describe {
            message: sanitize(&failure.to_string(), 2000),
        })?;
        component.instances = usage.instances as u32;
        describe::manifest(text).map_err(|message| SandboxError::Describe { message })
    }
}

/// The call that `describe` runs as: no run, no node, nothing granted, nobody listening.
fn describing_call(budget: &Budget) -> Call {
    struct Deaf;
    impl CallObserver for Deaf {
        fn log(&self, _: &NodePath, _: LogRecord) {}
        fn progress(&self, _: &NodePath, _: Progress) {}
    }
    let run = RunContext {
        id: RunId::from_bits(0),
        started_at_unix_nanos: 0,
        seed: 0,
        cancellation: hap_model::Cancellation::default(),
        resources: Arc::new(NoResources),
        identity: Arc::default(),
    };
    let node = NodeId::new("describe").expect("`describe` is a node name");
    Call {
        run: Arc::new(run),
        path: NodePath::from(&node),
        node,
        attempt: 1,
        budget: Arc::new(budget.clone()),
        grants: Arc::new(Grants::none()),
        deadline: Instant::now(),
        observer: Arc::new(Deaf),
    }
}
