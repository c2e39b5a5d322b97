//! Trying the templates of `hap new` as a person would: each is made, built and run, and its tests are run with the command
//! of its README.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::guest_toolchain::GuestToolchain;
use crate::process;
use crate::project::Project;

/// The languages with a template.
const LANGUAGES: [&str; 5] = ["rust", "c", "javascript", "typescript", "python"];

/// What each counts.
const TEXT: &str = "text=the cat and the dog";

/// Tries all of them with the program in `target/release`.
pub(crate) fn check(project: &Project, toolchain: &GuestToolchain) -> Result<()> {
    let folder = project.target("templates");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove `{}`", folder.display()))?;
    }
    for language in LANGUAGES {
        eprintln!("xtask: trying the template for {language}");
        let place = folder.join(format!("my-{language}"));
        let hap = |arguments: &[&str]| {
            let mut command = Command::new(project.target("release/hap"));
            command.args(arguments);
            toolchain.set_compiler(&mut command);
            if language == "c" {
                // Its compiler is large: what the conformance agent has installed serves here too.
                command.env("HAP_TOOLS", project.target("guest-tools"));
            }
            command
        };
        let shown = place.to_string_lossy();
        process::run(&mut hap(&["new", &shown, "--lang", language]))?;
        process::run(&mut hap(&["build", &shown]))?;
        let graph = place.join("graph.yaml");
        let ran = process::output(&mut hap(&[
            "run",
            &graph.to_string_lossy(),
            "--set",
            TEXT,
            "--get",
            "words",
        ]))?;
        ensure!(
            ran.trim() == "5",
            "the template for {language} counts {ran}, not 5"
        );
        let readme = fs::read_to_string(place.join("README.md"))?;
        let tests =
            test_command(&readme).with_context(|| format!("the README for {language} names no tests"))?;
        process::run(Command::new("sh").args(["-c", tests]).current_dir(&place))?;
    }
    Ok(())
}

/// The command of a README's line about the tests.
fn test_command(readme: &str) -> Option<&str> {
    let line = readme.lines().find(|line| line.contains("# the tests"))?;
    line.split_once('#').map(|(command, _)| command.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_stands_before_its_comment() {
        assert_eq!(
            test_command("x\nnpm test   # the tests, on this machine\n"),
            Some("npm test")
        );
        assert_eq!(test_command("nothing"), None);
    }
}
