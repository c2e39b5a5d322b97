//! `hap:agent/progress`: what a watcher sees while a call still runs.

use hap_model::{Json, Limit, Progress, sanitize};

use crate::bindings::hap::agent::progress;
use crate::state::State;

/// The longest status line.
const MAX_STATUS_BYTES: usize = 1024;

impl progress::Host for State {
    fn report(&mut self, update: progress::Update) -> wasmtime::Result<()> {
        // Paid for before anything is done with it.
        let bytes = match &update {
            progress::Update::Status(text) | progress::Update::Partial(text) => text.len(),
            progress::Update::Fraction(_) => 0,
        };
        if let Err(failure) = self.recorder.spend_update(bytes) {
            return Err(self.refuse(failure));
        }
        let progress = match update {
            progress::Update::Status(text) => Progress::Status(sanitize(&text, MAX_STATUS_BYTES)),
            progress::Update::Fraction(fraction) if fraction.is_nan() => Progress::Fraction(0.0),
            progress::Update::Fraction(fraction) => Progress::Fraction(fraction.clamp(0.0, 1.0)),
            progress::Update::Partial(text) => {
                match Json::parse(&text, self.budget().get(Limit::JsonDepth)) {
                    Ok(json) => Progress::Partial(json),
                    // A preview that cannot be shown is no reason to fail the call.
                    Err(_) => return Ok(()),
                }
            }
        };
        self.recorder.progress(progress);
        Ok(())
    }
}
