//! The well-behaved graph that runs beside the attacks and must not notice them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::Result;
use hap::{Graph, RunOutcome, RunStatus};
use serde::Serialize;

use crate::run::Host;

/// The pause between two runs: the graph is a guest that comes often, not one that fills the machine.
const PAUSE: Duration = Duration::from_micros(500);

/// When a run counts as failed.
const LONGEST: Duration = Duration::from_secs(20);

const GRAPH: &str = "nodes:\n  first: {agent: echo.wasm, next: second}\n  second: {agent: echo.wasm, next: third}\n  \
                     third: {agent: echo.wasm}\n";

/// How long the runs of a graph took, and how many failed.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Latency {
    /// How many there were.
    pub runs: usize,
    /// How many did not succeed.
    pub failed: usize,
    /// The first that did not, in words.
    pub failure: Option<String>,
    /// Half of them were as fast as this, in microseconds.
    pub p50_us: u64,
    /// All but one of a hundred were as fast as this, in microseconds.
    pub p99_us: u64,
    /// The slowest, in microseconds.
    pub max_us: u64,
}

/// The graph while it runs again and again. Each run is asked for by a thread of its own and timed there, so that the
/// time in which the host's threads are taken counts.
pub(crate) struct Honest {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    runs: Mutex<Runs>,
}

/// What happened since somebody asked last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Runs {
    pub(crate) times: Vec<Duration>,
    pub(crate) failures: Vec<String>,
}

impl Honest {
    /// Starts running the graph on the host.
    pub(crate) async fn start(host: &Arc<Host>) -> Result<Honest> {
        let source = host.folder.path().join("honest.yaml").display().to_string();
        let graph = Graph::from_text(&source, GRAPH)?;
        let runtime = host.runtime.clone();
        let graph = host.spawn(async move { runtime.load(&graph).await }).await??;
        let shared = Arc::new(Shared::default());
        let (host, seen) = (host.clone(), shared.clone());
        let thread = thread::Builder::new().name("honest".to_owned()).spawn(move || {
            while !seen.stop.load(Ordering::Relaxed) {
                thread::sleep(PAUSE);
                let started = Instant::now();
                let (runtime, graph) = (host.runtime.clone(), graph.clone());
                let (sender, receiver) = mpsc::channel();
                host.spawn(async move {
                    let failure = match runtime.start_loaded(&graph, INPUT) {
                        Ok(run) => judge(&run.outcome().await),
                        Err(error) => Some(error.to_string()),
                    };
                    // Nobody listens when the suite is over.
                    let _ = sender.send(failure);
                });
                let failure = match receiver.recv_timeout(LONGEST) {
                    Ok(failure) => failure,
                    Err(_) => Some(format!("a run has not ended after {} s", LONGEST.as_secs())),
                };
                seen.record(started.elapsed(), failure);
            }
        })?;
        Ok(Honest { shared, thread })
    }

    /// The runs since this was asked last.
    pub(crate) fn take(&self) -> Runs {
        std::mem::take(&mut *self.shared.runs())
    }

    /// Waits for the end of the last run.
    pub(crate) fn stop(self) -> Runs {
        self.shared.stop.store(true, Ordering::Relaxed);
        let ended = self.thread.join();
        let mut runs = std::mem::take(&mut *self.shared.runs());
        runs.failures
            .extend(ended.err().map(|_| "the honest thread panicked".to_owned()));
        runs
    }

    /// Ends it without waiting, when its host is given up.
    pub(crate) fn abandon(self) {
        self.shared.stop.store(true, Ordering::Relaxed);
    }
}

impl Shared {
    fn record(&self, time: Duration, failure: Option<String>) {
        let mut runs = self.runs();
        runs.times.push(time);
        runs.failures.extend(failure);
    }

    fn runs(&self) -> MutexGuard<'_, Runs> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Runs {
    pub(crate) fn add(&mut self, other: Runs) {
        self.times.extend(other.times);
        self.failures.extend(other.failures);
    }

    pub(crate) fn latency(mut self) -> Latency {
        self.times.sort();
        let micros = |time: Option<&Duration>| time.map_or(0, |time| time.as_micros() as u64);
        let part = |percent: usize| micros(self.times.get(self.times.len() * percent / 100));
        Latency {
            runs: self.times.len(),
            failed: self.failures.len(),
            failure: self.failures.first().cloned(),
            p50_us: part(50),
            p99_us: part(99),
            max_us: micros(self.times.last()),
        }
    }
}

const INPUT: &str = r#"{"text":"all that is gold","numbers":[1,2,3]}"#;

/// What is wrong with a run, if anything is.
fn judge(outcome: &RunOutcome) -> Option<String> {
    if outcome.status != RunStatus::Success {
        let failure = outcome.failures().next();
        return Some(failure.map_or_else(|| outcome.status.to_string(), |(_, failure)| failure.to_string()));
    }
    let text = outcome.get("text").map(|text| text.as_str());
    (text != Some("\"all that is gold\"")).then(|| format!("its `text` is {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_sorted_times() {
        let times = (1..=200).rev().map(Duration::from_micros).collect();
        let latency = Runs {
            times,
            failures: vec!["x".to_owned()],
        }
        .latency();
        assert_eq!((latency.p50_us, latency.p99_us, latency.max_us), (101, 199, 200));
        assert_eq!((latency.runs, latency.failed), (200, 1));
        assert_eq!(Runs::default().latency().max_us, 0);
    }
}
