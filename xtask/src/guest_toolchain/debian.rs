//! A toolchain made from Debian's source packages, in a folder of its own.
//!
//! `guest-toolchain.sh` does the work, in a neighbour folder that is renamed when it is complete: so a folder
//! that is there can be used, whenever an earlier run was interrupted. One process works at a time.

use std::ffi::OsString;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::compiler::Compiler;
use crate::project::Project;

/// The script's path in the repository.
const SCRIPT: &str = "xtask/guest-toolchain.sh";
/// Its text: a toolchain that another version of it made is made anew.
const SCRIPT_TEXT: &str = include_str!("../../guest-toolchain.sh");
/// The file in the toolchain's folder that says what it was made from.
const STAMP: &str = ".made-from";

/// Whether `folder` holds a finished toolchain that goes with this compiler.
pub(super) fn is_made(compiler: &Compiler, folder: &Path) -> bool {
    fs::read_to_string(folder.join(STAMP)).is_ok_and(|stamp| stamp == stamp_of(compiler))
}

/// Makes the toolchain in `folder`, or waits for another process that is making it.
pub(super) fn make(project: &Project, compiler: &Compiler, folder: &Path) -> Result<()> {
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent).with_context(|| format!("cannot create `{}`", parent.display()))?;
    }
    let lock = lock(&beside(folder, ".lock"))?;
    if is_made(compiler, folder) {
        return Ok(());
    }
    let (new, old) = (beside(folder, ".new"), beside(folder, ".old"));
    remove(&new)?;
    remove(&old)?;
    fs::create_dir(&new).with_context(|| format!("cannot create `{}`", new.display()))?;

    let started = Instant::now();
    eprintln!("xtask: making a Rust toolchain for agents from Debian's source packages (some minutes, once)");
    let built = run_script(project, compiler, &new, &lock);
    if built.is_ok() {
        let toolchain = new.join("toolchain");
        fs::write(toolchain.join(STAMP), stamp_of(compiler))?;
        if folder.exists() {
            fs::rename(folder, &old).with_context(|| format!("cannot move `{}` away", folder.display()))?;
        }
        fs::rename(&toolchain, folder)
            .with_context(|| format!("cannot put `{}` in place", folder.display()))?;
        eprintln!(
            "xtask: made `{}` in {} s",
            folder.display(),
            started.elapsed().as_secs()
        );
    }
    remove(&new)?;
    remove(&old)?;
    built
}

/// Waits until no other process makes a toolchain here; the file is locked until it is closed.
fn lock(path: &Path) -> Result<File> {
    let file = File::create(path).with_context(|| format!("cannot create `{}`", path.display()))?;
    if file.try_lock().is_err() {
        eprintln!("xtask: waiting for another process that makes the toolchain for agents");
        file.lock()
            .with_context(|| format!("cannot lock `{}`", path.display()))?;
    }
    Ok(file)
}

/// Runs the script, which fills `new/toolchain`. Its last words are the error.
fn run_script(project: &Project, compiler: &Compiler, new: &Path, lock: &File) -> Result<()> {
    // The lock is the script's standard input: it and all it starts hold the lock, so nothing of a run whose
    // xtask was killed still writes into the folder once the next run has got it.
    let lock = lock.try_clone().context("cannot share the lock")?;
    let mut script = Command::new("bash");
    script
        .arg(project.path(SCRIPT))
        .arg(new)
        .arg(&compiler.sysroot)
        .stdin(lock)
        .stderr(Stdio::piped());
    let mut child = script
        .spawn()
        .with_context(|| format!("cannot start `bash {SCRIPT}`"))?;
    let mut last = String::from("no reason given");
    if let Some(stderr) = child.stderr.take() {
        for line in BufReader::new(stderr).lines() {
            let line = line.context("cannot read what the script says")?;
            eprintln!("{line}");
            if let Some(words) = line.strip_prefix("guest-toolchain: ") {
                last = words.to_owned();
            }
        }
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("{last}");
    }
    Ok(())
}

/// What a toolchain for this compiler is made from.
fn stamp_of(compiler: &Compiler) -> String {
    let mut script = DefaultHasher::new();
    SCRIPT_TEXT.hash(&mut script);
    let Compiler {
        release,
        commit,
        sysroot,
    } = compiler;
    format!(
        "rustc {release} ({commit}) in {}\nscript {:016x}\n",
        sysroot.display(),
        script.finish()
    )
}

/// The path whose last part has `suffix` added.
fn beside(folder: &Path, suffix: &str) -> PathBuf {
    let mut path = OsString::from(folder);
    path.push(suffix);
    PathBuf::from(path)
}

/// Removes a folder if it is there.
fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove `{}`", folder.display()))
        }
        _ => Ok(()),
    }
}
