//! The ordinary way: rustup downloads the target's standard library.

use std::process::Stdio;

use anyhow::{Context, Result, bail, ensure};

use super::compiler::Compiler;
use super::standard_library;
use crate::project::{GUEST_TARGET, Project};

/// Runs `rustup target add`, unattended. The error says why the target is still not there.
pub(super) fn add_target(project: &Project, compiler: &Compiler) -> Result<()> {
    if std::env::var("RUSTUP_AUTO_INSTALL").is_ok_and(|value| value == "0") {
        bail!("not asked, since RUSTUP_AUTO_INSTALL=0 says that it is not to install anything");
    }
    eprintln!("xtask: installing the target {GUEST_TARGET} with rustup");
    let output = project
        .command("rustup")
        .args(["target", "add", GUEST_TARGET])
        .stdin(Stdio::null())
        .output()
        .context("cannot start `rustup`")?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        let reason = text
            .lines()
            .rfind(|line| !line.trim().is_empty())
            .unwrap_or("no reason given");
        bail!("`rustup target add {GUEST_TARGET}` failed: {}", reason.trim());
    }
    ensure!(
        standard_library(&compiler.sysroot).is_some(),
        "`rustup target add` succeeded, but for another compiler than the one in `{}`",
        compiler.sysroot.display()
    );
    Ok(())
}
