//! Documents from a folder, without a way out of it.
//!
//! Every name is walked segment by segment, each from the open folder before it, and no segment may be a symbolic link. So
//! there is nothing between checking and opening that somebody could change, and no link can give a document a second name
//! that other grants cover.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use hap_model::{BoxFuture, ResourceEntry, ResourceError, ResourceProvider, is_canonical};
use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat, fstat, openat, statat};
use rustix::io::Errno;

/// How deep folders may stand in one another; what is deeper is not there.
const MAX_DEPTH: usize = 64;

/// How many files and folders may be looked at for a listing. A listing of a part would depend on the order in which the
/// file system tells them, so with more there is none.
const MAX_LOOKED_AT: usize = 100_000;

/// Serves the files of a folder and its subfolders as read-only documents; a document's name is its path within the folder,
/// with `/` between the segments.
///
/// Only what is a regular file, is reached through folders alone, and has a [canonical](is_canonical) name is there:
/// symbolic links, wherever they lead, devices, pipes and sockets are not, nor are names that are no UTF-8 or what lies
/// deeper than 64 levels. Listing fails for a folder with more than 100 000 files and folders in it; its documents can be
/// read all the same.
#[derive(Clone, Debug)]
pub struct FolderResources {
    root: Arc<OwnedFd>,
}

impl FolderResources {
    /// Opens the folder. It stays the same one, even if its path later leads elsewhere.
    ///
    /// # Errors
    /// When there is no such folder, or it cannot be opened.
    pub fn open(folder: impl AsRef<Path>) -> io::Result<FolderResources> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = openat(CWD, folder.as_ref(), flags, Mode::empty())?;
        Ok(FolderResources { root: Arc::new(root) })
    }
}

impl ResourceProvider for FolderResources {
    fn list(&self) -> BoxFuture<'_, Result<Vec<ResourceEntry>, ResourceError>> {
        let root = self.root.clone();
        Box::pin(elsewhere(move || list(&root, MAX_LOOKED_AT)))
    }

    fn read<'a>(
        &'a self,
        name: &'a str,
        offset: u64,
        max_bytes: u32,
    ) -> BoxFuture<'a, Result<Vec<u8>, ResourceError>> {
        let (root, name) = (self.root.clone(), name.to_owned());
        Box::pin(elsewhere(move || read(&root, &name, offset, max_bytes)))
    }
}

/// Files are read where they hold up no other task.
async fn elsewhere<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, ResourceError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(io::Error::other)
        .flatten()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => ResourceError::NotFound,
            _ => ResourceError::Io(error.to_string()),
        })
}

fn read(root: &OwnedFd, name: &str, offset: u64, max_bytes: u32) -> io::Result<Vec<u8>> {
    let mut file = document(root, name)?;
    let mut bytes = Vec::new();
    // Whoever asks for nothing asks whether it is there.
    if max_bytes > 0 && offset < file.metadata()?.len() {
        file.seek(SeekFrom::Start(offset))?;
        file.take(max_bytes.into()).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// Opens a document.
fn document(root: &OwnedFd, name: &str) -> io::Result<File> {
    let not_found = || io::Error::from(io::ErrorKind::NotFound);
    if !is_canonical(name) {
        return Err(not_found());
    }
    let (folder, file) = match name.rsplit_once('/') {
        Some((folder, file)) => (Some(descend(root, folder)?), file),
        None => (None, name),
    };
    let folder = folder.as_ref().unwrap_or(root);
    // Opening alone can do things: a pipe waits for its other end, a tape rewinds. So what it is is asked before, and again
    // of what was opened.
    if !is_file(&statat(folder, file, AtFlags::SYMLINK_NOFOLLOW).map_err(absent)?) {
        return Err(not_found());
    }
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let opened = openat(folder, file, flags, Mode::empty()).map_err(absent)?;
    if !is_file(&fstat(&opened)?) {
        return Err(not_found());
    }
    Ok(opened.into())
}

/// Opens the folder of a canonical name.
fn descend(root: &OwnedFd, name: &str) -> io::Result<OwnedFd> {
    let mut folder = None;
    for (depth, segment) in name.split('/').enumerate() {
        if depth + 1 >= MAX_DEPTH {
            return Err(io::ErrorKind::NotFound.into());
        }
        let inner = subfolder(folder.as_ref().unwrap_or(root), segment)?;
        folder = Some(inner);
    }
    folder.ok_or_else(|| io::ErrorKind::NotFound.into())
}

fn subfolder(folder: impl AsFd, name: &str) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(folder, name, flags, Mode::empty()).map_err(absent)
}

/// What is not there as a document is not there: a link or a file where a folder should be.
fn absent(error: Errno) -> io::Error {
    match error {
        Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::NAMETOOLONG => io::ErrorKind::NotFound.into(),
        error => error.into(),
    }
}

fn is_file(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
}

fn list(root: &OwnedFd, max_looked_at: usize) -> io::Result<Vec<ResourceEntry>> {
    let mut documents = Vec::new();
    let mut looked_at = 0;
    // Folders are named and not kept open: there can be more of them than files may be open.
    let mut folders = vec![String::new()];
    while let Some(name) = folders.pop() {
        let opened = match name.as_str() {
            "" => subfolder(root, "."),
            name => descend(root, name),
        };
        let folder = match opened {
            Ok(folder) => folder,
            // Gone since it was seen, or closed to this user.
            Err(error)
                if !name.is_empty()
                    && matches!(
                        error.kind(),
                        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied
                    ) =>
            {
                continue;
            }
            Err(error) => return Err(error),
        };
        for entry in Dir::read_from(&folder)? {
            let entry = entry?;
            looked_at += 1;
            if looked_at > max_looked_at {
                let message = format!("the folder has more than {max_looked_at} files and folders");
                return Err(io::Error::other(message));
            }
            let Ok(file) = entry.file_name().to_str() else {
                continue;
            };
            let path = match name.as_str() {
                "" => file.to_owned(),
                name => format!("{name}/{file}"),
            };
            if !is_canonical(&path) {
                continue;
            }
            let Ok(stat) = statat(&folder, file, AtFlags::SYMLINK_NOFOLLOW) else {
                continue;
            };
            match FileType::from_raw_mode(stat.st_mode) {
                FileType::RegularFile => documents.push(ResourceEntry {
                    name: path,
                    media_type: None,
                    size: u64::try_from(stat.st_size).ok(),
                }),
                FileType::Directory if path.split('/').count() < MAX_DEPTH => folders.push(path),
                _ => {}
            }
        }
    }
    Ok(documents)
}

#[cfg(test)]
mod tests;
