//! A node's work, done again and again until a condition holds. Each round sees what the rounds before it wrote.

use std::sync::Arc;

use hap_model::{
    AtMax, Context, EventKind, Failure, FailureKind, Json, NodeIndex, PlanLoop, Replacement, TopLevel,
};

use crate::node::{Piece, Worked};
use crate::output::Output;
use crate::routes::{evaluate, told};
use crate::schedule::Account;
use crate::scope::Scope;
use crate::shared::cancelled;
use crate::slots::Slot;
use crate::views::view_failure;

impl Scope {
    /// What all rounds wrote together.
    pub(crate) async fn repeat(
        self: &Arc<Scope>,
        piece: &Piece<'_>,
        repeated: &PlanLoop,
        context: &Json,
        slot: &mut Slot,
    ) -> Worked {
        let mut account = Account::default();
        let mut degraded = false;
        let ended = self
            .rounds(piece, repeated, context, slot, &mut account, &mut degraded)
            .await;
        let plan = self.graph.plan();
        let result = ended.and_then(|state| {
            let written = state.written(plan.reducers());
            written
                .map(Output::Members)
                .map_err(|error| view_failure(plan, &error))
        });
        Worked {
            result,
            degraded: degraded.then_some(Replacement::Within),
            missing: None,
            account,
        }
    }

    async fn rounds(
        self: &Arc<Scope>,
        piece: &Piece<'_>,
        repeated: &PlanLoop,
        context: &Json,
        slot: &mut Slot,
        account: &mut Account,
        degraded: &mut bool,
    ) -> Result<Context, Failure> {
        let plan = self.graph.plan();
        let mut state = Context::new(plan.reducers().clone(), members(context));
        for round in 1..=repeated.max_rounds {
            if self.run.is_over(&piece.path) {
                return Err(cancelled());
            }
            let own = Piece {
                path: piece.path.round(round),
                ..piece.clone()
            };
            let seen = state.view(None).map_err(|error| view_failure(plan, &error))?;
            let worked = self.persevere(&own, seen, slot).await;
            account.add(worked.account);
            account.rounds = Some(round);
            *degraded |= worked.degraded.is_some();
            let output = worked.result?;
            state.write(NodeIndex(round), output.writes(&piece.node.id).iter().cloned());
            let holds = evaluate(plan, &repeated.until, &state, &output, Some(round))
                .map_err(|failure| told(failure, "the loop's `until`").at(own.origin(0)))?;
            let last = holds || round == repeated.max_rounds;
            self.run.events.emit(|| EventKind::RoundFinished {
                node: piece.path.clone(),
                round,
                last,
            });
            if holds {
                return Ok(state);
            }
        }
        if repeated.at_max == AtMax::Keep {
            return Ok(state);
        }
        let message = format!(
            "`{}` did not hold after {} rounds",
            repeated.until.source(),
            repeated.max_rounds
        );
        let failure = Failure::new(FailureKind::LoopBound, message);
        Err(failure.hint("raise `loop.max_rounds`, or set `loop.at_max` to `keep`"))
    }
}

/// The members of a view.
pub(crate) fn members(context: &Json) -> Vec<(Arc<str>, Json)> {
    match TopLevel::parse(context.as_str(), hap_model::MAX_JSON_DEPTH) {
        Ok(TopLevel::Object(members)) => members,
        Ok(TopLevel::Other(_)) | Err(_) => Vec::new(),
    }
}
