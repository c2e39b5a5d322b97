//! Development tasks that a shell one-liner can't do: `cargo xtask <command>`.
//!
//! One file for each command; `project` knows the folders, `process` runs programs. Results go to stdout,
//! everything else to stderr, so that a command's result can be piped.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a development tool talks to the person at the terminal"
)]

mod agents;
mod bench;
mod demo;
mod guest_toolchain;
mod languages;
mod licenses;
mod process;
mod project;
mod templates;
mod test;
mod tidy;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::project::Project;

const HELP: &str = "\
Development tasks of HAP.

Usage: cargo xtask <command>

  demo                      build the runtime and the example agents, run the example graph, print its result
  agents                    build the example agents and the test guests into target/agents
  test [ARGS...]            run the whole suite; ARGS are passed on to `cargo test --workspace`
  bench [--json]            measure HAP against bare wasmtime
  languages [--check]       check the templates and conformance agents of all languages, and write docs/languages.md
  tidy                      check file headers, sizes, layers, links and left-over markers
  licenses                  check the licences and sources of every dependency against deny.toml
  guest-toolchain [FOLDER]  make sure of a compiler for wasm32-wasip2 and print its path
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let project = Project::here();
    let Some((command, rest)) = arguments.split_first() else {
        print!("{HELP}");
        return Ok(());
    };
    match (command.as_str(), rest) {
        ("demo", []) => demo::run(&project),
        ("agents", []) => agents::run(&project),
        ("test", arguments) => test::run(&project, arguments),
        ("bench", arguments) => bench::run(&project, arguments),
        ("languages", []) => languages::run(&project, false),
        ("languages", [flag]) if flag == "--check" => languages::run(&project, true),
        ("tidy", []) => tidy::run(&project),
        ("licenses", []) => licenses::run(&project),
        ("guest-toolchain", []) => guest_toolchain::run(&project, None),
        ("guest-toolchain", [folder]) => guest_toolchain::run(&project, Some(folder)),
        ("help" | "--help" | "-h", _) => {
            print!("{HELP}");
            Ok(())
        }
        ("demo" | "agents" | "languages" | "tidy" | "licenses" | "guest-toolchain", _) => {
            bail!(
                "`{command}` does not take these arguments: `{}`\n\n{HELP}",
                rest.join(" ")
            )
        }
        _ => bail!("there is no command `{command}`\n\n{HELP}"),
    }
}
