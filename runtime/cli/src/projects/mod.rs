//! Agent projects on the command line: found behind entrypoints, built where they are stale, and told about.

mod loader;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hap_project::{BuildSettings, Builder, Project, ProjectError, TemplateError, Watcher};

use crate::exit::{Exit, Stop};
use crate::terminal::{Look, Terminal, clean, clean_line};

pub(crate) use loader::ProjectLoader;

/// The environment variable that names a folder of tools that projects share.
const TOOLS: &str = "HAP_TOOLS";

/// What is told while projects are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// Nothing.
    Nothing,
    /// Each command.
    Commands,
    /// Each command and what it prints.
    Everything,
}

/// A builder that tells the terminal what it does.
pub(crate) fn builder(
    parallel: Option<NonZeroUsize>,
    command_time: Option<Duration>,
    told: Told,
    terminal: &Terminal,
) -> Builder {
    let defaults = BuildSettings::default();
    let settings = BuildSettings {
        parallel: parallel.unwrap_or(defaults.parallel),
        command_time: command_time.unwrap_or(defaults.command_time),
        tools: tools(),
    };
    Builder::new(
        settings,
        Arc::new(OnTerminal {
            terminal: *terminal,
            told,
        }),
    )
}

/// The folder that the environment names. Commands run elsewhere, so it is absolute.
fn tools() -> Option<PathBuf> {
    let folder = std::env::var_os(TOOLS).filter(|folder| !folder.is_empty())?;
    std::path::absolute(folder).ok()
}

struct OnTerminal {
    terminal: Terminal,
    told: Told,
}

impl OnTerminal {
    fn tell(&self, project: &Project, words: &str) {
        let name = self.terminal.paint(Look::Bold, project.name());
        self.terminal.tell(&format!("{name}: {words}"));
    }
}

impl Watcher for OnTerminal {
    fn command(&self, project: &Project, command: &str) {
        if self.told != Told::Nothing {
            self.tell(project, &self.terminal.paint(Look::Dim, &clean_line(command)));
        }
    }

    fn line(&self, project: &Project, line: &str) {
        if self.told == Told::Everything {
            self.tell(project, &clean(line));
        }
    }

    fn waiting(&self, project: &Project) {
        if self.told != Told::Nothing {
            self.tell(project, "another process is building it; waiting");
        }
    }
}

/// Shows what a command printed before it failed: without it nobody knows why.
pub(crate) fn tell_output(terminal: &Terminal, error: &ProjectError) {
    if let Some(output) = error.output() {
        terminal.tell(&clean(output));
    }
}

/// A project that cannot be used or built.
pub(crate) fn stop(error: &ProjectError) -> Stop {
    let stop = match error {
        ProjectError::Command { .. } | ProjectError::CommandTime { .. } | ProjectError::NoOutput { .. } => {
            Stop {
                exit: Exit::Failed,
                ..Stop::bad_input(error.to_string())
            }
        }
        _ => Stop::bad_input(error.to_string()),
    };
    match error.hint() {
        Some(hint) => stop.hint(hint),
        None => stop,
    }
}

/// A project that cannot be made.
pub(crate) fn not_made(error: &TemplateError) -> Stop {
    let stop = Stop::bad_input(error.to_string());
    match error {
        TemplateError::Exists { .. } => stop.hint("give another name, or an empty folder"),
        TemplateError::NoTemplate { .. } => stop.hint(
            "for another language, take the template nearest to it and change `hap.toml`: docs/languages.md",
        ),
        _ => stop,
    }
}
