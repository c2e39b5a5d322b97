//! `hap completions`: a script that completes the command's words in a shell.

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use crate::arguments::Arguments;
use crate::exit::{Exit, Stop};
use crate::terminal::Terminal;

/// The arguments of `hap completions`.
#[derive(Debug, Args)]
#[command(after_help = "Example: hap completions bash > ~/.local/share/bash-completion/completions/hap")]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Prints the script.
pub(crate) fn completions(args: &CompletionsArgs, terminal: &Terminal) -> Result<Exit, Stop> {
    // `generate` panics when it cannot write, which it always can here.
    let mut script = Vec::new();
    generate(args.shell, &mut Arguments::command(), "hap", &mut script);
    terminal.print(String::from_utf8_lossy(&script).trim_end())?;
    Ok(Exit::Success)
}
