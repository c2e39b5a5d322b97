//! Runs the attacks one after another against one host, and tells what came of each.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use hap::{ChildCompiler, Compilation, Graph, MemoryResources, RunOptions, Runtime};
use serde::Serialize;
use tokio::task::JoinHandle;

use crate::attack::{Attack, Kind, attacks};
use crate::honest::{Honest, Latency, Runs};
use crate::verdict::{self, Watch};
use crate::{ECHO, memory, wat_agent};

/// The most memory that the host may hold at any time of the suite. What it has to hold at one time: a component of
/// 50 MB and what is made of it, an output of 16 MiB taken apart, and a guest's 256 MiB.
pub const MEMORY_BOUND_BYTES: u64 = 1 << 30;

/// When an attack that has not ended is given up. The host that it ran on is given up with it, since it has lost a thread.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(30);

/// The same for an attack that consists of many runs.
const LONG_GIVEN_UP_AFTER: Duration = Duration::from_secs(120);

/// How the suite is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The process in which components are compiled.
    pub compiler: ChildCompiler,
    /// The name of the only attack to run.
    pub only: Option<String>,
    /// How long the honest graph runs alone before the attacks begin.
    pub alone: Duration,
}

/// What came of one attack.
#[derive(Clone, Debug, Serialize)]
pub struct AttackResult {
    /// Its name.
    pub name: &'static str,
    /// What it attempted.
    pub purpose: &'static str,
    /// What must come of it.
    pub expected: &'static str,
    /// What came of it.
    pub got: String,
    /// Whether that is the same.
    pub contained: bool,
    /// How long it took, from the component's bytes to the end of the run, in milliseconds.
    pub duration_ms: u64,
    /// The most memory that this process held meanwhile, in bytes, where the system tells it.
    pub peak_memory_bytes: Option<u64>,
    /// The memory that it held afterwards, in bytes, where the system tells it.
    pub memory_after_bytes: Option<u64>,
    /// The honest graph meanwhile.
    pub honest: Latency,
}

/// What came of the suite.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Every attack.
    pub attacks: Vec<AttackResult>,
    /// The honest graph before the attacks.
    pub alone: Latency,
    /// The honest graph beside the attacks.
    pub beside: Latency,
    /// The most memory that this process held, in bytes, where the system tells it.
    pub peak_memory_bytes: Option<u64>,
    /// The bound on it.
    pub memory_bound_bytes: u64,
    /// How long it all took, in milliseconds.
    pub duration_ms: u64,
}

impl Report {
    /// The attacks that were not contained.
    pub fn not_contained(&self) -> impl Iterator<Item = &AttackResult> {
        self.attacks.iter().filter(|result| !result.contained)
    }

    /// Everything that is wrong, in words; nothing when the host held.
    pub fn troubles(&self) -> Vec<String> {
        let mut troubles: Vec<String> = self
            .not_contained()
            .map(|result| {
                let got: String = result.got.chars().take(500).collect();
                format!(
                    "attack `{}` was not contained: expected `{}`, got `{got}`",
                    result.name, result.expected
                )
            })
            .collect();
        for (when, latency) in [("alone", &self.alone), ("beside the attacks", &self.beside)] {
            if let Some(failure) = &latency.failure {
                troubles.push(format!(
                    "the honest graph failed {} times {when}: {failure}",
                    latency.failed
                ));
            }
        }
        if let Some(peak) = self.peak_memory_bytes
            && peak > self.memory_bound_bytes
        {
            troubles.push(format!(
                "the host held {} MiB of memory, and the bound is {} MiB",
                peak >> 20,
                self.memory_bound_bytes >> 20
            ));
        }
        troubles
    }
}

/// The host that is attacked. It has threads of its own, so that whoever watches it is not stopped with it.
pub(crate) struct Host {
    pub(crate) runtime: Runtime,
    threads: Threads,
    pub(crate) compiler: ChildCompiler,
    documents: Arc<MemoryResources>,
    pub(crate) folder: tempfile::TempDir,
}

/// Runs the suite, and gives each attack's result as soon as it is there. Needs a tokio runtime whose time is enabled; the
/// attacks run on threads of their own.
///
/// # Errors
/// When the suite itself cannot run, or has no attack of the given name. What goes wrong with an attack is in the report.
pub async fn run(options: Options, mut on_result: impl FnMut(&AttackResult)) -> Result<Report> {
    let started = Instant::now();
    let mut chosen = attacks();
    if let Some(only) = &options.only {
        chosen.retain(|attack| attack.name == only);
        ensure!(!chosen.is_empty(), "there is no attack `{only}`");
    }
    memory::forget_peak();
    let mut host = Arc::new(Host::new(&options.compiler)?);
    let mut honest = Honest::start(&host).await?;
    tokio::time::sleep(options.alone).await;
    let alone = honest.take().latency();
    let mut peak = memory::peak();
    let (mut results, mut beside) = (Vec::new(), Runs::default());
    for attack in chosen {
        memory::forget_peak();
        let begun = Instant::now();
        let told = carry_out(&host, attack).await;
        let duration_ms = begun.elapsed().as_millis() as u64;
        let peak_memory_bytes = memory::peak();
        let runs = honest.take();
        beside.add(runs.clone());
        let stuck = told.is_none();
        let got =
            told.unwrap_or_else(|| format!("it still runs after {} s", given_up_after(&attack).as_secs()));
        let result = AttackResult {
            name: attack.name,
            purpose: attack.purpose,
            expected: attack.expect,
            contained: verdict::is_expected(&got, attack.expect),
            got,
            duration_ms,
            peak_memory_bytes,
            memory_after_bytes: memory::resident(),
            honest: runs.latency(),
        };
        peak = peak.max(peak_memory_bytes);
        if stuck {
            honest.abandon();
            host = Arc::new(Host::new(&options.compiler)?);
            honest = Honest::start(&host).await?;
        }
        on_result(&result);
        results.push(result);
    }
    beside.add(honest.stop());
    Ok(Report {
        attacks: results,
        alone,
        beside: beside.latency(),
        peak_memory_bytes: peak,
        memory_bound_bytes: MEMORY_BOUND_BYTES,
        duration_ms: started.elapsed().as_millis() as u64,
    })
}

