//! `cargo xtask bench`: HAP measured against bare wasmtime, on the example agents.

use anyhow::Result;

use crate::{agents, process, project::Project};

/// Builds the agents and runs the benchmark program; `arguments` are passed on to it.
pub(crate) fn run(project: &Project, arguments: &[String]) -> Result<()> {
    agents::run(project)?;
    let mut cargo = project.cargo("run");
    cargo.args([
        "--quiet",
        "--release",
        "--package",
        "hap-tests",
        "--bin",
        "hap-bench",
        "--",
    ]);
    process::run(cargo.args(arguments))
}
