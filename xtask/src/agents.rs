//! `cargo xtask agents`: the guests of this repository as components in `target/agents/<namespace>/`.
//!
//! Cargo decides what is out of date. What it built is copied only where it changed, and put in place by a
//! rename, so a run that is reading an agent never sees half of one.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::guest_toolchain::{self, GuestToolchain};
use crate::process;
use crate::project::{GUEST_TARGET, GuestWorkspace, Project};

/// Makes sure of the guest toolchain and builds every guest.
pub(crate) fn run(project: &Project) -> Result<()> {
    let toolchain = guest_toolchain::ensure(project)?;
    build(project, &toolchain)
}

/// Builds every guest with `toolchain`.
pub(crate) fn build(project: &Project, toolchain: &GuestToolchain) -> Result<()> {
    drop_other_standard_library(project, toolchain)?;
    for workspace in project.guest_workspaces() {
        eprintln!("xtask: building the agents of `{}`", workspace.namespace);
        let components = compile(project, toolchain, &workspace)?;
        let folder = project.target("agents").join(workspace.namespace);
        install(&components, &folder)
            .with_context(|| format!("cannot put the agents into `{}`", folder.display()))?;
    }
    Ok(())
}

/// Cargo takes a compiler's version for its identity, and so cannot see that another standard library came
/// with the same version. What was built with the other one would not link: it goes.
fn drop_other_standard_library(project: &Project, toolchain: &GuestToolchain) -> Result<()> {
    let stamp = project.target("guests/.standard-library");
    let identity = toolchain.identity()?;
    if fs::read_to_string(&stamp).is_ok_and(|built_with| built_with == identity) {
        return Ok(());
    }
    let stale = project.target("guests").join(GUEST_TARGET);
    if stale.exists() {
        fs::remove_dir_all(&stale).with_context(|| format!("cannot remove `{}`", stale.display()))?;
    }
    fs::create_dir_all(project.target("guests"))?;
    fs::write(&stamp, identity).with_context(|| format!("cannot write `{}`", stamp.display()))
}

/// Runs cargo in the workspace and gives the files of the components it built or found fresh.
fn compile(
    project: &Project,
    toolchain: &GuestToolchain,
    workspace: &GuestWorkspace,
) -> Result<Vec<PathBuf>> {
    let mut cargo = project.cargo_in(&workspace.folder, &project.target("guests"), "build");
    // The default members are the agents; others, such as their tests, are for this machine.
    cargo.args(["--release", "--target", GUEST_TARGET]);
    cargo.args(["--message-format", "json-render-diagnostics"]);
    toolchain.set_compiler(&mut cargo);

    let mut child = cargo
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{}`", process::shown(&cargo)))?;
    let mut components = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            components.extend(component_of(&line?));
        }
    }
    let status = child.wait()?;
    if !status.success() {
        bail!(
            "`{}` failed in `{}` ({status})",
            process::shown(&cargo),
            workspace.folder.display()
        );
    }
    Ok(components)
}

/// The component that one of cargo's JSON messages reports, if it reports one.
fn component_of(message: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    if message.get("reason")? != "compiler-artifact" {
        return None;
    }
    let files = message.get("filenames")?.as_array()?;
    files
        .iter()
        .filter_map(Value::as_str)
        .find(|file| file.ends_with(".wasm"))
        .map(PathBuf::from)
}

/// Makes `folder` hold exactly these components, each under its agent's name.
fn install(components: &[PathBuf], folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    let mut names = BTreeSet::new();
    for component in components {
        let name = agent_file_name(component).context("a component has no file name")?;
        let bytes = fs::read(component).with_context(|| format!("cannot read `{}`", component.display()))?;
        let place = folder.join(&name);
        if !fs::read(&place).is_ok_and(|there| there == bytes) {
            let temporary = folder.join(format!(".{name}.{}", std::process::id()));
            fs::write(&temporary, bytes)?;
            fs::rename(&temporary, &place)?;
        }
        names.insert(name);
    }
    // An agent that was renamed or removed must not be found by its old name.
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".wasm") && !names.contains(&name) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Agents are named with dashes; rustc names files with underscores.
fn agent_file_name(component: &Path) -> Option<String> {
    Some(component.file_name()?.to_str()?.replace('_', "-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_is_found_among_cargos_messages() {
        let artifact = r#"{"reason":"compiler-artifact","target":{"kind":["cdylib"]},"filenames":["/t/word_count.wasm"]}"#;
        assert_eq!(component_of(artifact), Some(PathBuf::from("/t/word_count.wasm")));
        let library =
            r#"{"reason":"compiler-artifact","filenames":["/t/libserde.rlib","/t/libserde.rmeta"]}"#;
        assert_eq!(component_of(library), None);
        assert_eq!(
            component_of(r#"{"reason":"build-finished","success":true}"#),
            None
        );
        assert_eq!(component_of("warning: not JSON"), None);
    }

    #[test]
    fn a_folder_holds_exactly_what_was_built() {
        let folder = std::env::temp_dir().join(format!("hap-xtask-agents-{}", std::process::id()));
        let built = folder.join("built");
        let agents = folder.join("agents");
        fs::create_dir_all(&built).unwrap();
        fs::create_dir_all(&agents).unwrap();
        fs::write(built.join("word_count.wasm"), "new").unwrap();
        fs::write(agents.join("word-count.wasm"), "old").unwrap();
        fs::write(agents.join("gone.wasm"), "old").unwrap();
        install(&[built.join("word_count.wasm")], &agents).unwrap();
        let names: Vec<_> = fs::read_dir(&agents)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, ["word-count.wasm"]);
        assert_eq!(fs::read_to_string(agents.join("word-count.wasm")).unwrap(), "new");
        fs::remove_dir_all(&folder).unwrap();
    }
}
