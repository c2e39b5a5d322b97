//! `cargo xtask licenses`: every dependency's licence and source against `deny.toml`, without any install.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::project::Project;

/// Checks the dependencies of every workspace here, for every platform and feature.
pub(crate) fn run(project: &Project) -> Result<()> {
    let rules = project.path("deny.toml");
    let text = fs::read_to_string(&rules).with_context(|| format!("cannot read `{}`", rules.display()))?;
    let allowed = allowed_licenses(&text);
    if allowed.is_empty() {
        bail!("`{}` has no list `allow = [...]` of licences", rules.display());
    }

    let mut folders = vec![project.root().to_owned()];
    folders.extend(
        project
            .guest_workspaces()
            .into_iter()
            .map(|workspace| workspace.folder),
    );
    let mut packages = BTreeMap::new();
    for folder in folders {
        let metadata = project.metadata(&folder, &["--all-features"])?;
        for package in metadata
            .get("packages")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let text = |name| package.get(name).and_then(Value::as_str);
            // A package without a source is one of ours.
            if let (Some(name), Some(version), Some(source)) = (text("name"), text("version"), text("source"))
            {
                packages.insert(
                    format!("{name} {version}"),
                    (source.to_owned(), text("license").map(str::to_owned)),
                );
            }
        }
    }

    let mut problems = Vec::new();
    for (package, (source, license)) in &packages {
        if !source.starts_with("registry+") {
            problems.push(format!("{package} comes from `{source}`, not from a registry"));
        }
        match license {
            None => problems.push(format!("{package} names no licence: read its licence file")),
            Some(license) if !is_allowed(license, &allowed) => {
                problems.push(format!(
                    "{package} has the licence `{license}`, which deny.toml does not allow"
                ));
            }
            Some(_) => {}
        }
    }
    if !problems.is_empty() {
        bail!(
            "{} problems with dependencies:\n  {}",
            problems.len(),
            problems.join("\n  ")
        );
    }
    eprintln!(
        "licenses: {} dependencies, all allowed by deny.toml",
        packages.len()
    );
    Ok(())
}

/// The strings of the first list `allow` in deny.toml.
///
/// A TOML parser would cost every first `cargo xtask` its compile time, for one list of plain strings.
fn allowed_licenses(deny_toml: &str) -> Vec<&str> {
    let lines = deny_toml
        .lines()
        .map(str::trim)
        .skip_while(|line| *line != "allow = [")
        .skip(1);
    lines
        .take_while(|line| *line != "]")
        .filter_map(|line| line.strip_prefix('"')?.strip_suffix("\","))
        .collect()
}

/// Whether the allowed licences are enough for an SPDX expression such as `MIT OR (Apache-2.0 AND ISC)`.
///
/// `WITH` belongs to the licence before it, `AND` binds tighter than `OR`, and `/` is how crates once wrote
/// `OR`. What is no such expression is not allowed.
fn is_allowed(expression: &str, allowed: &[&str]) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    any_of(&mut rest, allowed) == Some(true) && rest.is_empty()
}

/// Reads alternatives and says whether one of them is allowed; `None` if this is no expression.
fn any_of(rest: &mut &[&str], allowed: &[&str]) -> Option<bool> {
    let mut result = all_of(rest, allowed)?;
    while take(rest, "OR") {
        result |= all_of(rest, allowed)?;
    }
    Some(result)
}

fn all_of(rest: &mut &[&str], allowed: &[&str]) -> Option<bool> {
    let mut result = one(rest, allowed)?;
    while take(rest, "AND") {
        result &= one(rest, allowed)?;
    }
    Some(result)
}

fn one(rest: &mut &[&str], allowed: &[&str]) -> Option<bool> {
    if take(rest, "(") {
        let result = any_of(rest, allowed)?;
        return take(rest, ")").then_some(result);
    }
    let license = next(rest)?;
    if take(rest, "WITH") {
        let with_exception = format!("{license} WITH {}", next(rest)?);
        return Some(allowed.contains(&with_exception.as_str()));
    }
    Some(allowed.contains(&license))
}

fn take(rest: &mut &[&str], word: &str) -> bool {
    let found = rest.first() == Some(&word);
    if found {
        next(rest);
    }
    found
}

fn next<'a>(rest: &mut &[&'a str]) -> Option<&'a str> {
    let (first, others) = rest.split_first()?;
    *rest = others;
    Some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOWED: &[&str] = &[
        "MIT",
        "Apache-2.0",
        "Apache-2.0 WITH LLVM-exception",
        "Unicode-3.0",
    ];

    #[test]
    fn expressions_are_read_as_spdx_means_them() {
        let fine = [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "(MIT OR GPL-3.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-3.0",
            "GPL-3.0 AND ISC OR MIT",
        ];
        let refused = [
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "(MIT OR Apache-2.0) AND GPL-3.0",
            "MIT WITH Odd-exception",
            "",
            "MIT OR",
            "(MIT",
            "MIT)",
            "MIT MIT",
        ];
        for expression in fine {
            assert!(is_allowed(expression, ALLOWED), "{expression}");
        }
        for expression in refused {
            assert!(!is_allowed(expression, ALLOWED), "{expression}");
        }
    }

    #[test]
    fn the_list_is_read_from_deny_toml() {
        let text = "[licenses]\n# Why.\nallow = [\n    \"MIT\",\n    # A comment.\n    \"Zlib\",\n]\n[bans]\n\"x\",\n";
        assert_eq!(allowed_licenses(text), ["MIT", "Zlib"]);
    }
}
