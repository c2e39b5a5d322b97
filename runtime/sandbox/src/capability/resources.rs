//! `hap:agent/resources`: documents that the graph grants. What is not granted does not exist, in any spelling.

use std::time::Instant;

use hap_model::{Limit, ResourceError, sanitize};
use wasmtime::component::Resource;

use crate::bindings::hap::agent::resources::{self, Entry, Error};
use crate::state::State;

/// The most that one read gives, whatever the guest asks for.
const MAX_READ_BYTES: u32 = 1 << 20;

/// The most entries that one listing gives.
const MAX_ENTRIES: usize = 10_000;

/// The names by which a failure's report tells these calls.
const LIST: &str = "hap:agent/resources.list";
const OPEN: &str = "hap:agent/resources.open";
const READ: &str = "hap:agent/resources.reader.read";

/// An open document.
#[expect(unreachable_pub, reason = "the generated bindings re-export it publicly")]
pub struct Reader {
    name: String,
    offset: u64,
}

impl resources::Host for State {
    async fn list(&mut self) -> wasmtime::Result<Vec<Entry>> {
        let began = Instant::now();
        if self.describing || self.call.grants.resources.is_empty() {
            self.recorder.called_outside(began, LIST, "", "nothing granted");
            self.refused_resource("list documents");
            return Ok(Vec::new());
        }
        let listed = self.call.run.resources.list().await;
        let told = if listed.is_ok() { "listed" } else { "failed" };
        self.recorder.called_outside(began, LIST, "", told);
        let all = listed.unwrap_or_default();
        let granted = all
            .into_iter()
            .filter(|entry| self.call.grants.allows_resource(&entry.name));
        let mut entries: Vec<Entry> = granted
            .map(|entry| Entry {
                name: entry.name,
                media_type: entry.media_type,
                size: entry.size,
            })
            .collect();
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        entries.truncate(MAX_ENTRIES);
        Ok(entries)
    }

    async fn open(&mut self, name: String) -> wasmtime::Result<Result<Resource<Reader>, Error>> {
        self.take_over(name.len())?;
        let began = Instant::now();
        if self.describing || !self.call.grants.allows_resource(&name) {
            self.recorder.called_outside(began, OPEN, &name, "not granted");
            let name: String = name.chars().take(100).collect();
            self.refused_resource(&format!("read `{name}`"));
            return Ok(Err(Error::NotFound));
        }
        // Asking for nothing tells whether it is there.
        if let Err(error) = self.call.run.resources.read(&name, 0, 0).await {
            self.recorder.called_outside(began, OPEN, &name, "not readable");
            return Ok(Err(refusal(error)));
        }
        self.recorder.called_outside(began, OPEN, &name, "opened");
        match self.table.push(Reader { name, offset: 0 }) {
            Ok(reader) => Ok(Ok(reader)),
            Err(_) => {
                let allowed = self.budget().get(Limit::Handles);
                Err(self.refuse(hap_model::Failure::limit(Limit::Handles, allowed, allowed + 1)))
            }
        }
    }
}

impl resources::HostReader for State {
    async fn read(
        &mut self,
        reader: Resource<Reader>,
        max_bytes: u32,
    ) -> wasmtime::Result<Result<Vec<u8>, Error>> {
        let began = Instant::now();
        let provider = self.call.run.resources.clone();
        let open = self.table.get_mut(&reader)?;
        let read = provider
            .read(&open.name, open.offset, max_bytes.min(MAX_READ_BYTES))
            .await;
        let told = match &read {
            Ok(bytes) if bytes.is_empty() => "at its end",
            Ok(_) => "read",
            Err(_) => "failed",
        };
        self.recorder.called_outside(began, READ, &open.name, told);
        Ok(read
            .map_err(refusal)
            .inspect(|bytes| open.offset += bytes.len() as u64))
    }

    fn drop(&mut self, reader: Resource<Reader>) -> wasmtime::Result<()> {
        self.table.delete(reader)?;
        Ok(())
    }
}

impl State {
    /// The operator learns what was refused and what would allow it. What happens in `describe` is nobody's grant.
    fn refused_resource(&self, what: &str) {
        if !self.describing {
            let node = &self.call.node;
            let message = format!(
                "was refused to {what}: node `{node}` does not grant it (`grants: {{resources: […]}}`)"
            );
            self.recorder.refused_grant(&message);
        }
    }
}

fn refusal(error: ResourceError) -> Error {
    match error {
        ResourceError::NotFound => Error::NotFound,
        other => Error::Io(sanitize(&other.to_string(), 200)),
    }
}
