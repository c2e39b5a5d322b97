//! What `hap serve` is started with: its settings, and who is let in.

mod auth;
mod config;
pub(crate) mod projects;

pub(crate) use auth::AuthArgs;
pub(crate) use config::Config;
