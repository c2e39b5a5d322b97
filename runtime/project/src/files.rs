//! Files written whole or not at all, and folders of files that this program carries.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::ProjectError;

/// The name of the file in a written folder that tells what was written.
const STAMP: &str = ".hap-stamp";

/// Writes a file in place of what is there, and its folder where it is missing.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), ProjectError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(ProjectError::io("make the folder", folder))?;
    }
    let new = beside(path, &format!(".{}.new", std::process::id()));
    fs::write(&new, bytes)
        .and_then(|()| fs::rename(&new, path))
        .map_err(ProjectError::io("write", path))
}

/// Makes `folder` hold exactly these files, unless it is stamped with what they are already.
pub(crate) fn write_folder<'a>(
    folder: &Path,
    stamp: &str,
    files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
) -> Result<(), ProjectError> {
    if is_stamped(folder, stamp) {
        return Ok(());
    }
    remove_folder(folder)?;
    for (path, bytes) in files {
        write(&folder.join(path), bytes)?;
    }
    set_stamp(folder, stamp)
}

/// Whether a folder was completed with this stamp.
pub(crate) fn is_stamped(folder: &Path, stamp: &str) -> bool {
    fs::read_to_string(folder.join(STAMP)).is_ok_and(|there| there == stamp)
}

/// Marks a folder as complete.
pub(crate) fn set_stamp(folder: &Path, stamp: &str) -> Result<(), ProjectError> {
    write(&folder.join(STAMP), stamp.as_bytes())
}

/// Removes a folder if it is there.
pub(crate) fn remove_folder(folder: &Path) -> Result<(), ProjectError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(ProjectError::io("remove", folder)(error))
        }
        _ => Ok(()),
    }
}

/// The path with `suffix` added to its last part.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(suffix);
    PathBuf::from(beside)
}
