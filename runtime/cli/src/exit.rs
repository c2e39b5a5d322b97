//! How the command ends: the exit codes, and what is told when it stops before its end.

use std::path::Path;
use std::process::ExitCode;

use hap::{Error, Problems, RunStatus, Severity};

/// The exit codes. Scripts rely on them, so they do not change; [`Exit::HELP`] documents them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// All went well.
    Success = 0,
    /// The run failed, or the check found errors.
    Failed = 1,
    /// Arguments, graph, input or component cannot be used. The same code as clap's.
    BadInput = 2,
    /// The run ended, but some nodes were replaced or done without.
    Partial = 3,
    /// This host or this program is at fault.
    Internal = 4,
    /// Stopped by Ctrl-C or SIGTERM: what shells and schedulers expect after an interrupt.
    Cancelled = 130,
}

impl Exit {
    /// The exit codes as `hap --help` tells them.
    pub(crate) const HELP: &'static str = "\
Exit codes:
    0  success
    1  the run failed, or the check found errors
    2  the arguments, the graph, the input or a component cannot be used
    3  the run is partial: some nodes were replaced or done without
    4  the host or hap itself is at fault
  130  cancelled by Ctrl-C or SIGTERM; what was done until then is still printed";
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

impl From<RunStatus> for Exit {
    fn from(status: RunStatus) -> Exit {
        match status {
            RunStatus::Success => Exit::Success,
            RunStatus::Partial => Exit::Partial,
            RunStatus::Cancelled => Exit::Cancelled,
            _ => Exit::Failed,
        }
    }
}

/// Why the command stopped before it did what it was asked to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stop {
    /// The exit code.
    pub(crate) exit: Exit,
    /// The problems of the graph, which are told before the summary.
    pub(crate) problems: Option<Problems>,
    /// One line: what is wrong.
    pub(crate) message: String,
    /// What would mend it.
    pub(crate) hint: Option<String>,
}

impl Stop {
    /// Something that the user gave cannot be used.
    pub(crate) fn bad_input(message: impl Into<String>) -> Stop {
        Stop {
            exit: Exit::BadInput,
            problems: None,
            message: message.into(),
            hint: None,
        }
    }

    /// The host or this program is at fault.
    pub(crate) fn internal(message: impl Into<String>) -> Stop {
        Stop {
            exit: Exit::Internal,
            ..Stop::bad_input(message)
        }
    }

    /// The problems of the graph file `path`, with a summary.
    pub(crate) fn problems(path: &Path, problems: Problems) -> Stop {
        let summary = format!("{}: {}", path.display(), count_problems(problems.iter()));
        Stop {
            problems: Some(problems),
            ..Stop::bad_input(summary)
        }
    }

    /// An error of the crate `hap` about the file `path`.
    pub(crate) fn of(error: Error, path: &Path) -> Stop {
        match error {
            Error::Graph(problems) => Stop::problems(path, problems),
            Error::Read { .. } | Error::Component { .. } | Error::Input(_) => {
                Stop::bad_input(error.to_string())
            }
            _ => Stop::internal(error.to_string()),
        }
    }

    /// The same with a remedy.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Stop {
        self.hint = Some(hint.into());
        self
    }
}

/// How many errors and warnings these are, in words.
pub(crate) fn count_problems<'a>(problems: impl Iterator<Item = &'a hap::Problem>) -> String {
    let (mut errors, mut warnings) = (0, 0);
    for problem in problems {
        match problem.severity {
            Severity::Error => errors += 1,
            Severity::Warning => warnings += 1,
        }
    }
    let count = |number: usize, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
    match (errors, warnings) {
        (_, 0) => count(errors, "error"),
        (0, _) => count(warnings, "warning"),
        _ => format!("{} and {}", count(errors, "error"), count(warnings, "warning")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hap::Problem;

    #[test]
    fn problems_are_counted_in_words() {
        let (error, warning) = (Problem::error(None, "e"), Problem::warning(None, "w"));
        assert_eq!(count_problems([&error].into_iter()), "1 error");
        assert_eq!(
            count_problems([&error, &warning, &error].into_iter()),
            "2 errors and 1 warning"
        );
        assert_eq!(count_problems([&warning, &warning].into_iter()), "2 warnings");
    }

    #[test]
    fn every_exit_code_is_documented() {
        for exit in [
            Exit::Success,
            Exit::Failed,
            Exit::BadInput,
            Exit::Partial,
            Exit::Internal,
            Exit::Cancelled,
        ] {
            let code = format!("{:>5}  ", exit as u8);
            assert!(Exit::HELP.lines().any(|line| line.starts_with(&code)), "{code}");
        }
    }
}
