//! The clock of an engine: advances its epoch while guests live, and sleeps while there are none.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

use wasmtime::{Engine, EngineWeak};

use crate::error::SandboxError;

/// How often a computing guest gives way to others.
///
/// A deadline or a cancellation reaches it as early. Others' timers come later, because tokio looks at its timers after
/// some sixty turns of a busy thread: with this tick, after some sixty milliseconds.
const TICK: Duration = Duration::from_millis(1);

/// How many ticks without a guest pass before the clock stops: so a host that runs nothing is not woken.
const IDLE_TICKS: u32 = 100;

/// Advances the epoch of one engine. Dropping it ends its thread.
pub(crate) struct Ticker {
    shared: Arc<Shared>,
    thread: Thread,
}

#[derive(Default)]
struct Shared {
    /// How many guests live.
    live: AtomicUsize,
    /// Whether the thread sleeps until it is woken.
    parked: AtomicBool,
    stopped: AtomicBool,
}

/// A guest lives as long as this does.
pub(crate) struct Alive<'a>(&'a Shared);

impl Ticker {
    /// Starts the clock of `engine`.
    pub(crate) fn start(engine: &Engine) -> Result<Ticker, SandboxError> {
        let shared = Arc::<Shared>::default();
        let (weak, of_thread) = (engine.weak(), shared.clone());
        let builder = thread::Builder::new().name("hap-epoch".to_owned());
        let started = builder.spawn(move || run(&weak, &of_thread));
        let handle = started.map_err(|error| SandboxError::Engine {
            message: format!("cannot start a thread: {error}"),
        })?;
        Ok(Ticker {
            shared,
            thread: handle.thread().clone(),
        })
    }

    /// Tells that a guest begins to live.
    pub(crate) fn alive(&self) -> Alive<'_> {
        self.shared.live.fetch_add(1, Ordering::SeqCst);
        if self.shared.parked.load(Ordering::SeqCst) {
            self.thread.unpark();
        }
        Alive(&self.shared)
    }
}

impl Drop for Alive<'_> {
    fn drop(&mut self) {
        self.0.live.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        self.thread.unpark();
    }
}

fn run(engine: &EngineWeak, shared: &Shared) {
    let mut idle = 0;
    while !shared.stopped.load(Ordering::SeqCst) {
        let Some(engine) = engine.upgrade() else { return };
        engine.increment_epoch();
        drop(engine);
        thread::sleep(TICK);
        idle = if shared.live.load(Ordering::SeqCst) == 0 {
            idle + 1
        } else {
            0
        };
        if idle >= IDLE_TICKS {
            shared.parked.store(true, Ordering::SeqCst);
            // A guest that came before `parked` was set is seen here; one that comes later wakes this thread.
            while shared.live.load(Ordering::SeqCst) == 0 && !shared.stopped.load(Ordering::SeqCst) {
                thread::park();
            }
            shared.parked.store(false, Ordering::SeqCst);
            idle = 0;
        }
    }
}
