//! `hap run`: runs a graph to its end, tells what happens meanwhile, and prints what came of it.

mod remote;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use hap::{Budget, Event, FolderResources, Level, LoadedGraph, Run, RunOptions, RunOutcome};
use serde::Serialize;
use tokio::time::MissedTickBehavior;

use crate::arguments::AgentArgs;
use crate::commands::lock;
use crate::exit::{Exit, Stop};
use crate::input::{self, Sources};
use crate::live::{Live, TICK};
use crate::remote::ServerArgs;
use crate::signals::Signals;
use crate::terminal::{Terminal, clean};
use crate::value::{KeyValue, LimitValue, budget, key_value, limit_value, run_limit_value};
use crate::{format, graph_file, pretty, report, time};

/// The arguments of `hap run`.
#[derive(Debug, Args)]
#[command(after_help = Exit::HELP)]
pub(crate) struct RunArgs {
    /// The graph file; with `--server`, a file or the name of a graph of the server's
    graph: PathBuf,
    /// The input, a JSON object: as text, from a file (`@FILE`) or from standard input (`-`)
    #[arg(long, short, value_name = "JSON|@FILE|-", allow_hyphen_values = true)]
    input: Option<String>,
    /// Add a file's text to the input
    #[arg(long = "file", value_name = "KEY=PATH", value_parser = key_value)]
    files: Vec<KeyValue>,
    /// Add a value to the input: JSON where it is JSON, else text
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    sets: Vec<KeyValue>,
    /// Print one key of the resulting context, strings as they are
    #[arg(long, value_name = "KEY", conflicts_with_all = ["json", "events"])]
    get: Option<String>,
    /// Print everything that is known about the run as JSON
    #[arg(long, conflicts_with = "events")]
    json: bool,
    /// Print each event as a line of JSON when it happens, and the outcome as the last line
    #[arg(long)]
    events: bool,
    #[command(flatten)]
    agents: AgentArgs,
    /// A folder whose files agents may read, as far as the graph grants them (`grants: {resources: […]}`)
    #[arg(long, value_name = "DIR")]
    resources: Option<PathBuf>,
    /// How many nodes may run at one time
    #[arg(long, value_name = "N")]
    max_parallel: Option<NonZeroUsize>,
    /// Change a limit of what each node may spend, such as `memory=64MiB`, `wall-time=2s` or `fuel=1G`
    #[arg(long = "budget", value_name = "LIMIT=VALUE", value_parser = limit_value, value_delimiter = ',')]
    limits: Vec<LimitValue>,
    /// Change a limit of what all nodes may spend together, such as `fuel=100G` or `wall-time=10m`
    #[arg(long = "run-budget", value_name = "LIMIT=VALUE", value_parser = run_limit_value, value_delimiter = ',')]
    run_limits: Vec<LimitValue>,
    /// Refuse to run without the graph's lock (with one, it always holds)
    #[arg(long)]
    locked: bool,
    /// What the agents' randomness is made from: with `--start-time`, a run can be repeated to the byte
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Where the agents' clocks start: `2026-01-31T08:30:00Z` or seconds since 1970
    #[arg(long, value_name = "INSTANT", value_parser = time::unix_nanos)]
    start_time: Option<u64>,
    /// Run the graph on this server
    #[arg(long, value_name = "URL", conflicts_with_all = [
        "folders", "no_build", "no_cache", "isolate_compile", "max_instances", "resources", "max_parallel", "limits", "run_limits",
        "locked", "seed", "start_time",
    ])]
    server: Option<String>,
    #[command(flatten)]
    token: ServerArgs,
    /// Tell failures only, on a terminal too
    #[arg(long, short, conflicts_with = "verbose")]
    quiet: bool,
    /// Tell every log record and the table of nodes, in a pipe too
    #[arg(long, short)]
    verbose: bool,
}

/// The last line of `--events`.
#[derive(Serialize)]
struct LastLine<'a> {
    outcome: &'a RunOutcome,
}

/// Runs the graph.
pub(crate) fn run(args: &RunArgs, terminal: &Terminal) -> Result<Exit, Stop> {
    if let Some(server) = &args.server {
        return remote::run(args, server, terminal);
    }
    let limits = budget(Budget::default(), "--budget", &args.limits)?;
    let run_limits = budget(RunOptions::default().run_budget, "--run-budget", &args.run_limits)?;
    let graph = graph_file::read(&args.graph)?;
    let sources = Sources {
        input: args.input.as_deref(),
        files: &args.files,
        sets: &args.sets,
    };
    let input = input::assemble(sources, &limits)?;
    let runtime = args.agents.runtime(terminal)?;
    if args.tells_more(terminal)
        && let Some(trouble) = runtime.cache_trouble()
    {
        terminal.warning(&format!("compiled components are not kept: {trouble}"), None);
    }
    let mut options = runtime.run_options().clone();
    options.budget = limits;
    options.run_budget = run_limits;
    options.seed = args.seed;
    options.started_at_unix_nanos = args.start_time;
    if let Some(folder) = &args.resources {
        options.resources = Arc::new(documents(folder)?);
    }
    options.max_parallel = args.max_parallel.unwrap_or(options.max_parallel);
    super::block_on(async {
        let mut signals = Signals::take()?;
        let loaded = tokio::select! {
            loaded = runtime.load(&graph) => loaded.map_err(|error| Stop::of(error, &args.graph))?,
            () = signals.next() => {
                terminal.error("cancelled before the run began", None);
                return Ok(Exit::Cancelled);
            }
        };
        if args.tells_more(terminal) && !loaded.plan().warnings().is_empty() {
            terminal.tell(&clean(&loaded.plan().warnings().to_string()));
        }
        lock::hold(&args.graph, &loaded, args.locked)?;
        let run = start(&runtime, &loaded, input, options).map_err(|error| Stop::of(error, &args.graph))?;
        args.follow(run, signals, terminal).await
    })
}

