//! What only an agent can show that does as it is told: the SDKs' conformance agents. Each behaviour is asked for by the
//! context's key `do`; the answer is the key `answer` of the output.

mod errors;
mod limits;
mod values;
mod world;

use hap::BoxFuture;

use crate::kit::{Kit, Unanswered};
use crate::report::{Check, Verdict};

/// What a check found: what was seen, or why there is nothing to see.
type Outcome = Result<String, Unanswered>;

/// A check with its name and what must be true.
type Named<'a> = (&'static str, &'static str, BoxFuture<'a, Outcome>);

/// Runs these checks.
pub(crate) async fn run(kit: &Kit, wanted: &dyn Fn(&str) -> bool, add: &mut dyn FnMut(Check)) {
    let groups = [
        values::checks(kit),
        errors::checks(kit),
        world::checks(kit),
        limits::checks(kit),
    ];
    for (name, claim, check) in groups.into_iter().flatten() {
        if !wanted(name) {
            continue;
        }
        let verdict = match check.await {
            Ok(seen) => Verdict::passed(seen),
            Err(Unanswered::NotOffered) => Verdict::NotOffered,
            Err(Unanswered::Broken(reason)) => Verdict::failed(reason),
        };
        add(Check { name, claim, verdict });
    }
}
