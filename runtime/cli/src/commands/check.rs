//! `hap check`: loads a graph and its agents without running them, and tells what is wrong, in which order nodes would
//! run, and what each agent may ask for.

use std::path::PathBuf;

use clap::Args;
use hap::{LoadedGraph, Problem, Problems};

use crate::arguments::AgentArgs;
use crate::exit::{Exit, Stop, count_problems};
use crate::graph_file;
use crate::plan_report::{self, PlanReport, Report};
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
    /// Let warnings fail the check, and agents that ask for more than the graph grants
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
    let runtime = args.agents.runtime(terminal)?;
    let loaded = super::block_on(async { Ok(runtime.load(&graph).await) })?;
    match loaded {
        Ok(loaded) => args.report(&loaded, terminal),
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
    fn report(&self, loaded: &LoadedGraph, terminal: &Terminal) -> Result<Exit, Stop> {
        let mut warnings = loaded.plan().warnings().clone();
        if self.strict {
            warnings.extend(ungranted(loaded));
        }
        let fails = self.strict && !warnings.is_empty();
        if self.json {
            let plan = PlanReport::new(loaded);
            let report = Report {
                ok: !fails,
                problems: warnings.iter().collect(),
                plan,
            };
            terminal.print(&report.to_json()?)?;
        } else {
            if !warnings.is_empty() {
                terminal.tell(&clean(&warnings.to_string()));
            }
            if !fails {
                terminal.print(&plan_report::text(&self.graph, loaded))?;
            }
        }
        if !fails {
            return Ok(Exit::Success);
        }
        let message = format!("{}: {}", self.graph.display(), count_problems(warnings.iter()));
        let stop = Stop::bad_input(message).hint("mend them, or check without `--strict`");
        Err(Stop {
            exit: Exit::Failed,
            ..stop
        })
    }
}

/// What components ask for and the graph does not grant. Running is safe: the host refuses. But a node whose agent is
/// refused what it needs will fail, and one that asks for what it should not need deserves a look.
fn ungranted(loaded: &LoadedGraph) -> Problems {
    let mut problems = Problems::new(loaded.plan().source().cloned());
    loaded.visit_agents(&mut |found| {
        let mut told = Problems::new(found.source.cloned());
        for import in found.node.grants.refused(found.agent.imports()) {
            let message = format!(
                "node `{}`: its agent asks for `{}`, which is not granted",
                found.path, import.interface
            );
            told.push(
                Problem::warning(found.node.body_place, message)
                    .hint(format!("add `{}` to the node", import.line)),
            );
        }
        problems.extend(told);
    });
    problems
}
