//! `hap lock`: records which components a graph was checked with, and holds a run to it.

use std::path::{Path, PathBuf};

use clap::Args;
use hap::{LoadedGraph, Lock};

use crate::arguments::AgentArgs;
use crate::exit::{Exit, Stop};
use crate::graph_file;
use crate::terminal::Terminal;

/// The arguments of `hap lock`.
#[derive(Debug, Args)]
#[command(after_help = Exit::HELP)]
pub(crate) struct LockArgs {
    /// The graph file; its lock stands beside it, with `.lock` at the end of its name
    graph: PathBuf,
    #[command(flatten)]
    agents: AgentArgs,
}

/// Writes the lock.
pub(crate) fn lock(args: &LockArgs, terminal: &Terminal) -> Result<Exit, Stop> {
    let graph = graph_file::read(&args.graph)?;
    let runtime = args.agents.runtime(terminal)?;
    let loaded = super::block_on(async {
        runtime
            .load(&graph)
            .await
            .map_err(|error| Stop::of(error, &args.graph))
    })?;
    let path = Lock::path_of(&args.graph);
    write_whole(&path, &Lock::of(&loaded).to_text())
        .map_err(|error| Stop::bad_input(format!("cannot write `{}`: {error}", path.display())))?;
    terminal.tell(&format!(
        "{} is locked in {}",
        args.graph.display(),
        path.display()
    ));
    Ok(Exit::Success)
}

/// Replaces a file whole or not at all.
fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(format!(".{}.new", std::process::id()));
    std::fs::write(&new, text)?;
    std::fs::rename(&new, path).inspect_err(|_| drop(std::fs::remove_file(&new)))
}

/// Holds a loaded graph to its lock, if there is one; `required` makes one a must.
pub(crate) fn hold(graph: &Path, loaded: &LoadedGraph, required: bool) -> Result<(), Stop> {
    match Lock::read(graph).map_err(|error| Stop::of(error, graph))? {
        Some(lock) => lock
            .check(loaded, &graph.display().to_string())
            .map_err(|problems| Stop::problems(graph, problems)),
        None if required => {
            let stop = Stop::bad_input(format!(
                "{} has no lock, and `--locked` asks for one",
                graph.display()
            ));
            Err(stop.hint(format!("make one with `hap lock {}`", graph.display())))
        }
        None => Ok(()),
    }
}
