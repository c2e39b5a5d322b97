//! Agent projects in a server's folders. Their components are served like files; they are built only where the operator
//! asks for it, because building runs their commands.

use std::path::{Path, PathBuf};

use futures_util::future::join_all;
use hap_project::{Builder, Project, ProjectError, discover, is_project};

use crate::projects;
use crate::terminal::Terminal;

/// The projects in these folders, each with the name that it is served under: that of its folder, after that of the
/// folder which holds it where that is not one of `folders` itself. One that cannot be read is told, and left out.
pub(crate) fn find(folders: &[PathBuf], terminal: &Terminal) -> Vec<(String, Project)> {
    let mut found = Vec::new();
    for folder in folders {
        match discover(folder) {
            Ok(projects) => found.extend(
                projects
                    .into_iter()
                    .filter_map(|project| Some((name(folder, &project)?, project))),
            ),
            Err(ProjectError::NoProjects { .. }) => {}
            Err(error) => terminal.warning(&error.to_string(), error.hint().as_deref()),
        }
    }
    found
}

fn name(folder: &Path, project: &Project) -> Option<String> {
    let file_name = |path: &Path| Some(path.file_name()?.to_string_lossy().into_owned());
    let own = file_name(project.folder())?;
    let top = std::path::absolute(folder).ok()?;
    if is_project(folder) || project.folder().parent() == Some(&top) {
        return Some(own);
    }
    let parent = project.folder().parent()?;
    (parent.parent() == Some(&top)).then_some(format!("{}:{own}", file_name(parent)?))
}

/// Builds those that are stale. What cannot be built is told, and what was built of it before is served.
pub(crate) async fn build(found: &[(String, Project)], builder: &Builder, terminal: &Terminal) {
    let building = found.iter().map(async |(_, project)| {
        if let Err(error) = builder.build(project, false).await {
            projects::tell_output(terminal, &error);
            terminal.warning(&error.to_string(), error.hint().as_deref());
        }
    });
    join_all(building).await;
}
