//! What can go wrong with a project, and what to do about it.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why a project cannot be read or built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProjectError {
    /// The folder is no project.
    #[error("`{}` is no agent project: it has no `hap.toml`", folder.display())]
    NotAProject {
        /// The folder.
        folder: PathBuf,
    },
    /// No project below the folder.
    #[error("there is no agent project in `{}`: no `hap.toml` in it or below it", folder.display())]
    NoProjects {
        /// The folder.
        folder: PathBuf,
    },
    /// A file cannot be read or written.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// `hap.toml` is not as it must be.
    #[error("`{}`: {message}", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the place.
        message: String,
    },
    /// It is written for another version of the contract.
    #[error(
        "agent `{name}` is written for version {theirs} of the contract `hap:agent`, and this hap speaks {ours}"
    )]
    Contract {
        /// The agent.
        name: String,
        /// The version that it wants.
        theirs: semver::Version,
        /// The version of this host.
        ours: semver::Version,
    },
    /// A file or folder among `inputs` is not there.
    #[error("agent `{name}`: `{}`, which `build.inputs` names, is not there", path.display())]
    NoInput {
        /// The agent.
        name: String,
        /// The file.
        path: PathBuf,
    },
    /// The inputs are too many or too long to look at.
    #[error("agent `{name}`: its inputs are more than {limit}")]
    TooManyInputs {
        /// The agent.
        name: String,
        /// The bound, in words.
        limit: &'static str,
    },
    /// A program is not installed.
    #[error("agent `{name}` needs the program `{program}`, which is not installed")]
    MissingProgram {
        /// The agent.
        name: String,
        /// The program.
        program: String,
        /// The command that installs it, where it is known.
        install: Option<&'static str>,
    },
    /// The Rust compiler cannot build for a target.
    #[error(
        "agent `{name}` needs a Rust compiler for `{target}`, and `{compiler}` has no standard library for it"
    )]
    MissingRustTarget {
        /// The agent.
        name: String,
        /// The target.
        target: String,
        /// The compiler that was asked.
        compiler: String,
    },
    /// A command failed.
    #[error("agent `{name}`: `{command}` failed ({status})")]
    Command {
        /// The agent.
        name: String,
        /// The command, as a person would write it.
        command: String,
        /// How it ended.
        status: String,
        /// The last of what it printed.
        output: String,
    },
    /// A command took too long and was ended.
    #[error("agent `{name}`: `{command}` took longer than {} s and was ended", time.as_secs())]
    CommandTime {
        /// The agent.
        name: String,
        /// The command.
        command: String,
        /// What it was given.
        time: Duration,
        /// The last of what it printed.
        output: String,
    },
    /// The commands went well but did not make the file.
    #[error("agent `{name}`: the commands ended well, but `{}` is not there", path.display())]
    NoOutput {
        /// The agent.
        name: String,
        /// The file that `hap.toml` names.
        path: PathBuf,
        /// The last of what the commands printed.
        output: String,
    },
    /// No component can be made from the core module.
    #[error("agent `{name}`: no component can be made from `{}`: {message}", path.display())]
    Core {
        /// The agent.
        name: String,
        /// The core module.
        path: PathBuf,
        /// Why.
        message: String,
    },
    /// The project is stale, and this user has never asked to build it.
    #[error("agent `{name}` has to be built, and nobody has asked this machine to build `{}` yet", folder.display())]
    Untrusted {
        /// The agent.
        name: String,
        /// Its folder.
        folder: PathBuf,
        /// The commands that building would run.
        commands: Vec<String>,
    },
}

impl ProjectError {
    /// What would mend it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            ProjectError::NotAProject { .. } | ProjectError::NoProjects { .. } => {
                "make a project with `hap new NAME --lang LANGUAGE`, or name the folder of one".to_owned()
            }
            ProjectError::Contract { name, theirs, ours } if theirs > ours => {
                format!("build `{name}` with a newer hap")
            }
            ProjectError::Contract { ours, .. } => {
                format!(
                    "read what changed in CHANGELOG.md, then set `contract = \"{ours}\"` in its `hap.toml`"
                )
            }
            ProjectError::NoInput { .. } => "correct `build.inputs` in `hap.toml`".to_owned(),
            ProjectError::TooManyInputs { .. } => {
                "name the files and folders of the source in `build.inputs` of `hap.toml`".to_owned()
            }
            ProjectError::MissingProgram { install, .. } => match install {
                Some(install) => format!("install it: {install}"),
                None => "install it, or correct `hap.toml`".to_owned(),
            },
            ProjectError::MissingRustTarget { target, .. } => {
                format!("run `rustup target add {target}`; or set RUSTC to a compiler that has it")
            }
            ProjectError::CommandTime { .. } => "give it more with `--max-time`".to_owned(),
            ProjectError::NoOutput { .. } => {
                "let a command of `hap.toml` write that file, or correct `build.output` or `build.core`"
                    .to_owned()
            }
            ProjectError::Untrusted { folder, commands, .. } => format!(
                "building runs its commands with your rights: {}. Read them, then run `hap build {}`",
                commands.join("; "),
                folder.display()
            ),
            _ => return None,
        };
        Some(hint)
    }

    /// What the command that failed printed.
    pub fn output(&self) -> Option<&str> {
        match self {
            ProjectError::Command { output, .. }
            | ProjectError::CommandTime { output, .. }
            | ProjectError::NoOutput { output, .. } => {
                Some(output.trim_end()).filter(|output| !output.is_empty())
            }
            _ => None,
        }
    }

    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> ProjectError {
        let path = path.into();
        move |source| ProjectError::Io { action, path, source }
    }
}
