//! The port through which agents read documents that the graph grants them.

use std::collections::HashSet;
use std::sync::Arc;

use crate::agent::BoxFuture;

/// A document's name and what is known about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceEntry {
    /// The name, in the sense of [`is_resource_name`](crate::is_resource_name).
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

/// Several providers as one. Of two documents of one name, that of the first provider is there.
#[derive(Clone, Default)]
pub struct ComposedResources(Vec<Arc<dyn ResourceProvider>>);

impl ComposedResources {
    /// These providers, the first one first.
    pub fn new(providers: impl IntoIterator<Item = Arc<dyn ResourceProvider>>) -> ComposedResources {
        ComposedResources(providers.into_iter().collect())
    }
}

impl ResourceProvider for ComposedResources {
    fn list(&self) -> BoxFuture<'_, Result<Vec<ResourceEntry>, ResourceError>> {
        Box::pin(async {
            let (mut all, mut names) = (Vec::new(), HashSet::new());
            for provider in &self.0 {
                let listed = provider.list().await?.into_iter();
                all.extend(listed.filter(|entry| names.insert(entry.name.clone())));
            }
            Ok(all)
        })
    }

    fn read<'a>(
        &'a self,
        name: &'a str,
        offset: u64,
        max_bytes: u32,
    ) -> BoxFuture<'a, Result<Vec<u8>, ResourceError>> {
        Box::pin(async move {
            for provider in &self.0 {
                match provider.read(name, offset, max_bytes).await {
                    Err(ResourceError::NotFound) => {}
                    found => return found,
                }
            }
            Err(ResourceError::NotFound)
        })
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
            let from = usize::try_from(offset).unwrap_or(usize::MAX);
            let rest = content.get(from..).unwrap_or_default();
            Ok(rest.get(..max_bytes as usize).unwrap_or(rest).to_vec())
        })
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    /// What a future gives that never waits.
    fn ready<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("it waits"),
        }
    }

    #[test]
    fn of_several_providers_the_first_that_has_a_document_gives_it() {
        let first = MemoryResources::default().with("a", "first").with("b", "first");
        let second = MemoryResources::default().with("b", "second").with("c", "second");
        let none = ComposedResources::default();
        let all: [Arc<dyn ResourceProvider>; 3] = [Arc::new(none), Arc::new(first), Arc::new(second)];
        let all = ComposedResources::new(all);
        let names: Vec<_> = ready(all.list())
            .unwrap()
            .into_iter()
            .map(|entry| entry.name)
            .collect();
        assert_eq!(names, ["a", "b", "c"]);
        for (name, content) in [("a", "first"), ("b", "first"), ("c", "second")] {
            assert_eq!(ready(all.read(name, 0, 10)).unwrap(), content.as_bytes());
        }
        assert_eq!(ready(all.read("c", 2, 3)).unwrap(), b"con");
        assert_eq!(ready(all.read("c", u64::MAX, 3)).unwrap(), b"");
        assert_eq!(ready(all.read("d", 0, 10)), Err(ResourceError::NotFound));
    }
}
