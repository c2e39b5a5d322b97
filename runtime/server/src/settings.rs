//! Every bound of a server, each with its default.

pub(crate) mod units;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use crate::audit::Audit;
use crate::auth::TenantId;
use crate::quota::Quota;
use crate::telemetry::Observer;
use crate::tls::Tls;

/// The bounds of a server. All of them hold for strangers, so none is unlimited.
///
/// They can be read from a file: times are written as `30s`, numbers of bytes as `8MiB`, and none may be zero.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The longest request, in bytes. Default 8 MiB.
    #[serde(deserialize_with = "units::bytes")]
    pub max_request_bytes: usize,
    /// How many calls one batch may have. Default 100.
    #[serde(deserialize_with = "units::count")]
    pub max_batch: usize,
    /// How many requests are worked on at one time; more wait, and the tenants take turns. Default 256.
    #[serde(deserialize_with = "units::count")]
    pub max_requests: usize,
    /// How many runs may be under way at one time; more wait, and the tenants take turns. Default 64.
    #[serde(deserialize_with = "units::count")]
    pub max_runs: usize,
    /// How long a request or a run waits for its turn at most; then it is refused. Default 30 s.
    #[serde(deserialize_with = "units::time")]
    pub queue_time: Duration,
    /// How many runs one tenant may have under way or waiting; more are refused. Default 16.
    #[serde(deserialize_with = "units::count")]
    pub max_runs_per_tenant: usize,
    /// How many finished runs are kept to be asked about; the oldest of the tenant with the most are forgotten
    /// first. Default 1000.
    #[serde(deserialize_with = "units::count")]
    pub max_finished_runs: usize,
    /// How many events of one run are kept; the oldest are forgotten first. Default 10 000.
    #[serde(deserialize_with = "units::count")]
    pub max_events_per_run: usize,
    /// How many bytes of events of one run are kept. Default 4 MiB.
    #[serde(deserialize_with = "units::bytes")]
    pub max_event_bytes_per_run: usize,
    /// How many graphs one tenant may create. Default 100.
    #[serde(deserialize_with = "units::count")]
    pub max_graphs_per_tenant: usize,
    /// How many requests of one tenant are worked on at one time, streams of events and waiting calls among them; more are
    /// refused. Default 64.
    #[serde(deserialize_with = "units::count")]
    pub max_requests_per_tenant: usize,
    /// How many calls a tenant may make in a second, over time. Default 100.
    #[serde(deserialize_with = "units::rate")]
    pub calls_per_second: u32,
    /// How many calls a tenant may make at once after a pause. Default 500.
    #[serde(deserialize_with = "units::rate")]
    pub calls_at_once: u32,
    /// How much fuel one run may spend, beside what the runtime and the graph say. Default 10 000 000 000 000.
    #[serde(deserialize_with = "units::fuel")]
    pub fuel_per_run: u64,
    /// How much fuel the runs of one tenant may spend in a day (UTC). Default 100 000 000 000 000.
    #[serde(deserialize_with = "units::fuel")]
    pub fuel_per_day: u64,
    /// How long the runs of one tenant may take in a day (UTC), all together. Default 96 h.
    #[serde(deserialize_with = "units::time")]
    pub run_time_per_day: Duration,
    /// The tenants for which other numbers hold. Default none.
    pub tenants: BTreeMap<TenantId, Quota>,
    /// How many bytes finished runs may hold together, events and outcomes; the oldest of the tenant with the most are
    /// forgotten first. Default 256 MiB.
    #[serde(deserialize_with = "units::bytes")]
    pub max_finished_bytes: usize,
    /// How long finished runs are kept to be asked about. Default 24 h.
    #[serde(deserialize_with = "units::time")]
    pub max_finished_age: Duration,
    /// How long a call that waits for events waits at most. Default 30 s.
    #[serde(deserialize_with = "units::time")]
    pub long_poll: Duration,
    /// How long a client may take to send the headers of a request, and how long a connection may lie idle. Default 10 s.
    #[serde(deserialize_with = "units::time")]
    pub header_time: Duration,
    /// How long a client may take to send the body of a request. Default 30 s.
    #[serde(deserialize_with = "units::time")]
    pub body_time: Duration,
    /// How long what is sent to a client may wait for it to read on; then the connection is closed. Default 30 s.
    #[serde(deserialize_with = "units::time")]
    pub write_time: Duration,
    /// How long a client may take to agree on TLS. Default 10 s.
    #[serde(deserialize_with = "units::time")]
    pub handshake_time: Duration,
    /// How many headers a request may have. Default 100.
    #[serde(deserialize_with = "units::count")]
    pub max_headers: usize,
    /// How many bytes the request line and the headers of a request may have together. Default 64 KiB.
    #[serde(deserialize_with = "units::bytes")]
    pub max_header_bytes: usize,
    /// How many messages of one WebSocket are worked on at one time, and more are refused; or of a pair of streams, where more
    /// wait. Default 64.
    #[serde(deserialize_with = "units::count")]
    pub max_calls_per_connection: usize,
    /// How many runs one WebSocket or pair of streams may be subscribed to at one time. Default 64.
    #[serde(deserialize_with = "units::count")]
    pub max_subscriptions_per_connection: usize,
    /// How many bytes of answers and notifications may wait to be written to one WebSocket or stream; then its calls and
    /// subscriptions wait, and its runs go on. Default 16 MiB.
    #[serde(deserialize_with = "units::bytes")]
    pub max_waiting_bytes: usize,
    /// How often the other side of a WebSocket is asked whether it is there. Who says nothing for twice as long is gone.
    /// Default 30 s.
    #[serde(deserialize_with = "units::time")]
    pub ping_interval: Duration,
    /// How long a WebSocket may be without a call under way and without a subscription. Default 10 minutes.
    #[serde(deserialize_with = "units::time")]
    pub websocket_idle: Duration,
    /// How many connections may be open at one time; more wait to be taken in. Default 1024.
    #[serde(deserialize_with = "units::count")]
    pub max_connections: usize,
    /// How long an agent may take at most. Default 300 s.
    #[serde(deserialize_with = "units::time")]
    pub agent_timeout: Duration,
    /// How long a graph may take at most. Default one hour.
    #[serde(deserialize_with = "units::time")]
    pub graph_timeout: Duration,
    /// Whether a client that goes away cancels the run that it waits for. Default true.
    pub cancel_on_disconnect: bool,
    /// How many sessions clients of MCP may have. Default 1000.
    #[serde(deserialize_with = "units::count")]
    pub max_mcp_sessions: usize,
    /// How many of these one tenant may have; the one that was used longest ago makes room for a new one. Default 100.
    #[serde(deserialize_with = "units::count")]
    pub max_mcp_sessions_per_tenant: usize,
    /// How long a session that no request uses is kept. Default 10 minutes.
    #[serde(deserialize_with = "units::time")]
    pub mcp_session_idle: Duration,
    /// What stands before a document's name in its URI over MCP. Default `hap://documents/`.
    #[serde(skip)]
    pub documents_uri: String,
    /// How long runs may go on when the server shuts down. Default 30 s.
    #[serde(deserialize_with = "units::time")]
    pub drain: Duration,
    /// The hosts by which the server may be called, such as `hap.example.com`; loopback names always may. Requests for
    /// others are refused, which stops DNS rebinding.
    #[serde(skip)]
    pub hosts: Vec<String>,
    /// The origins of web pages that may call it. Default none.
    #[serde(skip)]
    pub origins: Vec<String>,
    /// The certificate and key for TLS. Default none: HTTP without it.
    #[serde(skip)]
    pub tls: Option<Tls>,
    /// Is told of every call. Default nobody.
    #[serde(skip)]
    pub audit: Option<Audit>,
    /// Is told of every request and run, for a log. Default nobody.
    #[serde(skip)]
    pub observer: Option<Observer>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            max_request_bytes: 8 << 20,
            max_batch: 100,
            max_requests: 256,
            max_runs: 64,
            queue_time: Duration::from_secs(30),
            max_runs_per_tenant: 16,
            max_finished_runs: 1000,
            max_events_per_run: 10_000,
            max_event_bytes_per_run: 4 << 20,
            max_graphs_per_tenant: 100,
            max_requests_per_tenant: 64,
            calls_per_second: 100,
            calls_at_once: 500,
            fuel_per_run: 10_000_000_000_000,
            fuel_per_day: 100_000_000_000_000,
            run_time_per_day: Duration::from_secs(96 * 3600),
            tenants: BTreeMap::new(),
            max_finished_bytes: 256 << 20,
            max_finished_age: Duration::from_secs(24 * 3600),
            long_poll: Duration::from_secs(30),
            header_time: Duration::from_secs(10),
            body_time: Duration::from_secs(30),
            write_time: Duration::from_secs(30),
            handshake_time: Duration::from_secs(10),
            max_headers: 100,
            max_header_bytes: 64 << 10,
            max_calls_per_connection: 64,
            max_subscriptions_per_connection: 64,
            max_waiting_bytes: 16 << 20,
            ping_interval: Duration::from_secs(30),
            websocket_idle: Duration::from_secs(600),
            max_connections: 1024,
            agent_timeout: Duration::from_secs(300),
            graph_timeout: Duration::from_secs(3600),
            cancel_on_disconnect: true,
            max_mcp_sessions: 1000,
            max_mcp_sessions_per_tenant: 100,
            mcp_session_idle: Duration::from_secs(600),
            documents_uri: "hap://documents/".to_owned(),
            drain: Duration::from_secs(30),
            hosts: Vec::new(),
            origins: Vec::new(),
            tls: None,
            audit: None,
            observer: None,
        }
    }
}
