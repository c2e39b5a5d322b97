//! What has to be there before a project's commands can run: programs are looked for, packages are installed into the
//! project. Nothing is ever installed for the whole machine.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::builder::Steps;
use crate::embedded;
use crate::error::ProjectError;
use crate::files;
use crate::process;
use crate::project::Project;

/// How texts that install the SDK which `hap` carries name its folder.
const SDK: &[u8] = b".hap/sdk";

/// The environment of a project's commands.
#[derive(Clone, Debug)]
pub(crate) struct Environment(pub(crate) Vec<(String, OsString)>);

/// Installs what the project asks for and checks the rest.
pub(crate) async fn prepare(
    project: &Project,
    shared: Option<&Path>,
    steps: &Steps<'_>,
) -> Result<Environment, ProjectError> {
    let tools = &project.manifest().tools;
    // Before anything is installed, which can take long.
    for program in &tools.programs {
        let path = Environment::new(project, None).path();
        if process::find(program, path, project.folder()).is_none() {
            return Err(missing(project, program));
        }
    }
    for target in &tools.rust_targets {
        rust_target(project, target, steps).await?;
    }
    let python = match &tools.requirements {
        Some(requirements) => Some(python(project, requirements, shared, steps).await?),
        None => None,
    };
    if tools.npm {
        npm(project, steps).await?;
    }
    Ok(Environment::new(project, python.as_deref()))
}

impl Environment {
    fn new(project: &Project, python: Option<&Path>) -> Environment {
        let mut first: Vec<PathBuf> = python.iter().map(|folder| folder.join("bin")).collect();
        let node_modules = project
            .folder()
            .ancestors()
            .map(|folder| folder.join("node_modules/.bin"));
        first.extend(node_modules.filter(|folder| folder.is_dir()));
        let rest = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(first.into_iter().chain(std::env::split_paths(&rest)));
        let mut variables = vec![
            ("PATH".to_owned(), path.unwrap_or(rest)),
            ("HAP_WIT".to_owned(), project.private().join("wit").into()),
        ];
        if let Some(sdk) = project.sdk() {
            variables.push(("HAP_SDK".to_owned(), project.path(&sdk).into()));
        }
        if let Some(python) = python {
            variables.push(("VIRTUAL_ENV".to_owned(), python.into()));
        }
        for (name, value) in &project.manifest().build.env {
            variables.push((name.clone(), project.expand(value).into()));
        }
        Environment(variables)
    }

    fn path(&self) -> Option<OsString> {
        self.0
            .iter()
            .rfind(|(name, _)| name == "PATH")
            .map(|(_, path)| path.clone())
    }
}

/// The error for a program that is not there.
pub(crate) fn missing(project: &Project, program: &str) -> ProjectError {
    ProjectError::MissingProgram {
        name: project.name().to_owned(),
        program: program.to_owned(),
        install: install_command(program),
    }
}

/// The command that installs a program, for those that projects use most.
fn install_command(program: &str) -> Option<&'static str> {
    Some(match program {
        "cargo" | "rustc" | "rustup" => "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh",
        "node" | "npm" | "npx" => "apt install nodejs npm (or see https://nodejs.org/en/download)",
        "python" | "python3" | "pip" => {
            "apt install python3 python3-venv (or see https://www.python.org/downloads)"
        }
        "uv" => "curl -LsSf https://astral.sh/uv/install.sh | sh",
        "go" => "apt install golang-go (or see https://go.dev/dl)",
        "zig" => "python3 -m pip install ziglang (or see https://ziglang.org/download)",
        "clang" | "wasm-ld" => "apt install clang lld",
        "make" | "cc" | "gcc" => "apt install build-essential",
        "wasm-tools" => "cargo install --locked wasm-tools",
        "wit-bindgen" => "cargo install --locked wit-bindgen-cli",
        _ => return None,
    })
}

/// Checks that the Rust compiler has the standard library for a target.
async fn rust_target(project: &Project, target: &str, steps: &Steps<'_>) -> Result<(), ProjectError> {
    let compiler = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let environment = Environment::new(project, None);
    let words = [&compiler, "--print", "sysroot"].map(str::to_owned);
    let output = steps.run(project, &words, &environment, false).await?;
    let sysroot = Path::new(output.trim());
    let library = sysroot.join("lib/rustlib").join(target).join("lib");
    let found = fs::read_dir(library)
        .into_iter()
        .flatten()
        .flatten()
        .any(|entry| {
            let name = entry.file_name();
            name.to_string_lossy().starts_with("libstd")
        });
    if found {
        return Ok(());
    }
    Err(ProjectError::MissingRustTarget {
        name: project.name().to_owned(),
        target: target.to_owned(),
        compiler,
    })
}

