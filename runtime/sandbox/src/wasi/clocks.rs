//! Clocks that start from the run's recorded start and advance the same way on every run: a little with each
//! reading, and by as much as was slept. Sleeping takes real time, so an agent that waits still waits.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use wasmtime::component::{HasSelf, Linker, Resource};
use wasmtime_wasi::p2::bindings::clocks::{monotonic_clock, wall_clock};
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};

use crate::state::State;

/// What each reading advances a clock by: enough that a guest that loops until some time has passed gets there.
const NANOS_A_READING: u64 = 1_000;

/// The time of one call. Clones are the same clock.
#[derive(Clone, Debug)]
pub(crate) struct VirtualClock {
    started_at_unix_nanos: u64,
    elapsed_nanos: Arc<AtomicU64>,
}

impl VirtualClock {
    pub(crate) fn new(started_at_unix_nanos: u64) -> VirtualClock {
        VirtualClock {
            started_at_unix_nanos,
            elapsed_nanos: Arc::default(),
        }
    }

    /// Nanoseconds since the start of the call.
    fn read(&self) -> u64 {
        self.elapsed_nanos.fetch_add(NANOS_A_READING, Ordering::Relaxed) + NANOS_A_READING
    }

    fn peek(&self) -> u64 {
        self.elapsed_nanos.load(Ordering::Relaxed)
    }

    fn advance_to(&self, nanos: u64) {
        self.elapsed_nanos.fetch_max(nanos, Ordering::Relaxed);
    }
}

pub(super) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    monotonic_clock::add_to_linker::<State, HasSelf<State>>(linker, |state| state)?;
    wall_clock::add_to_linker::<State, HasSelf<State>>(linker, |state| state)
}

impl wall_clock::Host for State {
    fn now(&mut self) -> wasmtime::Result<wall_clock::Datetime> {
        let nanos = self.clock.started_at_unix_nanos.saturating_add(self.clock.read());
        Ok(wall_clock::Datetime {
            seconds: nanos / 1_000_000_000,
            nanoseconds: (nanos % 1_000_000_000) as u32,
        })
    }

    fn resolution(&mut self) -> wasmtime::Result<wall_clock::Datetime> {
        Ok(wall_clock::Datetime {
            seconds: 0,
            nanoseconds: NANOS_A_READING as u32,
        })
    }
}

impl monotonic_clock::Host for State {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(self.clock.read())
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        Ok(NANOS_A_READING)
    }

    fn subscribe_instant(&mut self, when: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let alarm = self.table.push(Alarm {
            clock: self.clock.clone(),
            at: when,
            rings: None,
        })?;
        subscribe(&mut self.table, alarm)
    }

    fn subscribe_duration(&mut self, duration: u64) -> wasmtime::Result<Resource<DynPollable>> {
        self.recorder.called(
            "wasi:clocks/monotonic-clock.subscribe-duration",
            &format!("{duration} ns"),
            "waits",
        );
        let at = self.clock.peek().saturating_add(duration);
        self.subscribe_instant(at)
    }
}

/// Waits in real time until a virtual time.
struct Alarm {
    clock: VirtualClock,
    at: u64,
    rings: Option<tokio::time::Instant>,
}

impl Pollable for Alarm {
    fn ready<'a, 'f>(&'a mut self) -> Pin<Box<dyn Future<Output = ()> + Send + 'f>>
    where
        'a: 'f,
    {
        Box::pin(async move {
            let wait = Duration::from_nanos(self.at.saturating_sub(self.clock.peek()));
            if wait.is_zero() && self.rings.is_none() {
                // A guest that polls in a loop must still give way to others.
                tokio::task::yield_now().await;
                return;
            }
            // The end is fixed at the first wait: being polled again does not lengthen it.
            let now = tokio::time::Instant::now();
            let far = now + Duration::from_secs(100 * 365 * 24 * 3600);
            let rings = *self
                .rings
                .get_or_insert_with(|| now.checked_add(wait).unwrap_or(far));
            tokio::time::sleep_until(rings).await;
            self.clock.advance_to(self.at);
        })
    }
}
