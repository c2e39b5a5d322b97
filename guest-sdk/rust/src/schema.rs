//! The JSON Schemas (2020-12) that an agent's manifest carries, made from its types.

use crate::Agent;
use schemars::generate::SchemaSettings;
use serde_json::Value;

/// The schema of the context that the agent accepts.
#[must_use]
pub fn of_context<A: Agent>() -> Value {
    SchemaSettings::draft2020_12()
        .for_deserialize()
        .into_generator()
        .into_root_schema_for::<A::Input>()
        .to_value()
}

/// The schema of the output that the agent promises.
#[must_use]
pub fn of_output<A: Agent>() -> Value {
    SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<A::Output>()
        .to_value()
}
