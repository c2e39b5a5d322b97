//! A component from a core module, for languages whose compilers stop there.

use std::fs;
use std::path::Path;

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, SourceMap};

use crate::embedded;
use crate::error::ProjectError;
use crate::files;
use crate::project::Project;

/// The world of an agent that needs no more than every agent may have.
const WORLD: &str = "guest";

/// The custom sections by which bindings tell a module's world begin so.
const COMPONENT_TYPE: &[u8] = b"component-type";

/// Makes `output` from the core module at `core`.
pub(crate) fn make(project: &Project, core: &Path, output: &Path) -> Result<(), ProjectError> {
    let module = fs::read(core).map_err(ProjectError::io("read", core))?;
    let component = encode(module).map_err(|message| ProjectError::Core {
        name: project.name().to_owned(),
        path: core.to_owned(),
        message,
    })?;
    files::write(output, &component)
}

/// The component of a core module. One that does not say what world it is of is taken to be of `guest`.
fn encode(mut module: Vec<u8>) -> Result<Vec<u8>, String> {
    if !module
        .windows(COMPONENT_TYPE.len())
        .any(|bytes| bytes == COMPONENT_TYPE)
    {
        embed_guest_world(&mut module)?;
    }
    let encoder = ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .map_err(told)?;
    let adapted = encoder.adapter(
        WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME,
        WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
    );
    adapted.map_err(told)?.encode().map_err(told)
}

fn embed_guest_world(module: &mut Vec<u8>) -> Result<(), String> {
    let mut files = SourceMap::default();
    for (name, bytes) in embedded::wit() {
        files.push_str(name, String::from_utf8_lossy(bytes));
    }
    let group = files.parse().map_err(|(_, error)| told(error))?;
    let mut resolve = Resolve::default();
    let package = resolve.push_group(group).map_err(told)?;
    let world = resolve.select_world(&[package], Some(WORLD)).map_err(told)?;
    embed_component_metadata(module, &resolve, world, StringEncoding::UTF8).map_err(told)
}

/// The whole chain of reasons.
fn told(error: impl std::fmt::Display) -> String {
    format!("{error:#}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_that_exports_nothing_is_told_what_it_lacks() {
        let error = encode(b"\0asm\x01\0\0\0".to_vec()).unwrap_err();
        assert!(error.contains("hap:agent/agent@0.1.0"), "{error}");
    }

    #[test]
    fn what_is_no_module_is_told() {
        let error = encode(b"no module".to_vec()).unwrap_err();
        assert!(!error.is_empty());
    }
}
