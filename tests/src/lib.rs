//! What the suites share: test agents written in WAT (see `hap-hostile`), agents built from source, and runtimes to run
//! them.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use hap::{Runtime, RuntimeBuilder};

pub use hap_hostile::{ECHO, component_of, contract, module_text, setting, wat_agent};

/// The root of the project.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map(Path::to_owned)
        .unwrap_or_default()
}

/// A builder of a runtime that keeps nothing on disk and whose runs can be repeated.
pub fn builder() -> RuntimeBuilder {
    Runtime::builder()
        .no_cache()
        .repeatable(1_700_000_000_000_000_000, 7)
}

/// The folder of the agents that `cargo xtask agents` builds.
///
/// # Errors
/// When they are not built, with the command that builds them. The suites fail then rather than skip: an agent that is
/// not there proves nothing.
pub fn built_agents() -> Result<PathBuf> {
    let folder = root().join("target/agents");
    let built = folder.join("review").is_dir();
    built
        .then_some(folder)
        .ok_or_else(|| anyhow!("the example agents are not built: run `cargo xtask agents`"))
}

/// A folder with the given components in it, each under `NAME.wasm`.
pub fn folder_of(agents: &[(&str, Vec<u8>)]) -> Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    for (name, bytes) in agents {
        std::fs::write(folder.path().join(format!("{name}.wasm")), bytes)?;
    }
    Ok(folder)
}
