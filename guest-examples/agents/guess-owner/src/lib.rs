//! Says who takes care of a message when the directory of customers cannot: by what the message is about.

use hap_guest::{Context, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A message.
#[derive(Deserialize, JsonSchema)]
pub struct Input {
    /// What it is about, as `classify` tells it.
    #[serde(default)]
    pub kind: String,
}

/// The node's settings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Who takes care of messages of a kind.
    #[serde(default)]
    owners: BTreeMap<String, String>,
    /// Who takes care of all others.
    otherwise: String,
}

/// The guess.
#[derive(Serialize, JsonSchema)]
pub struct Output {
    /// In the place of what the directory would say.
    pub customer: Customer,
    /// `owner-guessed`, so that a person looks at it.
    pub tags: Vec<&'static str>,
}

/// A customer of whom only the owner is guessed.
#[derive(Serialize, JsonSchema)]
pub struct Customer {
    /// Not known.
    pub name: Option<String>,
    /// Not known.
    pub plan: Option<String>,
    /// Who takes care of the message.
    pub owner: String,
}

/// Says who takes care of a message when the directory of customers cannot.
#[hap_guest::agent(read_only, idempotent)]
pub fn guess_owner(input: Input, cx: &Context) -> Result<Output> {
    let mut params: Params = cx.params()?;
    let owner = params.owners.remove(&input.kind).unwrap_or(params.otherwise);
    Ok(Output {
        customer: Customer {
            name: None,
            plan: None,
            owner,
        },
        tags: vec!["owner-guessed"],
    })
}

#[cfg(test)]
mod tests {
    use super::GuessOwnerAgent;
    use hap_guest::testing::invoke;
    use serde_json::json;

    #[test]
    fn the_kind_decides() {
        let params = json!({ "owners": { "bug": "Ada" }, "otherwise": "Desk" });
        for (kind, owner) in [("bug", "Ada"), ("praise", "Desk"), ("", "Desk")] {
            let output =
                invoke::<GuessOwnerAgent>(json!({ "kind": kind }), params.clone()).expect("it guesses");
            assert_eq!(
                output["customer"],
                json!({ "name": null, "plan": null, "owner": owner })
            );
            assert_eq!(output["tags"], json!(["owner-guessed"]));
        }
        assert!(invoke::<GuessOwnerAgent>(json!({}), json!({})).is_err());
    }
}
