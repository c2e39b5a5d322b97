//! `hap dev`: runs a graph again whenever something that it is made of changes, and tells what changed in the result.

mod changes;
mod watch;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use hap::{Budget, Graph, Json, RunOutcome, Runtime};
use hap_project::Builder;

use crate::arguments::AgentArgs;
use crate::exit::{Exit, Stop};
use crate::input::{self, Sources};
use crate::projects::{self, Told};
use crate::signals::Signals;
use crate::terminal::{Look, Terminal};
use crate::value::{KeyValue, key_value};
use crate::{format, graph_file, pretty, report};
use watch::{Trace, Watched};

/// The arguments of `hap dev`.
#[derive(Debug, Args)]
#[command(after_help = Exit::HELP)]
pub(crate) struct DevArgs {
    /// The graph file
    graph: PathBuf,
    /// The input, a JSON object: as text or from a file (`@FILE`)
    #[arg(long, short, value_name = "JSON|@FILE", allow_hyphen_values = true)]
    input: Option<String>,
    /// Add a file's text to the input
    #[arg(long = "file", value_name = "KEY=PATH", value_parser = key_value)]
    files: Vec<KeyValue>,
    /// Add a value to the input: JSON where it is JSON, else text
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    sets: Vec<KeyValue>,
    #[command(flatten)]
    agents: AgentArgs,
}

/// What the rounds share.
struct Dev<'a> {
    args: &'a DevArgs,
    runtime: Runtime,
    /// Only asked what is fresh: the runtime's loader builds.
    builder: Builder,
    terminal: &'a Terminal,
}

/// The keys that the nodes wrote.
type Outputs = BTreeMap<Arc<str>, Json>;

/// Runs the graph until a signal comes.
pub(crate) fn dev(args: &DevArgs, terminal: &Terminal) -> Result<Exit, Stop> {
    if args.input.as_deref() == Some("-") {
        let stop = Stop::bad_input("`hap dev` runs more than once, and standard input can be read once");
        return Err(stop.hint("put the input into a file, and name it with `--input @FILE`"));
    }
    // What is wrong with the file's name is told at once; what is wrong in it can be mended while this waits.
    if !args.graph.is_file() {
        graph_file::read(&args.graph)?;
    }
    let dev = Dev {
        args,
        runtime: args.agents.runtime(terminal)?,
        builder: projects::builder(None, None, Told::Nothing, terminal),
        terminal,
    };
    super::block_on(async {
        let mut signals = Signals::take()?;
        tokio::select! {
            never = dev.rounds() => never,
            () = signals.next() => Ok(Exit::Success),
        }
    })
}

impl Dev<'_> {
    async fn rounds(&self) -> Result<Exit, Stop> {
        let mut last: Option<Outputs> = None;
        let mut watched = self.watched(None);
        loop {
            let before = Trace::take(&watched);
            let round = tokio::select! {
                round = self.round(last.as_ref()) => Some(round),
                // What runs is out of date: its result would say nothing.
                () = watch::settled_change(&watched, &before) => None,
            };
            let graph = match round {
                Some(Ok((graph, outputs))) => {
                    last = outputs.or(last);
                    Some(graph)
                }
                Some(Err(stop)) => {
                    self.terminal.stop(&stop);
                    None
                }
                None => {
                    self.terminal.tell("changed meanwhile: starting again");
                    continue;
                }
            };
            watched = self.watched(graph.as_ref());
            let before = watch::after_building(&watched, before, &self.builder).await;
            self.terminal.tell(&self.terminal.paint(
                Look::Dim,
                &format!("watching {}; Ctrl-C ends", format::things(before.len(), "file")),
            ));
            watch::settled_change(&watched, &before).await;
        }
    }

    /// Loads and runs the graph once. Without outputs, the run failed.
    async fn round(&self, last: Option<&Outputs>) -> Result<(Graph, Option<Outputs>), Stop> {
        let path = &self.args.graph;
        let graph = graph_file::read(path)?;
        let sources = Sources {
            input: self.args.input.as_deref(),
            files: &self.args.files,
            sets: &self.args.sets,
        };
        let input = input::assemble(sources, &Budget::default())?;
        let loaded = self
            .runtime
            .load(&graph)
            .await
            .map_err(|error| Stop::of(error, path))?;
        let run = self
            .runtime
            .start_loaded(&loaded, input)
            .map_err(|error| Stop::of(error, path))?;
        let outcome = run.outcome().await;
        report::failures(self.terminal, &outcome);
        let went_well = matches!(Exit::from(outcome.status), Exit::Success | Exit::Partial);
        self.print(&outcome, last.filter(|_| went_well))?;
        Ok((graph, went_well.then_some(outcome.outputs)))
    }

    /// Prints the result, or what changed in it.
    fn print(&self, outcome: &RunOutcome, last: Option<&Outputs>) -> Result<(), Stop> {
        let time = format::duration(outcome.duration);
        match last {
            None => {
                let outputs = outcome.outputs.iter().map(|(key, value)| (&**key, value));
                self.terminal.print(&pretty::object(outputs))?;
                self.terminal.tell(&format!("ran in {time}"));
            }
            Some(last) => {
                let changes = changes::between(last, &outcome.outputs);
                if changes.is_empty() {
                    self.terminal.tell(&format!("ran in {time}: the same result"));
                } else {
                    self.terminal.print(&changes.join("\n"))?;
                    self.terminal.tell(&format!(
                        "ran in {time}: {} in the result",
                        format::things(changes.len(), "change")
                    ));
                }
            }
        }
        Ok(())
    }

    /// All that the graph is made of. What cannot be read now may be what has to be mended, so it is watched too.
    fn watched(&self, graph: Option<&Graph>) -> Watched {
        let mut watched = Watched::default();
        watched.file(&self.args.graph);
        for KeyValue { value, .. } in &self.args.files {
            watched.file(Path::new(value));
        }
        if let Some(file) = self
            .args
            .input
            .as_deref()
            .and_then(|input| input.strip_prefix('@'))
        {
            watched.file(Path::new(file));
        }
        let read = graph
            .is_none()
            .then(|| hap::read_graph(&self.args.graph).ok())
            .flatten();
        if let Some(graph) = graph.or(read.as_ref()) {
            watched.graph(graph, self.args.agents.folders());
        }
        watched
    }
}
