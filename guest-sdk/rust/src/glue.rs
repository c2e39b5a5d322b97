//! What runs between the component's exports and an [`Agent`]. Only [`export!`](crate::export) calls it.

use crate::bindings::exports::hap::agent::agent as contract;
use crate::{Agent, Context, Error, Result, context, host, log::Level, schema};
use std::panic;

/// Answers `describe`.
#[must_use]
pub fn describe<A: Agent>() -> contract::Manifest {
    report_panics();
    let manifest = A::MANIFEST;
    let mut hints = contract::Hints::empty();
    hints.set(contract::Hints::READ_ONLY, manifest.read_only);
    hints.set(contract::Hints::IDEMPOTENT, manifest.idempotent);
    contract::Manifest {
        name: manifest.name.to_owned(),
        version: manifest.version.to_owned(),
        description: manifest.description.to_owned(),
        context_schema: Some(schema::of_context::<A>().to_string()),
        output_schema: Some(schema::of_output::<A>().to_string()),
        hints,
    }
}

/// Answers `invoke`.
///
/// # Errors
///
/// What the agent answers, or that the context is not what it accepts.
pub fn invoke<A: Agent>(request: contract::Request) -> Result<contract::Output, contract::Error> {
    report_panics();
    serve::<A>(&request.context, &Context::new(request.params)).map_err(contract::Error::from)
}

/// Parses the context, runs the agent and writes its output: all that is the same on every host.
pub(crate) fn serve<A: Agent>(context: &str, cx: &Context) -> Result<String> {
    let input = context::parse("context", context)?;
    let output = A::run(input, cx)?;
    serde_json::to_string(&output).map_err(|error| Error::failed(format!("the output is not JSON: {error}")))
}

/// Sends a panic's message and place to the host as one record, instead of std's lines on stderr.
///
/// The panic then aborts, which traps: the host learns the cause from the record and the end from the trap.
pub fn report_panics() {
    panic::set_hook(Box::new(|info| {
        let text = info.payload_as_str().unwrap_or("(a payload that is no text)");
        let message = match info.location() {
            Some(place) => format!("panicked at {place}: {text}"),
            None => format!("panicked: {text}"),
        };
        host::log::write(Level::Error, &message, Some(r#"{"panic":true}"#));
    }));
}
