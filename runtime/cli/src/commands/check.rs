//! `hap check`: loads a graph and its agents without running them, and tells what is wrong, in which order nodes would
//! run, and what each agent may ask for.

use std::path::{Path, PathBuf};

use clap::Args;
use hap::{
    AgentLoader, Error, FolderLoader, Graph, LoadedGraph, NodeAgent, Runtime, SandboxConfig, Severity,
};

use crate::arguments::AgentArgs;
use crate::exit::{Exit, Stop, count_problems};
use crate::graph_file;
use crate::plan_report::{self, Components, PlanReport, Report};
use crate::terminal::{Terminal, clean};

/// The arguments of `hap check`.
#[derive(Debug, Args)]
#[command(after_help = Exit::HELP)]
pub(crate) struct CheckArgs {
    /// The graph file
    graph: PathBuf,
    #[command(flatten)]
    agents: AgentArgs,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    /// Let warnings fail the check
    #[arg(long)]
    strict: bool,
}

/// Checks the graph.
pub(crate) fn check(args: &CheckArgs, terminal: &Terminal) -> Result<Exit, Stop> {
    let graph = match graph_file::read(&args.graph) {
        Ok(graph) => graph,
        // Problems of the file's text are what a check is there to find; a file that cannot be read is not.
        Err(stop) if stop.problems.is_none() => return Err(stop),
        Err(stop) => return args.refuse(stop, terminal),
    };
    let runtime = args.agents.runtime()?;
    let checked = super::block_on(async {
        let loaded = match runtime.load(&graph).await {
            Ok(loaded) => loaded,
            Err(error) => return Ok(Err(error)),
        };
        let components = components(&runtime, &graph, &loaded, &args.agents.folders).await?;
        Ok(Ok((loaded, components)))
    })?;
    match checked {
        Ok((loaded, components)) => args.report(&loaded, &components, terminal),
        Err(error) => args.refuse(Stop::of(error, &args.graph), terminal),
    }
}

impl CheckArgs {
    /// Tells errors.
    fn refuse(&self, stop: Stop, terminal: &Terminal) -> Result<Exit, Stop> {
        if self.json
            && let Some(problems) = &stop.problems
        {
            let report = Report {
                ok: false,
                problems: problems.iter().collect(),
                plan: None,
            };
            terminal.print(&report.to_json()?)?;
        }
        Err(Stop {
            exit: if stop.problems.is_some() {
                Exit::Failed
            } else {
                stop.exit
            },
            ..stop
        })
    }

    /// Tells what is known of a graph without errors.
    fn report(
        &self,
        loaded: &LoadedGraph,
        components: &Components,
        terminal: &Terminal,
    ) -> Result<Exit, Stop> {
        let warnings = loaded.plan().warnings();
        let fails = self.strict
            && warnings
                .iter()
                .any(|problem| problem.severity == Severity::Warning);
        if self.json {
            let report = Report {
                ok: !fails,
                problems: warnings.iter().collect(),
                plan: Some(PlanReport::new(loaded, components)),
            };
            terminal.print(&report.to_json()?)?;
        } else {
            if !warnings.is_empty() {
                terminal.tell(&clean(&warnings.to_string()));
            }
            if !fails {
                terminal.print(&plan_report::text(&self.graph, loaded, components))?;
            }
        }
        if !fails {
            return Ok(Exit::Success);
        }
        let message = format!("{}: {}", self.graph.display(), count_problems(warnings.iter()));
        Err(Stop {
            exit: Exit::Failed,
            ..Stop::bad_input(message).hint("mend them, or check without `--strict`")
        })
    }
}

/// Looks at each component of the graph once.
async fn components(
    runtime: &Runtime,
    graph: &Graph,
    loaded: &LoadedGraph,
    folders: &[PathBuf],
) -> Result<Components, Stop> {
    let source = graph.source.as_deref().map(Path::new);
    let base = source.and_then(Path::parent).unwrap_or(Path::new(""));
    let loader = FolderLoader {
        folders: folders.to_vec(),
        max_bytes: SandboxConfig::default().max_component_bytes,
    };
    let mut components = Components::new();
    for node in loaded.plan().nodes() {
        let NodeAgent::Entrypoint(entrypoint) = &node.agent else {
            continue;
        };
        if components.contains_key(entrypoint) {
            continue;
        }
        // It was loaded a moment ago, so this fails only when the file has changed since.
        let Ok(form) = entrypoint.parse() else { continue };
        let changed =
            |message: String| Stop::bad_input(message).hint("check again: the file changed meanwhile");
        let found = loader
            .load(&form, base)
            .await
            .map_err(|error| changed(error.message))?;
        let inspected = runtime.inspect(&found.origin).await;
        let info = inspected.map_err(|error: Error| changed(error.to_string()))?;
        components.insert(entrypoint.clone(), info);
    }
    Ok(components)
}
