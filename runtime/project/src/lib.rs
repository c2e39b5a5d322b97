//! Agent projects: folders with a `hap.toml`, made from templates, and built with the tools of their own language.
//!
//! This crate knows files and processes, and nothing of runs or of the sandbox: whether a built component is a good agent
//! is for its caller to find out. Building runs the commands that a project names, with all the rights of the user, so
//! [`Trust`] tells which projects this user has asked to build.

mod builder;
mod component;
mod discover;
mod embedded;
mod error;
mod files;
mod inputs;
mod lock;
mod manifest;
mod process;
mod project;
mod stamp;
mod template;
mod tools;
mod trust;

pub use builder::{Build, BuildSettings, Builder, Watcher};
pub use discover::discover;
pub use embedded::contract;
pub use error::ProjectError;
pub use inputs::InputTrace;
pub use manifest::{AgentTable, BuildTable, Manifest, ToolsTable};
pub use project::{FILE_NAME, Project, is_project};
pub use template::{Template, TemplateError, create};
pub use trust::Trust;
