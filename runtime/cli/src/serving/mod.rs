//! What `hap serve` is started with: its settings, and who is let in.

mod auth;
mod config;
mod tls;

pub(crate) use auth::AuthArgs;
pub(crate) use config::Config;
pub(crate) use tls::TlsArgs;
