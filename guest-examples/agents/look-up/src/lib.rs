//! Looks a sender up in a directory of customers: a granted JSON document.
//!
//! A document is always there, a real directory behind a network is not. With the param `simulate` the agent behaves
//! like an outside service that is at times too busy, or down for some senders, so that a graph's recovery can be tried
//! and tested without a network. What it simulates depends on the sender's address and on the attempt alone. Without
//! the param, nothing is simulated. The output never depends on the attempt.

use hap_guest::{Context, Error, Result, resources};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// Whom to look up.
#[derive(Deserialize, JsonSchema)]
pub struct Input {
    /// Who sent the message.
    pub sender: Sender,
}

/// Who sent a message.
#[derive(Deserialize, JsonSchema)]
pub struct Sender {
    /// The address.
    pub address: String,
}

/// The node's settings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    /// The name of the document.
    directory: String,
    /// What is simulated; nothing where it is absent.
    #[serde(default)]
    simulate: Simulation,
}

/// A service that is not always there.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Simulation {
    /// How many attempts find it too busy,
    busy_attempts: u32,
    /// for one sender in so many, chosen by the letters of the address.
    busy_one_in: u32,
    /// After how many milliseconds the busy service asks to be called again.
    retry_after_ms: u64,
    /// Hosts of senders for which it never answers.
    down_for: Vec<String>,
}

/// The document.
#[derive(Deserialize)]
struct Directory {
    owner: String,
    plans: BTreeMap<String, Plan>,
    customers: Vec<Entry>,
}

#[derive(Deserialize)]
struct Plan {
    urgency: u32,
}

/// A customer of the directory; `match` is an address or the host of one.
#[derive(Deserialize)]
struct Entry {
    r#match: String,
    name: String,
    plan: String,
    owner: String,
}

/// What the directory says.
#[derive(Serialize, JsonSchema)]
pub struct Output {
    /// The customer.
    pub customer: Customer,
    /// For filing: the plan, or `no-customer`.
    pub tags: Vec<String>,
    /// What the plan adds to the urgency.
    pub urgency: u32,
}

/// A customer.
#[derive(Serialize, JsonSchema)]
pub struct Customer {
    /// The name, where the directory has the sender.
    pub name: Option<String>,
    /// The plan, likewise.
    pub plan: Option<String>,
    /// Who takes care of the customer, or of senders who are none.
    pub owner: String,
}

