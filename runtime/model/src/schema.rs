//! How the types that write themselves to JSON by hand are told in JSON Schema; the others derive it. Feature `schema`.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use crate::budget::{Limit, Unit, Usage};
use crate::id::{Digest, NodeId, RunId};
use crate::json::Json;
use crate::node_path::NodePath;

/// Any JSON value: what is in it, the agents know.
impl JsonSchema for Json {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Json".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        Schema::default()
    }
}

macro_rules! texts {
    ($($name:ident: $description:literal, $pattern:expr;)*) => {$(
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "description": $description, "type": "string", "pattern": $pattern })
            }
        }
    )*};
}

texts! {
    NodeId: "The name of a node.", "^[A-Za-z][A-Za-z0-9_-]{0,99}$";
    RunId: "Names one run of a graph.", "^[0-9a-f]{32}$";
    Digest: "The SHA-256 of a component's bytes.", "^sha256:[0-9a-f]{64}$";
    NodePath: "The place of a piece of work in a run: nodes, items in brackets, rounds behind `#`.", "^[^ ]+$";
}

impl JsonSchema for Limit {
    fn schema_name() -> Cow<'static, str> {
        "Limit".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names = Limit::ALL.map(Limit::name);
        json_schema!({ "description": "One way to spend the host's resources.", "type": "string", "enum": names })
    }
}

impl JsonSchema for Usage {
    fn schema_name() -> Cow<'static, str> {
        "Usage".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let limits = Usage::default().by_limit().map(|(limit, _)| limit);
        let number = |limit: Limit| {
            let unit = match limit.unit() {
                Unit::Count => "a number",
                Unit::Bytes => "bytes",
                Unit::Milliseconds => "milliseconds",
            };
            json!({ "description": unit, "type": "integer", "minimum": 0 })
        };
        let properties: Map<String, Value> = limits
            .iter()
            .map(|limit| (limit.name().to_owned(), number(*limit)))
            .collect();
        json_schema!({
            "description": "What was spent, by limit.",
            "type": "object",
            "properties": properties,
            "required": limits.map(Limit::name),
        })
    }
}
