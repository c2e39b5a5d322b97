//! What a caller may see while a call is still running.
//!
//! Updates arrive in order and spend from the same budget as [`log`](mod@crate::log).

use crate::{Result, host};
use serde::Serialize;

pub use crate::bindings::hap::agent::progress::Update;

/// Publishes a short line that a person can read.
pub fn status(line: impl Into<String>) {
    host::progress::report(&Update::Status(line.into()));
}

/// Publishes how much is done, from 0.0 to 1.0. The host clamps values outside.
pub fn fraction(done: f32) {
    host::progress::report(&Update::Fraction(done));
}

/// Publishes a piece of the output to come. A preview: only the returned output counts.
///
/// # Errors
///
/// [`Failed`](crate::ErrorKind::Failed) where the piece cannot be written as JSON.
pub fn partial(piece: &impl Serialize) -> Result<()> {
    host::progress::report(&Update::Partial(serde_json::to_string(piece)?));
    Ok(())
}
