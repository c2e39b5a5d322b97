//! `hap:agent/progress`: what a watcher sees while a call still runs.

use hap_model::{Json, Limit, Progress, sanitize};

use crate::bindings::hap::agent::progress;
use crate::state::State;

/// The longest status line.
const MAX_STATUS_BYTES: usize = 1024;

impl progress::Host for State {
    fn report(&mut self, update: progress::Update) -> wasmtime::Result<()> {
        let (bytes, progress) = match update {
            progress::Update::Status(text) => {
                (text.len(), Progress::Status(sanitize(&text, MAX_STATUS_BYTES)))
            }
            progress::Update::Fraction(fraction) => {
                let fraction = if fraction.is_nan() {
                    0.0
                } else {
                    fraction.clamp(0.0, 1.0)
                };
                (0, Progress::Fraction(fraction))
            }
            progress::Update::Partial(text) => {
                match Json::parse(&text, self.budget().get(Limit::JsonDepth)) {
                    Ok(json) => (text.len(), Progress::Partial(json)),
                    // A preview that cannot be shown is no reason to fail the call.
                    Err(_) => return Ok(()),
                }
            }
        };
        let reported = self.recorder.progress(bytes, progress);
        reported.map_err(|failure| self.refuse(failure))
    }
}