/// Carries an attack out on the host's threads, which the honest graph has too. `None` when it does not end.
async fn carry_out(host: &Arc<Host>, attack: Attack) -> Option<String> {
    let of_task = host.clone();
    let task = host.spawn(async move { of_task.carry_out(&attack).await });
    match tokio::time::timeout(given_up_after(&attack), task).await {
        Ok(Ok(Ok(told))) => Some(told),
        Ok(Ok(Err(error))) => Some(format!("wrong: {error:#}")),
        Ok(Err(panic)) => Some(format!("the host panicked: {panic}")),
        Err(_) => None,
    }
}

fn given_up_after(attack: &Attack) -> Duration {
    match attack.kind {
        Kind::Host(_) => LONG_GIVEN_UP_AFTER,
        Kind::Wat(_) | Kind::Made(_) => GIVEN_UP_AFTER,
    }
}

/// A tokio runtime that may be dropped anywhere: it does not wait for what is stuck.
struct Threads(Option<tokio::runtime::Runtime>);

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(threads) = self.0.take() {
            threads.shutdown_background();
        }
    }
}

impl Host {
    fn new(compiler: &ChildCompiler) -> Result<Host> {
        let threads = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let runtime = Runtime::builder()
            .no_cache()
            .repeatable(1_700_000_000_000_000_000, 7)
            .compilation(Compilation::ChildProcess(compiler.clone()))
            .build()?;
        let many = (0..20_000).map(|number| format!("many/document-{number:08}"));
        let documents = MemoryResources::default()
            .with("open/a", "x")
            .with("open/large", vec![0x61; 4 << 20])
            .with("secret/key.pem", "secret");
        let documents = Arc::new(many.fold(documents, |documents, name| documents.with(name, "")));
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("echo.wasm"), wat_agent(ECHO)?)?;
        Ok(Host {
            runtime,
            threads: Threads(Some(threads)),
            compiler: compiler.clone(),
            documents,
            folder,
        })
    }

    /// Runs `work` on the host's threads.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        match &self.threads.0 {
            Some(threads) => threads.spawn(work),
            None => unreachable!("the threads are taken when the host is dropped"),
        }
    }

    /// A thousand components are compiled in this process: they are the suite's own, and a thousand processes would
    /// measure the system.
    pub(crate) fn compilation_of_thousands(&self) -> Compilation {
        Compilation::InProcess
    }

    async fn carry_out(&self, attack: &Attack) -> Result<String> {
        if let Kind::Host(what) = attack.kind {
            return what.carry_out(self).await;
        }
        let file = self.place(attack).await?;
        let told = self.run_all(attack).await;
        let _ = fs::remove_file(file);
        told
    }

    /// Runs the attack as often as it asks for. The same must come of it each time.
    async fn run_all(&self, attack: &Attack) -> Result<String> {
        let mut first = None;
        for _ in 0..attack.runs() {
            let told = self.run(attack).await?;
            let first = first.get_or_insert_with(|| told.clone());
            ensure!(*first == told, "two runs differ: `{first}` and `{told}`");
        }
        Ok(first.unwrap_or_default())
    }

    async fn run(&self, attack: &Attack) -> Result<String> {
        let budget = attack.budget()?;
        let loaded = match self.runtime.load(&self.graph(attack)?).await {
            Ok(loaded) => loaded,
            Err(error) => return Ok(format!("refused {error}")),
        };
        let watch = Arc::new(Watch::new(&budget));
        let options = RunOptions {
            budget: budget.clone(),
            event_sink: Some(watch.clone()),
            resources: self.documents.clone(),
            ..self.runtime.run_options().clone()
        };
        let run = self.runtime.start_with(&loaded, r#"{"honest": true}"#, options)?;
        let outcome = run.outcome().await;
        Ok(watch
            .trouble()
            .unwrap_or_else(|| verdict::told(&outcome, &budget)))
    }

    /// Makes the attack's component and lays it where its graph finds it.
    pub(crate) async fn place(&self, attack: &Attack) -> Result<PathBuf> {
        let (attack, file) = (*attack, self.folder.path().join(format!("{}.wasm", attack.name)));
        let make = move || -> Result<PathBuf> {
            fs::write(&file, attack.component()?)?;
            Ok(file)
        };
        tokio::task::spawn_blocking(make).await?
    }

    /// The graph in which the attack runs.
    pub(crate) fn graph(&self, attack: &Attack) -> Result<Graph> {
        let source = self.folder.path().join("graph.yaml").display().to_string();
        Ok(Graph::from_text(&source, &attack.graph())?)
    }
}
