//! The metrics that are looked up when they are asked for: what is taken, what waits, and in what state things are.

use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::metrics::{Counters, Labels, label};

type Gauges = Family<Labels<1>, Gauge>;

/// What is looked up when it is asked for.
#[derive(Default)]
pub(super) struct Gauged {
    pub(super) breakers: Gauges,
    pub(super) places: Gauges,
    pub(super) places_taken: Gauges,
    pub(super) waiting: Gauges,
    pub(super) finished_runs: Gauge,
    pub(super) finished_bytes: Gauge,
    pub(super) compile_cache: Counters<1>,
    pub(super) trace_exports: Counters<1>,
    pub(super) offered: Gauges,
    pub(super) refused: Gauges,
    pub(super) ready: Gauge,
}

impl Gauged {
    pub(super) fn register(&self, to: &mut Registry) {
        to.register(
            "circuit_breakers",
            "Circuit breakers that have seen a call, by state",
            self.breakers.clone(),
        );
        let text = "Places for what may be worked on at one time: requests, runs, instances";
        to.register("places", text, self.places.clone());
        to.register(
            "places_taken",
            "How many of these places are taken",
            self.places_taken.clone(),
        );
        to.register(
            "waiting",
            "How many requests and calls of agents wait for a place",
            self.waiting.clone(),
        );
        to.register(
            "finished_runs",
            "Finished runs that are kept",
            self.finished_runs.clone(),
        );
        to.register_with_unit(
            "finished_runs",
            "What the finished runs that are kept hold",
            Unit::Bytes,
            self.finished_bytes.clone(),
        );
        let text = "Components that were asked of the compile cache, by whether they were there: hit or miss";
        to.register("compile_cache", text, self.compile_cache.clone());
        let text = "Batches of spans, by whether the collector took them: sent or failed";
        to.register("trace_exports", text, self.trace_exports.clone());
        to.register(
            "offered",
            "Agents and graphs of the folders that can be used, by kind",
            self.offered.clone(),
        );
        to.register(
            "refused",
            "Agents and graphs of the folders whose files cannot be used, by kind",
            self.refused.clone(),
        );
        to.register(
            "ready",
            "1 when the server is to be given work",
            self.ready.clone(),
        );
    }

    pub(super) fn set(gauges: &Gauges, name: &'static str, value: &'static str, count: usize) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        gauges.get_or_create(&label(name, value)).set(count);
    }

    /// Sets a counter that is kept elsewhere.
    pub(super) fn set_counter(counters: &Counters<1>, name: &'static str, value: &'static str, count: u64) {
        let counter = counters.get_or_create_owned(&label(name, value));
        let inner: &AtomicU64 = counter.inner();
        inner.store(count, Ordering::Relaxed);
    }
}