fn documents(folder: &Path) -> Result<FolderResources, Stop> {
    FolderResources::open(folder).map_err(|error| {
        let stop = Stop::bad_input(format!("cannot open `--resources {}`: {error}", folder.display()));
        stop.hint("name a folder with the documents that the graph grants")
    })
}

fn start(
    runtime: &hap::Runtime,
    loaded: &LoadedGraph,
    input: String,
    options: RunOptions,
) -> hap::Result<Run> {
    runtime.start_with(loaded, input, options)
}

impl RunArgs {
    /// Whether more is told than failures.
    fn tells_more(&self, terminal: &Terminal) -> bool {
        self.verbose || terminal.is_watched() && !self.quiet
    }

    /// Tells and prints what happens until the end.
    async fn follow(&self, mut run: Run, signals: Signals, terminal: &Terminal) -> Result<Exit, Stop> {
        let asked = signals.cancel(run.canceller());
        let level = match (self.verbose, self.tells_more(terminal)) {
            (true, _) => Some(Level::Trace),
            (false, true) => Some(Level::Warn),
            (false, false) => None,
        };
        let progress = terminal.is_watched() && !self.quiet;
        let mut live = Live::new(*terminal, level, progress, asked);
        if live.is_wanted() || self.events {
            self.watch(&mut run, &mut live, terminal).await?;
        }
        let outcome = run.outcome().await;
        live.clear();
        // What failed is told even when the outcome cannot be printed.
        let printed = self.print(&outcome, terminal);
        self.conclude(&outcome, printed, terminal)
    }

    /// Tells how the run ended, once what came of it is printed.
    fn conclude(
        &self,
        outcome: &RunOutcome,
        printed: Result<(), Stop>,
        terminal: &Terminal,
    ) -> Result<Exit, Stop> {
        if self.tells_more(terminal) {
            report::table(terminal, outcome);
        }
        report::failures(terminal, outcome);
        match Exit::from(outcome.status) {
            Exit::Success => printed.map(|()| Exit::Success),
            // That a key is missing follows from the failure, which has been told.
            exit => printed.map(|()| exit).or_else(|stop| match stop.exit {
                Exit::Internal => Err(stop),
                _ => Ok(exit),
            }),
        }
    }

    async fn watch(&self, run: &mut Run, live: &mut Live, terminal: &Terminal) -> Result<(), Stop> {
        let mut tick = tokio::time::interval_at(tokio::time::Instant::now() + TICK, TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                event = run.next_event() => match event {
                    Some(event) => {
                        live.event(&event);
                        self.print_event(&event, terminal)?;
                    }
                    None => return Ok(()),
                },
                _ = tick.tick() => live.draw(),
            }
        }
    }

    fn print_event(&self, event: &Event, terminal: &Terminal) -> Result<(), Stop> {
        if self.events {
            terminal.print(&json_line(event)?)?;
        }
        Ok(())
    }

    /// Prints what came of the run.
    fn print(&self, outcome: &RunOutcome, terminal: &Terminal) -> Result<(), Stop> {
        if let Some(key) = &self.get {
            return terminal.print(&value_of(key, outcome)?);
        }
        if self.events {
            return terminal.print(&json_line(&LastLine { outcome })?);
        }
        if self.json {
            let json = hap::Json::from_value(outcome).map_err(|error| Stop::internal(error.to_string()))?;
            return terminal.print(&pretty::value(&json));
        }
        let outputs = outcome.outputs.iter().map(|(key, value)| (&**key, value));
        terminal.print(&pretty::object(outputs))
    }
}

/// A key of the context: a string as it is, anything else as JSON.
fn value_of(key: &str, outcome: &RunOutcome) -> Result<String, Stop> {
    let Some(value) = outcome.get(key) else {
        let keys = || outcome.graph_context.keys().map(|key| &**key);
        let stop = Stop::bad_input(format!("the run's context has no key `{key}`"));
        return Err(match hap::nearest(key, keys()) {
            _ if outcome.graph_context.is_empty() => stop.hint("it is empty: no node wrote a key"),
            Some(near) => stop.hint(format!(
                "did you mean `{near}`? The keys are {}",
                format::list(keys(), 30)
            )),
            None => stop.hint(format!("the keys are {}", format::list(keys(), 30))),
        });
    };
    Ok(value.to::<String>().unwrap_or_else(|_| pretty::value(value)))
}

fn json_line(value: &impl Serialize) -> Result<String, Stop> {
    serde_json::to_string(value)
        .map_err(|error| Stop::internal(format!("cannot write the run as JSON: {error}")))
}
