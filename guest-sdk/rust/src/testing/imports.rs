//! The fake host's functions, in the shape that wit-bindgen gives the real imports.

use super::{CURRENT, Host};

/// Reads a value off the host of this thread.
fn ask<T>(answer: impl FnOnce(&Host) -> T) -> T {
    CURRENT.with_borrow(|state| answer(&state.host))
}

pub(crate) mod log {
    use super::super::{CURRENT, Record};
    use crate::log::Level;

    pub(crate) fn write(level: Level, message: &str, fields: Option<&str>) {
        let fields = fields.map(|json| serde_json::from_str(json).expect("the SDK writes fields as JSON"));
        let record = Record {
            level,
            message: message.to_owned(),
            fields,
        };
        CURRENT.with_borrow_mut(|state| state.records.push(record));
    }
}

pub(crate) mod progress {
    use super::super::CURRENT;
    use crate::progress::Update;

    pub(crate) fn report(update: &Update) {
        CURRENT.with_borrow_mut(|state| state.updates.push(update.clone()));
    }
}

pub(crate) mod run {
    use super::ask;

    pub(crate) fn id() -> String {
        ask(|host| host.run_id.clone())
    }

    pub(crate) fn node() -> String {
        ask(|host| host.node.clone())
    }

    pub(crate) fn operation_id() -> String {
        ask(|host| host.operation_id.clone())
    }

    pub(crate) fn attempt() -> u32 {
        ask(|host| host.attempt)
    }

    pub(crate) fn remaining_ms() -> Option<u64> {
        ask(|host| host.remaining).map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
    }

    pub(crate) fn is_cancelled() -> bool {
        ask(|host| host.is_cancelled)
    }
}

pub(crate) mod identity {
    use super::ask;

    pub(crate) fn request_id() -> Option<String> {
        ask(|host| host.request_id.clone())
    }

    pub(crate) fn session_id() -> Option<String> {
        ask(|host| host.session_id.clone())
    }

    pub(crate) fn user() -> Option<String> {
        ask(|host| host.user.clone())
    }

    pub(crate) fn scopes() -> Vec<String> {
        ask(|host| host.scopes.clone())
    }
}

pub(crate) mod resources {
    use super::ask;
    use crate::bindings::hap::agent::resources::{Entry, Error};
    use std::cell::RefCell;
    use std::collections::VecDeque;
    use std::io::Read;

    #[derive(Debug)]
    pub(crate) struct Reader(RefCell<VecDeque<u8>>);

    impl Reader {
        pub(crate) fn read(&self, max_bytes: u32) -> Result<Vec<u8>, Error> {
            let mut chunk = Vec::new();
            let mut rest = self.0.borrow_mut();
            (&mut *rest)
                .take(u64::from(max_bytes))
                .read_to_end(&mut chunk)
                .map_err(|error| Error::Io(error.to_string()))?;
            Ok(chunk)
        }
    }

    pub(crate) fn list() -> Vec<Entry> {
        ask(|host| {
            let entry = |(name, content): (&String, &Vec<u8>)| Entry {
                name: name.clone(),
                media_type: None,
                size: u64::try_from(content.len()).ok(),
            };
            host.resources.iter().map(entry).collect()
        })
    }

    pub(crate) fn open(name: &str) -> Result<Reader, Error> {
        let content = ask(|host| host.resources.get(name).cloned()).ok_or(Error::NotFound)?;
        Ok(Reader(RefCell::new(content.into())))
    }
}
