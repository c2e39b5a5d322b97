//! One attempt of one node: what it is given, the call, and what its output is worth.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use hap_model::{
    Answer, Call, EventKind, Failure, FailureKind, Json, NodeId, Plan, PlanNode, PlanRepeat, Request, Usage,
};

use crate::call::call_agent;
use crate::loaded::LoadedAgent;
use crate::node::{Piece, Worked};
use crate::output::{self, Output};
use crate::schedule::Account;
use crate::scope::Scope;
use crate::shared::cancelled;

impl Scope {
    /// One attempt with what the budgets around it have left, unless it is stopped before it ends.
    pub(crate) async fn attempt(
        self: &Arc<Scope>,
        piece: &Piece<'_>,
        loaded: &LoadedAgent,
        attempt: u32,
        context: Json,
    ) -> Worked {
        if self.run.stops.is_stopped(&piece.path) {
            return Worked::failed(cancelled());
        }
        self.run.events.emit(|| EventKind::NodeStarted {
            node: piece.path.clone(),
            attempt,
        });
        let own = self.budget.narrowed_by(&piece.node.budget);
        let call = Call {
            run: self.run.context.clone(),
            node: piece.node.id.clone(),
            path: piece.path.clone(),
            attempt,
            budget: Arc::new(self.spending.left(&own)),
            grants: piece.node.grants.clone(),
            deadline: Instant::now() + own.wall_time(),
            observer: self.run.clone(),
        };
        let answered = self.answer(piece, loaded, context, call);
        let (result, usage) = tokio::select! {
            biased;
            answered = answered => answered,
            () = self.run.stops.stopped(&piece.path) => (Err(cancelled()), Usage::default()),
        };
        match self.spending.spend(&usage) {
            Some((None, failure)) => self.run.stop(failure),
            Some((Some(path), _)) => self.run.stops.place(path),
            None => {}
        }
        let account = Account {
            attempts: 1,
            usage,
            ..Account::default()
        };
        Worked {
            result: result.map_err(|failure| self.spending.explain(failure, &own)),
            degraded: None,
            missing: None,
            account,
        }
    }

    /// Checks what the agent is given, calls it, and checks what it returns.
    async fn answer(
        &self,
        piece: &Piece<'_>,
        loaded: &LoadedAgent,
        context: Json,
        call: Call,
    ) -> (Result<Output, Failure>, Usage) {
        let budget = call.budget.clone();
        let schemas = &loaded.schemas;
        if !schemas.context_surely_fits(|key| piece.seen(key))
            && let Err(failure) = schemas.check_context(&context, budget.wall_time()).await
        {
            return (Err(failure), Usage::default());
        }
        let request = Request {
            context,
            params: piece.node.params.clone(),
        };
        let Answer { result, mut usage } = call_agent(&**loaded.agent(), request, call).await;
        let result = match result {
            Ok(text) => output::read(text, schemas, &budget, &mut usage).await,
            Err(failure) => Err(failure),
        };
        let checked = result.and_then(|output| {
            // What a map writes is the list of its items' outputs.
            if !matches!(piece.node.repeat, PlanRepeat::Map(_)) {
                check(self.graph.plan(), piece.node, &output.writes(&piece.node.id))?;
            }
            Ok(output)
        });
        (checked, usage)
    }
}

/// Holds what a node writes against the graph: only keys that it may write, and values that their reducers take.
pub(crate) fn check(plan: &Plan, node: &PlanNode, writes: &[(Arc<str>, Json)]) -> Result<(), Failure> {
    if let Some(allowed) = &node.writes {
        check_writes(&node.id, writes, allowed)?;
    }
    for (key, value) in writes {
        if let Some(reducer) = plan.reducers().get(key)
            && let Some(needed) = reducer.refuses(value)
        {
            let kind = value.kind();
            let message =
                format!("the output's `{key}` is {kind}, and its reducer `{reducer}` needs {needed}");
            return Err(Failure::new(FailureKind::InvalidOutput, message));
        }
    }
    Ok(())
}

fn check_writes(
    node: &NodeId,
    writes: &[(Arc<str>, Json)],
    allowed: &BTreeSet<Arc<str>>,
) -> Result<(), Failure> {
    let Some((key, _)) = writes.iter().find(|(key, _)| !allowed.contains(key)) else {
        return Ok(());
    };
    let names: Vec<&str> = allowed.iter().map(|name| &**name).collect();
    let hint = match hap_model::nearest(key, names.iter().copied()) {
        Some(near) => format!("did the agent mean `{near}`?"),
        None => format!("add `{key}` to `writes` of node `{node}`"),
    };
    let message = format!(
        "the output has the key `{key}`, which is not in the node's `writes` ({})",
        names.join(", ")
    );
    Err(Failure::new(FailureKind::InvalidOutput, message).hint(hint))
}
