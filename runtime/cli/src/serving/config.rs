//! The settings of a server: what the keys of its file are. Where they come from is in `layers.rs`.

use std::num::NonZeroU32;
use std::path::PathBuf;

use hap_server::Settings;
use serde::Deserialize;

use super::AuthArgs;

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
    /// Names by which the server may be called.
    pub(crate) hosts: Vec<String>,
    /// Origins of web pages that may call it.
    pub(crate) origins: Vec<String>,
    /// Who is let in.
    pub(crate) auth: AuthArgs,
    /// How components are compiled and run.
    pub(crate) components: Components,
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
        Config {
            listen: LISTEN.to_owned(),
            agents: Vec::new(),
            graphs: Vec::new(),
            resources: None,
            hosts: Vec::new(),
            origins: Vec::new(),
            auth: AuthArgs::default(),
            components: Components::default(),
            limits: Settings::default(),
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
];
