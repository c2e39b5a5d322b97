//! Agents written in WAT, made into components without anything from disk.
//!
//! A WAT agent is the body of a module: its imports, and a function `$invoke` that takes context and params as
//! `(param i32 i32 i32 i32)` and returns the address of a `result<output, error>`. Everything else comes from
//! `prelude.wat`. Lines that begin with `;; key: value` are settings: `pages` (of initial memory), `wasi` (the agent
//! imports WASI), `resource` (it has a resource type of its own), and whatever a suite reads.

use anyhow::{Context, Result, anyhow};
use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::{PackageId, Resolve, SourceMap, WorldId};

/// The files of `wit/`, so that a built program does not need them.
const CONTRACT: &[(&str, &str)] = &[
    ("agent.wit", include_str!("../../../wit/agent.wit")),
    ("identity.wit", include_str!("../../../wit/identity.wit")),
    ("log.wit", include_str!("../../../wit/log.wit")),
    ("progress.wit", include_str!("../../../wit/progress.wit")),
    ("resources.wit", include_str!("../../../wit/resources.wit")),
    ("run.wit", include_str!("../../../wit/run.wit")),
    ("types.wit", include_str!("../../../wit/types.wit")),
    ("worlds.wit", include_str!("../../../wit/worlds.wit")),
];

/// The agent that answers with the context it was given.
pub const ECHO: &str = r#"
(func (export "hap:agent/agent@0.1.0#invoke") (param $context i32) (param $length i32) (param i32 i32) (result i32)
  (call $ok (local.get $context) (local.get $length)))
"#;

/// The contract as it stands in `wit/`.
///
/// # Errors
/// When it does not parse.
pub fn contract() -> Result<(Resolve, PackageId)> {
    let mut resolve = Resolve::default();
    let mut files = SourceMap::default();
    for (name, text) in CONTRACT {
        files.push_str(name, *text);
    }
    let group = files
        .parse()
        .map_err(|(_, error)| anyhow!("`wit/` does not parse: {error}"))?;
    let package = resolve.push_group(group).context("`wit/` does not resolve")?;
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
///
/// # Errors
/// When the text is no such body.
pub fn wat_agent(body: &str) -> Result<Vec<u8>> {
    let module = module_text(body);
    if setting(body, "wasi").is_some() {
        component_with("wasi.wit", include_str!("wasi.wit"), "probe", &module)
    } else if setting(body, "resource").is_some() {
        component_with("owned.wit", include_str!("owned.wit"), "owner", &module)
    } else {
        component_of(&module)
    }
}

/// A component made of a whole core module in WAT.
///
/// # Errors
/// When the text is no module that fits the contract's world.
pub fn component_of(module: &str) -> Result<Vec<u8>> {
    let (resolve, package) = contract()?;
    let world = resolve.select_world(&[package], Some("guest"))?;
    encode(module, &resolve, world)
}

/// As [`component_of`], for a module of a world that has more than the contract's.
fn component_with(file: &str, text: &str, world: &str, module: &str) -> Result<Vec<u8>> {
    let (mut resolve, _) = contract()?;
    let package = resolve.push_source(file, text)?;
    let world = resolve.select_world(&[package], Some(world))?;
    encode(module, &resolve, world)
}

fn encode(module: &str, resolve: &Resolve, world: WorldId) -> Result<Vec<u8>> {
    let mut module = wat::parse_str(module)?;
    wit_component::embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8)?;
    ComponentEncoder::default()
        .module(&module)?
        .validate(true)
        .encode()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    #[test]
    fn every_file_of_the_contract_is_embedded() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
        let entries = std::fs::read_dir(folder).unwrap();
        let files: BTreeSet<String> = entries
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .filter(|name| name.ends_with(".wit"))
            .collect();
        assert_eq!(
            files,
            CONTRACT.iter().map(|(name, _)| (*name).to_owned()).collect()
        );
    }
}
