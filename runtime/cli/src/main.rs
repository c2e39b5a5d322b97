//! The `hap` command: runs, checks and draws graphs of agents.
//!
//! This crate is the only one that knows arguments, terminals, signals and exit codes; how a node is run it leaves to
//! the crate `hap`. Everything that is printed goes through `terminal`.

mod arguments;
mod authority;
mod commands;
mod draw;
mod exit;
mod format;
mod graph_file;
mod input;
mod live;
mod plan_report;
mod pretty;
mod projects;
mod remote;
mod report;
mod run_file;
mod running;
mod serving;
mod signals;
mod terminal;
mod time;
mod value;

use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Command};
use crate::exit::Stop;
use crate::terminal::Terminal;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if matches!(arguments.command, Command::CompileComponent) {
        return hap::compile_child();
    }
    let terminal = Terminal::detect();
    let run = AssertUnwindSafe(|| commands::run(&arguments.command, &terminal));
    let result = panic::catch_unwind(run).unwrap_or_else(|_| {
        let stop = Stop::internal("hap has a fault");
        Err(stop.hint("report it with the lines above and the command that led here"))
    });
    let exit = match result {
        Ok(exit) => exit,
        Err(stop) => {
            terminal.stop(&stop);
            stop.exit
        }
    };
    exit.into()
}
