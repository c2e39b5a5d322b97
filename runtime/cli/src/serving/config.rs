//! The settings of a server in a JSON file. Paths in it are relative to the file.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::AuthArgs;
use crate::exit::Stop;

/// The largest file of settings, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// The settings of a server, from its file and the command line.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// The address to listen on.
    pub(crate) listen: Option<String>,
    /// Folders of agents.
    pub(crate) agents: Vec<PathBuf>,
    /// Folders of graphs.
    pub(crate) graphs: Vec<PathBuf>,
    /// Who is let in.
    #[serde(flatten)]
    pub(crate) auth: AuthArgs,
    /// A folder of documents.
    pub(crate) resources: Option<PathBuf>,
    /// What stands before a document's name in its URI.
    pub(crate) documents_uri: Option<String>,
    /// Names by which the server may be called.
    pub(crate) hosts: Vec<String>,
    /// Origins of web pages that may call it.
    pub(crate) origins: Vec<String>,
    /// How many runs may be under way.
    pub(crate) max_runs: Option<usize>,
}

impl Config {
    /// Reads a file.
    pub(crate) fn read(path: &Path) -> Result<Config, Stop> {
        let shown = path.display();
        let cannot = |why: String| Stop::bad_input(format!("cannot use `--config {shown}`: {why}"));
        let length = path.metadata().map_err(|error| cannot(error.to_string()))?.len();
        if length > MAX_BYTES {
            return Err(cannot(format!("it has {length} bytes, and may have {MAX_BYTES}")));
        }
        let text = std::fs::read_to_string(path).map_err(|error| cannot(error.to_string()))?;
        let mut config: Config = serde_json::from_str(&text)
            .map_err(|error| cannot(error.to_string()).hint("write JSON: see the page about the server"))?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let lists = config.agents.iter_mut().chain(&mut config.graphs);
        let single = config.resources.iter_mut().chain(config.auth.paths());
        lists.chain(single).for_each(|path| *path = folder.join(&*path));
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_the_file_and_unknown_keys_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hap.json");
        std::fs::write(
            &path,
            r#"{"agents":["a"],"tokens":"t","auth":"token","max_runs":3}"#,
        )
        .unwrap();
        let config = Config::read(&path).unwrap();
        assert_eq!(config.agents, [folder.path().join("a")]);
        assert_eq!(config.max_runs, Some(3));
        assert_eq!(config.auth.tokens, Some(folder.path().join("t")));
        std::fs::write(&path, r#"{"agnets":[]}"#).unwrap();
        assert!(Config::read(&path).unwrap_err().message.contains("agnets"));
    }
}
