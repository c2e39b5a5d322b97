//! A project: its folder, and what its `hap.toml` says.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::embedded;
use crate::error::ProjectError;
use crate::manifest::Manifest;

/// The file that makes a folder a project.
pub const FILE_NAME: &str = "hap.toml";

/// The longest `hap.toml`, in bytes.
const MAX_MANIFEST_BYTES: u64 = 1 << 20;

/// Whether a folder is an agent project.
pub fn is_project(folder: &Path) -> bool {
    folder.join(FILE_NAME).is_file()
}

/// A folder with a `hap.toml` that could be read.
#[derive(Clone, Debug)]
pub struct Project {
    folder: PathBuf,
    manifest: Manifest,
    text: String,
}

impl Project {
    /// Reads the project in `folder`.
    ///
    /// # Errors
    /// When there is none, when its `hap.toml` is not as it must be, and when it is for another version of the contract.
    pub fn open(folder: &Path) -> Result<Project, ProjectError> {
        let path = folder.join(FILE_NAME);
        let text = match path.metadata() {
            Ok(metadata) if metadata.len() > MAX_MANIFEST_BYTES => {
                let message = format!("it is longer than {MAX_MANIFEST_BYTES} bytes");
                return Err(ProjectError::Manifest { path, message });
            }
            Ok(_) => fs::read_to_string(&path).map_err(ProjectError::io("read", &path))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ProjectError::NotAProject {
                    folder: folder.to_owned(),
                });
            }
            Err(error) => return Err(ProjectError::io("read", &path)(error)),
        };
        let manifest = Manifest::parse(&text).map_err(|message| ProjectError::Manifest { path, message })?;
        if manifest.agent.contract != *embedded::contract() {
            return Err(ProjectError::Contract {
                name: manifest.agent.name,
                theirs: manifest.agent.contract,
                ours: embedded::contract().clone(),
            });
        }
        // Commands run in the folder, so what they are told must not depend on where this process runs.
        let folder = std::path::absolute(folder).map_err(ProjectError::io("find", folder))?;
        Ok(Project {
            folder,
            manifest,
            text,
        })
    }

    /// Its folder, as an absolute path.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What its `hap.toml` says.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The agent's name.
    pub fn name(&self) -> &str {
        &self.manifest.agent.name
    }

    /// The component that it makes.
    pub fn output(&self) -> PathBuf {
        self.path(&self.manifest.build.output)
    }

    /// The commands that make it, as a person would write them.
    pub fn commands(&self) -> Vec<String> {
        self.manifest
            .build
            .commands
            .iter()
            .map(|words| shown(&self.expanded(words)))
            .collect()
    }

    /// The text of its `hap.toml`.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// A path of `hap.toml`, which is relative to the folder.
    pub(crate) fn path(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }

    /// The folder of what `hap` keeps here.
    pub(crate) fn private(&self) -> PathBuf {
        self.folder.join(".hap")
    }

    /// The folder of the SDK, relative to the project where it is given so; `None` where the language has none.
    pub(crate) fn sdk(&self) -> Option<PathBuf> {
        let agent = &self.manifest.agent;
        let carried = || embedded::sdk(&agent.language).map(|sdk| Path::new(".hap/sdk").join(sdk.name));
        agent.sdk.clone().or_else(carried)
    }

    /// A command with its placeholders replaced.
    pub(crate) fn expanded(&self, words: &[String]) -> Vec<String> {
        words.iter().map(|word| self.expand(word)).collect()
    }

    /// A word of a command with its placeholders replaced.
    pub(crate) fn expand(&self, word: &str) -> String {
        let build = &self.manifest.build;
        let mut word = word
            .replace("{wit}", ".hap/wit")
            .replace("{output}", &build.output.to_string_lossy());
        if let Some(core) = &build.core {
            word = word.replace("{core}", &core.to_string_lossy());
        }
        if let Some(sdk) = self.sdk() {
            word = word.replace("{sdk}", &sdk.to_string_lossy());
        }
        word
    }
}

/// A command as a person would write it in a shell.
pub(crate) fn shown<S: AsRef<str>>(words: &[S]) -> String {
    let quoted = words.iter().map(|word| {
        let word = word.as_ref();
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@+%{}".contains(c);
        if !word.is_empty() && word.chars().all(plain) {
            word.to_owned()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    });
    quoted.collect::<Vec<String>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[agent]\nname = 'a'\nlanguage = 'c'\ncontract = '0.1.0'\nsdk = '../sdk'\n\
                        [build]\ncommands = [['cc', '{sdk}/a.c', '-o{core}', '{x}']]\ncore = 'b/a.core'\noutput = 'b/a.wasm'\n";

    fn project(text: &str) -> Result<Project, ProjectError> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE_NAME), text).unwrap();
        Project::open(folder.path())
    }

    #[test]
    fn placeholders_are_replaced_and_other_braces_stay() {
        let project = project(TEXT).unwrap();
        let words = &project.manifest().build.commands[0];
        let words: Vec<String> = words.iter().map(|word| project.expand(word)).collect();
        assert_eq!(words, ["cc", "../sdk/a.c", "-ob/a.core", "{x}"]);
        assert_eq!(project.expand("{wit} {output}"), ".hap/wit b/a.wasm");
    }

    #[test]
    fn commands_are_shown_as_a_shell_would_take_them() {
        assert_eq!(
            shown(&["cc", "-o{core}", "a b", "it's", ""]),
            r"cc -o{core} 'a b' 'it'\''s' ''"
        );
    }

    #[test]
    fn a_project_of_another_contract_is_refused_with_what_to_do() {
        let error = project(&TEXT.replace("0.1.0", "0.0.9")).unwrap_err();
        assert!(error.to_string().contains("written for version 0.0.9"), "{error}");
        assert!(error.hint().unwrap().contains("contract = \"0.1.0\""));
        let error = project(&TEXT.replace("0.1.0", "9.0.0")).unwrap_err();
        assert!(error.hint().unwrap().contains("newer hap"));
    }

    #[test]
    fn a_folder_without_the_file_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let error = Project::open(folder.path()).unwrap_err();
        assert!(error.to_string().ends_with("it has no `hap.toml`"), "{error}");
        assert!(error.hint().unwrap().contains("hap new"));
    }
}
