//! The events of a run, as a client sees them.

use std::pin::Pin;

use futures_util::Stream;
use serde_json::value::RawValue;

use crate::ClientError;

/// What comes of a run's stream of events.
#[derive(Clone, Debug)]
pub enum RunEvent {
    /// An event.
    Event {
        /// Its number; a client that was cut off goes on at the next.
        number: u64,
        /// The event, a JSON object.
        event: Box<RawValue>,
    },
    /// That many were forgotten by the server before they could be read.
    Missed(u64),
}

/// The events of a run; it ends when the run does.
pub type EventStream = Pin<Box<dyn Stream<Item = Result<RunEvent, ClientError>> + Send>>;
