//! What the active Rust compiler says about itself.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::{process, project::Project};

/// The compiler that cargo uses in this repository.
pub(crate) struct Compiler {
    /// Its release, such as `1.95.0`.
    pub(crate) release: String,
    /// What it was built from. Two compilers of one release can differ in it, and then cannot share a
    /// compiled standard library.
    pub(crate) commit: String,
    /// The folder of its libraries and tools.
    pub(crate) sysroot: PathBuf,
}

impl Compiler {
    /// Asks the compiler that is in force in the repository's folder.
    pub(crate) fn active(project: &Project) -> Result<Compiler> {
        let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
        let sysroot = process::output(project.command(&rustc).args(["--print", "sysroot"]))?;
        let version = process::output(project.command(&rustc).arg("-vV"))?;
        let line = |name| {
            field(&version, name).with_context(|| format!("`{rustc} -vV` has no line `{name}`:\n{version}"))
        };
        Ok(Compiler {
            release: line("release")?,
            commit: line("commit-hash")?,
            sysroot: PathBuf::from(sysroot.trim_end()),
        })
    }
}

/// The value of a line `name: value` of `rustc -vV`.
fn field(version: &str, name: &str) -> Option<String> {
    let value = version
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))?;
    Some(value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_version_are_found_by_their_whole_name() {
        let version =
            "rustc 1.95.0\nbinary: rustc\ncommit-hash: 5980\ncommit-date: 2026-04-14\nrelease: 1.95.0\n";
        assert_eq!(field(version, "commit-hash").as_deref(), Some("5980"));
        assert_eq!(field(version, "release").as_deref(), Some("1.95.0"));
        assert_eq!(field(version, "commit"), None);
    }
}
