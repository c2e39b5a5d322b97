//! `cargo xtask demo`: from a fresh clone to the example graph's result, in one command.

use anyhow::Result;

use crate::{agents, process, project::Project};

/// The graph that the demo runs.
const GRAPH: &str = "guest-examples/review.yaml";
/// The document that it reads, as the key `text` of the run's input.
const DOCUMENT: &str = "guest-examples/documents/GPL-3.txt";
/// The key of the final context that is the demo's result.
const RESULT: &str = "brief";

/// Builds what is missing, runs the graph on the document and prints the result on stdout.
pub(crate) fn run(project: &Project) -> Result<()> {
    agents::run(project)?;
    eprintln!("xtask: building the runtime");
    process::run(project.cargo("build").args(["--release", "--package", "hap-cli"]))?;

    let mut hap = project.command("target/release/hap");
    hap.args(["run", GRAPH, "--agents", "target/agents"]);
    hap.args(["--file", &format!("text={DOCUMENT}"), "--get", RESULT]);
    eprintln!("xtask: target/release/{}", process::shown(&hap));
    process::run(&mut hap)
}
