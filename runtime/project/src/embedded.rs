//! What this program carries: the contract, the SDKs and the templates, embedded by the build script from `wit/`,
//! `guest-sdk/` and `templates/`.

use std::path::Path;
use std::sync::LazyLock;

use crate::error::ProjectError;
use crate::files;

/// Files with their paths.
pub(crate) type Files = &'static [(&'static str, &'static [u8])];

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// An SDK that this program carries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sdk {
    /// Its folder's name.
    pub(crate) name: &'static str,
    files: Files,
}

/// The version of the package `hap:agent` that this program carries, and so of the host that it is a part of.
pub fn contract() -> &'static semver::Version {
    static VERSION: LazyLock<semver::Version> = LazyLock::new(|| {
        let text = WIT
            .iter()
            .filter_map(|(_, bytes)| std::str::from_utf8(bytes).ok())
            .find_map(|text| text.strip_prefix("package hap:agent@")?.split(';').next())
            .unwrap_or_default();
        semver::Version::parse(text).expect("the files of `wit/` begin with their package and its version")
    });
    &VERSION
}

/// The SDK for a language, where there is one.
pub(crate) fn sdk(language: &str) -> Option<Sdk> {
    let (name, files) = match language {
        "rust" => ("rust", SDK_RUST),
        "python" => ("python", SDK_PYTHON),
        "javascript" | "typescript" => ("javascript", SDK_JAVASCRIPT),
        "c" | "c++" => ("c", SDK_C),
        _ => return None,
    };
    (!files.is_empty()).then_some(Sdk { name, files })
}

impl Sdk {
    /// Tells this SDK from another version of it.
    pub(crate) fn digest(&self) -> String {
        digest(self.files)
    }

    /// Writes it to `folder/NAME`, unless it is there.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), ProjectError> {
        if self.name == "rust" {
            let manifest = cargo_workspace();
            files::write(&folder.join("Cargo.toml"), manifest.as_bytes())?;
        }
        files::write_folder(
            &folder.join(self.name),
            &self.digest(),
            self.files.iter().copied(),
        )
    }
}

/// Tells this contract from another version of it.
pub(crate) fn wit_digest() -> String {
    digest(WIT)
}

/// The text of the contract's files, by their names.
pub(crate) fn wit() -> Files {
    WIT
}

/// Writes the contract to `folder`, unless it is there.
pub(crate) fn write_wit(folder: &Path) -> Result<(), ProjectError> {
    files::write_folder(folder, &wit_digest(), WIT.iter().copied())
}

/// The files of a template.
pub(crate) fn template(language: &str) -> impl Iterator<Item = (&'static str, &'static [u8])> {
    let prefix = format!("{language}/");
    TEMPLATES
        .iter()
        .filter_map(move |(path, bytes)| Some((path.strip_prefix(&prefix)?, *bytes)))
}

/// The languages that have a template.
pub(crate) fn template_languages() -> Vec<&'static str> {
    let mut languages: Vec<&str> = TEMPLATES
        .iter()
        .filter_map(|(path, _)| path.split('/').next())
        .collect();
    languages.dedup();
    languages
}

/// The Rust SDK's crates inherit from a workspace: here from one beside them that says what this repository's says.
fn cargo_workspace() -> String {
    let table = |name: &str| -> String {
        let mut lines = WORKSPACE
            .lines()
            .skip_while(|line| line.trim() != format!("[{name}]"));
        let title = lines.next().unwrap_or_default();
        let rest = lines.take_while(|line| !line.starts_with('[') && !line.starts_with('#'));
        std::iter::once(title)
            .chain(rest)
            .map(|line| format!("{line}\n"))
            .collect()
    };
    format!(
        "# Written by hap, which brings this SDK along.\n[workspace]\nresolver = \"3\"\n\
         members = [\"rust\", \"rust/macros\"]\n\n{}\n[workspace.lints]\n",
        table("workspace.package")
    )
}

fn digest(files: Files) -> String {
    let mut hasher = blake3::Hasher::new();
    for (path, bytes) in files {
        for part in [path.as_bytes(), bytes] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
    }
    hasher.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contract_and_the_sdk_are_carried() {
        assert_eq!(contract().to_string(), "0.1.0");
        let folder = tempfile::tempdir().unwrap();
        let sdk = sdk("rust").unwrap();
        sdk.write(folder.path()).unwrap();
        write_wit(&folder.path().join("wit")).unwrap();
        assert!(folder.path().join("rust/src/lib.rs").is_file());
        assert!(folder.path().join("wit/agent.wit").is_file());
        assert!(!folder.path().join("rust/tests").exists());
        let workspace = std::fs::read_to_string(folder.path().join("Cargo.toml")).unwrap();
        assert!(
            workspace.contains("[workspace.package]\nversion = "),
            "{workspace}"
        );
    }

    #[test]
    fn a_folder_of_another_version_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let sdk = sdk("rust").unwrap();
        sdk.write(folder.path()).unwrap();
        let (stamp, gone) = (
            folder.path().join("rust/.hap-stamp"),
            folder.path().join("rust/gone.rs"),
        );
        std::fs::write(&gone, "").unwrap();
        sdk.write(folder.path()).unwrap();
        assert!(gone.exists(), "what is up to date is left alone");
        std::fs::write(stamp, "older").unwrap();
        sdk.write(folder.path()).unwrap();
        assert!(!gone.exists());
    }
}
