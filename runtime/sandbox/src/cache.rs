//! The cache of compiled components on disk. A compiled component is machine code that the host will run, so an entry is
//! loaded only when this user's host wrote it: the folder is the owner's alone and each entry carries a keyed BLAKE3
//! hash. Entries are written beside their place and renamed, so that processes can share the folder, and an entry that is
//! mapped into memory never changes.
//!
//! An entry is the code and, behind it, the hash: so the file can be mapped as it is.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use hap_model::Digest;

/// The length of the hash at the end of an entry, and of the key.
const HASH_BYTES: usize = 32;

/// The code is hashed in pieces of this length, on several threads: a Python agent has 40 MB of it, which one thread would
/// take longer to hash than everything else at a start takes.
const PIECE_BYTES: usize = 1 << 20;

/// How many threads hash at most.
const MAX_THREADS: usize = 4;

/// A folder of compiled components.
#[derive(Clone, Debug)]
pub struct CompileCache {
    folder: PathBuf,
    key: [u8; HASH_BYTES],
    max_bytes: u64,
}

/// Why a folder cannot be a cache.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// Somebody else could write there.
    #[error("the compile cache `{}` is not this user's alone: {reason}; remove it, or choose another folder", folder.display())]
    NotPrivate {
        /// The folder.
        folder: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Reading or writing failed.
    #[error("the compile cache `{}` cannot be used: {source}", folder.display())]
    Io {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl CompileCache {
    /// Opens the cache in `folder`, which is made when it is missing. Older entries are removed when it holds more than
    /// `max_bytes`.
    ///
    /// # Errors
    /// When the folder is not this user's alone, or cannot be written.
    pub fn open(folder: &Path, max_bytes: u64) -> Result<CompileCache, CacheError> {
        let io = |source| CacheError::Io {
            folder: folder.to_owned(),
            source,
        };
        if !folder.exists() {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)
                .map_err(io)?;
        }
        check_private(folder)?;
        let key = read_or_make_key(&folder.join("key")).map_err(io)?;
        Ok(CompileCache {
            folder: folder.to_owned(),
            key,
            max_bytes,
        })
    }

    /// The file with the compiled form of the component, if it is here and unaltered. `engine` tells engines apart that
    /// cannot use each other's machine code. An entry that does not pass is removed.
    pub(crate) fn get(&self, component: &Digest, engine: u64) -> Option<PathBuf> {
        let path = self.path(component, engine);
        let file = File::open(&path).ok()?;
        if !self.is_good(&file, component, engine).unwrap_or(false) {
            // Best effort: when it cannot be removed, it is written anew and refused again.
            let _ = fs::remove_file(&path);
            return None;
        }
        let _ = file.set_modified(SystemTime::now());
        Some(path)
    }

    /// Whether the hash at the end of an entry is that of the rest.
    fn is_good(&self, file: &File, component: &Digest, engine: u64) -> io::Result<bool> {
        let Some(length) = file.metadata()?.len().checked_sub(HASH_BYTES as u64) else {
            return Ok(false);
        };
        let mut hash = [0; HASH_BYTES];
        file.read_exact_at(&mut hash, length)?;
        let read = |at: u64, piece: &mut [u8]| file.read_exact_at(piece, at);
        // `blake3::Hash` compares in constant time.
        Ok(blake3::Hash::from(hash) == self.hash(component, engine, length, &read)?)
    }

    /// Keeps the compiled form of a component. Failing to is no reason to fail a run: the next start compiles again.
    pub(crate) fn put(&self, component: &Digest, engine: u64, code: &[u8]) -> io::Result<()> {
        let piece_at = |at: u64, piece: &mut [u8]| {
            let from = code.get(at as usize..).and_then(|code| code.get(..piece.len()));
            piece.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
            Ok(())
        };
        let hash = self.hash(component, engine, code.len() as u64, &piece_at)?;
        write_private(&self.path(component, engine), &[code, hash.as_bytes()])?;
        self.trim()
    }

    fn path(&self, component: &Digest, engine: u64) -> PathBuf {
        self.folder
            .join(format!("{}-{engine:016x}.compiled", component.hex()))
    }

    /// What stands at an entry's end: it binds the code to the component and the engine, so that entries cannot be
    /// exchanged for one another. `read` fills a piece with what stands at a place of the code.
    fn hash(
        &self,
        component: &Digest,
        engine: u64,
        length: u64,
        read: &(dyn Fn(u64, &mut [u8]) -> io::Result<()> + Sync),
    ) -> io::Result<blake3::Hash> {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(component.to_string().as_bytes());
        hasher.update(&engine.to_le_bytes());
        hasher.update(&length.to_le_bytes());
        let pieces = length.div_ceil(PIECE_BYTES as u64);
        let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let threads = (processors.min(MAX_THREADS) as u64).min(pieces);
        // Each thread takes every so-manieth piece.
        let take = |thread: u64| {
            let mut hashes = Vec::new();
            let mut buffer = vec![0; PIECE_BYTES];
            for piece in (thread..pieces).step_by(threads.max(1) as usize) {
                let at = piece * PIECE_BYTES as u64;
                let end = (length - at).min(PIECE_BYTES as u64) as usize;
                let piece = buffer.get_mut(..end).unwrap_or_default();
                read(at, piece)?;
                hashes.push(blake3::keyed_hash(&self.key, piece));
            }
            Ok::<Vec<blake3::Hash>, io::Error>(hashes)
        };
        let taken: Vec<Vec<blake3::Hash>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..threads)
                .map(|thread| scope.spawn(move || take(thread)))
                .collect();
            let joined = threads.into_iter().map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|_| Err(io::Error::other("a thread that hashes ended early")))
            });
            joined.collect::<io::Result<_>>()
        })?;
        for piece in 0..pieces {
            let thread = taken.get((piece % threads.max(1)) as usize);
            let hash = thread.and_then(|hashes| hashes.get((piece / threads.max(1)) as usize));
            hasher.update(
                hash.map(blake3::Hash::as_bytes)
                    .ok_or(io::ErrorKind::UnexpectedEof)?,
            );
        }
        Ok(hasher.finalize())
    }

    /// Removes the entries that were used longest ago until the rest fits.
    fn trim(&self) -> io::Result<()> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.folder)?.flatten() {
            let path = entry.path();
            if let Ok(metadata) = entry.metadata()
                && path
                    .extension()
                    .is_some_and(|extension| extension == "compiled" || extension == "new")
            {
                entries.push((
                    metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
                    metadata.len(),
                    path,
                ));
            }
        }
        entries.sort();
        let mut total: u64 = entries.iter().map(|(_, size, _)| size).sum();
        for (_, size, path) in entries {
            if total <= self.max_bytes {
                break;
            }
            // Another process may have removed it first.
            let _ = fs::remove_file(path);
            total = total.saturating_sub(size);
        }
        Ok(())
    }
}

