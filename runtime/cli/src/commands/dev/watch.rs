//! Seeing that files changed, by looking at them again and again: a few hundred files take a millisecond, and it works
//! on network folders and in containers, where no system tells of changes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use hap::{EntrypointForm, Graph, NodeAgent, NodeBody};
use hap_project::{Builder, InputTrace, Project, is_project};

/// How often the files are looked at.
const LOOK: Duration = Duration::from_millis(250);

/// What is watched: single files, and the inputs of projects.
#[derive(Clone, Debug, Default)]
pub(super) struct Watched {
    files: BTreeSet<PathBuf>,
    projects: BTreeSet<PathBuf>,
}

/// What is watched, as it stands at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Trace {
    files: BTreeMap<PathBuf, Option<(u64, Option<SystemTime>)>>,
    projects: BTreeMap<PathBuf, Option<InputTrace>>,
}

impl Watched {
    /// Watches a file, whether it is there or not.
    pub(super) fn file(&mut self, path: &Path) {
        self.files.insert(path.to_owned());
    }

    /// Watches the files of a graph, and the components and projects of its agents.
    pub(super) fn graph(&mut self, graph: &Graph, folders: &[PathBuf]) {
        for graph in graph.with_nested() {
            let source = graph.source.as_deref().map(Path::new);
            if let Some(source) = source {
                self.file(source);
            }
            let base = source.and_then(Path::parent).unwrap_or(Path::new(""));
            for node in &graph.nodes {
                if let NodeBody::Agent(NodeAgent::Entrypoint(entrypoint)) = &node.body
                    && let Ok(form) = entrypoint.parse()
                {
                    self.agent(&form, base, folders);
                }
            }
        }
    }

    fn agent(&mut self, form: &EntrypointForm, base: &Path, folders: &[PathBuf]) {
        match form {
            EntrypointForm::Path(path) => self.component_or_project(base.join(path)),
            EntrypointForm::Name { namespace, name, .. } => {
                for folder in folders {
                    self.component_or_project(folder.join(namespace).join(format!("{name}.wasm")));
                    self.component_or_project(folder.join(namespace).join(name));
                }
            }
        }
    }

    fn component_or_project(&mut self, path: PathBuf) {
        if is_project(&path) {
            self.projects.insert(path);
        } else {
            self.files.insert(path);
        }
    }
}

impl Trace {
    /// What is watched, as it stands.
    pub(super) fn take(watched: &Watched) -> Trace {
        let file = |path: &PathBuf| {
            let metadata = path.metadata().ok();
            (
                path.clone(),
                metadata.map(|metadata| (metadata.len(), metadata.modified().ok())),
            )
        };
        let project = |folder: &PathBuf| {
            let trace = Project::open(folder).and_then(|project| InputTrace::take(&project));
            (folder.clone(), trace.ok())
        };
        Trace {
            files: watched.files.iter().map(file).collect(),
            projects: watched.projects.iter().map(project).collect(),
        }
    }

    /// How many files these are.
    pub(super) fn len(&self) -> usize {
        let inputs = self.projects.values().flatten().map(InputTrace::len);
        self.files.len() + inputs.sum::<usize>()
    }
}

/// What to compare with after a round that began at `before`: building may have written lock files, and what is up to date
/// needs no other round.
pub(super) async fn after_building(watched: &Watched, before: Trace, builder: &Builder) -> Trace {
    let mut after = Trace::take(watched);
    for (folder, trace) in &mut after.projects {
        let fresh = match Project::open(folder) {
            Ok(project) => builder.is_fresh(&project).await.unwrap_or(false),
            Err(_) => false,
        };
        if !fresh && let Some(earlier) = before.projects.get(folder) {
            trace.clone_from(earlier);
        }
    }
    for (path, trace) in &mut after.files {
        if let Some(earlier) = before.files.get(path) {
            trace.clone_from(earlier);
        }
    }
    after
}

/// Ready when something is not as it was at `before`, and nothing has changed since it was looked at last: who saves many
/// files wants one round.
pub(super) async fn settled_change(watched: &Watched, before: &Trace) {
    let mut last = before.clone();
    loop {
        tokio::time::sleep(LOOK).await;
        let looked = watched.clone();
        let now = tokio::task::spawn_blocking(move || Trace::take(&looked))
            .await
            .unwrap_or_default();
        if now == last && now != *before {
            return;
        }
        last = now;
    }
}
