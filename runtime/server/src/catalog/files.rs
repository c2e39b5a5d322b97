//! The files of a server's folders: which there are, whether they changed, and what was read from them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use super::locked;

/// How many files of a folder are looked at.
const MAX_FILES: usize = 10_000;

/// A file as it was when it was read last.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
}

impl Stamp {
    fn of(metadata: &std::fs::Metadata) -> Stamp {
        Stamp {
            modified: metadata.modified().ok(),
            length: metadata.len(),
        }
    }
}

/// What was read from one file: an entry, or why it cannot be used. A broken file keeps the entry that it had before.
pub(super) struct FromFile<T> {
    pub(super) stamp: Stamp,
    pub(super) entry: Option<Arc<T>>,
    pub(super) trouble: Option<String>,
}

/// Keeps what was read, and tells it. A broken file keeps the entry that it had before.
pub(super) fn keep<T>(
    files: &Mutex<BTreeMap<String, FromFile<T>>>,
    what: &str,
    name: String,
    stamp: Stamp,
    read: Result<T, String>,
    told: &mut Vec<String>,
) {
    let mut files = locked(files);
    let before = files.remove(&name).and_then(|file| file.entry);
    let file = match read {
        Ok(entry) => {
            let verb = if before.is_some() { "changed" } else { "ready" };
            told.push(format!("{what} `{name}` is {verb}"));
            FromFile {
                stamp,
                entry: Some(Arc::new(entry)),
                trouble: None,
            }
        }
        Err(trouble) => {
            let rest = if before.is_some() {
                "; the one before it stays"
            } else {
                ""
            };
            told.push(format!("{what} `{name}` cannot be used{rest}: {trouble}"));
            FromFile {
                stamp,
                entry: before,
                trouble: Some(trouble),
            }
        }
    };
    files.insert(name, file);
}

/// Files by the name of what is in them.
pub(super) type Files = BTreeMap<String, (PathBuf, Stamp)>;

/// The files of some folders and of the folders in them, by name: `folder:file` without its ending. Of two with one name the
/// first folder's counts.
pub(super) async fn files(folders: &[PathBuf], endings: &'static [&'static str]) -> Files {
    let folders = folders.to_vec();
    let read = tokio::task::spawn_blocking(move || {
        let mut files = Files::new();
        for folder in folders.iter().rev() {
            list(folder, None, endings, &mut files);
        }
        files
    });
    read.await.unwrap_or_default()
}

fn list(folder: &Path, namespace: Option<&str>, endings: &[&str], files: &mut Files) {
    // A folder that is not there has no files; the command that starts the server tells that.
    for entry in std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .take(MAX_FILES)
    {
        let path = entry.path();
        let Ok(metadata) = path.metadata() else { continue };
        let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) else {
            continue;
        };
        if metadata.is_dir() && namespace.is_none() {
            list(&path, Some(stem), endings, files);
            continue;
        }
        let ending = path.extension().and_then(|ending| ending.to_str());
        if !metadata.is_file() || !ending.is_some_and(|ending| endings.contains(&ending)) {
            continue;
        }
        let name = match namespace {
            Some(namespace) => format!("{namespace}:{stem}"),
            None => stem.to_owned(),
        };
        let stamp = Stamp::of(&metadata);
        files.insert(name, (path, stamp));
    }
}

/// Adds files that have their names from elsewhere, where they are there. A file of a folder comes before one of its name.
pub(super) fn add_files(named: &[(String, PathBuf)], files: &mut Files) {
    for (name, path) in named {
        if let Ok(metadata) = path.metadata()
            && metadata.is_file()
        {
            let stamp = Stamp::of(&metadata);
            files.entry(name.clone()).or_insert_with(|| (path.clone(), stamp));
        }
    }
}

/// Drops what is in no folder any more.
pub(super) fn forget<T>(
    known: &Mutex<BTreeMap<String, FromFile<T>>>,
    what: &str,
    is_there: impl Fn(&str) -> bool,
    told: &mut Vec<String>,
) {
    locked(known).retain(|name, _| {
        let stays = is_there(name);
        if !stays {
            told.push(format!("{what} `{name}` is gone"));
        }
        stays
    });
}
