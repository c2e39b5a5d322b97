//! A graph that is the work of a node: it begins with what the node sees, and what its nodes wrote is the node's output.

use std::sync::Arc;

use hap_model::{BoxFuture, Failure, FailureKind, Json, NodeStatus, PlanRepeat, Replacement};

use crate::crew::{Crew, lead_apart};
use crate::finish;
use crate::loaded::LoadedGraph;
use crate::node::{Piece, Worked};
use crate::output::Output;
use crate::repeat::members;
use crate::schedule::Account;
use crate::scope::Scope;
use crate::shared::cancelled;
use crate::slots::Slot;
use crate::spending::Spending;

impl Scope {
    /// Runs `graph` as a piece of work.
    pub(crate) fn nested<'a>(
        self: &'a Arc<Scope>,
        piece: &'a Piece<'_>,
        graph: &'a LoadedGraph,
        context: &'a Json,
        slot: &'a mut Slot,
    ) -> BoxFuture<'a, Worked> {
        // Graphs are nested in graphs: this is where the futures would contain themselves.
        Box::pin(async move {
            let allowed = match graph.plan().run_budget() {
                Some(own) => piece.node.budget.narrowed_by(own),
                None => piece.node.budget.clone(),
            };
            let spending = Arc::new(Spending::of_nested(
                allowed,
                piece.path.clone(),
                self.spending.clone(),
            ));
            let budget = self.budget.narrowed_by(&piece.node.budget);
            let scope = Scope::new(
                self.run.clone(),
                graph.clone(),
                Some(piece.path.clone()),
                members(context),
                (budget, spending.clone()),
            );
            let work = async {
                let crew: Arc<dyn Crew> = scope.clone();
                lead_apart(crew, &self.run, slot).await;
                self.outcome(piece, &scope)
            };
            let worked = self
                .until(&piece.path, spending.time_left(), work, || spending.time_up())
                .await;
            match spending.over() {
                Some(over) => {
                    self.run.stops.clear(&piece.path);
                    Worked {
                        result: Err(over),
                        ..worked
                    }
                }
                None => worked,
            }
        })
    }

    /// What came of a nested graph whose nodes are all decided.
    fn outcome(&self, piece: &Piece<'_>, scope: &Scope) -> Worked {
        let mut schedule = scope.schedule();
        let records = finish::records(&scope.graph, &schedule);
        let mut account = Account::default();
        let (mut failures, mut stopped, mut degraded) = (Vec::new(), false, false);
        for (id, record) in &records.in_order {
            account.attempts = account.attempts.saturating_add(record.attempts);
            account.usage.add(&record.usage);
            match &record.status {
                NodeStatus::Cancelled => stopped = true,
                NodeStatus::Failed | NodeStatus::Limited if !records.fallbacks.contains(id) => {
                    failures.extend(record.failure.as_deref().cloned());
                }
                NodeStatus::Degraded { .. } => degraded = true,
                _ => {}
            }
        }
        account.nodes = records.in_order.into_iter().collect();
        let result = if stopped {
            Err(cancelled().because_of(failures))
        } else if !failures.is_empty() {
            Err(nested_failure(failures))
        } else {
            finish::written(&scope.graph, &mut schedule, self.graph.plan().reducers()).map(|written| {
                // What a map writes is the list of its items' outputs, whatever these have.
                let is_map = matches!(piece.node.repeat, PlanRepeat::Map(_));
                let allowed = piece.node.writes.as_ref().filter(|_| !is_map);
                Output::Members(
                    written
                        .into_iter()
                        .filter(|(key, _)| allowed.is_none_or(|allowed| allowed.contains(key)))
                        .collect(),
                )
            })
        };
        Worked {
            result,
            degraded: degraded.then_some(Replacement::Within),
            missing: None,
            account,
        }
    }
}

fn nested_failure(failures: Vec<Failure>) -> Failure {
    let first = failures
        .iter()
        .find_map(|failure| Some((failure.origin.as_ref()?, failure)));
    let message = match first {
        Some((origin, failure)) => format!("node `{}` of its graph failed: {failure}", origin.node),
        None => "its graph failed".to_owned(),
    };
    Failure::new(FailureKind::NestedGraph, message).because_of(failures)
}
