//! What can go wrong before a run starts. What goes wrong in a run is in its outcome.

use std::io;
use std::path::PathBuf;

use hap_model::Problems;
use hap_sandbox::SandboxError;

/// Why a graph was not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The graph, or an agent that it names, is wrong: every problem with its place.
    #[error(transparent)]
    Graph(#[from] Problems),
    /// A component cannot be used.
    #[error("`{}`: {source}", path.display())]
    Component {
        /// The component's file.
        path: PathBuf,
        /// Why.
        source: SandboxError,
    },
    /// The sandbox cannot start on this host.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The input is no acceptable JSON object.
    #[error("the input cannot be used: {0}")]
    Input(String),
    /// A blocking call was made where it would block the tasks of a tokio runtime.
    #[error(
        "`run_blocking` was called inside an async runtime, where it would block other tasks: call `run` and await it"
    )]
    BlockingInAsync,
    /// The tokio runtime for blocking calls could not start.
    #[error("cannot start the threads for a blocking run: {0}")]
    Threads(io::Error),
}

/// The result of this crate's functions.
pub type Result<T> = std::result::Result<T, Error>;
