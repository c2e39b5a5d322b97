//! The budget of a whole run: what its nodes, attempts and nested work may spend together. Nothing mints it anew: an
//! attempt may spend what is left, and no more.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hap_model::{Budget, Failure, FailureKind, Limit, Usage};

/// What a run may spend, and what it has spent.
pub(crate) struct RunBudget {
    allowed: Budget,
    deadline: Instant,
    spent: Mutex<Usage>,
}

/// What was spent against the limits that add up over a run. The others hold for each attempt by itself.
fn sums(usage: &Usage) -> impl Iterator<Item = (Limit, u64)> {
    usage.by_limit().into_iter().filter(|(limit, _)| limit.adds_up())
}

impl RunBudget {
    pub(crate) fn new(allowed: Budget, start: Instant) -> RunBudget {
        let deadline = start + allowed.wall_time();
        RunBudget {
            allowed,
            deadline,
            spent: Mutex::default(),
        }
    }

    fn spent(&self) -> MutexGuard<'_, Usage> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When the run's time is up.
    pub(crate) fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// What an attempt with the budget `attempt` may spend now.
    pub(crate) fn left(&self, attempt: &Budget) -> Budget {
        let spent = self.spent();
        sums(&spent).fold(attempt.clone(), |budget, (limit, used)| {
            let left = self.allowed.get(limit).saturating_sub(used);
            let lower = budget.get(limit).min(left);
            budget.with(limit, lower)
        })
    }

    /// Adds what an attempt spent. Attempts that ran at the same time can together spend more than was left; then the run
    /// is over.
    pub(crate) fn spend(&self, usage: &Usage) -> Result<(), Failure> {
        let mut spent = self.spent();
        spent.add(usage);
        let over = sums(&spent).find(|(limit, used)| *used > self.allowed.get(*limit));
        over.map_or(Ok(()), |(limit, used)| Err(self.failure(limit, used)))
    }

    /// The failure of a run whose time is up.
    pub(crate) fn time_up(&self) -> Failure {
        self.failure(Limit::WallTime, self.allowed.get(Limit::WallTime))
    }

    /// Says of an attempt that stopped at what the run had left, and not at its own limit, that it was the run's.
    pub(crate) fn explain(&self, failure: Failure, own: &Budget) -> Failure {
        match failure.kind {
            FailureKind::Limit { limit, allowed, .. } if allowed < own.get(limit) => Failure {
                message: format!("{}; that was all that the run's budget had left", failure.message),
                ..failure.hint(hint(limit))
            },
            _ => failure,
        }
    }

    fn failure(&self, limit: Limit, used: u64) -> Failure {
        let failure = Failure::limit(limit, self.allowed.get(limit), used);
        let message = format!("the run's {}", failure.message);
        Failure { message, ..failure }.hint(hint(limit))
    }
}

fn hint(limit: Limit) -> String {
    format!("raise `run_budget.{limit}` of the graph and the runtime if the graph is to be trusted")
}