fn check_private(folder: &Path) -> Result<(), CacheError> {
    let metadata = fs::symlink_metadata(folder).map_err(|source| CacheError::Io {
        folder: folder.to_owned(),
        source,
    })?;
    let probe = tempfile_owner(folder);
    let reason = if !metadata.is_dir() {
        "it is no folder".to_owned()
    } else if metadata.mode() & 0o077 != 0 {
        format!("its mode is {:o}, not 700", metadata.mode() & 0o777)
    } else {
        match probe {
            Ok(owner) if owner == metadata.uid() => return Ok(()),
            Ok(_) => "it belongs to another user".to_owned(),
            Err(source) => {
                return Err(CacheError::Io {
                    folder: folder.to_owned(),
                    source,
                });
            }
        }
    };
    Err(CacheError::NotPrivate {
        folder: folder.to_owned(),
        reason,
    })
}

/// Who this process is, as the owner of a file that it makes: the standard library has no other way to ask.
fn tempfile_owner(folder: &Path) -> io::Result<u32> {
    let path = folder.join(unique_name("probe"));
    let owner = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)?
        .metadata()?
        .uid();
    fs::remove_file(&path)?;
    Ok(owner)
}

/// The key that marks entries as this user's. Several processes may come here at once: whoever links first wins.
fn read_or_make_key(path: &Path) -> io::Result<[u8; HASH_BYTES]> {
    if !path.exists() {
        let mut key = [0; HASH_BYTES];
        getrandom::fill(&mut key).map_err(io::Error::other)?;
        let new = path.with_file_name(unique_name("key"));
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)?
            .write_all(&key)?;
        let linked = fs::hard_link(&new, path);
        fs::remove_file(&new)?;
        match linked {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    let key = fs::read(path)?;
    let wrong = |_| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            "its file `key` is damaged: remove the folder",
        )
    };
    key.try_into().map_err(wrong)
}

/// Writes a file that only the owner can read, whole or not at all.
fn write_private(path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    let new = path.with_file_name(unique_name("new"));
    let write = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)?;
        parts.iter().try_for_each(|part| file.write_all(part))?;
        fs::rename(&new, path)
    };
    write().inspect_err(|_| drop(fs::remove_file(&new)))
}