/// Looks a sender up in a directory of customers. With the param `simulate`, behaves like a service that is not always there.
#[hap_guest::agent(read_only, idempotent)]
pub fn look_up(input: Input, cx: &Context) -> Result<Output> {
    let params: Params = cx.params()?;
    let address = input.sender.address.to_lowercase();
    params.simulate.answer(&address, cx.attempt())?;
    let text = resources::read_to_string(&params.directory)?;
    let directory: Directory = serde_json::from_str(&text)
        .map_err(|error| Error::failed(format!("`{}` is no directory: {error}", params.directory)))?;
    let entry = directory
        .customers
        .into_iter()
        .find(|entry| is_of(&address, &entry.r#match));
    let Some(entry) = entry else {
        let customer = Customer {
            name: None,
            plan: None,
            owner: directory.owner,
        };
        return Ok(Output {
            customer,
            tags: vec!["no-customer".to_owned()],
            urgency: 0,
        });
    };
    let urgency = directory.plans.get(&entry.plan).map_or(0, |plan| plan.urgency);
    let tags = vec![entry.plan.clone()];
    let customer = Customer {
        name: Some(entry.name),
        plan: Some(entry.plan),
        owner: entry.owner,
    };
    Ok(Output {
        customer,
        tags,
        urgency,
    })
}

/// Whether an address is this address, or one of this host.
fn is_of(address: &str, place: &str) -> bool {
    address == place || address.rsplit_once('@').is_some_and(|(_, host)| host == place)
}

impl Simulation {
    /// Fails as the service would.
    fn answer(&self, address: &str, attempt: u32) -> Result<()> {
        if self.down_for.iter().any(|place| is_of(address, place)) {
            return Err(Error::unavailable(format!(
                "the directory does not answer for {address} (simulated)"
            )));
        }
        let chosen = address
            .bytes()
            .map(u32::from)
            .sum::<u32>()
            .is_multiple_of(self.busy_one_in);
        if chosen && self.busy_one_in > 0 && attempt <= self.busy_attempts {
            return Err(Error::unavailable("the directory is busy (simulated)")
                .retry_after(Duration::from_millis(self.retry_after_ms)));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::LookUpAgent;
    use hap_guest::testing::Host;
    use hap_guest::{ErrorKind, Result};
    use serde_json::{Value, json};
    use std::time::Duration;

    const DIRECTORY: &str = r#"{
        "owner": "Desk", "plans": {"team": {"urgency": 5}},
        "customers": [
            {"match": "kim@b.example", "name": "Kim", "plan": "team", "owner": "Ada"},
            {"match": "c.example", "name": "C", "plan": "old", "owner": "Bo"}
        ]
    }"#;

    fn look_up(address: &str, attempt: u32, simulate: Value) -> Result<Value> {
        let host = Host::new().attempt(attempt).resource("customers.json", DIRECTORY);
        let params = json!({ "directory": "customers.json", "simulate": simulate });
        host.invoke::<LookUpAgent>(json!({ "sender": { "address": address } }), params)
            .result
    }

    #[test]
    fn customers_are_found_by_address_or_host() {
        let kim = look_up("Kim@b.example", 1, json!({})).expect("she is a customer");
        assert_eq!(
            kim["customer"],
            json!({ "name": "Kim", "plan": "team", "owner": "Ada" })
        );
        assert_eq!((&kim["tags"], &kim["urgency"]), (&json!(["team"]), &json!(5)));
        let host = look_up("x@c.example", 1, json!({})).expect("it is a customer");
        assert_eq!(
            (&host["customer"]["owner"], &host["urgency"]),
            (&json!("Bo"), &json!(0))
        );
        for stranger in ["lee@b.example", "x@notc.example", "", "c"] {
            let nobody = look_up(stranger, 1, json!({})).expect("no customer is an answer");
            assert_eq!(
                nobody["customer"],
                json!({ "name": null, "plan": null, "owner": "Desk" })
            );
        }
    }

    #[test]
    fn a_busy_service_answers_later_and_the_same() {
        let busy = json!({ "busy_attempts": 2, "busy_one_in": 1, "retry_after_ms": 30 });
        for attempt in [1, 2] {
            let error = look_up("kim@b.example", attempt, busy.clone()).expect_err("it is busy");
            let retry_after = Some(Duration::from_millis(30));
            assert_eq!(error.kind(), ErrorKind::Unavailable { retry_after });
        }
        assert_eq!(
            look_up("kim@b.example", 3, busy),
            look_up("kim@b.example", 1, json!({}))
        );
    }

    #[test]
    fn some_senders_are_busy_and_some_are_down() {
        let busy = json!({ "busy_attempts": 1, "busy_one_in": 2 });
        let answered =
            ["a@x.example", "b@x.example"].map(|address| look_up(address, 1, busy.clone()).is_ok());
        assert_ne!(answered[0], answered[1]);
        let down = look_up("a@c.example", 9, json!({ "down_for": ["c.example"] })).expect_err("it is down");
        assert_eq!(down.kind(), ErrorKind::Unavailable { retry_after: None });
    }

    #[test]
    fn a_directory_that_is_none_and_a_misspelt_setting_are_told() {
        let ask = |document: &str, params: Value| {
            let host = Host::new().resource("customers.json", document);
            host.invoke::<LookUpAgent>(json!({ "sender": { "address": "a" } }), params)
                .result
        };
        let params = json!({ "directory": "customers.json" });
        assert_eq!(
            ask("[]", params.clone()).expect_err("no directory").kind(),
            ErrorKind::Failed
        );
        let absent = ask(DIRECTORY, json!({ "directory": "other.json" })).expect_err("not granted");
        assert!(absent.message().contains("other.json"), "{absent}");
        let misspelt = ask(
            DIRECTORY,
            json!({ "directory": "customers.json", "simulate": { "busy": 1 } }),
        );
        assert_eq!(
            misspelt.expect_err("no such setting").kind(),
            ErrorKind::InvalidInput
        );
    }
}
