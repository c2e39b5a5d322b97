//! The settings of a server: what the keys of its file are. Where they come from is in `layers.rs`.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::ValueEnum;
use hap_server::Settings;
use serde::Deserialize;

use super::{AuthArgs, TlsArgs};

/// Where the server listens unless told otherwise.
const LISTEN: &str = "127.0.0.1:8480";

/// The settings of a server.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// The address to listen on.
    pub(crate) listen: String,
    /// Folders of agents.
    pub(crate) agents: Vec<PathBuf>,
    /// Folders of graphs.
    pub(crate) graphs: Vec<PathBuf>,
    /// A folder of documents.
    pub(crate) resources: Option<PathBuf>,
    /// What stands before a document's name in its URI over MCP.
    pub(crate) documents_uri: String,
    /// Names by which the server may be called.
    pub(crate) hosts: Vec<String>,
    /// Origins of web pages that may call it.
    pub(crate) origins: Vec<String>,
    /// Who is let in.
    pub(crate) auth: AuthArgs,
    /// Whether TLS is spoken.
    pub(crate) tls: TlsArgs,
    /// How components are compiled and run.
    pub(crate) components: Components,
    /// What is told to the operator.
    pub(crate) log: Log,
    /// Where traces are sent.
    pub(crate) traces: TracesConfig,
    /// Every bound.
    pub(crate) limits: Settings,
}

/// How components are compiled and run.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Components {
    /// Whether compiled components are kept in the user's cache folder.
    pub(crate) cache: bool,
    /// How many agents may run at one time.
    pub(crate) max_instances: Option<NonZeroU32>,
}

/// What is told to the operator, and how.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    /// How standard error is written.
    pub(crate) format: LogFormat,
    /// The file that every call is told to.
    pub(crate) audit: Option<PathBuf>,
}

/// Where traces are sent.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TracesConfig {
    /// The collector's address; without one, there are no traces.
    pub(crate) endpoint: Option<String>,
    /// The share of the traces that begin here that is kept, from 0 to 1.
    pub(crate) sample: f64,
}

impl Default for TracesConfig {
    fn default() -> TracesConfig {
        TracesConfig {
            endpoint: None,
            sample: 1.0,
        }
    }
}

/// How standard error is written.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// Lines for people
    #[default]
    Text,
    /// A JSON object a line: requests, runs, calls and changes
    Json,
}

impl Default for Components {
    fn default() -> Components {
        Components {
            cache: true,
            max_instances: None,
        }
    }
}

impl Default for Config {
    fn default() -> Config {
        let limits = Settings::default();
        Config {
            listen: LISTEN.to_owned(),
            agents: Vec::new(),
            graphs: Vec::new(),
            resources: None,
            documents_uri: limits.documents_uri.clone(),
            hosts: Vec::new(),
            origins: Vec::new(),
            auth: AuthArgs::default(),
            tls: TlsArgs::default(),
            components: Components::default(),
            log: Log::default(),
            traces: TracesConfig::default(),
            limits,
        }
    }
}

/// The keys that hold paths. In a file they are relative to it.
pub(super) const PATHS: &[&str] = &[
    "agents",
    "graphs",
    "resources",
    "auth.tokens",
    "auth.jwt_key",
    "auth.jwks",
    "tls.cert",
    "tls.key",
    "log.audit",
];
