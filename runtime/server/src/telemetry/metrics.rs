//! The metrics of a server, as `/metrics` tells them.
//!
//! What must stay true: the number of series is bounded. A label is one of a few words, or the name of an agent or graph of
//! the server's own folders, or a route; never what a caller made up, and never a tenant.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hap::{Event, EventKind, Failure, FailureKind, LogSource, RunOutcome};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::gauges::Gauged;
use crate::rpc::Code;
use crate::runs::Subject;

/// How many names of agents and graphs get series of their own. Folders change; what a process once told, it tells for ever.
const MAX_NAMES: usize = 1000;

/// The bounds of the times, in seconds: from what a small agent takes to what a graph may.
const SECONDS: [f64; 12] = [
    0.000_25, 0.001, 0.0025, 0.01, 0.025, 0.1, 0.25, 1.0, 5.0, 30.0, 300.0, 3600.0,
];

/// The bounds of the memory of nodes, in bytes.
const BYTES: [f64; 8] = [
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
    268_435_456.0,
    1_073_741_824.0,
];

pub(super) type Labels<const N: usize> = [(&'static str, Cow<'static, str>); N];
pub(super) type Counters<const N: usize> = Family<Labels<N>, Counter>;
type Histograms = Family<Labels<1>, Histogram, fn() -> Histogram>;

/// The metrics of a server.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Counters<3>,
    request_seconds: Histograms,
    calls: Counters<2>,
    call_seconds: Histograms,
    runs: Counters<3>,
    run_seconds: Histograms,
    nodes: Counters<1>,
    node_seconds: Histogram,
    node_memory: Histogram,
    fuel: Counter,
    retries: Counter,
    failures: Counters<1>,
    limits: Counters<1>,
    denials: Counter,
    host_calls: Counters<1>,
    breaker_changes: Counters<1>,
    gauges: Gauged,
    names: Mutex<HashSet<String>>,
}

fn seconds() -> Histogram {
    Histogram::new(SECONDS)
}

pub(super) fn label(name: &'static str, value: impl Into<Cow<'static, str>>) -> Labels<1> {
    [(name, value.into())]
}

