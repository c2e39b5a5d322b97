//! What happens when an attempt or a whole node fails: tried again, left alone for a while, replaced, or told.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::budget::Limit;
use crate::failure::FailureKind;
use crate::json::Json;

use super::Located;

/// When a failed attempt is made again, and after how long.
#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    /// How many attempts are made in all.
    pub attempts: u32,
    /// The wait before the second attempt.
    pub delay: Duration,
    /// By how much each wait is longer than the one before.
    pub factor: f64,
    /// The longest wait. A longer one that an agent asks for is granted all the same.
    pub max_delay: Duration,
    /// The share of each wait that is left to chance, from 0 to 1, so that many who failed together do not come back
    /// together. The chance comes from the run's seed.
    pub jitter: f64,
    /// The failures after which it helps to try again.
    pub on: BTreeSet<RetryOn>,
}

impl Default for Retry {
    fn default() -> Retry {
        Retry {
            attempts: 3,
            delay: Duration::from_millis(200),
            factor: 2.0,
            max_delay: Duration::from_secs(30),
            jitter: 0.5,
            on: BTreeSet::from([RetryOn::Unavailable]),
        }
    }
}

/// The most attempts that can be allowed.
pub const MAX_ATTEMPTS: u32 = 100;

/// The longest wait or deadline that can be set.
pub const MAX_WAIT: Duration = Duration::from_secs(24 * 3600);

impl Retry {
    /// What is wrong with the numbers, if anything is.
    ///
    /// # Errors
    /// A sentence that names the field and its bounds.
    pub fn check(&self) -> Result<(), String> {
        if !(1..=MAX_ATTEMPTS).contains(&self.attempts) {
            return Err(format!(
                "`attempts` must be from 1 to {MAX_ATTEMPTS}, not {}",
                self.attempts
            ));
        }
        if !(1.0..=100.0).contains(&self.factor) {
            return Err(format!("`factor` must be from 1 to 100, not {}", self.factor));
        }
        if !(0.0..=1.0).contains(&self.jitter) {
            return Err(format!("`jitter` must be from 0 to 1, not {}", self.jitter));
        }
        if self.delay > MAX_WAIT || self.max_delay > MAX_WAIT {
            return Err("`delay` and `max_delay` can be 24 hours at most".to_owned());
        }
        if self.delay > self.max_delay {
            return Err(format!(
                "`delay` is longer than `max_delay`, which is {} s",
                self.max_delay.as_secs_f64()
            ));
        }
        if self.on.is_empty() {
            return Err("`on` names no failure: leave `retry` out to make one attempt only".to_owned());
        }
        Ok(())
    }
}

/// A failure after which another attempt can end otherwise. The contract's `invalid-input` and `failed` are not among
/// them: an agent that may be asked again says `unavailable`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RetryOn {
    /// The agent said that something it depends on was unavailable, or its circuit breaker is open.
    Unavailable,
    /// The attempt's time was up.
    Timeout,
    /// The agent trapped.
    Trap,
    /// The output was not what the contract, the graph or the agent's schema allows.
    InvalidOutput,
}

impl RetryOn {
    /// All of them, with the names used in graph files.
    pub const NAMES: [(&'static str, RetryOn); 4] = [
        ("unavailable", RetryOn::Unavailable),
        ("timeout", RetryOn::Timeout),
        ("trap", RetryOn::Trap),
        ("invalid-output", RetryOn::InvalidOutput),
    ];

    /// The class of a failure, if it is one of these.
    pub fn of(kind: &FailureKind) -> Option<RetryOn> {
        match kind {
            FailureKind::Unavailable { .. } | FailureKind::CircuitOpen { .. } => Some(RetryOn::Unavailable),
            FailureKind::Limit {
                limit: Limit::WallTime,
                ..
            } => Some(RetryOn::Timeout),
            FailureKind::Trap => Some(RetryOn::Trap),
            FailureKind::InvalidOutput => Some(RetryOn::InvalidOutput),
            _ => None,
        }
    }
}

/// When an agent is left alone because it keeps failing: for all nodes and runs of one runtime that use it with these
/// settings.
#[derive(Clone, Debug, PartialEq)]
pub struct CircuitBreaker {
    /// It opens when at least this share of the last calls failed, from above 0 to 1.
    pub failure_rate: f64,
    /// How many calls are looked back at.
    pub window: u32,
    /// It does not open before so many calls.
    pub min_calls: u32,
    /// How long it stays open before one call is let through to see.
    pub open_for: Duration,
}

impl Default for CircuitBreaker {
    fn default() -> CircuitBreaker {
        CircuitBreaker {
            failure_rate: 0.5,
            window: 20,
            min_calls: 10,
            open_for: Duration::from_secs(30),
        }
    }
}

impl CircuitBreaker {
    /// What is wrong with the numbers, if anything is.
    ///
    /// # Errors
    /// A sentence that names the field and its bounds.
    pub fn check(&self) -> Result<(), String> {
        const MAX_WINDOW: u32 = 1000;
        if !(self.failure_rate > 0.0 && self.failure_rate <= 1.0) {
            return Err(format!(
                "`failure_rate` must be above 0 and at most 1, not {}",
                self.failure_rate
            ));
        }
        if !(1..=MAX_WINDOW).contains(&self.window) {
            return Err(format!(
                "`window` must be from 1 to {MAX_WINDOW}, not {}",
                self.window
            ));
        }
        if !(1..=self.window).contains(&self.min_calls) {
            return Err(format!(
                "`min_calls` must be from 1 to `window` ({}), not {}",
                self.window, self.min_calls
            ));
        }
        if self.open_for.is_zero() || self.open_for > MAX_WAIT {
            return Err("`open_for` must be more than nothing and 24 hours at most".to_owned());
        }
        Ok(())
    }
}

/// What happens when a node fails for good.
#[derive(Clone, Debug, Default)]
pub enum OnFailure {
    /// What waits for it is skipped, everything else goes on, and the run ends as `error`.
    #[default]
    Fail,
    /// As `Fail`, and the rest of the run is stopped at once.
    Stop,
    /// What comes after it goes on without its output.
    Continue,
    /// This JSON value takes the place of its output.
    Output(Json),
    /// This node, which stands apart from all edges, is run in its place.
    Node(Located),
}
