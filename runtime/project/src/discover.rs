//! Finding the projects in a folder.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::ProjectError;
use crate::project::{Project, is_project};

/// How deep projects are looked for.
const MAX_DEPTH: usize = 6;

/// How many projects one command looks at.
const MAX_PROJECTS: usize = 1000;

/// The project in `folder`, or all projects below it, sorted by folder. Below a project none is looked for, nor in hidden
/// folders and those that tools fill.
///
/// # Errors
/// When there is none, or one cannot be read.
pub fn discover(folder: &Path) -> Result<Vec<Project>, ProjectError> {
    if !folder.is_dir() || is_project(folder) {
        return Ok(vec![Project::open(folder)?]);
    }
    let mut found = Vec::new();
    walk(folder, 0, &mut found);
    found.sort();
    if found.is_empty() {
        return Err(ProjectError::NoProjects {
            folder: folder.to_owned(),
        });
    }
    found.iter().map(|folder| Project::open(folder)).collect()
}

/// Folders that cannot be read hold no projects that could be built.
fn walk(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let left_out = name.starts_with('.') || ["target", "node_modules"].contains(&&*name);
        if left_out || found.len() >= MAX_PROJECTS || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let path = entry.path();
        if is_project(&path) {
            found.push(path);
        } else if depth < MAX_DEPTH {
            walk(&path, depth + 1, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::FILE_NAME;

    #[test]
    fn projects_are_found_below_a_folder_but_not_in_one_another() {
        let folder = tempfile::tempdir().unwrap();
        let text = "[agent]\nname = 'a'\nlanguage = 'zig'\ncontract = '0.1.0'\n\
                    [build]\ncommands = [['zig']]\noutput = 'a.wasm'\n";
        for path in ["b/one", "a", "a/inner", "node_modules/x", ".hidden"] {
            fs::create_dir_all(folder.path().join(path)).unwrap();
            fs::write(folder.path().join(path).join(FILE_NAME), text).unwrap();
        }
        let found = discover(folder.path()).unwrap();
        let found: Vec<&Path> = found
            .iter()
            .map(|project| project.folder().strip_prefix(folder.path()).unwrap())
            .collect();
        assert_eq!(found, [Path::new("a"), Path::new("b/one")]);
        assert!(matches!(
            discover(&folder.path().join(".hidden/x")),
            Err(ProjectError::NotAProject { .. })
        ));
        let empty = tempfile::tempdir().unwrap();
        assert!(matches!(
            discover(empty.path()),
            Err(ProjectError::NoProjects { .. })
        ));
    }
}
