//! What changed in the folders of agents and graphs.

use std::fmt;

use serde::Serialize;

/// What a server offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Offered {
    /// An agent.
    Agent,
    /// A graph.
    Graph,
    /// The certificate that it shows.
    Certificate,
}

/// One thing that changed in the folders, or the certificate. Its `Display` is a line for the operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CatalogChange {
    /// What changed.
    #[serde(rename = "kind")]
    pub what: Offered,
    /// Its name; that of a certificate is its file's.
    pub name: String,
    /// How.
    #[serde(flatten)]
    pub change: Change,
}

/// How something changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Change {
    /// It is offered from now on.
    Added,
    /// Its file, or what the file names, is another one, and that is offered from now on.
    Changed,
    /// Its file is gone, and it is offered no more.
    Removed,
    /// Its file cannot be used.
    Refused {
        /// Why.
        reason: String,
        /// Whether what the file held before is still offered.
        kept: bool,
    },
}

impl fmt::Display for Offered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Offered::Agent => "agent",
            Offered::Graph => "graph",
            Offered::Certificate => "certificate",
        })
    }
}

impl fmt::Display for CatalogChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}` ", self.what, self.name)?;
        match &self.change {
            Change::Added => f.write_str("is ready"),
            Change::Changed => f.write_str("is changed"),
            Change::Removed => f.write_str("is gone"),
            Change::Refused { reason, kept: true } => {
                write!(f, "cannot be used; the one before it stays: {reason}")
            }
            Change::Refused { reason, kept: false } => write!(f, "cannot be used: {reason}"),
        }
    }
}
