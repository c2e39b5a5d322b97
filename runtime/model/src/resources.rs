//! The port through which agents read documents that the graph grants them.

use crate::agent::BoxFuture;

/// A document's name and what is known about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceEntry {
    /// The name, canonical in the sense of [`is_canonical`](crate::is_canonical).
    pub name: String,
    /// IANA media type, where known.
    pub media_type: Option<String>,
    /// Bytes, where known.
    pub size: Option<u64>,
}

/// Why a document cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResourceError {
    /// There is none of that name.
    #[error("there is no such resource")]
    NotFound,
    /// Reading failed; the text is for people.
    #[error("{0}")]
    Io(String),
}

/// Serves read-only documents by name. The host checks grants before it asks a provider.
pub trait ResourceProvider: Send + Sync {
    /// Every document there is, in any order.
    fn list(&self) -> BoxFuture<'_, Result<Vec<ResourceEntry>, ResourceError>>;

    /// At most `max_bytes` of the document from byte `offset` on; empty at its end.
    fn read<'a>(
        &'a self,
        name: &'a str,
        offset: u64,
        max_bytes: u32,
    ) -> BoxFuture<'a, Result<Vec<u8>, ResourceError>>;
}

/// The provider that has nothing: the default.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoResources;

impl ResourceProvider for NoResources {
    fn list(&self) -> BoxFuture<'_, Result<Vec<ResourceEntry>, ResourceError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn read<'a>(&'a self, _: &'a str, _: u64, _: u32) -> BoxFuture<'a, Result<Vec<u8>, ResourceError>> {
        Box::pin(async { Err(ResourceError::NotFound) })
    }
}

/// Documents in memory, by name.
#[derive(Clone, Debug, Default)]
pub struct MemoryResources(std::collections::BTreeMap<String, Vec<u8>>);

impl MemoryResources {
    /// The same documents and one more.
    pub fn with(mut self, name: impl Into<String>, content: impl Into<Vec<u8>>) -> MemoryResources {
        self.0.insert(name.into(), content.into());
        self
    }
}

impl ResourceProvider for MemoryResources {
    fn list(&self) -> BoxFuture<'_, Result<Vec<ResourceEntry>, ResourceError>> {
        let entry = |(name, content): (&String, &Vec<u8>)| ResourceEntry {
            name: name.clone(),
            media_type: None,
            size: Some(content.len() as u64),
        };
        Box::pin(async move { Ok(self.0.iter().map(entry).collect()) })
    }

    fn read<'a>(
        &'a self,
        name: &'a str,
        offset: u64,
        max_bytes: u32,
    ) -> BoxFuture<'a, Result<Vec<u8>, ResourceError>> {
        Box::pin(async move {
            let content = self.0.get(name).ok_or(ResourceError::NotFound)?;
            let rest = content.get(offset as usize..).unwrap_or_default();
            Ok(rest.get(..max_bytes as usize).unwrap_or(rest).to_vec())
        })
    }
}
