//! What a run, or a nested graph in it, may spend together: its nodes, attempts and nested work. Nothing mints it anew: an
//! attempt may spend what is left around it, and no more.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use hap_model::{Budget, Failure, FailureKind, Limit, NodePath, Usage};
use tokio::time::Instant;

/// What a graph may spend, and what it has spent.
pub(crate) struct Spending {
    allowed: Budget,
    deadline: Instant,
    spent: Mutex<Usage>,
    /// The node whose work the graph is, and what that node's graph may spend; `None` for the outermost.
    within: Option<(NodePath, Arc<Spending>)>,
    /// Set when more was spent than allowed.
    over: OnceLock<Failure>,
}

/// What was spent against the limits that add up. The others hold for each attempt by itself.
fn sums(usage: &Usage) -> impl Iterator<Item = (Limit, u64)> {
    usage.by_limit().into_iter().filter(|(limit, _)| limit.adds_up())
}

impl Spending {
    /// Of a whole run that begins now.
    pub(crate) fn of_run(allowed: Budget) -> Spending {
        Spending::new(allowed, None)
    }

    /// Of the graph that is the work of the node at `path`, and begins now.
    pub(crate) fn of_nested(allowed: Budget, path: NodePath, around: Arc<Spending>) -> Spending {
        Spending::new(allowed, Some((path, around)))
    }

    fn new(allowed: Budget, within: Option<(NodePath, Arc<Spending>)>) -> Spending {
        Spending {
            deadline: Instant::now() + allowed.wall_time(),
            allowed,
            spent: Mutex::default(),
            within,
            over: OnceLock::new(),
        }
    }

    fn spent(&self) -> MutexGuard<'_, Usage> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long until the time of this graph is up.
    pub(crate) fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// What an attempt with the budget `attempt` may spend now.
    pub(crate) fn left(&self, attempt: &Budget) -> Budget {
        let spent = self.spent().clone();
        let own = sums(&spent).fold(attempt.clone(), |budget, (limit, used)| {
            let left = self.allowed.get(limit).saturating_sub(used);
            let lower = budget.get(limit).min(left);
            budget.with(limit, lower)
        });
        match &self.within {
            Some((_, around)) => around.left(&own),
            None => own,
        }
    }

    /// Adds what an attempt spent, here and in everything around. Attempts that ran at the same time can together spend
    /// more than was left: then the outermost graph that is over is told, with its place (`None` is the run).
    pub(crate) fn spend(&self, usage: &Usage) -> Option<(Option<NodePath>, Failure)> {
        let over = {
            let mut spent = self.spent();
            spent.add(usage);
            sums(&spent).find(|(limit, used)| *used > self.allowed.get(*limit))
        };
        let around = self.within.as_ref().and_then(|(_, around)| around.spend(usage));
        let own = over.map(|(limit, used)| {
            let failure = self.over.get_or_init(|| self.failure(limit, used));
            (
                self.within.as_ref().map(|(path, _)| path.clone()),
                failure.clone(),
            )
        });
        around.or(own)
    }

    /// Why this graph has ended early, when it spent too much.
    pub(crate) fn over(&self) -> Option<Failure> {
        self.over.get().cloned()
    }

    /// The failure of a graph whose time is up.
    pub(crate) fn time_up(&self) -> Failure {
        self.failure(Limit::WallTime, self.allowed.get(Limit::WallTime))
    }

    /// Says of an attempt that stopped at what was left around it, and not at its own limit, that it was so.
    pub(crate) fn explain(&self, failure: Failure, own: &Budget) -> Failure {
        match failure.kind {
            FailureKind::Limit { limit, allowed, .. } if allowed < own.get(limit) => {
                let whose = if self.within.is_some() {
                    "the budgets around it"
                } else {
                    "the run's budget"
                };
                Failure {
                    message: format!("{}; that was all that {whose} had left", failure.message),
                    ..failure.hint(self.hint(limit))
                }
            }
            _ => failure,
        }
    }

    fn failure(&self, limit: Limit, used: u64) -> Failure {
        let failure = Failure::limit(limit, self.allowed.get(limit), used);
        let whose = if self.within.is_some() {
            "the nested graph's"
        } else {
            "the run's"
        };
        let message = format!("{whose} {}", failure.message);
        Failure { message, ..failure }.hint(self.hint(limit))
    }

    fn hint(&self, limit: Limit) -> String {
        match self.within {
            None => format!(
                "raise `run_budget.{limit}` of the graph and the runtime if the graph is to be trusted"
            ),
            Some(_) => format!(
                "raise `budget.{limit}` of the node, or `run_budget.{limit}` of its graph and of those around it, if the graph is to be trusted"
            ),
        }
    }
}
