//! Every bound of a server, each with its default.

use std::time::Duration;

use crate::audit::Audit;

/// The bounds of a server. All of them hold for strangers, so none is unlimited.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The longest request, in bytes. Default 8 MiB.
    pub max_request_bytes: usize,
    /// How many calls one batch may have. Default 100.
    pub max_batch: usize,
    /// How many requests are worked on at one time; more wait. Default 256.
    pub max_requests: usize,
    /// How many runs may be under way at one time. Default 64.
    pub max_runs: usize,
    /// How many of these one tenant may have. Default 16.
    pub max_runs_per_tenant: usize,
    /// How many finished runs are kept to be asked about; the oldest are forgotten first. Default 1000.
    pub max_finished_runs: usize,
    /// How many events of one run are kept; the oldest are forgotten first. Default 10 000.
    pub max_events_per_run: usize,
    /// How many bytes of events of one run are kept. Default 4 MiB.
    pub max_event_bytes_per_run: usize,
    /// How many graphs one tenant may create. Default 100.
    pub max_graphs_per_tenant: usize,
    /// How many requests of one tenant are worked on at one time, streams of events and waiting calls among them; more are
    /// refused. Default 64.
    pub max_requests_per_tenant: usize,
    /// How many calls a tenant may make in a second, over time. Default 100.
    pub calls_per_second: u32,
    /// How many calls a tenant may make at once after a pause. Default 500.
    pub calls_at_once: u32,
    /// How many bytes finished runs may hold together, events and outcomes; the oldest are forgotten first. Default 256 MiB.
    pub max_finished_bytes: usize,
    /// How long a call that waits for events waits at most. Default 30 s.
    pub long_poll: Duration,
    /// How long a client may take to send the headers of a request, and how long a connection may lie idle. Default 10 s.
    pub header_time: Duration,
    /// How long a client may take to send the body of a request. Default 30 s.
    pub body_time: Duration,
    /// How many connections may be open at one time; more wait to be taken in. Default 1024.
    pub max_connections: usize,
    /// How long an agent may take at most. Default 300 s.
    pub agent_timeout: Duration,
    /// How long a graph may take at most. Default one hour.
    pub graph_timeout: Duration,
    /// Whether a client that goes away cancels the run that it waits for. Default true.
    pub cancel_on_disconnect: bool,
    /// How many sessions clients of MCP may have. Default 1000.
    pub max_mcp_sessions: usize,
    /// How many of these one tenant may have; the one that was used longest ago makes room for a new one. Default 100.
    pub max_mcp_sessions_per_tenant: usize,
    /// How long a session that no request uses is kept. Default 10 minutes.
    pub mcp_session_idle: Duration,
    /// What stands before a document's name in its URI over MCP. Default `hap://documents/`.
    pub documents_uri: String,
    /// How long runs may go on when the server shuts down. Default 30 s.
    pub drain: Duration,
    /// The hosts by which the server may be called, such as `hap.example.com`; loopback names always may. Requests for
    /// others are refused, which stops DNS rebinding.
    pub hosts: Vec<String>,
    /// The origins of web pages that may call it. Default none.
    pub origins: Vec<String>,
    /// Is told of every call. Default nobody.
    pub audit: Option<Audit>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            max_request_bytes: 8 << 20,
            max_batch: 100,
            max_requests: 256,
            max_runs: 64,
            max_runs_per_tenant: 16,
            max_finished_runs: 1000,
            max_events_per_run: 10_000,
            max_event_bytes_per_run: 4 << 20,
            max_graphs_per_tenant: 100,
            max_requests_per_tenant: 64,
            calls_per_second: 100,
            calls_at_once: 500,
            max_finished_bytes: 256 << 20,
            long_poll: Duration::from_secs(30),
            header_time: Duration::from_secs(10),
            body_time: Duration::from_secs(30),
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
            audit: None,
        }
    }
}
