//! Attacks that need more than one component and one run.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use hap::{Budget, ChildCompiler, Compilation, Graph, Limit, RunOutcome, RunStatus, Runtime};

use crate::run::Host;
use crate::{ECHO, made, memory, verdict, wat_agent};

/// What is done to the host.
#[derive(Clone, Copy, Debug)]
pub(crate) enum HostAttack {
    SlowCompilation,
    TamperedCache,
    ThousandComponents,
    Cancellation,
}

/// How many different components are run in turn.
const COMPONENTS: usize = 1000;

/// How much memory the second half of them may add: the host keeps 256 components, and no more.
const MAX_GROWTH_BYTES: u64 = 64 << 20;

/// How long a guest may compute on after the run was cancelled and its grace is over.
const MAX_CANCEL_TIME: Duration = Duration::from_secs(2);

impl HostAttack {
    /// Carries the attack out and tells what came of it.
    pub(crate) async fn carry_out(self, host: &Host) -> Result<String> {
        match self {
            HostAttack::SlowCompilation => slow_compilation(host).await,
            HostAttack::TamperedCache => tampered_cache().await,
            HostAttack::ThousandComponents => thousand_components(host).await,
            HostAttack::Cancellation => cancellation(host).await,
        }
    }
}

async fn slow_compilation(host: &Host) -> Result<String> {
    let bytes = tokio::task::spawn_blocking(made::slow_to_compile).await??;
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("slow.wasm"), bytes)?;
    let hasty = ChildCompiler {
        time: Duration::from_secs(2),
        ..host.compiler.clone()
    };
    let runtime = Runtime::builder()
        .no_cache()
        .max_instances(4)
        .compilation(Compilation::ChildProcess(hasty))
        .build()?;
    let started = Instant::now();
    let told = match run(&runtime, folder.path(), "slow").await {
        Err(error) => format!("refused {error}"),
        Ok(outcome) => format!("compiled, and its run is {}", outcome.status),
    };
    let took = started.elapsed();
    ensure!(
        took < Duration::from_secs(4),
        "it was stopped after {took:?} only"
    );
    Ok(told)
}

async fn tampered_cache() -> Result<String> {
    let folder = tempfile::tempdir()?;
    let cache = folder.path().join("cache");
    fs::write(folder.path().join("echo.wasm"), wat_agent(ECHO)?)?;
    let once = async || -> Result<()> {
        let runtime = Runtime::builder().cache_dir(&cache).max_instances(4).build()?;
        ensure!(runtime.cache_trouble().is_none(), "the cache is not used");
        let outcome = run(&runtime, folder.path(), "echo").await?;
        ensure!(
            outcome.status == RunStatus::Success,
            "the run is {}",
            outcome.status
        );
        Ok(())
    };
    once().await?;
    let entry = entries(&cache)?
        .pop()
        .ok_or_else(|| anyhow!("the cache has no entry"))?;
    let good = fs::read(&entry)?;
    for place in [0, 31, 32, 100, good.len() / 2, good.len() - 1] {
        let mut bad = good.clone();
        if let Some(byte) = bad.get_mut(place) {
            *byte ^= 0x20;
        }
        fs::write(&entry, bad)?;
        once().await?;
        if fs::read(&entry)? != good {
            return Ok(format!("byte {place} stays altered"));
        }
    }
    fs::write(&entry, &good[..good.len() / 2])?;
    once().await?;
    ensure!(fs::read(&entry)? == good, "the entry stays cut off");
    Ok("done compiled again".to_owned())
}

async fn thousand_components(host: &Host) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let cache = folder.path().join("cache");
    let runtime = Runtime::builder()
        .cache_dir(&cache)
        .max_instances(4)
        .compilation(host.compilation_of_thousands())
        .build()?;
    let numbered = made::numbered()?;
    let mut half = None;
    for number in 0..COMPONENTS {
        let file = folder.path().join("numbered.wasm");
        fs::write(&file, numbered(number))?;
        let outcome = run(&runtime, folder.path(), "numbered").await?;
        let answer = outcome.get("number").map(|number| number.as_str().to_owned());
        ensure!(
            answer == Some(format!("\"{number:08}\"")),
            "component {number} answers {answer:?}"
        );
        if number == COMPONENTS / 2 {
            half = memory::resident();
        }
    }
    let mut cached = 0;
    for entry in entries(&cache)? {
        cached += fs::metadata(entry)?.len();
    }
    if let (Some(half), Some(end)) = (half, memory::resident())
        && end > half + MAX_GROWTH_BYTES
    {
        return Ok(format!(
            "memory grew by {} MiB in the second half",
            (end - half) >> 20
        ));
    }
    let mib = cached >> 20;
    Ok(format!("done bounded: {mib} MiB in the cache"))
}

async fn cancellation(host: &Host) -> Result<String> {
    let attack = crate::attacks()
        .into_iter()
        .find(|attack| attack.name == "endless-loop");
    let attack = attack.ok_or_else(|| anyhow!("there is no attack `endless-loop`"))?;
    let budget = Budget::unlimited();
    host.place(&attack).await?;
    let loaded = host.runtime.load(&host.graph(&attack)?).await?;
    let mut options = host.runtime.run_options().clone();
    options.budget = budget.clone().with(Limit::WallTime, 20_000);
    let run = host.runtime.start_with(&loaded, r#"{"honest":true}"#, options)?;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let started = Instant::now();
    run.cancel();
    let outcome = run.outcome().await;
    let took = started.elapsed();
    ensure!(took < MAX_CANCEL_TIME, "it was stopped after {took:?} only");
    Ok(verdict::told(&outcome, &budget))
}

/// Runs one component of a folder.
async fn run(runtime: &Runtime, folder: &Path, agent: &str) -> Result<RunOutcome> {
    let source = folder.join("graph.yaml").display().to_string();
    let graph = Graph::from_text(&source, &format!("nodes: {{a: {{agent: {agent}.wasm}}}}"))?;
    Ok(runtime.run(&graph, "{}").await?)
}

fn entries(cache: &Path) -> Result<Vec<PathBuf>> {
    let listed = fs::read_dir(cache).context("the cache cannot be listed")?;
    let paths = listed.flatten().map(|entry| entry.path());
    Ok(paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "compiled"))
        .collect())
}