/// A name that no other process or thread uses.
fn unique_name(extension: &str) -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let nanos = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_nanos();
    format!(
        "{}-{nanos}-{}.{extension}",
        std::process::id(),
        COUNTER.fetch_add(1, Ordering::Relaxed)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    fn cache(folder: &Path) -> CompileCache {
        CompileCache::open(&folder.join("cache"), 1000).unwrap()
    }

    fn only_entry(folder: &Path) -> PathBuf {
        let entries = fs::read_dir(folder.join("cache"))
            .unwrap()
            .map(|entry| entry.unwrap().path());
        entries
            .into_iter()
            .find(|path| path.extension().is_some_and(|e| e == "compiled"))
            .unwrap()
    }

    #[test]
    fn an_entry_comes_back_as_it_was_put_and_for_its_engine_only() {
        let folder = tempfile::tempdir().unwrap();
        let digest = crate::component::digest(b"x");
        cache(folder.path()).put(&digest, 7, b"code").unwrap();
        // A second opening stands for a second process.
        let path = cache(folder.path()).get(&digest, 7).unwrap();
        assert!(fs::read(path).unwrap().starts_with(b"code"));
        assert_eq!(cache(folder.path()).get(&digest, 8), None);
    }

    #[test]
    fn every_piece_of_a_long_entry_counts_and_so_does_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let cache = CompileCache::open(&folder.path().join("cache"), 1 << 30).unwrap();
        let digest = crate::component::digest(b"x");
        let code: Vec<u8> = (0..5 * PIECE_BYTES + 7)
            .map(|index| (index / PIECE_BYTES) as u8)
            .collect();
        let altered = |alter: fn(&mut Vec<u8>)| {
            cache.put(&digest, 7, &code).unwrap();
            assert!(cache.get(&digest, 7).is_some());
            let path = only_entry(folder.path());
            let mut bytes = fs::read(&path).unwrap();
            alter(&mut bytes);
            fs::write(&path, bytes).unwrap();
            cache.get(&digest, 7)
        };
        assert_eq!(altered(|bytes| bytes[4 * PIECE_BYTES + 3] ^= 1), None);
        assert_eq!(altered(|bytes| bytes[5 * PIECE_BYTES + 6] ^= 1), None);
        assert_eq!(
            altered(|bytes| bytes[..2 * PIECE_BYTES].rotate_left(PIECE_BYTES)),
            None
        );
    }

    #[test]
    fn an_altered_entry_is_refused_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (crate::component::digest(b"a"), crate::component::digest(b"b"));
        let cache = cache(folder.path());
        for damage in [
            |bytes: &mut Vec<u8>| bytes[4] ^= 1,
            |bytes: &mut Vec<u8>| bytes.truncate(20),
            Vec::clear,
        ] {
            cache.put(&a, 7, b"some longer code").unwrap();
            let path = only_entry(folder.path());
            let mut bytes = fs::read(&path).unwrap();
            damage(&mut bytes);
            fs::write(&path, bytes).unwrap();
            assert_eq!(cache.get(&a, 7), None);
            assert!(!path.exists());
        }
        // One component's code under another's name.
        cache.put(&a, 7, b"code").unwrap();
        fs::rename(only_entry(folder.path()), cache.path(&b, 7)).unwrap();
        assert_eq!(cache.get(&b, 7), None);
    }

    #[test]
    fn a_folder_that_others_can_enter_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        drop(cache(folder.path()));
        fs::set_permissions(folder.path().join("cache"), Permissions::from_mode(0o755)).unwrap();
        let error = CompileCache::open(&folder.path().join("cache"), 1000).unwrap_err();
        assert!(error.to_string().contains("mode is 755"), "{error}");
    }

    #[test]
    fn entries_used_longest_ago_go_when_the_bound_is_reached() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path());
        let digests: Vec<Digest> = (0..5u8).map(|n| crate::component::digest(&[n])).collect();
        for (age, digest) in digests.iter().enumerate() {
            cache.put(digest, 7, &[0; 300]).unwrap();
            let file = File::open(cache.path(digest, 7));
            if let Ok(file) = file {
                file.set_modified(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(age as u64))
                    .unwrap();
            }
        }
        let kept: Vec<bool> = digests
            .iter()
            .map(|digest| cache.get(digest, 7).is_some())
            .collect();
        assert_eq!(kept, [false, false, true, true, true]);
    }

    #[test]
    fn many_openings_at_once_agree_on_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let keys: Vec<[u8; 32]> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| cache(path).key)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
    }
}