/// The project's virtual environment with what `requirements` lists.
async fn python(
    project: &Project,
    requirements: &Path,
    shared: Option<&Path>,
    steps: &Steps<'_>,
) -> Result<PathBuf, ProjectError> {
    let path = project.path(requirements);
    let text = fs::read_to_string(&path).map_err(ProjectError::io("read", &path))?;
    let stamp = digest(project, &[text.as_bytes()]);
    let folder = match shared {
        Some(shared) => shared.join(format!("python-{}", stamp.chars().take(16).collect::<String>())),
        None => project.private().join("python"),
    };
    if files::is_stamped(&folder, &stamp) {
        return Ok(folder);
    }
    let _lock = match shared {
        Some(shared) => Some(crate::lock::lock(shared, || ()).await?),
        None => None,
    };
    if files::is_stamped(&folder, &stamp) {
        return Ok(folder);
    }
    files::remove_folder(&folder)?;
    let environment = Environment::new(project, None);
    let has_uv = process::find("uv", environment.path(), project.folder()).is_some();
    for words in install_commands(&folder, requirements, has_uv) {
        steps.run(project, &words, &environment, true).await?;
    }
    files::set_stamp(&folder, &stamp)?;
    Ok(folder)
}

/// The commands that make a virtual environment in `folder` and fill it.
fn install_commands(folder: &Path, requirements: &Path, has_uv: bool) -> [Vec<String>; 2] {
    // Paths may have blanks in them, the rest has not.
    let words = |command: &str, paths: &[(&str, &Path)]| {
        let word = |word: &str| match paths.iter().find(|(name, _)| *name == word) {
            Some((_, path)) => path.to_string_lossy().into_owned(),
            None => word.to_owned(),
        };
        command.split(' ').map(word).collect()
    };
    let python = folder.join("bin/python");
    let paths = [("FOLDER", folder), ("PYTHON", &python), ("FILE", requirements)];
    let commands = if has_uv {
        [
            "uv venv --quiet FOLDER",
            "uv pip install --quiet --python PYTHON -r FILE",
        ]
    } else {
        [
            "python3 -m venv FOLDER",
            "PYTHON -m pip install --quiet --disable-pip-version-check --no-input -r FILE",
        ]
    };
    commands.map(|command| words(command, &paths))
}

/// The packages of `package.json`, in the project's `node_modules`.
async fn npm(project: &Project, steps: &Steps<'_>) -> Result<(), ProjectError> {
    let folder = project.path(Path::new("node_modules"));
    if files::is_stamped(&folder, &npm_stamp(project)?) {
        return Ok(());
    }
    let locked = project.path(Path::new("package-lock.json")).is_file();
    let install = if locked { "ci" } else { "install" };
    let words = ["npm", install, "--no-audit", "--no-fund", "--ignore-scripts"].map(str::to_owned);
    steps
        .run(project, &words, &Environment::new(project, None), true)
        .await?;
    // Installing may have written the lock file.
    files::set_stamp(&folder, &npm_stamp(project)?)
}

fn npm_stamp(project: &Project) -> Result<String, ProjectError> {
    let path = project.path(Path::new("package.json"));
    let package = fs::read(&path).map_err(ProjectError::io("read", &path))?;
    let lock = fs::read(project.path(Path::new("package-lock.json"))).unwrap_or_default();
    Ok(digest(project, &[&package, &lock]))
}

/// Tells what is installed from these texts, and from the SDK where they name it.
fn digest(project: &Project, texts: &[&[u8]]) -> String {
    let mut hasher = blake3::Hasher::new();
    for text in texts {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text);
    }
    let names_sdk = texts
        .iter()
        .any(|text| text.windows(SDK.len()).any(|part| part == SDK));
    let sdk = embedded::sdk(&project.manifest().agent.language);
    if let Some(sdk) = sdk.filter(|_| names_sdk) {
        hasher.update(sdk.digest().as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environments_are_made_with_uv_where_it_is_there() {
        let commands = |has_uv| {
            let commands = install_commands(Path::new("/p/.hap/python"), Path::new("r.txt"), has_uv);
            commands.map(|words| words.join(" "))
        };
        assert_eq!(
            commands(true),
            [
                "uv venv --quiet /p/.hap/python",
                "uv pip install --quiet --python /p/.hap/python/bin/python -r r.txt"
            ]
        );
        assert_eq!(
            commands(false),
            [
                "python3 -m venv /p/.hap/python",
                "/p/.hap/python/bin/python -m pip install --quiet --disable-pip-version-check --no-input -r r.txt"
            ]
        );
    }
}
