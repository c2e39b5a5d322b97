//! What `hap.toml` says: the format, read strictly. docs/projects.md describes it for people.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use crate::embedded;

/// The longest name of an agent.
const MAX_NAME_CHARS: usize = 100;

/// The text of a `hap.toml`, taken apart.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// What the project makes.
    pub agent: AgentTable,
    /// What has to be there before the commands can run.
    #[serde(default)]
    pub tools: ToolsTable,
    /// How it is made.
    pub build: BuildTable,
}

/// The table `[agent]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentTable {
    /// The agent's name, as in its manifest.
    pub name: String,
    /// The language it is written in, in small letters.
    pub language: String,
    /// The version of the package `hap:agent` that it is written for.
    pub contract: semver::Version,
    /// The folder of the SDK, where it is not the one that `hap` brings along.
    pub sdk: Option<PathBuf>,
}

/// The table `[tools]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ToolsTable {
    /// Programs that must be there.
    pub programs: Vec<String>,
    /// Targets for which the Rust compiler must have a standard library.
    pub rust_targets: Vec<String>,
    /// A file of Python requirements, installed into a virtual environment of the project's own.
    pub requirements: Option<PathBuf>,
    /// Whether the packages of `package.json` are installed with npm, into the project.
    pub npm: bool,
}

/// The table `[build]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuildTable {
    /// The commands, each a program with its arguments, which run one after the other without a shell.
    pub commands: Vec<Vec<String>>,
    /// What is added to their environment.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// The component.
    pub output: PathBuf,
    /// The core module that the commands make, where `hap` makes the component from one.
    pub core: Option<PathBuf>,
    /// The files and folders whose content decides whether the component is stale.
    #[serde(default = "whole_project")]
    pub inputs: Vec<PathBuf>,
}

fn whole_project() -> Vec<PathBuf> {
    vec![PathBuf::from(".")]
}

impl Manifest {
    /// Reads the text of a `hap.toml`.
    ///
    /// # Errors
    /// In words, with the place where there is one.
    pub fn parse(text: &str) -> Result<Manifest, String> {
        let manifest: Manifest =
            toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        manifest.check()?;
        Ok(manifest)
    }

    fn check(&self) -> Result<(), String> {
        let name = &self.agent.name;
        if !is_agent_name(name) {
            return Err(format!(
                "`agent.name` is `{name}`: write small letters, digits and single dashes, such as `word-count`"
            ));
        }
        if self.build.commands.iter().any(Vec::is_empty) || self.build.commands.is_empty() {
            return Err(
                "`build.commands` needs a command, and each command a program: [[\"make\"]]".to_owned(),
            );
        }
        if self.build.output.file_name().is_none() {
            return Err("`build.output` must name a file, such as `build/agent.wasm`".to_owned());
        }
        if self.agent.sdk.is_none() && self.uses("{sdk}") && embedded::sdk(&self.agent.language).is_none() {
            return Err(format!(
                "a command uses `{{sdk}}`, but there is no SDK for `{}`: set `agent.sdk` to its folder",
                self.agent.language
            ));
        }
        if self.build.core.is_none() && self.uses("{core}") {
            return Err("a command uses `{core}`, but `build.core` is not set".to_owned());
        }
        Ok(())
    }

    /// Whether a command has this placeholder.
    fn uses(&self, placeholder: &str) -> bool {
        let words = self
            .build
            .commands
            .iter()
            .flatten()
            .chain(self.build.env.values());
        words.into_iter().any(|word| word.contains(placeholder))
    }
}

/// Whether an agent may have this name: what the contract's `manifest` says of it.
pub(crate) fn is_agent_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= MAX_NAME_CHARS
        && name.split('-').all(|part| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = "[agent]\nname = 'a'\nlanguage = 'zig'\ncontract = '0.1.0'\n\
                         [build]\ncommands = [['zig', 'build']]\noutput = 'a.wasm'\n";

    #[test]
    fn what_may_be_left_out_has_a_default() {
        let manifest = Manifest::parse(LEAST).unwrap();
        assert_eq!(manifest.tools, ToolsTable::default());
        assert_eq!(manifest.build.inputs, [PathBuf::from(".")]);
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        for (from, to, told) in [
            ("name = 'a'", "name = 'A'", "small letters"),
            ("name = 'a'", "name = 'a--b'", "small letters"),
            ("name = 'a'", "nam = 'a'", "unknown field `nam`"),
            ("'0.1.0'", "'one'", "line 4"),
            ("[['zig', 'build']]", "[]", "needs a command"),
            ("[['zig', 'build']]", "[[]]", "needs a command"),
            ("[['zig', 'build']]", "'zig build'", "expected a sequence"),
            ("'build'", "'{core}'", "`build.core` is not set"),
            ("'build'", "'{sdk}/x'", "no SDK for `zig`"),
            ("'a.wasm'", "'..'", "must name a file"),
            ("output = 'a.wasm'", "", "missing field `output`"),
        ] {
            let error = Manifest::parse(&LEAST.replace(from, to)).unwrap_err();
            assert!(error.contains(told), "{to}: {error}");
        }
    }
}
