//! The files that a component is made from, by their content. What tools write into a project is not among them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::embedded;
use crate::error::ProjectError;
use crate::project::{FILE_NAME, Project};

/// How many files are looked at.
const MAX_FILES: usize = 20_000;

/// How many bytes they may have together.
const MAX_BYTES: u64 = 512 << 20;

/// Folders that tools fill.
const LEFT_OUT: &[&str] = &["target", "node_modules", "build", "dist", "__pycache__"];

/// A project's input files at one moment, each with its length and when it was last changed: enough to see cheaply that
/// something was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputTrace(BTreeMap<PathBuf, (u64, Option<SystemTime>)>);

impl InputTrace {
    /// The input files as they stand.
    ///
    /// # Errors
    /// When they cannot be listed, or are too many.
    pub fn take(project: &Project) -> Result<InputTrace, ProjectError> {
        let trace = |path: PathBuf| {
            let metadata = path.metadata().ok()?;
            Some((path, (metadata.len(), metadata.modified().ok())))
        };
        let manifest = project.folder().join(FILE_NAME);
        let paths = paths(project, |_| Ok(()))?.into_iter().chain([manifest]);
        Ok(InputTrace(paths.filter_map(trace).collect()))
    }

    /// How many files there are.
    #[expect(clippy::len_without_is_empty, reason = "`hap.toml` is always among them")]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// The content of a project's inputs at one moment, by file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Inputs(BTreeMap<PathBuf, blake3::Hash>);

impl Inputs {
    /// Reads the inputs. Those that are not there are left out: building may be what makes them, as it makes lock files.
    pub(crate) fn read(project: &Project) -> Result<Inputs, ProjectError> {
        Inputs::read_where(project, |_| Ok(()))
    }

    /// As [`Inputs::read`], after building, when all that `hap.toml` names must be there.
    pub(crate) fn read_all(project: &Project) -> Result<Inputs, ProjectError> {
        Inputs::read_where(project, |path| {
            Err(ProjectError::NoInput {
                name: project.name().to_owned(),
                path: path.to_owned(),
            })
        })
    }

    fn read_where(
        project: &Project,
        absent: impl Fn(&Path) -> Result<(), ProjectError>,
    ) -> Result<Inputs, ProjectError> {
        let mut hashes = BTreeMap::new();
        let mut left = MAX_BYTES;
        for path in paths(project, absent)? {
            let length = path.metadata().map(|metadata| metadata.len()).unwrap_or(0);
            left = left
                .checked_sub(length)
                .ok_or_else(|| too_many(project, "512 MiB"))?;
            // A file that went away meanwhile is no input any more.
            if let Ok(bytes) = fs::read(&path) {
                hashes.insert(path, blake3::hash(&bytes));
            }
        }
        Ok(Inputs(hashes))
    }

    /// Whether every file of these is as it was in `later`, which may have more.
    pub(crate) fn all_in(&self, later: &Inputs) -> bool {
        self.0.iter().all(|(path, hash)| later.0.get(path) == Some(hash))
    }

