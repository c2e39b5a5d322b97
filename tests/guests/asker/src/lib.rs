//! Answers with all that it is told of who asked for the run.

use hap_guest::{Result, identity};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, JsonSchema)]
struct Input {}

#[derive(Serialize, JsonSchema)]
struct Told {
    request_id: Option<String>,
    session_id: Option<String>,
    user: Option<String>,
    scopes: Vec<String>,
}

/// Answers with all that it is told of who asked for the run.
#[hap_guest::agent]
fn asker(_: Input) -> Result<Told> {
    Ok(Told {
        request_id: identity::request_id(),
        session_id: identity::session_id(),
        user: identity::user(),
        scopes: identity::scopes(),
    })
}