impl Metrics {
    pub(crate) fn new() -> Metrics {
        let times = || Histograms::new_with_constructor(seconds as fn() -> Histogram);
        let mut metrics = Metrics {
            registry: Registry::with_prefix("hap"),
            requests: Family::default(),
            request_seconds: times(),
            calls: Family::default(),
            call_seconds: times(),
            runs: Family::default(),
            run_seconds: times(),
            nodes: Family::default(),
            node_seconds: seconds(),
            node_memory: Histogram::new(BYTES),
            fuel: Counter::default(),
            retries: Counter::default(),
            failures: Family::default(),
            limits: Family::default(),
            denials: Counter::default(),
            host_calls: Family::default(),
            breaker_changes: Family::default(),
            gauges: Gauged::default(),
            names: Mutex::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let to = &mut self.registry;
        to.register(
            "http_requests",
            "Requests, by method, route and status",
            self.requests.clone(),
        );
        let text = "How long requests took until their answer began, by route";
        to.register_with_unit(
            "http_request_duration",
            text,
            Unit::Seconds,
            self.request_seconds.clone(),
        );
        to.register(
            "calls",
            "Calls of methods, by method and how they ended: ok or the kind of the error",
            self.calls.clone(),
        );
        let text = "How long calls took, by method";
        to.register_with_unit("call_duration", text, Unit::Seconds, self.call_seconds.clone());
        let text = "Runs that ended, by kind and name of what ran and by how they ended; graphs that clients created are told as one";
        to.register("runs", text, self.runs.clone());
        to.register_with_unit(
            "run_duration",
            "How long runs took, by kind of what ran",
            Unit::Seconds,
            self.run_seconds.clone(),
        );
        to.register(
            "nodes",
            "Nodes that ended, those of nested graphs among them, by how they ended",
            self.nodes.clone(),
        );
        to.register_with_unit(
            "node_duration",
            "How long nodes took",
            Unit::Seconds,
            self.node_seconds.clone(),
        );
        to.register_with_unit(
            "node_memory",
            "The most memory that a node held",
            Unit::Bytes,
            self.node_memory.clone(),
        );
        to.register("fuel", "Fuel that runs spent", self.fuel.clone());
        to.register(
            "node_retries",
            "Attempts of nodes that failed and were made again",
            self.retries.clone(),
        );
        to.register(
            "node_failures",
            "Failed attempts of nodes, by kind of the failure",
            self.failures.clone(),
        );
        to.register(
            "limits_reached",
            "Limits of a budget that were reached, by limit",
            self.limits.clone(),
        );
        to.register(
            "denials",
            "Refusals of what agents were not granted",
            self.denials.clone(),
        );
        let text = "Calls of agents to the host, the first 100 of each attempt, by function";
        to.register("host_calls", text, self.host_calls.clone());
        let text = "Changes of circuit breakers, by the state that they went into";
        to.register("circuit_breaker_changes", text, self.breaker_changes.clone());
        self.gauges.register(to);
    }

    pub(crate) fn request(&self, method: &'static str, route: &str, status: u16, duration: Duration) {
        let route = || Cow::from(route.to_owned());
        let labels = [
            ("method", method.into()),
            ("route", route()),
            ("code", status.to_string().into()),
        ];
        self.requests.get_or_create(&labels).inc();
        let histogram = self.request_seconds.get_or_create_owned(&label("route", route()));
        histogram.observe(duration.as_secs_f64());
    }

    /// Counts a call; `code` is its error's.
    pub(crate) fn call(&self, method: &'static str, code: Option<i64>, duration: Duration) {
        let ended = match code {
            None => "ok",
            Some(number) => Code::from_number(number).map_or("other", Code::kind),
        };
        let labels = [("method", method.into()), ("code", ended.into())];
        self.calls.get_or_create(&labels).inc();
        let histogram = self.call_seconds.get_or_create_owned(&label("method", method));
        histogram.observe(duration.as_secs_f64());
    }

    pub(super) fn event(&self, event: &Event) {
        match &event.kind {
            EventKind::NodeRetrying { failure, .. } => {
                self.retries.inc();
                self.failure(failure);
            }
            EventKind::NodeFinished {
                status,
                memory_bytes,
                duration,
                failure,
                ..
            } => {
                self.nodes.get_or_create(&label("status", status.name())).inc();
                self.node_seconds.observe(duration.as_secs_f64());
                if *memory_bytes > 0 {
                    self.node_memory.observe(*memory_bytes as f64);
                }
                if let Some(failure) = failure {
                    self.failure(failure);
                }
            }
            EventKind::NodeLog { record, .. } if record.source == LogSource::Host => {
                self.denials.inc();
            }
            EventKind::HostCalled { call, .. } => {
                self.host_calls
                    .get_or_create(&label("function", call.function.clone()))
                    .inc();
            }
            EventKind::CircuitBreakerChanged { state, .. } => {
                self.breaker_changes
                    .get_or_create(&label("state", state.to_string()))
                    .inc();
            }
            _ => {}
        }
    }

    fn failure(&self, failure: &Failure) {
        self.failures
            .get_or_create(&label("kind", failure.kind.name()))
            .inc();
        if let FailureKind::Limit { limit, .. } = failure.kind {
            self.limits.get_or_create(&label("limit", limit.name())).inc();
        }
    }

    /// Counts a run that ended. `offered` says whether it is of something in the server's own folders.
    pub(super) fn run(&self, subject: &Subject, offered: bool, outcome: &RunOutcome) {
        let (kind, name) = match subject {
            Subject::Agent(name) => ("agent", name),
            Subject::Graph(name) => ("graph", name),
        };
        let name = match offered {
            true => self.name(name),
            false => Cow::from("created"),
        };
        let labels = [
            ("kind", kind.into()),
            ("name", name),
            ("status", outcome.status.to_string().into()),
        ];
        self.runs.get_or_create(&labels).inc();
        let histogram = self.run_seconds.get_or_create_owned(&label("kind", kind));
        histogram.observe(outcome.duration.as_secs_f64());
        let records = outcome.agent_metadata.values();
        self.fuel.inc_by(records.map(|record| record.usage.fuel).sum());
    }

    fn name(&self, name: &str) -> Cow<'static, str> {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if !names.contains(name) {
            if names.len() >= MAX_NAMES {
                return "other".into();
            }
            names.insert(name.to_owned());
        }
        name.to_owned().into()
    }

    /// What is set before every telling.
    pub(super) fn gauges(&self) -> &Gauged {
        &self.gauges
    }

    /// All of them in the text format of OpenMetrics.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a `String` cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

#[cfg(test)]
mod tests;
