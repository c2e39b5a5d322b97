//! The arguments, as the shell hands them over. Each command's own stand beside it in `commands`.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};
use hap::{ChildCompiler, Compilation, FolderLoader, Runtime, RuntimeBuilder};
use hap_project::Trust;

use crate::commands::{
    build, call, check, completions, conform, dev, inspect, lock, mcp, new, run, serve, show, token, torture,
};
use crate::exit::{Exit, Stop};
use crate::projects::{self, ProjectLoader, Told};
use crate::terminal::Terminal;

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
    /// Make an agent project
    New(new::NewArgs),
    /// Build an agent project, or a folder of them, with the tools of their languages
    Build(build::BuildArgs),
    /// Check that an agent follows the contract
    Conform(conform::ConformArgs),
    /// Run a graph again whenever its sources change, and tell what changed in the result
    Dev(dev::DevArgs),
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
    /// Take the components of agent projects as they are, and build none
    #[arg(long)]
    no_build: bool,
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
    /// The folders in which agents are looked up.
    pub(crate) fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// A runtime with these agents. Those of the user's own projects are built where they are stale.
    pub(crate) fn runtime(&self, terminal: &Terminal) -> Result<Runtime, Stop> {
        for folder in &self.folders {
            if !folder.is_dir() {
                let stop = Stop::bad_input(format!("`--agents {}` is no folder", folder.display()));
                return Err(stop.hint("name a folder that holds `namespace/name.wasm`"));
            }
        }
        let told = if terminal.is_watched() {
            Told::Commands
        } else {
            Told::Nothing
        };
        let builder = (!self.no_build).then(|| projects::builder(None, None, told, terminal));
        let loader = ProjectLoader {
            components: FolderLoader {
                folders: self.folders.clone(),
                ..FolderLoader::default()
            },
            builder,
            trust: Trust::of_user(),
            terminal: *terminal,
        };
        self.cache
            .runtime(Runtime::builder().agent_loader(Arc::new(loader)))
    }
}

impl CacheArgs {
    /// The same where the settings of a server say nothing else.
    pub(crate) fn over(mut self, cache: bool, max_instances: Option<NonZeroU32>) -> CacheArgs {
        self.no_cache |= !cache;
        self.max_instances = self.max_instances.or(max_instances);
        self
    }

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
