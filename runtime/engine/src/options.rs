//! The settings of a run.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use crate::breaker::Breakers;
use hap_model::{Budget, EventSink, Identity, Limit, NoResources, ResourceProvider};

/// Settings of one run. Every bound has a default.
#[derive(Clone)]
pub struct RunOptions {
    /// How many nodes may run at one time. Default: four for each processor, since agents also wait.
    pub max_parallel: NonZeroUsize,
    /// What an attempt may spend; the graph and the node can only lower it.
    pub budget: Budget,
    /// What all attempts of a run may spend together; the graph can only lower it. Fuel, wall time, output bytes, log
    /// records, log bytes and progress updates add up; default ten trillion units of fuel, one hour, 1 GiB of output.
    pub run_budget: Budget,
    /// The instant from which virtual clocks start, in nanoseconds since 1970-01-01T00:00Z; `None` is now.
    pub started_at_unix_nanos: Option<u64>,
    /// What virtual randomness is made from; `None` chooses one, and the outcome tells it.
    pub seed: Option<u64>,
    /// How long agents that are asked to stop may take to return before they are dropped. Default 100 ms.
    pub cancel_grace: Duration,
    /// How many events may wait for a reader before no further node is started. Default 1024.
    pub max_waiting_events: usize,
    /// Receives every event as it happens, beside the run's own reader.
    pub event_sink: Option<Arc<dyn EventSink>>,
    /// Serves the documents that nodes are granted.
    pub resources: Arc<dyn ResourceProvider>,
    /// Who asks for the run: nodes are told what they are granted of it. Default: nobody.
    pub identity: Arc<Identity>,
    /// The circuit breakers that the run shares with others. Default: its own.
    pub breakers: Breakers,
}

impl Default for RunOptions {
    fn default() -> RunOptions {
        let processors = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        RunOptions {
            max_parallel: processors.saturating_mul(NonZeroUsize::new(4).unwrap_or(NonZeroUsize::MIN)),
            budget: Budget::default(),
            run_budget: Budget::unlimited()
                .with(Limit::Fuel, 10_000_000_000_000)
                .with(Limit::WallTime, 3_600_000),
            started_at_unix_nanos: None,
            seed: None,
            cancel_grace: Duration::from_millis(100),
            max_waiting_events: 1024,
            event_sink: None,
            resources: Arc::new(NoResources),
            identity: Arc::default(),
            breakers: Breakers::default(),
        }
    }
}
