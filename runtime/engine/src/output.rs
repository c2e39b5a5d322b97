//! What a node's work gives: keys to be merged into the context, or one value that goes under the node's name.

use std::sync::Arc;

use hap_model::{Budget, Failure, FailureKind, Json, JsonError, Limit, NodeId, TopLevel, Usage};

use crate::schema::{Schemas, Seen};
use crate::views::Writes;

/// An output that has been checked.
#[derive(Clone, Debug)]
pub(crate) enum Output {
    /// An object, by its members.
    Members(Writes),
    /// Any other value.
    Value(Json),
}

impl From<TopLevel> for Output {
    fn from(top: TopLevel) -> Output {
        match top {
            TopLevel::Object(members) => Output::Members(members),
            TopLevel::Other(value) => Output::Value(value),
        }
    }
}

impl Output {
    /// What is known of a key without reading values. An object with many keys is read.
    fn seen(&self, key: &str) -> Seen<'_> {
        const FEW: usize = 100;
        match self {
            Output::Members(members) if members.len() <= FEW => {
                let value = members.iter().find(|(name, _)| **name == *key);
                value.map_or(Seen::Nothing, |(_, value)| Seen::Value(value))
            }
            Output::Members(_) | Output::Value(_) => Seen::Unknown,
        }
    }

    /// The keys and values to merge into the context.
    pub(crate) fn into_writes(self, node: &NodeId) -> Writes {
        match self {
            Output::Members(members) => members,
            Output::Value(value) => vec![(node.shared(), value)],
        }
    }

    /// The output as one JSON value.
    pub(crate) fn to_json(&self) -> Json {
        match self {
            Output::Members(members) => Json::object(members.iter().map(|(key, value)| (&**key, value))),
            Output::Value(value) => value.clone(),
        }
    }

    /// Its members as the context gets them, borrowed where that is possible.
    pub(crate) fn writes(&self, node: &NodeId) -> std::borrow::Cow<'_, [(Arc<str>, Json)]> {
        match self {
            Output::Members(members) => members.as_slice().into(),
            Output::Value(value) => vec![(node.shared(), value.clone())].into(),
        }
    }
}

/// An output of more than this is parsed where it holds up no other task: a megabyte takes some milliseconds. Handing it
/// over takes some microseconds, so short outputs stay where they are.
const LONG_OUTPUT_BYTES: usize = 256 << 10;

/// Checks an output against the budget and the agent's schema, and takes it apart. Its measures go into `usage`.
pub(crate) async fn read(
    text: String,
    schemas: &Schemas,
    budget: &Budget,
    usage: &mut Usage,
) -> Result<Output, Failure> {
    let (max_depth, max_keys) = (budget.get(Limit::JsonDepth), budget.get(Limit::OutputKeys));
    let long = text.len() > LONG_OUTPUT_BYTES;
    let parse = move || (TopLevel::measured(&text, max_depth, max_keys), text);
    let (parsed, text) = if long {
        let elsewhere = tokio::task::spawn_blocking(parse).await;
        elsewhere.map_err(|_| {
            let message = "the thread that parsed the output ended before it was done";
            Failure::new(FailureKind::Internal, message)
        })?
    } else {
        parse()
    };
    match parsed {
        Ok((top, shape)) => {
            (usage.output_keys, usage.json_depth) = (shape.keys, shape.depth);
            let output = Output::from(top);
            let is_object = matches!(output, Output::Members(_));
            if !(is_object && schemas.output_surely_fits(|key| output.seen(key))) {
                schemas.check_output(&text, budget.wall_time()).await?;
            }
            Ok(output)
        }
        // An output that is too large in a way is not read to its end, so all that is known is what its failure says.
        Err(JsonError::TooManyKeys(allowed)) => {
            usage.output_keys = allowed + 1;
            Err(Failure::limit(Limit::OutputKeys, allowed, allowed + 1))
        }
        Err(JsonError::TooDeep(allowed)) => {
            usage.json_depth = allowed + 1;
            Err(Failure::limit(Limit::JsonDepth, allowed, allowed + 1))
        }
        Err(error) => {
            let message = format!("the output cannot be merged: {error}");
            Err(Failure::new(FailureKind::InvalidOutput, message))
        }
    }
}
