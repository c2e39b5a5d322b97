//! What the suites share: test agents written in WAT, agents built from source, and runtimes to run them.
//!
//! A WAT agent is the body of a module: its imports, and a function `$invoke` that takes context and params as
//! `(param i32 i32 i32 i32)` and returns the address of a `result<output, error>`. Everything else comes from
//! `prelude.wat`. Lines that begin with `;; key: value` are settings: `pages` (of initial memory), and whatever a suite
//! reads.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use hap::{Runtime, RuntimeBuilder};
use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::Resolve;

/// The root of the project.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map(Path::to_owned)
        .unwrap_or_default()
}

/// The contract as it stands in `wit/`.
pub fn contract() -> Result<(Resolve, wit_parser::PackageId)> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve
        .push_dir(root().join("wit"))
        .context("`wit/` does not parse")?;
    Ok((resolve, package))
}

/// The value of a `;; key: value` line.
pub fn setting<'a>(body: &'a str, key: &str) -> Option<&'a str> {
    let value = |line: &'a str| {
        line.trim()
            .strip_prefix(";;")?
            .trim()
            .strip_prefix(key)?
            .trim()
            .strip_prefix(':')
    };
    body.lines().find_map(value).map(str::trim)
}

/// The core module of a WAT agent.
pub fn module_text(body: &str) -> String {
    let (mut imports, mut rest, mut depth) = (String::new(), String::new(), 0i32);
    for line in body.lines() {
        let code = line.split(";;").next().unwrap_or_default();
        let importing = depth > 0 || code.trim_start().starts_with("(import");
        if importing {
            depth += code.matches('(').count() as i32 - code.matches(')').count() as i32;
        }
        let target = if importing { &mut imports } else { &mut rest };
        target.push_str(line);
        target.push('\n');
    }
    let prelude = include_str!("prelude.wat").replace("PAGES", setting(body, "pages").unwrap_or("2"));
    let describe = if body.contains("(func $describe") {
        String::new()
    } else {
        r#"(func $describe (export "hap:agent/agent@0.1.0#describe") (result i32) (call $manifest))"#
            .to_owned()
    };
    format!("(module\n{imports}{prelude}\n{describe}\n{rest})\n")
}

/// A component made of the body of a WAT agent.
pub fn wat_agent(body: &str) -> Result<Vec<u8>> {
    component_of(&module_text(body))
}

/// A component made of a whole core module in WAT.
pub fn component_of(module: &str) -> Result<Vec<u8>> {
    let mut module = wat::parse_str(module)?;
    let (resolve, package) = contract()?;
    let world = resolve.select_world(&[package], Some("guest"))?;
    wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
    ComponentEncoder::default()
        .module(&module)?
        .validate(true)
        .encode()
}

/// The agent that answers with the context it was given.
pub const ECHO: &str = r#"
(func (export "hap:agent/agent@0.1.0#invoke") (param $context i32) (param $length i32) (param i32 i32) (result i32)
  (call $ok (local.get $context) (local.get $length)))
"#;

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
