//! The commands, one file each.

pub(crate) mod build;
pub(crate) mod call;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod conform;
pub(crate) mod dev;
pub(crate) mod inspect;
pub(crate) mod lock;
pub(crate) mod mcp;
pub(crate) mod new;
pub(crate) mod run;
pub(crate) mod serve;
pub(crate) mod show;
pub(crate) mod token;
pub(crate) mod torture;

use std::future::Future;

use crate::arguments::Command;
use crate::exit::{Exit, Stop};
use crate::terminal::Terminal;

/// Does what the user asked for.
pub(crate) fn run(command: &Command, terminal: &Terminal) -> Result<Exit, Stop> {
    match command {
        Command::Run(args) => run::run(args, terminal),
        Command::Check(args) => check::check(args, terminal),
        Command::Lock(args) => lock::lock(args, terminal),
        Command::Show(args) => show::show(args, terminal),
        Command::Inspect(args) => inspect::inspect(args, terminal),
        Command::Serve(args) => serve::serve(args, terminal),
        Command::Mcp(args) => mcp::mcp(args, terminal),
        Command::Token(args) => token::token(args, terminal),
        Command::Call(args) => call::call(args, terminal),
        Command::Completions(args) => completions::completions(args, terminal),
        Command::New(args) => new::new(args, terminal),
        Command::Build(args) => build::build(args, terminal),
        Command::Dev(args) => dev::dev(args, terminal),
        Command::Conform(args) => conform::conform(args, terminal),
        Command::Torture(args) => torture::torture(args, terminal),
        // `main` has answered it before it came to a terminal.
        Command::CompileComponent => Ok(Exit::Success),
    }
}

/// Waits for `work` on threads of its own.
fn block_on<T>(work: impl Future<Output = Result<T, Stop>>) -> Result<T, Stop> {
    let threads = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::internal(format!("cannot start threads: {error}")))?;
    let result = threads.block_on(work);
    // A component that is still being compiled after Ctrl-C must not hold up the end.
    threads.shutdown_background();
    result
}
