//! `cargo xtask tidy`: the rules of this repository that a program can hold.
//!
//! Everything wrong is reported at once, each problem with its place and what to do.

mod layers;
mod links;
mod sources;

use std::fs;

use anyhow::{Result, bail};
use serde_json::Value;

use crate::{process, project::Project};

/// Checks every file that is tracked or would be, and the dependencies between the crates.
pub(crate) fn run(project: &Project) -> Result<()> {
    let mut problems = Vec::new();
    let mut long = Vec::new();
    let mut checked = 0;
    let listed = process::output(project.command("git").args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]))?;
    for path in listed.split_terminator('\0') {
        // What is no text is none of our business, nor what was deleted but not yet committed.
        let Ok(text) = fs::read_to_string(project.path(path)) else {
            continue;
        };
        checked += 1;
        problems.extend(sources::machine_paths(path, &text));
        if path.ends_with(".rs") {
            problems.extend(sources::rust_problems(path, &text));
            long.extend(sources::long_note(path, &text));
        }
        if path.ends_with(".md") {
            problems.extend(links::broken(path, &text, |target| {
                project.root().join(target).exists()
            }));
        }
    }
    problems.extend(layers::problems(&host_crates(project)?));

    for note in &long {
        eprintln!("tidy: note: {note}");
    }
    if !problems.is_empty() {
        bail!(
            "tidy found {} problems:\n  {}",
            problems.len(),
            problems.join("\n  ")
        );
    }
    eprintln!("tidy: {checked} files, all in order");
    Ok(())
}

/// The crates of the root workspace, with what each is compiled with outside tests and build scripts.
fn host_crates(project: &Project) -> Result<Vec<layers::Crate>> {
    let metadata = project.metadata(project.root(), &["--no-deps"])?;
    let packages = metadata.get("packages").and_then(Value::as_array);
    let name_of = |value: &Value| {
        value
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    Ok(packages
        .into_iter()
        .flatten()
        .map(|package| layers::Crate {
            name: name_of(package),
            dependencies: package
                .get("dependencies")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter(|dependency| dependency.get("kind").is_some_and(Value::is_null))
                .map(name_of)
                .collect(),
        })
        .collect())
}
