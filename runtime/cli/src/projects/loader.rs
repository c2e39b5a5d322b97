//! Agent projects as entrypoints: a path to a project's folder, or a name under which an agent folder holds one.

use std::path::{Path, PathBuf};

use hap::{AgentLoader, BoxFuture, EntrypointForm, FolderLoader, LoadError, LoadedBytes};
use hap_project::{Builder, Project, ProjectError, Trust, is_project};

use super::tell_output;
use crate::terminal::Terminal;

/// Loads components, and those of projects, which are built where they are stale.
pub(crate) struct ProjectLoader {
    /// Finds components.
    pub(crate) components: FolderLoader,
    /// Builds what is stale; without one, components are taken as they are.
    pub(crate) builder: Option<Builder>,
    /// Which projects may be built unasked.
    pub(crate) trust: Option<Trust>,
    /// Where the output of failed commands goes.
    pub(crate) terminal: Terminal,
}

impl AgentLoader for ProjectLoader {
    fn load<'a>(
        &'a self,
        entrypoint: &'a EntrypointForm,
        base: &'a Path,
    ) -> BoxFuture<'a, Result<LoadedBytes, LoadError>> {
        Box::pin(async move {
            let folder = match entrypoint {
                EntrypointForm::Path(path) => Some(base.join(path)).filter(|folder| folder.is_dir()),
                EntrypointForm::Name {
                    namespace,
                    name,
                    version: None,
                } => self.find(namespace, name),
                EntrypointForm::Name { .. } => None,
            };
            let component = self.components.load(entrypoint, base);
            let Some(folder) = folder else {
                return component.await;
            };
            // A component that has the name itself comes before a project that makes one.
            if let (EntrypointForm::Name { .. }, Ok(loaded)) = (entrypoint, component.await) {
                return Ok(loaded);
            }
            let output = self.output(&folder).await.map_err(|error| {
                tell_output(&self.terminal, &error);
                LoadError {
                    message: error.to_string(),
                    hint: error.hint(),
                }
            })?;
            let built = EntrypointForm::Path(output.to_string_lossy().into_owned());
            self.components.load(&built, base).await
        })
    }
}

impl ProjectLoader {
    fn find(&self, namespace: &str, name: &str) -> Option<PathBuf> {
        let folders = self.components.folders.iter();
        let mut candidates =
            folders.flat_map(|folder| [folder.join(namespace).join(name), folder.join(name)]);
        candidates.find(|folder| is_project(folder))
    }

    /// The component of the project in `folder`, built where it is stale and may be.
    async fn output(&self, folder: &Path) -> Result<PathBuf, ProjectError> {
        let project = Project::open(folder)?;
        let output = project.output();
        let Some(builder) = &self.builder else {
            return if output.is_file() {
                Ok(output)
            } else {
                Err(untrusted(&project))
            };
        };
        if self.trust.as_ref().is_some_and(|trust| trust.holds(&project)) {
            builder.build(&project, false).await?;
        } else if !builder.is_fresh(&project).await? {
            return Err(untrusted(&project));
        }
        Ok(output)
    }
}

fn untrusted(project: &Project) -> ProjectError {
    ProjectError::Untrusted {
        name: project.name().to_owned(),
        folder: project.folder().to_owned(),
        commands: project.commands(),
    }
}
