//! What a server tells of itself to whoever operates it: metrics, notices for a log, and traces. What callers are told is
//! elsewhere.

mod context;
mod gauges;
mod metrics;
mod notice;
mod run;
mod traces;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hap::BreakerState;

use crate::inner::Inner;
use crate::settings::Settings;

pub(crate) use context::TraceContext;
use gauges::Gauged;
pub(crate) use metrics::Metrics;
pub use notice::{Notice, Observer};
pub(crate) use run::RunWatch;
use traces::RequestSpan;
pub use traces::{Traces, TracesError};

/// What a server tells of itself.
pub(crate) struct Telemetry {
    pub(crate) metrics: Metrics,
    observer: Option<Observer>,
    traces: Option<Traces>,
    /// How many requests wait for a place.
    waiting: AtomicUsize,
}

/// One request that waits for a place; it ends with this.
pub(crate) struct WaitingRequest<'a>(&'a Telemetry);

impl Drop for WaitingRequest<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Telemetry {
    pub(crate) fn new(settings: &Settings, traces: Option<Traces>) -> Arc<Telemetry> {
        Arc::new(Telemetry {
            metrics: Metrics::new(),
            observer: settings.observer.clone(),
            traces,
            waiting: AtomicUsize::new(0),
        })
    }

    /// Tells the operator's log. `notice` is made only when there is one.
    pub(crate) fn tell(&self, notice: impl FnOnce() -> Notice) {
        if let Some(observer) = &self.observer {
            observer.tell(&notice());
        }
    }

    /// The span of a request, where traces are sent.
    pub(crate) fn request(
        &self,
        parent: Option<TraceContext>,
        method: &str,
        route: &str,
    ) -> Option<RequestSpan> {
        Some(self.traces.as_ref()?.request(parent, method, route))
    }

    /// A request waits for a place until what this gives is dropped.
    pub(crate) fn waits(&self) -> WaitingRequest<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        WaitingRequest(self)
    }

    /// The metrics as they are now.
    pub(crate) fn metrics_text(&self, server: &Inner) -> String {
        let gauges = self.metrics.gauges();
        let breakers = server.runtime.circuit_breakers();
        for (state, name) in [
            (BreakerState::Closed, "closed"),
            (BreakerState::Open, "open"),
            (BreakerState::HalfOpen, "half-open"),
        ] {
            let count = breakers.iter().filter(|breaker| breaker.state == state).count();
            Gauged::set(&gauges.breakers, "state", name, count);
        }
        let (sandbox, settings) = (server.runtime.sandbox_stats(), &server.settings);
        let requests = settings.max_requests.saturating_sub(server.requests.free());
        for (kind, places, taken) in [
            ("requests", settings.max_requests, requests),
            ("runs", settings.max_runs, server.runs.active()),
            ("instances", sandbox.places, sandbox.places_taken),
        ] {
            Gauged::set(&gauges.places, "kind", kind, places);
            Gauged::set(&gauges.places_taken, "kind", kind, taken);
        }
        let waiting = self.waiting.load(Ordering::Relaxed);
        Gauged::set(&gauges.waiting, "kind", "requests", waiting);
        Gauged::set(&gauges.waiting, "kind", "instances", sandbox.waiting);
        let (runs, bytes) = server.runs.kept();
        gauges.finished_runs.set(runs as i64);
        gauges.finished_bytes.set(bytes as i64);
        Gauged::set_counter(&gauges.compile_cache, "result", "hit", sandbox.cache_hits);
        Gauged::set_counter(&gauges.compile_cache, "result", "miss", sandbox.cache_misses);
        if let Some(traces) = &self.traces {
            let (sent, failed) = traces.exports();
            Gauged::set_counter(&gauges.trace_exports, "result", "sent", sent);
            Gauged::set_counter(&gauges.trace_exports, "result", "failed", failed);
        }
        let (agents, graphs) = server.catalog.offered();
        Gauged::set(&gauges.offered, "kind", "agent", agents.len());
        Gauged::set(&gauges.offered, "kind", "graph", graphs.len());
        let (agents, graphs) = (server.catalog.broken_agents(), server.catalog.broken_graphs());
        Gauged::set(&gauges.refused, "kind", "agent", agents.len());
        Gauged::set(&gauges.refused, "kind", "graph", graphs.len());
        gauges.ready.set(i64::from(server.not_ready().is_none()));
        self.metrics.text()
    }
}
