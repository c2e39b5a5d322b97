//! `hap show`: draws a graph from its file alone; no agent is loaded.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use hap::{Error, Plan};

use crate::draw::{self, Drawing};
use crate::exit::{Exit, Stop};
use crate::graph_file;
use crate::terminal::Terminal;

/// The arguments of `hap show`.
#[derive(Debug, Args)]
#[command(after_help = "Example: hap show review.yaml --format svg > review.svg")]
pub(crate) struct ShowArgs {
    /// The graph file
    graph: PathBuf,
    /// What to draw with
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// Lines of text
    Text,
    /// A Mermaid flowchart, as Markdown files may contain it
    Mermaid,
    /// A picture
    Svg,
}

/// Draws the graph.
pub(crate) fn show(args: &ShowArgs, terminal: &Terminal) -> Result<Exit, Stop> {
    let graph = graph_file::read(&args.graph)?;
    let plan = Plan::new(&graph).map_err(|problems| Stop::of(Error::Graph(problems), &args.graph))?;
    let drawing = Drawing::new(&graph, &plan);
    let drawn = match args.format {
        Format::Text => draw::text(&drawing),
        Format::Mermaid => draw::mermaid(&drawing),
        Format::Svg => draw::svg(&drawing).map_err(|error| {
            let stop = Stop::bad_input(format!(
                "{} cannot be drawn as a picture: {error}",
                args.graph.display()
            ));
            stop.hint("draw it with `--format text` or `--format mermaid`")
        })?,
    };
    terminal.print(&drawn)?;
    Ok(Exit::Success)
}
