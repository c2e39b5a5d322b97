//! What an agent's manifest says about its context and output, held against what it is given and what it returns.
//!
//! The schemas are written by the agents, which nobody trusts, and evaluated by the host. So a schema is read before it is
//! compiled ([`walk`]), the work of a check is counted ([`fuel`]), and heavy checks run outside the async threads, two at
//! a time.

mod check;
mod explain;
mod fuel;
mod shape;
mod simple;
mod text;
mod unique;
mod walk;

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod large_tests;
#[cfg(test)]
mod now;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hap_model::{Failure, FailureKind, Json, Manifest, sanitize};
use tokio::sync::Semaphore;

use check::{Check, out_of_time};
use fuel::Stop;
pub(crate) use simple::Seen;

/// A check of more than this many subschemas times bytes is heavy.
const HEAVY: usize = 1 << 20;
/// How many heavy checks of the process run at the same time.
static HEAVY_CHECKS: Semaphore = Semaphore::const_new(2);

/// The schemas of one agent, compiled once. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Schemas {
    context: Option<Arc<Check>>,
    output: Option<Arc<Check>>,
}

impl Schemas {
    /// Compiles the schemas of `manifest`. The second part says, in a line each, why a schema is not checked.
    pub(crate) fn of(manifest: &Manifest) -> (Schemas, Vec<String>) {
        let mut warnings = Vec::new();
        let mut compile = |name: &str, schema: &Option<Json>, kind: FailureKind| {
            let compiled = Check::compile(schema.as_ref()?.as_str(), kind);
            let compiled = compiled.map_err(|why| {
                let why = sanitize(&why, 400).replace(['\n', '\t'], " ");
                let agent = sanitize(&manifest.name, 100).replace(['\n', '\t'], " ");
                warnings.push(format!(
                    "the {name} schema of agent `{agent}` is not checked: {why}"
                ));
            });
            compiled.ok().flatten().map(Arc::new)
        };
        let schemas = Schemas {
            context: compile("context", &manifest.context_schema, FailureKind::InvalidInput),
            output: compile("output", &manifest.output_schema, FailureKind::InvalidOutput),
        };
        (schemas, warnings)
    }

    /// Whether a context, of whose keys `seen` tells, fits without being looked at.
    pub(crate) fn context_surely_fits<'a>(&self, seen: impl Fn(&str) -> Seen<'a>) -> bool {
        surely_fits(self.context.as_deref(), seen)
    }

    /// Whether an output that is an object, of whose keys `seen` tells, fits without being looked at.
    pub(crate) fn output_surely_fits<'a>(&self, seen: impl Fn(&str) -> Seen<'a>) -> bool {
        surely_fits(self.output.as_deref(), seen)
    }

    /// Holds a context, which is an object, against the context schema. A heavy check runs on a thread of its own and for at
    /// most `limit`, waiting for its turn included. Dropping the future stops it.
    ///
    /// # Errors
    /// [`FailureKind::InvalidInput`], with up to three reasons, or the limit `wall-time`.
    pub(crate) async fn check_context(&self, context: &Json, limit: Duration) -> Result<(), Failure> {
        check_async(self.context.as_ref(), context.as_str(), limit).await
    }

    /// Holds an output against the output schema, in the way of [`Schemas::check_context`]. Keys that stand twice in an
    /// object must have been refused before.
    ///
    /// # Errors
    /// [`FailureKind::InvalidOutput`], with up to three reasons, or the limit `wall-time`.
    pub(crate) async fn check_output(&self, output: &str, limit: Duration) -> Result<(), Failure> {
        check_async(self.output.as_ref(), output, limit).await
    }
}

fn surely_fits<'a>(check: Option<&Check>, seen: impl Fn(&str) -> Seen<'a>) -> bool {
    match check {
        None => true,
        Some(check) => check
            .simple
            .as_ref()
            .is_some_and(|simple| simple.surely_fits(seen)),
    }
}

async fn check_async(check: Option<&Arc<Check>>, text: &str, limit: Duration) -> Result<(), Failure> {
    let Some(check) = check else { return Ok(()) };
    if check.weight.saturating_mul(text.len()) <= HEAVY {
        return check.run(text, &Stop::default());
    }
    let abandoned = Abandoned(Arc::default());
    let stop = Stop {
        deadline: Instant::now().checked_add(limit),
        abandoned: abandoned.0.clone(),
    };
    let (check, text) = (check.clone(), text.to_owned());
    let checked = tokio::time::timeout(limit, async move {
        let permit = HEAVY_CHECKS.acquire().await;
        let checked = tokio::task::spawn_blocking(move || {
            // Held by the thread, which may outlive whoever waits for it.
            let _permit = permit;
            check.run(&text, &stop)
        });
        checked.await
    });
    match checked.await {
        Ok(Ok(checked)) => checked,
        Ok(Err(_)) => Err(Failure::new(
            FailureKind::Internal,
            "the check of a schema did not end",
        )),
        Err(_) => Err(out_of_time(limit)),
    }
}

/// Tells the thread of a check that nobody waits for it.
struct Abandoned(Arc<AtomicBool>);

impl Drop for Abandoned {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
