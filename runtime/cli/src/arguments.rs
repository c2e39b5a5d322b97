//! The arguments, as the shell hands them over. Each command's own stand beside it in `commands`.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use hap::{ChildCompiler, Compilation, Runtime, RuntimeBuilder};

use crate::commands::{call, check, completions, inspect, lock, mcp, run, serve, show, token, torture};
use crate::exit::{Exit, Stop};

/// Runs graphs of agents that nobody has to trust.
///
/// An agent is a WebAssembly component; a graph is a YAML or JSON file that names agents and says which comes after
/// which. Every agent runs in a sandbox of its own, with a budget, and with no authority but what the graph grants.
#[derive(Debug, Parser)]
#[command(name = "hap", version, after_help = Exit::HELP, arg_required_else_help = true)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a graph and print what it produced
    Run(Box<run::RunArgs>),
    /// Check a graph and its agents without running them
    Check(check::CheckArgs),
    /// Record which components a graph was checked with, and what they may ask for
    Lock(lock::LockArgs),
    /// Draw a graph
    Show(show::ShowArgs),
    /// Tell what an agent component is and what it may ask for
    Inspect(inspect::InspectArgs),
    /// Serve agents and graphs to callers, over HTTP or standard input and output
    Serve(Box<serve::ServeArgs>),
    /// Serve agents and graphs to an agent application, over the Model Context Protocol on standard input and output
    Mcp(Box<mcp::McpArgs>),
    /// Make and revoke the tokens that a server lets in
    Token(token::TokenArgs),
    /// Call a method of a server
    Call(call::CallArgs),
    /// Print a script that completes `hap` in a shell
    Completions(completions::CompletionsArgs),
    /// Run hostile agents against this host and tell whether it holds
    Torture(torture::TortureArgs),
    /// Compile a component for another process of this program
    #[command(hide = true)]
    CompileComponent,
}

/// Where agents come from and how they are kept.
#[derive(Clone, Debug, Args)]
pub(crate) struct AgentArgs {
    /// A folder in which `namespace:name` agents are looked up, as `namespace/name.wasm`
    #[arg(long = "agents", value_name = "DIR")]
    pub(crate) folders: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) cache: CacheArgs,
}

/// How components are compiled, kept and run.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct CacheArgs {
    /// Compile components anew instead of keeping them in the user's cache folder
    #[arg(long)]
    no_cache: bool,
    /// Compile components in a process of its own, with limits on time and memory: for components of strangers
    #[arg(long)]
    isolate_compile: bool,
    /// How many agents may run at one time. Each reserves some 16 GiB of address space, but no memory: lower it where
    /// address space is limited (`ulimit -v`)
    #[arg(long, value_name = "N")]
    max_instances: Option<NonZeroU32>,
}

impl AgentArgs {
    /// A runtime with these agents.
    pub(crate) fn runtime(&self) -> Result<Runtime, Stop> {
        let mut builder = Runtime::builder();
        for folder in &self.folders {
            if !folder.is_dir() {
                let stop = Stop::bad_input(format!("`--agents {}` is no folder", folder.display()));
                return Err(stop.hint("name a folder that holds `namespace/name.wasm`"));
            }
            builder = builder.agents_dir(folder);
        }
        self.cache.runtime(builder)
    }
}

impl CacheArgs {
    /// The same with components compiled in a process of its own.
    pub(crate) fn isolated(mut self) -> CacheArgs {
        self.isolate_compile = true;
        self
    }

    /// The runtime that `builder` makes.
    pub(crate) fn runtime(self, mut builder: RuntimeBuilder) -> Result<Runtime, Stop> {
        if self.no_cache {
            builder = builder.no_cache();
        }
        if self.isolate_compile {
            let child = ChildCompiler::this_program(["compile-component"])
                .map_err(|error| Stop::internal(format!("cannot tell where hap is: {error}")))?;
            builder = builder.compilation(Compilation::ChildProcess(child));
        }
        if let Some(instances) = self.max_instances {
            builder = builder.max_instances(instances.get());
        }
        builder.build().map_err(|error| {
            let stop = Stop::internal(error.to_string());
            stop.hint("where address space is limited, `--max-instances 4` asks for less of it")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }
}
