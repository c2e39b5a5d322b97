//! `hap:agent/resources`: documents that the graph grants. What is not granted does not exist, in any spelling.

use hap_model::{Limit, ResourceError, sanitize};
use wasmtime::component::Resource;

use crate::bindings::hap::agent::resources::{self, Entry, Error};
use crate::state::State;

/// The most that one read gives, whatever the guest asks for.
const MAX_READ_BYTES: u32 = 1 << 20;

/// The most entries that one listing gives.
const MAX_ENTRIES: usize = 10_000;

/// An open document.
#[expect(unreachable_pub, reason = "the generated bindings re-export it publicly")]
pub struct Reader {
    name: String,
    offset: u64,
}

impl resources::Host for State {
    async fn list(&mut self) -> wasmtime::Result<Vec<Entry>> {
        if self.describing || self.call.grants.resources.is_empty() {
            return Ok(Vec::new());
        }
        let all = self.call.run.resources.list().await.unwrap_or_default();
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
        if self.describing || !self.call.grants.allows_resource(&name) {
            return Ok(Err(Error::NotFound));
        }
        // Asking for nothing tells whether it is there.
        if let Err(error) = self.call.run.resources.read(&name, 0, 0).await {
            return Ok(Err(refusal(error)));
        }
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
        let provider = self.call.run.resources.clone();
        let open = self.table.get_mut(&reader)?;
        Ok(
            match provider
                .read(&open.name, open.offset, max_bytes.min(MAX_READ_BYTES))
                .await
            {
                Ok(bytes) => {
                    open.offset += bytes.len() as u64;
                    Ok(bytes)
                }
                Err(error) => Err(refusal(error)),
            },
        )
    }

    fn drop(&mut self, reader: Resource<Reader>) -> wasmtime::Result<()> {
        self.table.delete(reader)?;
        Ok(())
    }
}

fn refusal(error: ResourceError) -> Error {
    match error {
        ResourceError::NotFound => Error::NotFound,
        other => Error::Io(sanitize(&other.to_string(), 200)),
    }
}
