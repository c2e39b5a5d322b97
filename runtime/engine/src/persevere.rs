//! A piece of work, tried as often as its node's `retry` says, and left alone while its agent's circuit breaker is open.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use hap_model::{Agent, BreakerState, EventKind, Failure, FailureKind, Json, Limit, Retry, RetryOn};
use tokio::time::Instant;

use crate::backoff;
use crate::breaker::{Admission, BreakerKey};
use crate::loaded::Body;
use crate::node::{Piece, Worked};
use crate::schedule::Account;
use crate::scope::Scope;
use crate::shared::cancelled;
use crate::slots::Slot;

impl Scope {
    /// Does a piece of work until an attempt succeeds, or fails in a way that no further attempt helps.
    pub(crate) async fn persevere(
        self: &Arc<Scope>,
        piece: &Piece<'_>,
        context: Json,
        slot: &mut Slot,
    ) -> Worked {
        let mut account = Account::default();
        let mut earlier: Vec<Failure> = Vec::new();
        let mut attempt = 1;
        loop {
            let mut worked = self.once(piece, attempt, context.clone(), slot).await;
            account.add(std::mem::take(&mut worked.account));
            worked.account = std::mem::take(&mut account);
            let Err(failure) = worked.result else {
                return worked;
            };
            let failure = failure.at(piece.origin(attempt));
            let again = piece.node.retry.as_ref();
            let again = again.filter(|retry| attempt < retry.attempts && helps(retry, &failure));
            let Some(retry) = again else {
                worked.result = Err(failure.because_of(earlier));
                return worked;
            };
            if self.run.is_over(&piece.path) {
                // It has attempts left, so this failure is not how it would have ended.
                earlier.push(failure);
                worked.result = Err(cancelled().because_of(earlier));
                return worked;
            }
            account = worked.account;
            let delay = backoff::delay(retry, attempt, asked_for(&failure), self.chance(piece, attempt));
            self.run.events.emit(|| EventKind::NodeRetrying {
                node: piece.path.clone(),
                attempt,
                delay,
                failure: Arc::new(failure.clone()),
            });
            earlier.push(failure);
            slot.wait(async {
                tokio::select! {
                    () = tokio::time::sleep(delay) => {}
                    () = self.run.stops.stopped(&piece.path) => {}
                }
            })
            .await;
            attempt += 1;
        }
    }

    /// One attempt, if the agent's circuit breaker allows it.
    async fn once(
        self: &Arc<Scope>,
        piece: &Piece<'_>,
        attempt: u32,
        context: Json,
        slot: &mut Slot,
    ) -> Worked {
        let loaded = match piece.body {
            Body::Graph(graph) => {
                self.run.events.emit(|| EventKind::NodeStarted {
                    node: piece.path.clone(),
                    attempt,
                });
                return self.nested(piece, graph, &context, slot).await;
            }
            Body::Agent(loaded) => loaded,
        };
        let agent = &**loaded.agent();
        let admission = match self.admit(piece, agent) {
            Ok(admission) => admission,
            Err(failure) => return Worked::failed(failure),
        };
        let worked = self.attempt(piece, loaded, attempt, context).await;
        if let Some(admission) = admission {
            let failed = worked.result.as_ref().is_err_and(|failure| counts(&failure.kind));
            let stopped = matches!(&worked.result, Err(failure) if failure.kind == FailureKind::Cancelled);
            // A call that was stopped tells nothing about the agent.
            if !stopped && let Some(state) = admission.answer(failed, Instant::now()) {
                self.tell_breaker(agent, state);
            }
        }
        worked
    }

    fn admit(&self, piece: &Piece<'_>, agent: &dyn Agent) -> Result<Option<Admission>, Failure> {
        let Some(settings) = &piece.node.circuit_breaker else {
            return Ok(None);
        };
        let name = &agent.manifest().name;
        let key = BreakerKey::new(agent.digest(), name, settings);
        match self.run.breakers.admit(&key, settings, Instant::now()) {
            Ok(admission) => {
                if let Some(state) = admission.changed {
                    self.tell_breaker(agent, state);
                }
                Ok(Some(admission))
            }
            Err(retry_after) => {
                let message = format!(
                    "agent `{name}` was not asked: it kept failing, and its circuit breaker is open for {} ms more",
                    retry_after.as_millis()
                );
                let failure = Failure::new(FailureKind::CircuitOpen { retry_after }, message);
                Err(failure.hint("see why it fails; a `retry` with a longer wait gets past the breaker"))
            }
        }
    }

    fn tell_breaker(&self, agent: &dyn Agent, state: BreakerState) {
        self.run.events.emit(|| EventKind::CircuitBreakerChanged {
            agent: agent.manifest().name.clone(),
            state,
        });
    }

    /// A number from 0 to 1 that the run's seed, the place and the attempt determine.
    fn chance(&self, piece: &Piece<'_>, attempt: u32) -> f64 {
        let mut hasher = DefaultHasher::new();
        (self.run.context.seed, piece.path.as_str(), attempt).hash(&mut hasher);
        (hasher.finish() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Whether another attempt can help. Of a nested graph, the failure at the bottom decides.
fn helps(retry: &Retry, failure: &Failure) -> bool {
    RetryOn::of(&root(failure).kind).is_some_and(|class| retry.on.contains(&class))
}

fn root(failure: &Failure) -> &Failure {
    match failure.causes.first() {
        Some(cause) if failure.kind == FailureKind::NestedGraph => root(cause),
        _ => failure,
    }
}

/// How long the agent asks to wait.
fn asked_for(failure: &Failure) -> Option<Duration> {
    match root(failure).kind {
        FailureKind::Unavailable { retry_after } => retry_after,
        FailureKind::CircuitOpen { retry_after } => Some(retry_after),
        _ => None,
    }
}

/// Whether a failure speaks against the agent, and not against what it was given.
fn counts(kind: &FailureKind) -> bool {
    matches!(
        kind,
        FailureKind::Unavailable { .. }
            | FailureKind::Trap
            | FailureKind::Internal
            | FailureKind::Limit {
                limit: Limit::WallTime,
                ..
            }
    )
}
