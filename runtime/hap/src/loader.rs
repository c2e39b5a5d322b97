//! From an entrypoint to the bytes of a component. A loader of another kind, such as one for a registry, implements
//! [`AgentLoader`].

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use hap_model::{BoxFuture, EntrypointForm};
use hap_sandbox::SandboxConfig;

/// The bytes of a component, and the file they came from, for messages.
#[derive(Clone, Debug)]
pub struct LoadedBytes {
    /// Where they came from.
    pub origin: PathBuf,
    /// The component.
    pub bytes: Vec<u8>,
}

/// Why an entrypoint leads to no component: what happened, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError {
    /// What happened.
    pub message: String,
    /// What would mend it.
    pub hint: Option<String>,
}

/// Finds the component that an entrypoint names.
pub trait AgentLoader: Send + Sync {
    /// The bytes of the component. `base` is the folder of the graph file, against which relative paths are taken.
    fn load<'a>(
        &'a self,
        entrypoint: &'a EntrypointForm,
        base: &'a Path,
    ) -> BoxFuture<'a, Result<LoadedBytes, LoadError>>;
}

/// The default loader: paths beside the graph file, and names in agent folders.
///
/// `namespace:name@version` is looked up in each folder, in order, as `namespace/name@version.wasm`,
/// `namespace/name.wasm` (without a version only), and the same without `namespace/`. Dashes may be underscores in file
/// names, as in what cargo builds.
#[derive(Clone, Debug)]
pub struct FolderLoader {
    /// Where names are looked up.
    pub folders: Vec<PathBuf>,
    /// The longest component that is read, in bytes.
    pub max_bytes: u64,
}

impl Default for FolderLoader {
    fn default() -> FolderLoader {
        FolderLoader {
            folders: Vec::new(),
            max_bytes: SandboxConfig::default().max_component_bytes,
        }
    }
}

impl FolderLoader {
    fn find(&self, entrypoint: &EntrypointForm, base: &Path) -> Result<PathBuf, LoadError> {
        match entrypoint {
            EntrypointForm::Path(path) => Ok(base.join(path)),
            EntrypointForm::Name {
                namespace,
                name,
                version,
            } => {
                let candidates = || {
                    self.folders
                        .iter()
                        .flat_map(|folder| candidates(folder, namespace, name, version.as_deref()))
                };
                candidates()
                    .find(|path| path.is_file())
                    .ok_or_else(|| self.not_found(namespace, name, version.as_deref()))
            }
        }
    }

    fn not_found(&self, namespace: &str, name: &str, version: Option<&str>) -> LoadError {
        if self.folders.is_empty() {
            let message = format!("agent `{namespace}:{name}` cannot be looked up: no agent folder is set");
            return LoadError {
                message,
                hint: Some("pass `--agents FOLDER`, or name a path to a component".to_owned()),
            };
        }
        let shown: Vec<String> = self
            .folders
            .iter()
            .map(|folder| format!("`{}`", folder.display()))
            .collect();
        let file = match version {
            Some(version) => format!("{namespace}/{name}@{version}.wasm"),
            None => format!("{namespace}/{name}.wasm"),
        };
        let message = format!(
            "there is no agent `{namespace}:{name}`: no `{file}` in {}",
            shown.join(", ")
        );
        let mut names: Vec<String> = self
            .folders
            .iter()
            .flat_map(|folder| agents_in(&folder.join(namespace)))
            .collect();
        names.sort();
        let near = hap_model::nearest(name, names.iter().map(String::as_str));
        let hint = match near {
            Some(near) => Some(format!("did you mean `{namespace}:{near}`?")),
            None if names.is_empty() => {
                Some("build the agent, or pass the folder that holds it with `--agents`".to_owned())
            }
            None => Some(format!("its agents are {}", names.join(", "))),
        };
        LoadError { message, hint }
    }
}

fn candidates(folder: &Path, namespace: &str, name: &str, version: Option<&str>) -> Vec<PathBuf> {
    let file = |name: &str| match version {
        Some(version) => format!("{name}@{version}.wasm"),
        None => format!("{name}.wasm"),
    };
    let mut paths = Vec::new();
    for name in [name.to_owned(), name.replace('-', "_")] {
        paths.push(folder.join(namespace).join(file(&name)));
        paths.push(folder.join(file(&name)));
    }
    paths
}

fn agents_in(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let name = |entry: fs::DirEntry| {
        entry
            .file_name()
            .to_str()?
            .strip_suffix(".wasm")
            .map(str::to_owned)
    };
    entries.flatten().filter_map(name).take(1000).collect()
}

impl AgentLoader for FolderLoader {
    fn load<'a>(
        &'a self,
        entrypoint: &'a EntrypointForm,
        base: &'a Path,
    ) -> BoxFuture<'a, Result<LoadedBytes, LoadError>> {
        Box::pin(async move {
            let path = self.find(entrypoint, base)?;
            let max_bytes = self.max_bytes;
            let read = tokio::task::spawn_blocking(move || read(path, max_bytes)).await;
            read.unwrap_or_else(|_| {
                Err(LoadError {
                    message: "reading the component failed".to_owned(),
                    hint: None,
                })
            })
        })
    }
}

fn read(origin: PathBuf, max_bytes: u64) -> Result<LoadedBytes, LoadError> {
    let shown = origin.display();
    let trouble = |error: io::Error| {
        let hint = match error.kind() {
            io::ErrorKind::NotFound => {
                "build the agent, or correct the path: it is relative to the graph file"
            }
            io::ErrorKind::PermissionDenied => "make the file readable",
            _ => "name the file of a component",
        };
        LoadError {
            message: format!("cannot read the component `{shown}`: {error}"),
            hint: Some(hint.to_owned()),
        }
    };
    let metadata = fs::metadata(&origin).map_err(trouble)?;
    if !metadata.is_file() {
        let message = format!("`{shown}` is no file");
        return Err(LoadError {
            message,
            hint: Some("name the file of a component".to_owned()),
        });
    }
    if metadata.len() > max_bytes {
        let message = format!(
            "the component `{shown}` is {} bytes long; {max_bytes} are allowed",
            metadata.len()
        );
        return Err(LoadError {
            message,
            hint: Some("build it in release mode and stripped".to_owned()),
        });
    }
    // Files of the system that do not tell their size may have no end, or keep their reader waiting for one.
    if metadata.len() == 0 {
        let message = format!("`{shown}`: the file is empty: build the agent again");
        return Err(LoadError { message, hint: None });
    }
    // The bound holds for files that grow meanwhile.
    // In one piece from the start: a component of 20 MB would else be moved again and again while it is read.
    let mut bytes = Vec::with_capacity(metadata.len().saturating_add(1) as usize);
    let file = fs::File::open(&origin).map_err(trouble)?;
    file.take(metadata.len().saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(trouble)?;
    if bytes.len() as u64 > metadata.len() {
        let message = format!("the component `{shown}` grew while it was read");
        return Err(LoadError {
            message,
            hint: Some("name the file of a component".to_owned()),
        });
    }
    Ok(LoadedBytes { origin, bytes })
}
