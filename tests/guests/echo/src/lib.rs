//! Answers with the text that it was given: what the benchmark measures a node with.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, Serialize, JsonSchema)]
struct Text {
    text: String,
}

/// Answers with the text that it was given.
#[hap_guest::agent(read_only, idempotent)]
fn echo(input: Text) -> hap_guest::Result<Text> {
    Ok(input)
}
