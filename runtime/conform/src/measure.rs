//! Sizes and times of an agent: what its language costs.

use std::path::Path;
use std::time::{Duration, Instant};

use hap::{ComponentInfo, Runtime};
use serde::Serialize;
use serde_json::{Value, json};

use crate::kit::{Kit, With};
use crate::{ConformError, Options, is_conformance_agent, sample};

/// How many calls the time of a call is the median of.
const CALLS: usize = 50;

/// How many starts the time of a start is the median of.
const STARTS: usize = 5;

/// What compiling may take: it is measured, and not to be cut off on a busy machine.
const COMPILE_TIME: Duration = Duration::from_secs(30 * 60);

/// What was measured on this machine.
#[derive(Clone, Debug, Serialize)]
pub struct Measures {
    /// The component's size, in bytes.
    pub component_bytes: u64,
    /// From the bytes to an agent that has described itself, compiled anew, in microseconds.
    pub first_load_us: u64,
    /// The same with the compiled form in the cache, in a runtime of its own as a new process has one: the median.
    pub cached_load_us: u64,
    /// A call, from the start of its run to the end: the median.
    pub call_us: u64,
    /// What it spends.
    pub fuel: u64,
    /// The linear memory that it holds.
    pub memory_bytes: u64,
}

/// Measures the component at `path`.
pub(crate) async fn measure(
    path: &Path,
    info: &ComponentInfo,
    options: &Options,
) -> Result<Measures, ConformError> {
    let folder = tempfile::tempdir().map_err(|error| ConformError::Kit(error.to_string()))?;
    let cache = folder.path().join("cache");
    let load = async || {
        let runtime = Runtime::builder()
            .cache_dir(&cache)
            .compile_time(COMPILE_TIME)
            .build()?;
        let started = Instant::now();
        runtime.inspect(path).await?;
        Ok::<(Runtime, Duration), hap::Error>((runtime, started.elapsed()))
    };
    let (_, first_load) = load().await?;
    let mut starts = Vec::new();
    let mut runtime = None;
    for _ in 0..STARTS {
        let (loaded, time) = load().await?;
        starts.push(time);
        runtime = Some(loaded);
    }
    let runtime = runtime.ok_or_else(|| ConformError::Kit("no start was measured".to_owned()))?;
    let kit = Kit::new(runtime, path, options.params.clone());
    let context = context(info, options);
    let mut calls = Vec::new();
    let mut usage = None;
    for _ in 0..CALLS {
        let started = Instant::now();
        let answer = kit
            .call(&context, With::default())
            .await
            .map_err(ConformError::Kit)?;
        calls.push(started.elapsed());
        usage = Some(answer.usage);
    }
    let usage = usage.unwrap_or_default();
    Ok(Measures {
        component_bytes: info.size,
        first_load_us: first_load.as_micros() as u64,
        cached_load_us: median(&mut starts),
        call_us: median(&mut calls),
        fuel: usage.fuel,
        memory_bytes: usage.memory_bytes,
    })
}

/// The context of the calls: for conformance agents the same in every language.
fn context(info: &ComponentInfo, options: &Options) -> Value {
    if is_conformance_agent(info) && options.context.is_none() {
        return json!({ "do": "echo", "value": { "text": "hello", "n": [1, 2, 3] } });
    }
    sample::context(info, options, sample::TEXT)
}

fn median(times: &mut [Duration]) -> u64 {
    times.sort_unstable();
    times
        .get(times.len() / 2)
        .map_or(0, |time| time.as_micros() as u64)
}
