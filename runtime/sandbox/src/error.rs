//! Why a component cannot be used, in words that its author understands.

use hap_model::Digest;

/// What can go wrong before an agent runs.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The engine could not be set up on this host.
    #[error("the sandbox cannot start on this host: {message}")]
    Engine {
        /// wasmtime's words.
        message: String,
    },
    /// The bytes are no component.
    #[error("{what}")]
    NotAComponent {
        /// What they are, and what to do.
        what: String,
    },
    /// The bytes are more than a component may have.
    #[error("the component is {size} bytes long; {allowed} are allowed")]
    TooLarge {
        /// Its size.
        size: u64,
        /// What is allowed.
        allowed: u64,
    },
    /// The component does not pass validation or compilation.
    #[error("the component is invalid: {message}")]
    Invalid {
        /// wasmtime's words.
        message: String,
    },
    /// The component needs what this host does not serve, or lacks what an agent must have.
    #[error("{message}")]
    Contract {
        /// Which interface, which version, what to change.
        message: String,
    },
    /// The component's `describe` failed.
    #[error("the agent cannot describe itself: {message}")]
    Describe {
        /// Why.
        message: String,
    },
    /// Compilation took more than it may.
    #[error("the component could not be compiled within {allowed}: {message}")]
    CompileLimit {
        /// What was allowed.
        allowed: String,
        /// What happened.
        message: String,
    },
    /// As many compilations as may be under way at one time have taken longer than they may.
    #[error(
        "the component was not compiled: {under_way} others that take too long are still being compiled; try again later, \
         or compile in a process of its own"
    )]
    CompilerBusy {
        /// How many there are.
        under_way: usize,
    },
    /// The process that compiles could not be started, or did not answer as it should.
    #[error("the compiler process failed: {message}")]
    CompilerProcess {
        /// What happened.
        message: String,
    },
    /// Compilation was stopped by a panic of the compiler's.
    #[error("the compiler failed on component {digest}")]
    Compiler {
        /// The component.
        digest: Digest,
    },
}

impl SandboxError {
    pub(crate) fn engine(error: &wasmtime::Error) -> SandboxError {
        SandboxError::Engine {
            message: chain(error),
        }
    }

    pub(crate) fn invalid(error: &wasmtime::Error) -> SandboxError {
        SandboxError::Invalid {
            message: chain(error),
        }
    }
}

/// An error and its causes in one line.
pub(crate) fn chain(error: &wasmtime::Error) -> String {
    let parts: Vec<String> = error.chain().map(ToString::to_string).collect();
    hap_model::sanitize(&parts.join(": "), 2000)
}