    /// One value for all: the files, what `hap.toml` says, and the contract and SDK that this program carries.
    pub(crate) fn digest(&self, project: &Project) -> String {
        let mut hasher = blake3::Hasher::new();
        let mut add = |part: &[u8]| {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        };
        add(project.text().as_bytes());
        add(embedded::wit_digest().as_bytes());
        if let Some(sdk) = embedded::sdk(&project.manifest().agent.language) {
            add(sdk.digest().as_bytes());
        }
        for (path, hash) in &self.0 {
            // Relative, so that a project can be moved.
            add(path
                .strip_prefix(project.folder())
                .unwrap_or(path)
                .as_os_str()
                .as_encoded_bytes());
            add(hash.as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }
}

/// The paths of all input files, sorted; `absent` is asked about each that is not there.
fn paths(
    project: &Project,
    absent: impl Fn(&Path) -> Result<(), ProjectError>,
) -> Result<Vec<PathBuf>, ProjectError> {
    let build = &project.manifest().build;
    let core = build.core.as_deref().map(|core| project.path(core));
    let made = [Some(project.output()), core];
    let mut found = Vec::new();
    for input in project.manifest().agent.sdk.iter().chain(&build.inputs) {
        // `.` as a part of a path would hide that two paths are one.
        let path: PathBuf = project.path(input).components().collect();
        match path.metadata() {
            Ok(metadata) if metadata.is_dir() => walk(project, &path, &mut found)?,
            Ok(_) => found.push(path),
            Err(_) => absent(input)?,
        }
    }
    found.retain(|path| !made.iter().flatten().any(|made| made == path));
    found.sort();
    found.dedup();
    Ok(found)
}

/// Adds the files below `folder`. Links to folders are not followed: they could lead in a circle.
fn walk(project: &Project, folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), ProjectError> {
    let entries = fs::read_dir(folder).map_err(ProjectError::io("read the folder", folder))?;
    for entry in entries {
        let entry = entry.map_err(ProjectError::io("read the folder", folder))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if LEFT_OUT.contains(&&*name)
            || name.starts_with('.') && name != ".cargo"
            || name.ends_with(".egg-info")
        {
            continue;
        }
        let path = entry.path();
        let kind = entry.file_type().map_err(ProjectError::io("read", &path))?;
        if kind.is_dir() {
            walk(project, &path, found)?;
        } else if kind.is_file() || path.is_file() {
            found.push(path);
        }
        if found.len() > MAX_FILES {
            return Err(too_many(project, "20000 files"));
        }
    }
    Ok(())
}

fn too_many(project: &Project, limit: &'static str) -> ProjectError {
    ProjectError::TooManyInputs {
        name: project.name().to_owned(),
        limit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[agent]\nname = 'a'\nlanguage = 'zig'\ncontract = '0.1.0'\n\
                        [build]\ncommands = [['zig']]\noutput = 'a.wasm'\n";

    fn project(folder: &Path, text: &str) -> Project {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join(FILE_NAME), text).unwrap();
        Project::open(folder).unwrap()
    }

    fn digest(project: &Project) -> String {
        Inputs::read(project).unwrap().digest(project)
    }

    #[test]
    fn content_decides_and_not_the_time_or_place() {
        let folder = tempfile::tempdir().unwrap();
        let (here, there) = (folder.path().join("here"), folder.path().join("there"));
        let one = project(&here, TEXT);
        fs::write(here.join("main.zig"), "a").unwrap();
        let before = digest(&one);
        fs::write(here.join("main.zig"), "a").unwrap();
        assert_eq!(digest(&one), before);
        let two = project(&there, TEXT);
        fs::write(there.join("main.zig"), "a").unwrap();
        assert_eq!(digest(&two), before);
        fs::write(here.join("main.zig"), "b").unwrap();
        assert_ne!(digest(&one), before);
    }

    #[test]
    fn what_tools_write_is_no_input() {
        let folder = tempfile::tempdir().unwrap();
        let project = project(folder.path(), TEXT);
        let before = digest(&project);
        for file in [
            "a.wasm",
            "target/x",
            ".hap/x",
            "node_modules/x/y",
            "sub/__pycache__/x",
            ".swap",
        ] {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        assert_eq!(digest(&project), before);
        fs::create_dir(folder.path().join(".cargo")).unwrap();
        fs::write(folder.path().join(".cargo/config.toml"), "").unwrap();
        assert_ne!(digest(&project), before);
    }

    #[test]
    fn named_inputs_may_lie_outside_and_must_be_there() {
        let folder = tempfile::tempdir().unwrap();
        let text = TEXT.replace("output", "inputs = ['src', '../shared.txt']\noutput");
        let project = project(&folder.path().join("p"), &text);
        assert!(Inputs::read(&project).is_ok());
        let error = Inputs::read_all(&project).unwrap_err();
        assert!(
            error.to_string().contains("`src`, which `build.inputs` names"),
            "{error}"
        );
        fs::create_dir(folder.path().join("p/src")).unwrap();
        fs::write(folder.path().join("shared.txt"), "1").unwrap();
        let before = digest(&project);
        fs::write(folder.path().join("p/other.txt"), "x").unwrap();
        assert_eq!(digest(&project), before);
        fs::write(folder.path().join("shared.txt"), "2").unwrap();
        assert_ne!(digest(&project), before);
    }

    #[cfg(unix)]
    #[test]
    fn links_that_lead_in_a_circle_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let project = project(folder.path(), TEXT);
        std::os::unix::fs::symlink(folder.path(), folder.path().join("loop")).unwrap();
        assert_eq!(Inputs::read(&project).unwrap().0.len(), 1);
    }
}
