//! What `hap serve` is started with: its settings, who is let in, and what it would serve.

mod auth;
mod build;
mod check;
mod config;
mod keys;
mod layers;

pub(crate) use auth::AuthArgs;
pub(crate) use build::{folders, runtime, server};
pub(crate) use check::check;
pub(crate) use config::Config;
pub(crate) use layers::Layers;
