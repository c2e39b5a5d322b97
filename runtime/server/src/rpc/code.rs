//! Every error code that HAP answers with: the five that JSON-RPC 2.0 reserves, and HAP's own.
//!
//! What must stay true: a number and a kind, once released, never change their meaning and are never used
//! again; HAP's own numbers lie outside -32768..=-32000, which the specification keeps for itself. All that
//! is known of a code stands in the one list below, so that documents are generated and cannot drift.

use std::fmt::Write as _;

/// One row of the table of codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeInfo {
    /// The code.
    pub code: Code,
    /// Its number on the wire.
    pub number: i64,
    /// Its stable name: the `kind` in an error's `data`.
    pub kind: &'static str,
    /// The message when nothing more exact is known; for the reserved codes the specification's own words.
    pub title: &'static str,
    /// What it means for the caller.
    pub meaning: &'static str,
}

macro_rules! codes {
    ($($variant:ident = $number:literal, $kind:literal, $title:literal, $meaning:literal;)*) => {
        /// An error code of the interface.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $meaning] $variant,)*
        }

        impl Code {
            /// All codes, in the order of the documentation.
            pub const TABLE: &'static [CodeInfo] = &[
                $(CodeInfo {
                    code: Code::$variant, number: $number, kind: $kind, title: $title, meaning: $meaning,
                },)*
            ];

            /// What is known of this code.
            pub const fn info(self) -> CodeInfo {
                match self {
                    $(Code::$variant => CodeInfo {
                        code: self, number: $number, kind: $kind, title: $title, meaning: $meaning,
                    },)*
                }
            }

            /// The code that has this number.
            pub const fn from_number(number: i64) -> Option<Code> {
                match number {
                    $($number => Some(Code::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

codes! {
    ParseError = -32700, "parse-error", "Parse error",
        "The message is not JSON, or is nested too deeply to be read.";
    InvalidRequest = -32600, "invalid-request", "Invalid Request",
        "The message is JSON but not a JSON-RPC 2.0 request.";
    MethodNotFound = -32601, "method-not-found", "Method not found",
        "There is no method of this name.";
    InvalidParams = -32602, "invalid-params", "Invalid params",
        "The parameters do not fit the method; `data.param` or `data.path` says which one.";
    InternalError = -32603, "internal-error", "Internal error",
        "The server failed in a way that is a defect of HAP; nothing is known of the call's effect.";
    Unauthenticated = 1001, "unauthenticated", "Unauthenticated",
        "The caller has not said who it is, or could not prove it.";
    Forbidden = 1002, "forbidden", "Forbidden",
        "The caller is known but may not do this.";
    NotFound = 1003, "not-found", "Not found",
        "What the parameters name does not exist, or not for this caller.";
    Conflict = 1004, "conflict", "Conflict",
        "What should be made exists already, or is in a state that does not allow this.";
    InvalidGraph = 1005, "invalid-graph", "Invalid graph",
        "The graph has mistakes; `data` lists them.";
    AgentFailed = 1006, "agent-failed", "Agent failed",
        "An agent ended with an error of its own or broke a limit of its sandbox.";
    RunFailed = 1007, "run-failed", "Run failed",
        "The run of the graph came to an end without a result.";
    Timeout = 1008, "timeout", "Timeout",
        "The time allowed for the call or the run is over.";
    OverQuota = 1009, "over-quota", "Over quota",
        "The caller has used up what it may use; `data.retry_after_ms` says when to try again, where waiting helps.";
    Cancelled = 1010, "cancelled", "Cancelled",
        "The call or the run was cancelled.";
    TooLarge = 1011, "too-large", "Too large",
        "The message, or the answer to it, is larger than this server allows.";
    Unavailable = 1012, "unavailable", "Unavailable",
        "The server is shutting down or too busy; nothing was done, so trying again is safe.";
}

impl Code {
    /// The number on the wire.
    pub const fn number(self) -> i64 {
        self.info().number
    }

    /// The stable name, which stands as `kind` in an error's `data`.
    pub const fn kind(self) -> &'static str {
        self.info().kind
    }

    /// Whether the specification, and not HAP, gave this code its meaning.
    pub const fn is_reserved(self) -> bool {
        matches!(self.number(), -32768..=-32000)
    }

    /// The table of all codes in Markdown, for the documentation.
    pub fn markdown() -> String {
        let mut out = String::from("| Code | Kind | Meaning |\n| ---: | --- | --- |\n");
        for CodeInfo {
            number,
            kind,
            meaning,
            ..
        } in Code::TABLE
        {
            // Writing to a `String` cannot fail.
            let _ = writeln!(out, "| {number} | `{kind}` | {meaning} |");
        }
        out
    }
}
