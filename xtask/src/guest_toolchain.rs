//! A Rust compiler that can build agents, that is for `wasm32-wasip2`, wherever the project is cloned.
//!
//! Most machines have one, or get one from rustup. Where rustup may not or cannot download, the standard
//! library is compiled from Debian's source packages into `target/guest-toolchain` (see `debian`). Nothing
//! outside `target/` changes, other than by rustup.

mod compiler;
mod debian;
mod rustup;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result, bail};

use crate::project::{GUEST_TARGET, Project};
use compiler::Compiler;

/// A compiler that builds agents.
pub(crate) enum GuestToolchain {
    /// The one that builds everything else too.
    Installed(Compiler),
    /// The same, or Debian's, with a standard library of our own, in this folder.
    Made(PathBuf),
}

impl GuestToolchain {
    /// Makes a cargo command use this compiler.
    pub(crate) fn set_compiler(&self, cargo: &mut Command) {
        if let GuestToolchain::Made(_) = self {
            cargo.env("RUSTC", self.rustc());
        }
    }

    /// Tells this toolchain's standard library from another that the same compiler could use.
    pub(crate) fn identity(&self) -> Result<String> {
        let library = standard_library(self.sysroot()).with_context(|| {
            format!(
                "the standard library for {GUEST_TARGET} went away from `{}`",
                self.sysroot().display()
            )
        })?;
        let changed = fs::metadata(&library)?.modified()?.duration_since(UNIX_EPOCH)?;
        Ok(format!("{} {}", library.display(), changed.as_nanos()))
    }

    fn rustc(&self) -> PathBuf {
        self.sysroot().join("bin/rustc")
    }

    fn sysroot(&self) -> &Path {
        match self {
            GuestToolchain::Installed(compiler) => &compiler.sysroot,
            GuestToolchain::Made(folder) => folder,
        }
    }
}

/// `cargo xtask guest-toolchain [FOLDER]`: makes sure of the toolchain and prints its compiler's path, for
/// `RUSTC=$(cargo xtask guest-toolchain) cargo build --target wasm32-wasip2`.
pub(crate) fn run(project: &Project, folder: Option<&str>) -> Result<()> {
    let toolchain = match folder {
        Some(folder) => ensure_in(project, &std::path::absolute(folder)?)?,
        None => ensure(project)?,
    };
    println!("{}", toolchain.rustc().display());
    Ok(())
}

/// Finds, installs or makes the toolchain.
///
/// The first call on a machine may take minutes and use the network; later ones look at a few files.
pub(crate) fn ensure(project: &Project) -> Result<GuestToolchain> {
    ensure_in(project, &project.target("guest-toolchain"))
}

/// Like `ensure`, with the folder for a toolchain that has to be made.
fn ensure_in(project: &Project, folder: &Path) -> Result<GuestToolchain> {
    let compiler = Compiler::active(project)?;
    if standard_library(&compiler.sysroot).is_some() {
        return Ok(GuestToolchain::Installed(compiler));
    }
    // Before rustup is asked: where it could not download once, it would fail slowly every time.
    if debian::is_made(&compiler, folder) {
        return Ok(GuestToolchain::Made(folder.to_owned()));
    }
    let Err(no_rustup) = rustup::add_target(project, &compiler) else {
        return Ok(GuestToolchain::Installed(compiler));
    };
    let Err(no_debian) = debian::make(project, &compiler, folder) else {
        return Ok(GuestToolchain::Made(folder.to_owned()));
    };
    bail!(
        "agents need a Rust compiler for {GUEST_TARGET}, and there is none:\n  \
         - installed: rustc {} in `{}` has no standard library for it\n  \
         - rustup: {no_rustup:#}\n  \
         - Debian's source packages: {no_debian:#}\n\
         hint: run `rustup target add {GUEST_TARGET}` where rustup can download; with a distribution's own \
         Rust, install its package of the standard library for {GUEST_TARGET}",
        compiler.release,
        compiler.sysroot.display(),
    )
}

/// The compiled standard library for agents in a sysroot, if it has one.
fn standard_library(sysroot: &Path) -> Option<PathBuf> {
    let folder = sysroot.join("lib/rustlib").join(GUEST_TARGET).join("lib");
    fs::read_dir(folder)
        .ok()?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| {
            // rustup's has a hash in its name, one compiled here has not.
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default();
            name.ends_with(".rlib") && (name == "libstd.rlib" || name.starts_with("libstd-"))
        })
}
