//! What came of the checks.

use hap::ComponentInfo;
use serde::Serialize;

use crate::measure::Measures;

/// How one check ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// As it must be; with what was seen, where that says more.
    Passed {
        /// What was seen.
        #[serde(skip_serializing_if = "String::is_empty")]
        seen: String,
    },
    /// The agent says that its language cannot do this.
    NotOffered,
    /// Not as it must be.
    Failed {
        /// What was expected and what came.
        reason: String,
    },
}

impl Verdict {
    /// As it must be, with what was seen.
    pub(crate) fn passed(seen: impl Into<String>) -> Verdict {
        Verdict::Passed { seen: seen.into() }
    }

    /// Not as it must be.
    pub(crate) fn failed(reason: impl Into<String>) -> Verdict {
        Verdict::Failed {
            reason: reason.into(),
        }
    }

    /// From a result whose error says what is wrong.
    pub(crate) fn of(result: Result<String, String>) -> Verdict {
        match result {
            Ok(seen) => Verdict::passed(seen),
            Err(reason) => Verdict::failed(reason),
        }
    }
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Its name.
    pub name: &'static str,
    /// What must be true.
    pub claim: &'static str,
    /// How it ended.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// What came of all checks of one component.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The agent's name and version.
    pub agent: String,
    /// The component's digest.
    pub digest: String,
    /// The checks, in order.
    pub checks: Vec<Check>,
    /// Sizes and times, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measures: Option<Measures>,
}

impl Report {
    pub(crate) fn new(info: &ComponentInfo) -> Report {
        Report {
            agent: format!("{} {}", info.manifest.name, info.manifest.version),
            digest: info.digest.to_string(),
            checks: Vec::new(),
            measures: None,
        }
    }

    /// How many checks ended well, were not offered, and failed.
    pub fn counts(&self) -> (usize, usize, usize) {
        let count = |is: fn(&Verdict) -> bool| self.checks.iter().filter(|check| is(&check.verdict)).count();
        (
            count(|verdict| matches!(verdict, Verdict::Passed { .. })),
            count(|verdict| matches!(verdict, Verdict::NotOffered)),
            count(|verdict| matches!(verdict, Verdict::Failed { .. })),
        )
    }
}
