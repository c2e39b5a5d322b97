//! New projects, from the templates in `templates/`. A template is a project that works as it stands, of an agent called
//! `word-count`; a new project has its own name in place of that.

use std::fs;
use std::path::{Path, PathBuf};

use crate::embedded;
use crate::error::ProjectError;
use crate::files;
use crate::manifest::is_agent_name;
use crate::project::Project;

/// The name of the agent in every template, as it is written in names, in code, and in the names of types.
const NAME: [&str; 3] = ["word-count", "word_count", "WordCount"];

/// A file of a template whose name would mean something where the template lies.
const RENAMED: (&str, &str) = ("gitignore", ".gitignore");

/// A template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Template(&'static str);

/// Why a project is not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// There is no template for the language.
    #[error("there is no template for `{language}`: there are {}", Template::all().join(", "))]
    NoTemplate {
        /// The language.
        language: String,
    },
    /// The name is none of an agent.
    #[error(
        "`{name}` is no name for an agent: write small letters, digits and single dashes, such as `word-count`"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// There is something where the project should go.
    #[error("`{}` is there already", folder.display())]
    Exists {
        /// The folder.
        folder: PathBuf,
    },
    /// A file cannot be written.
    #[error(transparent)]
    Project(#[from] ProjectError),
}

impl Template {
    /// The languages that have a template.
    pub fn all() -> Vec<&'static str> {
        embedded::template_languages()
    }

    /// The template for a language, by its name or a usual short form of it.
    ///
    /// # Errors
    /// When there is none.
    pub fn find(language: &str) -> Result<Template, TemplateError> {
        let language = language.to_lowercase();
        let name = match language.as_str() {
            "rs" => "rust",
            "py" => "python",
            "js" => "javascript",
            "ts" => "typescript",
            name => name,
        };
        let found = Template::all().into_iter().find(|known| *known == name);
        found.map(Template).ok_or(TemplateError::NoTemplate { language })
    }
}

/// Makes a project in `folder`, which must not be there or be empty.
///
/// # Errors
/// When the name is no agent's, when the folder has something in it, and when files cannot be written.
pub fn create(folder: &Path, name: &str, template: Template) -> Result<Project, TemplateError> {
    if !is_agent_name(name) {
        return Err(TemplateError::Name {
            name: name.to_owned(),
        });
    }
    let free = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(_) => !folder.exists(),
    };
    if !free {
        return Err(TemplateError::Exists {
            folder: folder.to_owned(),
        });
    }
    let mine = names(name);
    for (path, bytes) in embedded::template(template.0) {
        let path = if path == RENAMED.0 { RENAMED.1 } else { path };
        let rename = |text: &str| {
            NAME.iter()
                .zip(&mine)
                .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
        };
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => rename(text).into_bytes(),
            Err(_) => bytes.to_vec(),
        };
        files::write(&folder.join(rename(path)), &text)?;
    }
    Ok(Project::open(folder)?)
}

/// The three ways to write a name.
fn names(name: &str) -> [String; 3] {
    let capital = |part: &str| {
        let mut letters = part.chars();
        letters
            .next()
            .map(|first| first.to_uppercase().chain(letters).collect::<String>())
            .unwrap_or_default()
    };
    [
        name.to_owned(),
        name.replace('-', "_"),
        name.split('-').map(capital).collect(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_becomes_a_project_with_a_graph_of_its_own_name() {
        for language in Template::all() {
            let folder = tempfile::tempdir().unwrap();
            let place = folder.path().join("my-agent2");
            let project = create(&place, "my-agent2", Template::find(language).unwrap()).unwrap();
            assert_eq!(
                (project.name(), project.manifest().agent.language.as_str()),
                ("my-agent2", language)
            );
            assert!(place.join("graph.yaml").is_file(), "{language}");
            assert!(
                fs::read_to_string(place.join(".gitignore"))
                    .unwrap()
                    .contains(".hap/"),
                "{language}"
            );
            assert!(place.join("README.md").is_file(), "{language}");
        }
    }

    #[test]
    fn what_is_there_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("x"), "").unwrap();
        let error = create(folder.path(), "a", Template::find("rs").unwrap()).unwrap_err();
        assert!(matches!(error, TemplateError::Exists { .. }));
    }

    #[test]
    fn bad_names_and_languages_are_told_with_the_good_ones() {
        let folder = tempfile::tempdir().unwrap();
        let error = create(
            &folder.path().join("x"),
            "My Agent",
            Template::find("rust").unwrap(),
        )
        .unwrap_err();
        assert!(error.to_string().contains("such as `word-count`"), "{error}");
        let error = Template::find("cobol").unwrap_err().to_string();
        assert!(
            error.starts_with("there is no template for `cobol`: there are "),
            "{error}"
        );
        assert!(error.contains("rust"), "{error}");
    }
}
