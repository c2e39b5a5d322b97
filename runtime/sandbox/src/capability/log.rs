//! `hap:agent/log`: records for the people who operate the host.

use hap_model::Level;

use crate::bindings::hap::agent::log;
use crate::state::State;

impl log::Host for State {
    fn write(&mut self, level: log::Level, message: String, fields: Option<String>) -> wasmtime::Result<()> {
        let level = match level {
            log::Level::Trace => Level::Trace,
            log::Level::Debug => Level::Debug,
            log::Level::Info => Level::Info,
            log::Level::Warn => Level::Warn,
            log::Level::Error => Level::Error,
        };
        let logged = self.recorder.log(level, &message, fields.as_deref());
        logged.map_err(|failure| self.refuse(failure))
    }
}
