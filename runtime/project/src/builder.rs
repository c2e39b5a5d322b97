//! Building a project: SDK and contract, tools, commands, and the component from a core module where one is made.

use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use crate::component;
use crate::embedded;
use crate::error::ProjectError;
use crate::inputs::Inputs;
use crate::lock;
use crate::process::{self, Program};
use crate::project::{Project, shown};
use crate::stamp;
use crate::tools::{self, Environment};

/// What building may use.
#[derive(Clone, Debug)]
pub struct BuildSettings {
    /// How many projects are built at one time. Default: one for each two processors, since most tools use several.
    pub parallel: NonZeroUsize,
    /// What one command may take, installing tools too. Default 30 min.
    pub command_time: Duration,
    /// A folder for virtual environments that projects share; without it, each has its own.
    pub tools: Option<PathBuf>,
}

impl Default for BuildSettings {
    fn default() -> BuildSettings {
        let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        BuildSettings {
            parallel: NonZeroUsize::new(processors.div_ceil(2)).unwrap_or(NonZeroUsize::MIN),
            command_time: Duration::from_secs(30 * 60),
            tools: None,
        }
    }
}

/// Is told what building does, while it does it.
pub trait Watcher: Send + Sync {
    /// A command begins.
    fn command(&self, project: &Project, command: &str);
    /// A command printed a line.
    fn line(&self, project: &Project, line: &str);
    /// Another process is building this project; this one waits for it.
    fn waiting(&self, project: &Project);
}

/// What came of building a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Build {
    /// Whether the component was up to date, so that nothing ran.
    pub fresh: bool,
    /// What it took.
    pub time: Duration,
}

/// Builds projects. Cheap to clone; clones share the bound on how many are built at one time.
#[derive(Clone)]
pub struct Builder {
    settings: Arc<BuildSettings>,
    watcher: Arc<dyn Watcher>,
    places: Arc<Semaphore>,
}

impl Builder {
    /// A builder with these settings.
    pub fn new(settings: BuildSettings, watcher: Arc<dyn Watcher>) -> Builder {
        Builder {
            places: Arc::new(Semaphore::new(settings.parallel.get())),
            settings: Arc::new(settings),
            watcher,
        }
    }

    /// Whether the component of a project is there and was made from what its inputs are now.
    ///
    /// # Errors
    /// When the inputs cannot be read.
    pub async fn is_fresh(&self, project: &Project) -> Result<bool, ProjectError> {
        let project = project.clone();
        blocking(move || Ok(stamp::is_fresh(&project, &Inputs::read(&project)?))).await
    }

    /// Builds a project where it is stale, or in any case. Dropping the future ends the commands.
    ///
    /// # Errors
    /// The first step that fails, with what it printed.
    pub async fn build(&self, project: &Project, in_any_case: bool) -> Result<Build, ProjectError> {
        let _place = self.places.acquire().await;
        let started = Instant::now();
        let _lock = lock::lock(&project.private(), || self.watcher.waiting(project)).await?;
        let fresh = !in_any_case && self.is_fresh(project).await?;
        if !fresh {
            self.make(project).await?;
        }
        Ok(Build {
            fresh,
            time: started.elapsed(),
        })
    }

    async fn make(&self, project: &Project) -> Result<(), ProjectError> {
        let steps = Steps {
            settings: &self.settings,
            watcher: &*self.watcher,
        };
        let carried = project.clone();
        blocking(move || write_carried(&carried)).await?;
        let environment = tools::prepare(project, self.settings.tools.as_deref(), &steps).await?;
        let read = project.clone();
        let before = blocking(move || Inputs::read(&read)).await?;
        let output = steps.commands(project, &environment).await?;
        let project = project.clone();
        blocking(move || finish(&project, &before, output)).await
    }
}

/// Writes the contract and the SDK into the project.
fn write_carried(project: &Project) -> Result<(), ProjectError> {
    let agent = &project.manifest().agent;
    let private = project.private();
    embedded::write_wit(&private.join("wit"))?;
    if agent.sdk.is_none()
        && let Some(sdk) = embedded::sdk(&agent.language)
    {
        sdk.write(&private.join("sdk"))?;
    }
    let build = &project.manifest().build;
    for path in std::iter::once(&build.output).chain(&build.core) {
        if let Some(folder) = project.path(path).parent() {
            std::fs::create_dir_all(folder).map_err(ProjectError::io("make the folder", folder))?;
        }
    }
    Ok(())
}

/// Makes the component from its core module, and remembers what it was made from.
fn finish(project: &Project, before: &Inputs, output: String) -> Result<(), ProjectError> {
    let core = project
        .manifest()
        .build
        .core
        .as_deref()
        .map(|core| project.path(core));
    let made = core.clone().unwrap_or_else(|| project.output());
    if !made.is_file() {
        return Err(ProjectError::NoOutput {
            name: project.name().to_owned(),
            path: made,
            output,
        });
    }
    if let Some(core) = core {
        component::make(project, &core, &project.output())?;
    }
    // What was written to meanwhile may or may not be in the component: then it counts as stale. Files that the tools
    // wrote for the first time, such as a lock file, are inputs from now on.
    let after = Inputs::read_all(project)?;
    if before.all_in(&after) {
        stamp::set(project, &after)?;
    }
    Ok(())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ProjectError> + Send + 'static,
) -> Result<T, ProjectError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| {
        Err(ProjectError::io("work on", Path::new("the project"))(
            io::Error::other(error),
        ))
    })
}

/// Runs commands, with what they may use and who is told.
pub(crate) struct Steps<'a> {
    settings: &'a BuildSettings,
    watcher: &'a dyn Watcher,
}

impl Steps<'_> {
    /// Runs the commands of `hap.toml`, and gives the end of what they printed.
    async fn commands(&self, project: &Project, environment: &Environment) -> Result<String, ProjectError> {
        let mut output = String::new();
        for words in &project.manifest().build.commands {
            output = self
                .run(project, &project.expanded(words), environment, true)
                .await?;
        }
        Ok(output)
    }

    /// Runs one command to its good end, and gives what it printed.
    pub(crate) async fn run(
        &self,
        project: &Project,
        words: &[String],
        environment: &Environment,
        told: bool,
    ) -> Result<String, ProjectError> {
        let command = shown(words);
        if told {
            self.watcher.command(project, &command);
        }
        let program = Program {
            words: words.to_vec(),
            folder: project.folder().to_owned(),
            env: environment.0.clone(),
            time: self.settings.command_time,
        };
        let line = |line: &str| {
            if told {
                self.watcher.line(project, line);
            }
        };
        let ended =
            process::run(&program, &line)
                .await
                .map_err(|error| match (error.kind(), words.first()) {
                    (io::ErrorKind::NotFound, Some(program)) => tools::missing(project, program),
                    _ => ProjectError::io("run", command.clone())(error),
                })?;
        let name = project.name().to_owned();
        match ended.status {
            Some(status) if status.success() => Ok(ended.output),
            Some(status) => Err(ProjectError::Command {
                name,
                command,
                status: status.to_string(),
                output: ended.output,
            }),
            None => Err(ProjectError::CommandTime {
                name,
                command,
                time: self.settings.command_time,
                output: ended.output,
            }),
        }
    }
}
