//! `hap mcp`: agents and graphs as tools, for the agent application that started this process.

use clap::Args;

use super::serve::{OfferArgs, Protocol, Transport, start};
use crate::exit::{Exit, Stop};
use crate::terminal::Terminal;

/// The arguments of `hap mcp`.
#[derive(Debug, Args)]
#[command(after_help = Exit::HELP)]
pub(crate) struct McpArgs {
    #[command(flatten)]
    offer: OfferArgs,
}

/// Serves until the application closes the connection, or a signal comes.
pub(crate) fn mcp(args: &McpArgs, terminal: &Terminal) -> Result<Exit, Stop> {
    let config = args.offer.config()?;
    start(&args.offer, &config, Transport::Streams(Protocol::Mcp), terminal)
}
