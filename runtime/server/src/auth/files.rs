//! Files that decide who gets in: read with a bound and a look at who else can touch them, replaced in one
//! step, and locked between processes.
//!
//! What must stay true:
//! - The permissions that are checked are those of the file that is read: they are asked of the open file.
//! - A reader sees the old file or the new one, whole. A crash leaves at worst a temporary file.
//! - A lock ends with the process that holds it, because the operating system keeps it.
//!
//! Outside unix there are no modes, so there nothing is checked but kind and size.

use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

/// How often a lock that another process holds is asked for again.
const LOCK_RETRY: Duration = Duration::from_millis(10);

/// A file that can't be used. Names the file, never what is in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The operating system refused.
    #[error("`{path}`: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// It is a folder, a pipe or a device.
    #[error("`{path}` is not a regular file")]
    NotAFile {
        /// The file.
        path: PathBuf,
    },
    /// Others can read or write it.
    #[error("`{path}` has mode {mode:04o}, so others can {}: set it to {} first", touch(*.allowed), remedy(*.allowed))]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
        /// Who may touch such a file.
        allowed: Access,
    },
    /// It is larger than anything sensible.
    #[error("`{path}` is larger than {limit} bytes")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The bound, in bytes.
        limit: u64,
    },
    /// Another process holds the lock and does not let go.
    #[error("`{path}` is locked by another process")]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// The operating system gave no random bytes for the name of a temporary file.
    #[error("no random bytes are to be had")]
    NoRandomness,
}

/// Who may touch a file besides its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// Nobody: it holds secrets, or what secrets are checked against.
    OwnerOnly,
    /// All may read it, nobody else may write it: public keys.
    Readable,
}

impl Access {
    /// The permission bits that a file must not have.
    #[cfg(unix)]
    fn forbidden(self) -> u32 {
        match self {
            Self::OwnerOnly => 0o077,
            Self::Readable => 0o022,
        }
    }
}

fn touch(allowed: Access) -> &'static str {
    match allowed {
        Access::OwnerOnly => "read or write it",
        Access::Readable => "write it",
    }
}

fn remedy(allowed: Access) -> &'static str {
    match allowed {
        Access::OwnerOnly => "0600",
        Access::Readable => "0644",
    }
}

/// What tells one version of a file from the next without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
    /// A replaced file is another inode, even within one tick of the clock. 0 outside unix.
    inode: u64,
    /// A file that was opened to others is a change too. 0 outside unix.
    mode: u32,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let (inode, mode) = {
            use std::os::unix::fs::MetadataExt;
            (metadata.ino(), metadata.mode())
        };
        #[cfg(not(unix))]
        let (inode, mode) = (0, 0);
        Self {
            modified: metadata.modified().ok(),
            bytes: metadata.len(),
            inode,
            mode,
        }
    }
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> FileError + '_ {
    move |source| FileError::Io {
        path: path.to_owned(),
        source,
    }
}

/// The stamp of the file, or `None` when there is no file.
pub(crate) fn stamp(path: &Path) -> Result<Option<Stamp>, FileError> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(Stamp::of(&metadata))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_error(path)(error)),
    }
}

/// Reads the file, or gives `None` when there is none.
///
/// # Errors
/// [`FileError`] when it is no file, larger than `limit` bytes, or others can touch it more than `allowed`.
pub(crate) fn read(path: &Path, limit: u64, allowed: Access) -> Result<Option<(Vec<u8>, Stamp)>, FileError> {
    // Looked at before it is opened, because opening a pipe would wait for a writer.
    match fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => {
            return Err(FileError::NotAFile {
                path: path.to_owned(),
            });
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Ok(_) => {}
        Err(error) => return Err(io_error(path)(error)),
    }
    let file = File::open(path).map_err(io_error(path))?;
    let metadata = file.metadata().map_err(io_error(path))?;
    if !metadata.is_file() {
        return Err(FileError::NotAFile {
            path: path.to_owned(),
        });
    }
    check_mode(path, &metadata, allowed)?;
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(io_error(path))?;
    if bytes.len() as u64 > limit {
        return Err(FileError::TooLarge {
            path: path.to_owned(),
            limit,
        });
    }
    Ok(Some((bytes, Stamp::of(&metadata))))
}

#[cfg(unix)]
fn check_mode(path: &Path, metadata: &Metadata, allowed: Access) -> Result<(), FileError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & allowed.forbidden() != 0 {
        return Err(FileError::Exposed {
            path: path.to_owned(),
            mode,
            allowed,
        });
    }
    Ok(())
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "it can fail on unix")]
fn check_mode(_path: &Path, _metadata: &Metadata, _allowed: Access) -> Result<(), FileError> {
    Ok(())
}

/// Replaces the file by one that only its owner can touch, and says what it looks like now.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<Stamp, FileError> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|_| FileError::NoRandomness)?;
    // Beside the file, for a rename is one step only within one file system.
    let temporary = beside(path, &format!("{:016x}.tmp", u64::from_ne_bytes(random)));
    let written = write_new(&temporary, bytes).and_then(|stamp| {
        fs::rename(&temporary, path).map_err(io_error(path))?;
        Ok(stamp)
    });
    if written.is_err() {
        // The first error is the one to report; a file that stays behind is harmless.
        let _ = fs::remove_file(&temporary);
    }
    let stamp = written?;
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        // Without this a power cut could bring the old file back, and with it a revoked token.
        let folder = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(io_error(path))?;
    }
    Ok(stamp)
}

fn write_new(path: &Path, bytes: &[u8]) -> Result<Stamp, FileError> {
    let mut file = private()
        .write(true)
        .create_new(true)
        .open(path)
        .map_err(io_error(path))?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(io_error(path))?;
    Ok(Stamp::of(&file.metadata().map_err(io_error(path))?))
}

/// Options that make a new file the owner's alone from its first moment.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

/// The right to replace a file, until it is dropped. Holds between processes and between threads.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "the lock lives as long as the file is open")] File);

impl Lock {
    /// Waits for the lock of `path`, at most as long as `patience`.
    pub(crate) fn take(path: &Path, patience: Duration) -> Result<Self, FileError> {
        // A file of its own, which stays: a lock on the file itself would be lost when that is replaced.
        let path = beside(path, "lock");
        let file = private()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(io_error(&path))?;
        let since = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self(file)),
                Err(TryLockError::WouldBlock) if since.elapsed() < patience => thread::sleep(LOCK_RETRY),
                Err(TryLockError::WouldBlock) => return Err(FileError::Locked { path }),
                Err(TryLockError::Error(source)) => return Err(FileError::Io { path, source }),
            }
        }
    }
}
