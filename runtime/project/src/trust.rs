//! Which projects this user has asked to build. Building runs a project's commands with the user's rights, so nothing
//! builds a project by itself that its user has not built before; and one whose `hap.toml` has changed since counts as
//! another.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::ProjectError;
use crate::files;
use crate::project::Project;

/// The projects that this user has asked to build.
#[derive(Clone, Debug)]
pub struct Trust {
    folder: PathBuf,
}

impl Trust {
    /// Where this user's programs keep such things: `$XDG_STATE_HOME/hap/projects`, else `~/.local/state/hap/projects`;
    /// `None` where neither is known.
    pub fn of_user() -> Option<Trust> {
        let absolute = |name: &str| {
            std::env::var_os(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        let base =
            absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/state")))?;
        Some(Trust::at(&base.join("hap").join("projects")))
    }

    /// Kept in this folder.
    pub fn at(folder: &Path) -> Trust {
        Trust {
            folder: folder.to_owned(),
        }
    }

    /// Remembers that the user has asked to build the project.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn add(&self, project: &Project) -> Result<(), ProjectError> {
        if self.holds(project) {
            return Ok(());
        }
        files::write(&self.path(project), entry(project).as_bytes())
    }

    /// Whether the user has asked to build the project as it is.
    pub fn holds(&self, project: &Project) -> bool {
        fs::read_to_string(self.path(project)).is_ok_and(|there| there == entry(project))
    }

    fn path(&self, project: &Project) -> PathBuf {
        let place = place(project);
        let name = blake3::hash(place.as_os_str().as_encoded_bytes()).to_hex();
        self.folder.join(name.as_str())
    }
}

fn entry(project: &Project) -> String {
    let manifest = blake3::hash(project.text().as_bytes()).to_hex();
    format!("{manifest} {}\n", place(project).display())
}

/// The folder itself, however it was named.
fn place(project: &Project) -> PathBuf {
    let folder = project.folder();
    folder.canonicalize().unwrap_or_else(|_| folder.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::FILE_NAME;

    #[test]
    fn a_project_is_trusted_where_it_is_and_as_it_is() {
        let text = "[agent]\nname = 'a'\nlanguage = 'zig'\ncontract = '0.1.0'\n\
                    [build]\ncommands = [['zig']]\noutput = 'a.wasm'\n";
        let folder = tempfile::tempdir().unwrap();
        let project = |name: &str, text: &str| {
            let folder = folder.path().join(name);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(FILE_NAME), text).unwrap();
            Project::open(&folder).unwrap()
        };
        let trust = Trust::at(&folder.path().join("state"));
        let one = project("one", text);
        assert!(!trust.holds(&one));
        trust.add(&one).unwrap();
        assert!(trust.holds(&one));
        assert!(!trust.holds(&project("two", text)));
        assert!(!trust.holds(&project("one", &text.replace("['zig']", "['rm']"))));
    }
}
