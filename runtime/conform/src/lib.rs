//! The conformance kit: checks that an agent follows the contract `wit/`, the same for every language.
//!
//! Some hold for every agent (`any`). Others need an agent that does as it is told: each SDK has one, called
//! `conformance`, whose behaviours are chosen by its context ([`CONFORMANCE_AGENT`], docs/projects.md).
//!
//! A check looks at results, never at how fast they came.

mod any;
mod behaviours;
mod kit;
mod measure;
mod report;
mod sample;

use std::path::Path;

use hap::{ComponentInfo, Runtime};
use serde_json::Value;

use crate::kit::Kit;
pub use measure::Measures;
pub use report::{Check, Report, Verdict};

/// The name in the manifest of an agent that offers the behaviours.
pub const CONFORMANCE_AGENT: &str = "conformance";

/// How a component is checked.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// A context that the agent can work with. Without one, it is made from the agent's schema.
    pub context: Option<Value>,
    /// The node's params.
    pub params: Option<Value>,
    /// Run only the checks whose names contain this.
    pub only: Option<String>,
    /// Measure sizes and times too.
    pub measure: bool,
}

/// Why a component cannot be checked at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConformError {
    /// It is no agent: what is wrong is in the error.
    #[error(transparent)]
    Component(#[from] hap::Error),
    /// The kit itself failed.
    #[error("the conformance kit cannot work: {0}")]
    Kit(String),
}

/// Checks the component at `path` on `runtime`. `tell` is given each result as it comes.
///
/// # Errors
/// When it is no agent, so that there is nothing to check.
pub async fn check(
    runtime: &Runtime,
    path: &Path,
    options: &Options,
    tell: impl Fn(&Check),
) -> Result<Report, ConformError> {
    let info = runtime.inspect(path).await?;
    let mut report = Report::new(&info);
    let kit = Kit::new(runtime.clone(), path, options.params.clone());
    let mut add = |check: Check| {
        tell(&check);
        report.checks.push(check);
    };
    let wanted = |name: &str| options.only.as_deref().is_none_or(|only| name.contains(only));
    any::run(&kit, &info, options, &wanted, &mut add).await;
    if is_conformance_agent(&info) {
        behaviours::run(&kit, &wanted, &mut add).await;
    }
    if options.measure {
        report.measures = Some(measure::measure(path, &info, options).await?);
    }
    Ok(report)
}

/// Whether the agent offers the behaviours.
fn is_conformance_agent(info: &ComponentInfo) -> bool {
    info.manifest.name == CONFORMANCE_AGENT
}
