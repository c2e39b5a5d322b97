//! `hap show`: draws a graph from its file alone, or a run of it; no agent is loaded.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use hap::{Error, Plan};

use crate::draw::{self, Drawing};
use crate::exit::{Exit, Stop};
use crate::graph_file;
use crate::run_file::RunFile;
use crate::terminal::Terminal;

/// The arguments of `hap show`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  hap show review.yaml --format svg > review.svg
  hap run review.yaml --json | hap show review.yaml --run -
  hap show review.yaml --run result.json --format timeline > timeline.svg")]
pub(crate) struct ShowArgs {
    /// The graph file
    graph: PathBuf,
    /// What to draw with
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Draw what became of each node in a run: a file with what `hap run --json` printed, or `-` for standard input
    #[arg(long, value_name = "RESULT")]
    run: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Lines of text
    Text,
    /// A Mermaid flowchart, as Markdown files may contain it
    Mermaid,
    /// A picture
    Svg,
    /// A picture of a run's time, with a bar for each node
    Timeline,
}

/// Draws the graph.
pub(crate) fn show(args: &ShowArgs, terminal: &Terminal) -> Result<Exit, Stop> {
    if args.format == Format::Timeline && args.run.is_none() {
        let stop = Stop::bad_input("`--format timeline` draws a run, and there is none");
        return Err(stop.hint("name its result with `--run`"));
    }
    let graph = graph_file::read(&args.graph)?;
    let plan = Plan::new(&graph).map_err(|problems| Stop::of(Error::Graph(problems), &args.graph))?;
    let mut drawing = Drawing::new(&graph, &plan);
    let run = args.run.as_deref().map(RunFile::read).transpose()?;
    if let (Some(run), Some(path)) = (&run, &args.run) {
        draw::lay_over(&mut drawing, run, &name(path))?;
    }
    match (args.format, &run) {
        (Format::Text, _) | (Format::Timeline, None) => terminal.print_lines(&draw::text(&drawing))?,
        (Format::Mermaid, _) => terminal.print(&draw::mermaid(&drawing))?,
        (Format::Svg, _) => {
            let drawn = draw::svg(&drawing).map_err(|error| {
                let stop = Stop::bad_input(format!(
                    "{} cannot be drawn as a picture: {error}",
                    args.graph.display()
                ));
                stop.hint("draw it with `--format text` or `--format mermaid`")
            })?;
            terminal.print(&drawn)?;
        }
        (Format::Timeline, Some(run)) => terminal.print(&draw::timeline(drawing.title(), run))?,
    }
    Ok(Exit::Success)
}

/// What to call the result in messages.
fn name(path: &Path) -> String {
    match path.to_str() {
        Some("-") => "standard input".to_owned(),
        _ => format!("`{}`", path.display()),
    }
}
