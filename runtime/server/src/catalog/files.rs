//! The files of a server's folders: which there are, whether they changed, and what was read from them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use hap::{EntrypointForm, Graph, NodeAgent, NodeBody};

use super::change::{CatalogChange, Change, Offered};
use super::locked;

/// How many files of a folder are looked at.
const MAX_FILES: usize = 10_000;

/// A file as it was when it was read last.
#[derive(Clone, Debug, PartialEq, Eq)]
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

    /// `None` when there is no such file.
    fn at(path: &Path) -> Option<Stamp> {
        Some(Stamp::of(&path.metadata().ok()?))
    }
}

/// The other files that a file names, each as it was when it was read last, or missing.
#[derive(Clone, Debug, Default)]
pub(super) struct Others(Vec<(PathBuf, Option<Stamp>)>);

impl Others {
    /// As they are now; one that was written since `began`, when they began to be read, counts as changed.
    pub(super) fn read(paths: Vec<PathBuf>, began: SystemTime) -> Others {
        let stamped = paths.into_iter().map(|path| {
            let mut stamp = Stamp::at(&path);
            if let Some(stamp) = &mut stamp
                && stamp.modified.is_some_and(|modified| modified >= began)
            {
                stamp.modified = None;
            }
            (path, stamp)
        });
        Others(stamped.collect())
    }

    fn changed(&self) -> bool {
        self.0.iter().any(|(path, stamp)| Stamp::at(path) != *stamp)
    }
}

/// What was read from one file: an entry, or why it cannot be used. A broken file keeps the entry that it had before.
pub(super) struct FromFile<T> {
    pub(super) stamp: Stamp,
    pub(super) others: Others,
    pub(super) entry: Option<Arc<T>>,
    pub(super) trouble: Option<String>,
}

/// Keeps what was read, and tells it. A broken file keeps the entry that it had before.
pub(super) fn keep<T>(
    files: &Mutex<BTreeMap<String, FromFile<T>>>,
    what: Offered,
    name: String,
    (stamp, others): (Stamp, Others),
    read: Result<T, String>,
) -> CatalogChange {
    let mut files = locked(files);
    let before = files.remove(&name).and_then(|file| file.entry);
    let kept = before.is_some();
    let (change, entry, trouble) = match read {
        Ok(entry) if kept => (Change::Changed, Some(Arc::new(entry)), None),
        Ok(entry) => (Change::Added, Some(Arc::new(entry)), None),
        Err(reason) => {
            let trouble = Some(reason.clone());
            (Change::Refused { reason, kept }, before, trouble)
        }
    };
    let file = FromFile {
        stamp,
        others,
        entry,
        trouble,
    };
    files.insert(name.clone(), file);
    CatalogChange { what, name, change }
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
    what: Offered,
    found: &Files,
    told: &mut Vec<CatalogChange>,
) {
    locked(known).retain(|name, _| {
        let stays = found.contains_key(name);
        if !stays {
            told.push(CatalogChange {
                what,
                name: name.clone(),
                change: Change::Removed,
            });
        }
        stays
    });
}

/// Those of `found` that are not known as they are now.
pub(super) async fn changed<T>(
    known: &Mutex<BTreeMap<String, FromFile<T>>>,
    found: &Files,
) -> BTreeSet<String> {
    let mut changed = BTreeSet::new();
    let mut with_others = Vec::new();
    {
        let known = locked(known);
        for (name, (_, stamp)) in found {
            match known.get(name) {
                Some(file) if file.stamp == *stamp && file.others.0.is_empty() => {}
                Some(file) if file.stamp == *stamp => with_others.push((name.clone(), file.others.clone())),
                _ => drop(changed.insert(name.clone())),
            }
        }
    }
    let others = tokio::task::spawn_blocking(move || {
        with_others.retain(|(_, others)| others.changed());
        with_others
    });
    let others = others.await.unwrap_or_default();
    changed.extend(others.into_iter().map(|(name, _)| name));
    changed
}

/// The names of those that can be used.
pub(super) fn usable<T>(files: &Mutex<BTreeMap<String, FromFile<T>>>) -> Vec<String> {
    let files = locked(files);
    let usable = files.iter().filter(|(_, file)| file.entry.is_some());
    usable.map(|(name, _)| name.clone()).collect()
}

/// The files of the components that a graph names by their paths.
pub(super) fn component_files(graph: &Graph) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for graph in graph.with_nested() {
        let folder = graph
            .source
            .as_deref()
            .and_then(|source| Path::new(source).parent());
        for node in &graph.nodes {
            if let NodeBody::Agent(NodeAgent::Entrypoint(entrypoint)) = &node.body
                && let Ok(EntrypointForm::Path(path)) = entrypoint.parse()
            {
                files.push(folder.unwrap_or(Path::new("")).join(path));
            }
        }
    }
    files
}
