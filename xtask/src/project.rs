//! Where things are in the repository, and cargo set up to find them.
//!
//! Every build goes to `target/` at the root, whatever the caller's own settings say: the tests, the demo and
//! the documentation name paths in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process;

/// The target that every agent is compiled for.
pub(crate) const GUEST_TARGET: &str = "wasm32-wasip2";

/// The checked-out repository.
pub(crate) struct Project {
    root: PathBuf,
}

impl Project {
    /// The repository that this program was compiled in.
    pub(crate) fn here() -> Project {
        let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
        Project {
            root: xtask.parent().unwrap_or(xtask).to_owned(),
        }
    }

    /// The top folder, or `path` in it.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// The folder of everything that is built, or `path` in it.
    pub(crate) fn target(&self, path: &str) -> PathBuf {
        self.root.join("target").join(path)
    }

    /// The top folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A program that runs in the top folder.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        command
    }

    /// `cargo SUBCOMMAND` for the root workspace.
    pub(crate) fn cargo(&self, subcommand: &str) -> Command {
        self.cargo_in(&self.root, &self.target(""), subcommand)
    }

    /// `cargo SUBCOMMAND` for the workspace in `folder`, whose `.cargo/config.toml` counts.
    pub(crate) fn cargo_in(&self, folder: &Path, target: &Path, subcommand: &str) -> Command {
        let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(program);
        command
            .arg(subcommand)
            .current_dir(folder)
            .env("CARGO_TARGET_DIR", target);
        if std::env::var_os("CI").is_some() {
            // A run of continuous integration tests what was committed, not what resolves today.
            command.arg("--locked");
        }
        command
    }

    /// The workspaces of guests that exist: each is outside the root workspace, for it builds for another
    /// target.
    pub(crate) fn guest_workspaces(&self) -> Vec<GuestWorkspace> {
        [("guest-examples", "review"), ("tests/guests", "test")]
            .into_iter()
            .map(|(folder, namespace)| GuestWorkspace {
                folder: self.path(folder),
                namespace,
            })
            .filter(|workspace| workspace.folder.join("Cargo.toml").is_file())
            .collect()
    }

    /// What `cargo metadata` says about the workspace in `folder`; `arguments` narrow it.
    pub(crate) fn metadata(&self, folder: &Path, arguments: &[&str]) -> Result<Value> {
        let mut cargo = self.cargo_in(folder, &self.target(""), "metadata");
        cargo.args(["--format-version", "1"]).args(arguments);
        let text = process::output(&mut cargo)?;
        serde_json::from_str(&text).context("cargo metadata printed something that is not JSON")
    }
}

/// A cargo workspace whose members are agents.
pub(crate) struct GuestWorkspace {
    /// The folder of its `Cargo.toml`.
    pub(crate) folder: PathBuf,
    /// The namespace of its agents: the folder under `target/agents`.
    pub(crate) namespace: &'static str,
}
