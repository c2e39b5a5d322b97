//! Embeds the contract, the SDKs and the templates: the program that makes a project carries all that it needs.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders of an SDK that its users do not need.
const LEFT_OUT: &[&str] = &[
    "tests",
    "conformance",
    "examples",
    "node_modules",
    "target",
    "build",
    "dist",
    "__pycache__",
];

fn main() -> Result<(), Box<dyn Error>> {
    let here = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let root = here.join("../..").canonicalize()?;
    let mut code = String::new();
    table(&mut code, "WIT", &root.join("wit"), &[])?;
    table(&mut code, "TEMPLATES", &here.join("templates"), &["__pycache__"])?;
    for language in ["rust", "python", "javascript", "c"] {
        let name = format!("SDK_{}", language.to_uppercase());
        table(&mut code, &name, &root.join("guest-sdk").join(language), LEFT_OUT)?;
    }
    let manifest = root.join("Cargo.toml");
    println!("cargo::rerun-if-changed={}", manifest.display());
    writeln!(
        code,
        "pub(crate) const WORKSPACE: &str = include_str!({manifest:?});"
    )?;
    fs::write(PathBuf::from(std::env::var("OUT_DIR")?).join("embedded.rs"), code)?;
    Ok(())
}

/// Writes a constant with the files below `folder`, by their path in it; none where the folder is missing.
fn table(code: &mut String, name: &str, folder: &Path, left_out: &[&str]) -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = Vec::new();
    if folder.is_dir() {
        walk(folder, folder, left_out, &mut files)?;
    }
    files.sort();
    writeln!(code, "pub(crate) const {name}: Files = &[")?;
    for file in files {
        writeln!(code, "    ({file:?}, include_bytes!({:?})),", folder.join(&file))?;
    }
    writeln!(code, "];")?;
    Ok(())
}

fn walk(top: &Path, folder: &Path, left_out: &[&str], files: &mut Vec<String>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let hidden = name.starts_with('.') && name != ".cargo";
        if hidden || left_out.contains(&name.as_str()) || name.ends_with(".egg-info") {
            continue;
        }
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            println!("cargo::rerun-if-changed={}", path.display());
            walk(top, &path, left_out, files)?;
        } else if name != "Cargo.lock" {
            files.push(path.strip_prefix(top)?.to_string_lossy().replace('\\', "/"));
        }
    }
    Ok(())
}
