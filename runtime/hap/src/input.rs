//! The input of a run: one JSON object, checked where it enters.

use std::sync::Arc;

use hap_model::{Budget, Json, Limit, Plan, TopLevel};

use crate::error::{Error, Result};

/// The input of a run: a JSON object, as a value or as text.
#[derive(Clone, Debug)]
pub struct Input(String);

impl From<serde_json::Value> for Input {
    fn from(value: serde_json::Value) -> Input {
        Input(value.to_string())
    }
}

impl From<String> for Input {
    fn from(text: String) -> Input {
        Input(text)
    }
}

impl From<&str> for Input {
    fn from(text: &str) -> Input {
        Input(text.to_owned())
    }
}

/// Checks an input against the budget and the graph's reducers, and takes it apart.
pub(crate) fn members(input: &Input, budget: &Budget, plan: &Plan) -> Result<Vec<(Arc<str>, Json)>> {
    let (size, allowed) = (input.0.len() as u64, budget.get(Limit::Input));
    if size > allowed {
        let limit = Limit::Input;
        return Err(Error::Input(format!(
            "it is {size} bytes long, and the limit `{limit}` is {}: raise it in the runtime's budget, or hand large \
             documents over as resources",
            limit.show(allowed)
        )));
    }
    let members = TopLevel::parse_object(&input.0, budget.get(Limit::JsonDepth))
        .map_err(|error| Error::Input(error.to_string()))?;
    for (key, value) in &members {
        if let Some(reducer) = plan.reducers().get(key)
            && let Some(needed) = reducer.refuses(value)
        {
            let kind = value.kind();
            return Err(Error::Input(format!(
                "its `{key}` is {kind}, and the key's reducer `{reducer}` needs {needed}"
            )));
        }
    }
    Ok(members)
}
