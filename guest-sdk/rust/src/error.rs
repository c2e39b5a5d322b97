//! Why a call produced no output. The kind decides what the host does next; the text never does.

use crate::bindings::hap::agent::types as contract;
use serde_json::Value;
use std::{error::Error as StdError, fmt, fmt::Display, time::Duration};

/// The result of an agent.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call produced no output.
///
/// Any [`std::error::Error`] converts with `?` and becomes [`Failed`](ErrorKind::Failed). For that reason this
/// type does not implement that trait itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    details: Option<Value>,
}

/// What the host does about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The context or params are not what the agent accepts. Never retried.
    InvalidInput,
    /// The same request may succeed later. Retried as the node's retry policy says.
    Unavailable {
        /// How long to wait before the next attempt, where the agent knows.
        retry_after: Option<Duration>,
    },
    /// Everything else. Never retried.
    Failed,
}

impl Error {
    /// The context or params are not what this agent accepts. Say what would fix it.
    pub fn invalid_input(message: impl Display) -> Self {
        Self::new(ErrorKind::InvalidInput, &message)
    }

    /// Something the agent depends on was unavailable, and the same request may succeed later.
    ///
    /// Opts an error into retry: `fetch(url).map_err(Error::unavailable)?`.
    pub fn unavailable(message: impl Display) -> Self {
        Self::new(ErrorKind::Unavailable { retry_after: None }, &message)
    }

    /// The call failed, and a retry would not help. `?` does the same and keeps the sources.
    pub fn failed(message: impl Display) -> Self {
        Self::new(ErrorKind::Failed, &message)
    }

    /// Asks the host to wait before the next attempt. Makes the error
    /// [`Unavailable`](ErrorKind::Unavailable), because no other is retried.
    #[must_use]
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.kind = ErrorKind::Unavailable {
            retry_after: Some(delay),
        };
        self
    }

    /// Adds details for programs, beside the message for people.
    #[must_use]
    pub fn with_details(mut self, details: Value) -> Self {
        self.details = Some(details);
        self
    }

    /// What the host does about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// One sentence for people.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What the agent said for programs.
    #[must_use]
    pub fn details(&self) -> Option<&Value> {
        self.details.as_ref()
    }

    fn new(kind: ErrorKind, message: &dyn Display) -> Self {
        Self {
            kind,
            message: message.to_string(),
            details: None,
        }
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl<E: StdError> From<E> for Error {
    fn from(error: E) -> Self {
        Self::failed(chain(&error))
    }
}

/// The error and its sources, outermost first. A source that its parent already quotes is not repeated.
fn chain(error: &dyn StdError) -> String {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if !message.ends_with(&text) {
            message.push_str(": ");
            message.push_str(&text);
        }
        source = cause.source();
    }
    message
}

impl From<Error> for contract::Error {
    fn from(error: Error) -> Self {
        let failure = contract::Failure {
            message: error.message,
            details: error.details.map(|details| details.to_string()),
        };
        match error.kind {
            ErrorKind::InvalidInput => Self::InvalidInput(failure),
            ErrorKind::Failed => Self::Failed(failure),
            ErrorKind::Unavailable { retry_after } => Self::Unavailable(contract::Unavailability {
                failure,
                // A delay of 584 million years is as good as a longer one.
                retry_after_ms: retry_after.map(|delay| u64::try_from(delay.as_millis()).unwrap_or(u64::MAX)),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Error, ErrorKind, contract};
    use std::{fmt, io, time::Duration};

    #[derive(Debug)]
    struct Outer(io::Error);

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("failed to read the ledger")
        }
    }

    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn any_error_becomes_failed_and_keeps_its_sources() {
        let run = || -> super::Result<()> { Err(Outer(io::Error::other("disk is gone")))? };
        let error = run().expect_err("it fails");
        assert_eq!(error.kind(), ErrorKind::Failed);
        assert_eq!(error.message(), "failed to read the ledger: disk is gone");
    }

    #[test]
    fn the_kind_is_the_case_on_the_wire() {
        let wire = contract::Error::from(Error::unavailable("busy").retry_after(Duration::from_secs(2)));
        let contract::Error::Unavailable(wire) = wire else {
            panic!("{wire:?}")
        };
        assert_eq!(
            (wire.failure.message.as_str(), wire.retry_after_ms),
            ("busy", Some(2000))
        );

        let wire =
            contract::Error::from(Error::invalid_input("no").with_details(serde_json::json!({ "a": 1 })));
        let contract::Error::InvalidInput(wire) = wire else {
            panic!("{wire:?}")
        };
        assert_eq!(wire.details.as_deref(), Some(r#"{"a":1}"#));
    }
}
