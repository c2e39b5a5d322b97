//! Which edges are taken once a node has an output: conditions over the context and the output.

use std::sync::Arc;

use hap_model::{
    Condition, ConditionError, ConditionValue, Context, Failure, FailureKind, Json, NodeIndex, Plan,
};

use crate::output::Output;
use crate::views::{View, view_failure};

/// For each condition of the edges that leave `index`, whether it holds. `context` is what a node sees that comes after
/// this one alone.
pub(crate) fn held(
    plan: &Arc<Plan>,
    index: NodeIndex,
    view: &View,
    output: &Output,
) -> Result<Box<[bool]>, Failure> {
    let node = plan.node(index);
    let mut after = view.context().clone();
    after.write(index, output.writes(&node.id).iter().cloned());
    plan.links(index)
        .conditions
        .iter()
        .map(|condition| {
            evaluate(plan, condition, &after, output, None).map_err(|failure| {
                told(
                    failure,
                    &format!("the condition `{}` of an edge", condition.source()),
                )
            })
        })
        .collect()
}

/// Whether a condition holds. `round` is the number of a loop's round.
pub(crate) fn evaluate(
    plan: &Plan,
    condition: &Condition,
    context: &Context,
    output: &Output,
    round: Option<u32>,
) -> Result<bool, Failure> {
    let members = if condition.names("context") {
        context_members(plan, condition, context)?
    } else {
        Vec::new()
    };
    let output = match output {
        Output::Members(members) => ConditionValue::Members(members),
        Output::Value(value) => ConditionValue::Json(value),
    };
    let mut values = vec![("context", ConditionValue::Members(&members)), ("output", output)];
    if let Some(round) = round {
        values.push(("round", ConditionValue::Integer(round.into())));
    }
    condition.evaluate(&values).map_err(|error| failure(&error))
}

/// The keys of the context that a condition reads.
fn context_members(
    plan: &Plan,
    condition: &Condition,
    context: &Context,
) -> Result<Vec<(Arc<str>, Json)>, Failure> {
    match condition.keys_of("context") {
        Some(keys) => keys
            .into_iter()
            .filter_map(|key| match context.get(&key) {
                Ok(value) => value.map(|value| Ok((key, value))),
                Err(error) => Some(Err(view_failure(plan, &error))),
            })
            .collect(),
        None => {
            let (values, errors) = context.resolve_all();
            match errors.first() {
                Some(error) => Err(view_failure(plan, error)),
                None => Ok(values.into_iter().map(|(key, (value, _))| (key, value)).collect()),
            }
        }
    }
}

fn failure(error: &ConditionError) -> Failure {
    let failure = Failure::new(FailureKind::Condition, error.to_string());
    match &error.hint {
        Some(hint) => failure.hint(hint.clone()),
        None => failure,
    }
}

/// The same failure, saying whose it is.
pub(crate) fn told(failure: Failure, what: &str) -> Failure {
    Failure {
        message: format!("{what}: {}", failure.message),
        ..failure
    }
}
