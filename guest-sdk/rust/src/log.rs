//! Diagnostics for the people who operate the host. Never part of a result.
//!
//! A call has a budget of records and bytes; writing more ends the call with a limit error.

use crate::host;
use serde::Serialize;

pub use crate::bindings::hap::agent::log::Level;

/// Writes one record with fields, for example `json!({ "sections": 12 })`.
pub fn write(level: Level, message: impl AsRef<str>, fields: &impl Serialize) {
    // Logging never fails a call: fields that are not JSON are replaced by the reason.
    let fields = serde_json::to_string(fields)
        .unwrap_or_else(|error| serde_json::json!({ "fields_error": error.to_string() }).to_string());
    host::log::write(level, message.as_ref(), Some(&fields));
}

/// Writes one record of level `trace`.
pub fn trace(message: impl AsRef<str>) {
    host::log::write(Level::Trace, message.as_ref(), None);
}

/// Writes one record of level `debug`.
pub fn debug(message: impl AsRef<str>) {
    host::log::write(Level::Debug, message.as_ref(), None);
}

/// Writes one record of level `info`.
pub fn info(message: impl AsRef<str>) {
    host::log::write(Level::Info, message.as_ref(), None);
}

/// Writes one record of level `warn`.
pub fn warn(message: impl AsRef<str>) {
    host::log::write(Level::Warn, message.as_ref(), None);
}

/// Writes one record of level `error`.
pub fn error(message: impl AsRef<str>) {
    host::log::write(Level::Error, message.as_ref(), None);
}
