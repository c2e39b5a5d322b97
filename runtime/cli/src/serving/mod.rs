//! What `hap serve` is started with: its settings, who is let in, and what it would serve.

mod audit;
mod auth;
mod build;
mod check;
mod config;
mod keys;
mod layers;
pub(crate) mod notify;
pub(crate) mod projects;
mod tls;

pub(crate) use audit::AuditFile;
pub(crate) use auth::AuthArgs;
pub(crate) use build::{folders, runtime, server, traces};
pub(crate) use check::{check, no_token_in_a_log};
pub(crate) use config::{Config, LogFormat};
pub(crate) use layers::Layers;
pub(crate) use tls::TlsArgs;
