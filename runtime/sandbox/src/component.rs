//! What a component is before it runs: its bytes, its imports and so its authority, and whether it fits the contract.

use hap_model::{Digest, Manifest};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use wasmtime::Engine;
use wasmtime::component::{Component, ComponentExportIndex};

use crate::error::SandboxError;

/// The contract's package and the version that this host serves.
pub(crate) const PACKAGE: &str = "hap:agent";
pub(crate) const VERSION: semver::Version = semver::Version::new(0, 1, 0);

/// The interfaces of the contract that an agent may import.
const CONTRACT_IMPORTS: [&str; 6] = ["types", "run", "log", "progress", "resources", "identity"];

/// What `hap inspect` tells of a component.
#[derive(Clone, Debug, Serialize)]
pub struct ComponentInfo {
    /// The SHA-256 of its bytes.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// What it says of itself.
    pub manifest: Manifest,
    /// The interfaces that it imports: all that it could ever ask for.
    pub imports: Vec<String>,
    /// What it exports.
    pub exports: Vec<String>,
}

/// A component's bytes with their digest, which takes a while for a long component and so is made once.
#[derive(Clone, Debug)]
pub struct ComponentBytes {
    pub(crate) bytes: Vec<u8>,
    pub(crate) digest: Digest,
}

impl ComponentBytes {
    /// The SHA-256 of the bytes.
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

impl From<Vec<u8>> for ComponentBytes {
    fn from(bytes: Vec<u8>) -> ComponentBytes {
        ComponentBytes {
            digest: digest(&bytes),
            bytes,
        }
    }
}

/// The digest of a component's bytes.
pub fn digest(bytes: &[u8]) -> Digest {
    Digest::from_sha256(Sha256::digest(bytes).into())
}

/// Tells bytes that cannot be a component by their beginning, in words that say what they are instead.
pub(crate) fn check_preamble(bytes: &[u8]) -> Result<(), SandboxError> {
    let not = |what: &str| {
        Err(SandboxError::NotAComponent {
            what: what.to_owned(),
        })
    };
    let text = bytes
        .iter()
        .take(512)
        .all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace() || *byte >= 0x80);
    match bytes {
        [] => not("the file is empty: build the agent again"),
        [0, b'a', b's', b'm', 0x0d, 0, 1, 0, ..] => Ok(()),
        [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => not(
            "this is a core WebAssembly module, not a component: build it for `wasm32-wasip2`, or turn it into one with \
             `wasm-tools component new`",
        ),
        [0, b'a', b's', b'm', ..] if bytes.len() < 8 => not("the file is cut off: build the agent again"),
        [0, b'a', b's', b'm', ..] => not("this is WebAssembly of a version that this host does not know"),
        [b'(', ..] => not("this is WebAssembly text: turn it into a component with `wasm-tools parse`"),
        _ if text => not("this is a text file, not a WebAssembly component"),
        _ => not("this is not a WebAssembly component"),
    }
}

/// The names of what a component imports and exports.
pub(crate) fn names(component: &Component, engine: &Engine) -> (Vec<String>, Vec<String>) {
    let ty = component.component_type();
    let imports = ty.imports(engine).map(|(name, _)| name.to_owned()).collect();
    let exports = ty.exports(engine).map(|(name, _)| name.to_owned()).collect();
    (imports, exports)
}

/// The two functions of the contract, in a component that has them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exports {
    pub(crate) describe: ComponentExportIndex,
    pub(crate) invoke: ComponentExportIndex,
}

/// Finds the contract's functions among a component's exports.
pub(crate) fn exports(component: &Component, exports: &[String]) -> Result<Exports, SandboxError> {
    let contract = |message: String| SandboxError::Contract { message };
    let Some(name) = exports.iter().find(|name| is_interface(name, PACKAGE, "agent")) else {
        let has = if exports.is_empty() {
            "nothing".to_owned()
        } else {
            list(exports)
        };
        return Err(contract(format!(
            "the component does not export `{PACKAGE}/agent`, so it is no agent (it exports {has}): build it with a HAP \
             SDK, or for the world `{PACKAGE}/guest@{VERSION}`"
        )));
    };
    check_version(name)?;
    let find = |function: &str| {
        let interface = component.get_export_index(None, name);
        interface.and_then(|interface| component.get_export_index(Some(&interface), function)).ok_or_else(|| {
            contract(format!("the component's export `{name}` has no function `{function}`: build it against `{PACKAGE}@{VERSION}`"))
        })
    };
    Ok(Exports {
        describe: find("describe")?,
        invoke: find("invoke")?,
    })
}

/// Tells an import that this host does not serve.
pub(crate) fn check_imports(imports: &[String]) -> Result<(), SandboxError> {
    for name in imports {
        let (package, interface) = split(name);
        let known = match package {
            PACKAGE => CONTRACT_IMPORTS.contains(&interface),
            _ => package.starts_with("wasi:"),
        };
        if known && package == PACKAGE {
            check_version(name)?;
        }
        if !known {
            return Err(SandboxError::Contract {
                message: format!(
                    "the component imports `{name}`, which this host does not serve (it serves {PACKAGE}@{VERSION} and \
                     WASI 0.2 as in `wasi:cli/imports`): build the agent without it"
                ),
            });
        }
    }
    Ok(())
}

/// Words for an error of wasmtime's linker about an import whose name is known.
pub(crate) fn link_error(error: &wasmtime::Error) -> SandboxError {
    let message = format!(
        "the component does not fit this host ({}): the host serves {PACKAGE}@{VERSION} and WASI 0.2; build the agent \
         against these",
        crate::error::chain(error)
    );
    SandboxError::Contract { message }
}

/// Before 1.0, the minor version is the one that must be the same.
fn check_version(name: &str) -> Result<(), SandboxError> {
    let version = name
        .split_once('@')
        .and_then(|(_, version)| semver::Version::parse(version).ok());
    match version {
        Some(version) if (version.major, version.minor) == (VERSION.major, VERSION.minor) => Ok(()),
        Some(version) => Err(SandboxError::Contract {
            message: format!(
                "the component was built against {PACKAGE} {version} (`{name}`), and this host serves {VERSION}: build it \
                 with an SDK of version {}.{}, or use a host of version {}.{}",
                VERSION.major, VERSION.minor, version.major, version.minor
            ),
        }),
        None => Err(SandboxError::Contract {
            message: format!("`{name}` has no version: build the component against `{PACKAGE}@{VERSION}`"),
        }),
    }
}

fn is_interface(name: &str, package: &str, interface: &str) -> bool {
    split(name) == (package, interface)
}

/// `ns:package/interface@version` as package and interface; a name without a package as itself.
fn split(name: &str) -> (&str, &str) {
    let name = name.split_once('@').map_or(name, |(name, _)| name);
    name.split_once('/').unwrap_or(("", name))
}

fn list(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(5).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(shown.len());
    if more > 0 {
        format!("{} and {more} more", shown.join(", "))
    } else {
        shown.join(", ")
    }
}
