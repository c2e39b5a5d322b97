//! A bound on the work of a check. Validation cannot be interrupted from outside, so every subschema carries a keyword of
//! the host's that counts, and unwinds when too much has been done or nobody waits any more.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use jsonschema::paths::Location;
use jsonschema::{Keyword, ValidationError};
use serde_json::{Map, Value};

/// The keyword that counts. Guests cannot use it: keywords that are not known are dropped.
pub(super) const TICK: &str = "hap:tick";
/// How much work passes between two looks at the clock.
const CLOCK_INTERVAL: u64 = 1 << 10;

/// When a check has to stop, apart from the work that it may do.
#[derive(Clone, Default)]
pub(super) struct Stop {
    pub(super) deadline: Option<Instant>,
    pub(super) abandoned: Arc<AtomicBool>,
}

/// Why a check was stopped.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    /// It did all the work that it may.
    Work,
    /// Its time is up, or nobody waits for it.
    Time,
    /// The validator panicked.
    Broken,
}

thread_local! {
    static LEFT: Cell<u64> = const { Cell::new(0) };
    static UNTIL_CLOCK: Cell<u64> = const { Cell::new(0) };
    static STOP: RefCell<Option<Stop>> = const { RefCell::new(None) };
}

/// Does `work` with at most `fuel`, which is then what is left of it.
pub(super) fn metered<T>(fuel: &mut u64, stop: &Stop, work: impl FnOnce() -> T) -> Result<T, Stopped> {
    LEFT.set(*fuel);
    UNTIL_CLOCK.set(CLOCK_INTERVAL);
    STOP.set(Some(stop.clone()));
    // Validators are immutable and the state of one validation dies with it.
    let result = catch_unwind(AssertUnwindSafe(work));
    *fuel = LEFT.get();
    STOP.set(None);
    result.map_err(|panic| match panic.downcast::<Stopped>() {
        Ok(stopped) => *stopped,
        Err(_) => Stopped::Broken,
    })
}

/// Counts work, and unwinds when there has been too much.
pub(super) fn spend(cost: u64) -> bool {
    let Some(left) = LEFT.get().checked_sub(cost) else {
        LEFT.set(0);
        return stop(Stopped::Work);
    };
    LEFT.set(left);
    let Some(until_clock) = UNTIL_CLOCK.get().checked_sub(cost) else {
        UNTIL_CLOCK.set(CLOCK_INTERVAL);
        let over = STOP.with_borrow(|stop| {
            stop.as_ref().is_some_and(|stop| {
                stop.abandoned.load(Ordering::Relaxed) || stop.deadline.is_some_and(|at| Instant::now() >= at)
            })
        });
        return !over || stop(Stopped::Time);
    };
    UNTIL_CLOCK.set(until_clock);
    true
}

/// Not a panic: no hook is told. Where panics abort, all that is left is to say no.
fn stop(why: Stopped) -> bool {
    if cfg!(panic = "unwind") {
        resume_unwind(Box::new(why));
    }
    false
}

/// The keyword in one subschema.
struct Tick {
    cost: u64,
    /// How often the subschema reads a string, or the keys of an object.
    strings: u64,
    keys: u64,
}

/// Makes the keyword from the subschema that holds it.
#[expect(clippy::unnecessary_wraps, reason = "the signature of keyword factories")]
pub(super) fn tick<'a>(
    schema: &'a Map<String, Value>,
    cost: &'a Value,
    _: Location,
) -> Result<Box<dyn for<'i> Keyword<'i>>, ValidationError<'a>> {
    let count = |keyword: &str| u64::from(schema.contains_key(keyword));
    let patterns = schema
        .get("patternProperties")
        .and_then(Value::as_object)
        .map_or(0, Map::len);
    Ok(Box::new(Tick {
        cost: cost.as_u64().unwrap_or(1) + 4 * count("$ref"),
        strings: 4 * count("pattern") + count("enum") + count("const"),
        keys: 4 * patterns as u64 + count("additionalProperties"),
    }))
}

impl Tick {
    fn cost_of(&self, value: &Value) -> u64 {
        self.cost
            + match value {
                Value::String(text) => self.strings * (text.len() / 16) as u64,
                Value::Object(map) if self.keys > 0 => {
                    self.keys * map.keys().map(|key| 1 + key.len() as u64 / 16).sum::<u64>()
                }
                _ => 0,
            }
    }
}

impl<'i> Keyword<'i> for Tick {
    fn validate(&self, value: &'i Value) -> Result<(), ValidationError<'i>> {
        match Keyword::is_valid(self, value) {
            true => Ok(()),
            false => Err(ValidationError::custom("the check was stopped")),
        }
    }

    fn is_valid(&self, value: &'i Value) -> bool {
        spend(self.cost_of(value))
    }
}
