//! Where the settings come from: a TOML file, over it the environment, and over both `--set`. Flags of their own come last;
//! the command itself knows them.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use toml::{Table, Value};

use super::config::{Config, PATHS};
use super::keys::{self, PREFIX};
use crate::exit::Stop;

/// The largest file of settings, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// The variable that names the file, as `--config` does.
pub(crate) const FILE_VARIABLE: &str = "HAP_SERVE_CONFIG";

/// Where settings come from; each comes over those before it.
pub(crate) struct Layers<'a> {
    /// The file.
    pub(crate) file: Option<&'a Path>,
    /// The environment.
    pub(crate) environment: Vec<(OsString, OsString)>,
    /// What `--set` says, as `KEY=VALUE`.
    pub(crate) set: &'a [String],
}

impl Layers<'_> {
    /// Reads them all.
    pub(crate) fn read(&self) -> Result<Config, Stop> {
        let (variables, named) = self.variables()?;
        let mut table = match self.file.or(named.as_deref().map(Path::new)) {
            Some(file) => read_file(file)?,
            None => Table::new(),
        };
        for (name, key, text) in &variables {
            let value = value(key, text);
            let value = value.map_err(|why| Stop::bad_input(format!("the variable `{name}`: {why}")))?;
            put(&mut table, key, value);
        }
        for pair in self.set {
            let Some((key, text)) = pair.split_once('=') else {
                let stop = Stop::bad_input(format!("`--set {pair}` sets nothing"));
                return Err(stop.hint("write `--set KEY=VALUE`, such as `--set limits.max_runs=8`"));
            };
            let known = keys::all();
            if !known.iter().any(|known| known == key) {
                let stop = Stop::bad_input(format!("`--set {pair}`: there is no key `{key}`"));
                return Err(near(stop, key, known.iter().map(String::as_str)));
            }
            let value = value(key, text);
            let value = value.map_err(|why| Stop::bad_input(format!("`--set {pair}`: {why}")))?;
            put(&mut table, key, value);
        }
        // Each layer was checked by itself, so this is for what they are together.
        Config::deserialize(table)
            .map_err(|error| Stop::bad_input(format!("the settings cannot be used: {}", error.message())))
    }

    /// The variables that set a key, each with its key and value; and the file that one of them names.
    #[expect(clippy::type_complexity, reason = "a list of three texts, and one more")]
    fn variables(&self) -> Result<(Vec<(String, String, String)>, Option<String>), Stop> {
        let known: Vec<(String, String)> = keys::all()
            .into_iter()
            .map(|key| (keys::variable(&key), key))
            .collect();
        let (mut found, mut file) = (Vec::new(), None);
        for (name, text) in &self.environment {
            let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else {
                continue;
            };
            let Some(text) = text.to_str() else {
                return Err(Stop::bad_input(format!("the variable `{name}` is not UTF-8")));
            };
            if name == FILE_VARIABLE {
                file = Some(text.to_owned());
            } else if let Some((_, key)) = known.iter().find(|(variable, _)| variable == name) {
                found.push((name.to_owned(), key.clone(), text.to_owned()));
            } else {
                let stop = Stop::bad_input(format!("the variable `{name}` sets no key of the server's"));
                let known = known.iter().map(|(variable, _)| variable.as_str());
                return Err(near(stop, name, known.chain([FILE_VARIABLE])));
            }
        }
        Ok((found, file))
    }
}

/// The value of a key as it is written outside a file: a text, or what it would be in a file, or a list with commas.
fn value(key: &str, text: &str) -> Result<Value, String> {
    let as_in_a_file = || format!("value = {text}").parse::<Table>().ok()?.remove("value");
    let list = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    let candidates = [
        Some(Value::String(text.to_owned())),
        as_in_a_file(),
        Some(Value::Array(
            list.map(|item| Value::String(item.to_owned())).collect(),
        )),
    ];
    let mut first = None;
    for candidate in candidates.into_iter().flatten() {
        let mut table = Table::new();
        put(&mut table, key, candidate.clone());
        match Config::deserialize(table) {
            Ok(_) => return Ok(candidate),
            Err(error) => drop(first.get_or_insert(error.message().to_owned())),
        }
    }
    Err(first.unwrap_or_default())
}

fn put(table: &mut Table, key: &str, value: Value) {
    match key.split_once('.') {
        None => drop(table.insert(key.to_owned(), value)),
        Some((section, key)) => {
            let section = table.entry(section).or_insert_with(|| Table::new().into());
            if let Value::Table(section) = section {
                section.insert(key.to_owned(), value);
            }
        }
    }
}

/// Reads a file. Its paths are relative to its folder.
fn read_file(path: &Path) -> Result<Table, Stop> {
    let shown = path.display();
    let cannot = |why: String| Stop::bad_input(format!("cannot use `--config {shown}`: {why}"));
    let length = path.metadata().map_err(|error| cannot(error.to_string()))?.len();
    if length > MAX_BYTES {
        return Err(cannot(format!("it has {length} bytes, and may have {MAX_BYTES}")));
    }
    let text = fs::read_to_string(path).map_err(|error| cannot(error.to_string()))?;
    let wrong = |error: toml::de::Error| explain(path, &text, &error);
    toml::from_str::<Config>(&text).map_err(wrong)?;
    let mut table = toml::from_str::<Table>(&text).map_err(wrong)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    for key in PATHS {
        let place = match key.split_once('.') {
            None => table.get_mut(*key),
            Some((section, key)) => table.get_mut(section).and_then(|section| section.get_mut(key)),
        };
        match place {
            Some(Value::Array(items)) => items.iter_mut().for_each(|item| beside(folder, item)),
            Some(value) => beside(folder, value),
            None => {}
        }
    }
    Ok(table)
}

fn beside(folder: &Path, value: &mut Value) {
    // An address is no path.
    if let Value::String(text) = value
        && !text.contains("://")
    {
        *text = folder.join(&*text).display().to_string();
    }
}

/// What is wrong in a file, and where.
fn explain(path: &Path, text: &str, error: &toml::de::Error) -> Stop {
    let start = error.span().map_or(0, |span| span.start);
    let before = text.as_bytes().get(..start).unwrap_or_default();
    let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
    let place = format!("{}:{line}", path.display());
    // serde's words: "unknown field `x`, expected one of `a`, `b`".
    let mut names = error.message().split('`').skip(1).step_by(2);
    match names
        .next()
        .filter(|_| error.message().starts_with("unknown field"))
    {
        Some(key) => near(
            Stop::bad_input(format!("{place}: there is no key `{key}` here")),
            key,
            names,
        ),
        None => Stop::bad_input(format!("{place}: {}", error.message())),
    }
}

/// The stop with the name that is spelt most like what was written.
fn near<'a>(stop: Stop, written: &str, known: impl Iterator<Item = &'a str>) -> Stop {
    match hap::nearest(written, known) {
        Some(near) => stop.hint(format!("did you mean `{near}`?")),
        None => stop.hint("the page about the server lists the keys"),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn read(
        file: Option<&str>,
        environment: &[(&str, &str)],
        set: &[&str],
    ) -> Result<(Config, PathBuf), Stop> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hap.toml");
        if let Some(text) = file {
            fs::write(&path, text).unwrap();
        }
        let set: Vec<String> = set.iter().map(|&pair| pair.to_owned()).collect();
        let layers = Layers {
            file: file.is_some().then_some(&*path),
            environment: environment
                .iter()
                .map(|(name, text)| (name.into(), text.into()))
                .collect(),
            set: &set,
        };
        Ok((layers.read()?, folder.path().to_owned()))
    }

    #[test]
    fn each_layer_comes_over_the_one_before() {
        let file = "listen = '127.0.0.1:1'\nagents = ['a']\nhosts = ['x']\n[limits]\nmax_runs = 1\nmax_batch = 1\ndrain = '1s'\n";
        let variables = [
            ("HAP_SERVE_LISTEN", "127.0.0.1:2"),
            ("HAP_SERVE_HOSTS", "a.example, b.example"),
            ("HAP_SERVE_LIMITS_MAX_RUNS", "2"),
            ("HAP_SERVE_LIMITS_DRAIN", "2s"),
            ("HAP_SERVE_COMPONENTS_CACHE", "false"),
            ("HAP_SERVER", "another program's"),
        ];
        let (config, folder) =
            read(Some(file), &variables, &["limits.max_runs=3", "graphs=[\"g,h\"]"]).unwrap();
        assert_eq!(config.listen, "127.0.0.1:2");
        assert_eq!(config.agents, [folder.join("a")]);
        assert_eq!(config.graphs, [PathBuf::from("g,h")]);
        assert_eq!(config.hosts, ["a.example", "b.example"]);
        let limits = &config.limits;
        assert_eq!(
            (limits.max_runs, limits.max_batch, limits.drain.as_secs()),
            (3, 1, 2)
        );
        assert!(!config.components.cache);
    }

    #[test]
    fn paths_of_a_file_are_relative_to_it_and_others_to_the_folder_one_is_in() {
        let file = "resources = '/r'\n[auth]\ntokens = 't'\njwt_key = 'k'\n";
        let (config, folder) = read(Some(file), &[("HAP_SERVE_AUTH_JWT_KEY", "own")], &[]).unwrap();
        assert_eq!(config.resources, Some(PathBuf::from("/r")));
        assert_eq!(config.auth.tokens, Some(folder.join("t")));
        assert_eq!(config.auth.jwt_key, Some(PathBuf::from("own")));
    }

    #[test]
    fn what_cannot_be_used_is_told_with_its_place_and_what_was_probably_meant() {
        let cases = [
            (
                "\nagnets = []\n",
                "hap.toml:2: there is no key `agnets` here",
                "did you mean `agents`?",
            ),
            (
                "[limits]\nmax_rnus = 1\n",
                "hap.toml:2: there is no key `max_rnus` here",
                "did you mean `max_runs`?",
            ),
            (
                "[limts]\n",
                "hap.toml:1: there is no key `limts` here",
                "did you mean `limits`?",
            ),
            (
                "zzzzzzzzz = 1\n",
                "there is no key `zzzzzzzzz` here",
                "lists the keys",
            ),
            ("listen = 1\n", "hap.toml:1: invalid type", ""),
            (
                "[limits]\nmax_runs = 0\n",
                "hap.toml:2: it must be more than zero",
                "",
            ),
            ("[limits]\n\ndrain = 30\n", "hap.toml:3: `30` is not a time", ""),
            (
                "[auth]\nmode = 'nobody'\n",
                "hap.toml:2: unknown variant `nobody`, expected one of `token`",
                "",
            ),
            ("a = \n", "hap.toml:1: ", ""),
            ("listen = ''\nlisten = ''\n", "hap.toml:2: duplicate key", ""),
        ];
        for (text, told, hint) in cases {
            let stop = read(Some(text), &[], &[]).unwrap_err();
            assert!(stop.message.contains(told), "{text}: {stop:?}");
            assert!(
                stop.hint.clone().unwrap_or_default().contains(hint),
                "{text}: {stop:?}"
            );
        }
    }

    #[test]
    fn variables_and_pairs_that_set_nothing_are_told() {
        let told = |environment: &[(&str, &str)], set: &[&str]| read(None, environment, set).unwrap_err();
        let stop = told(&[("HAP_SERVE_LIMITS_MAX_RUN", "1")], &[]);
        assert!(
            stop.message.contains("`HAP_SERVE_LIMITS_MAX_RUN` sets no key"),
            "{stop:?}"
        );
        assert_eq!(
            stop.hint.as_deref(),
            Some("did you mean `HAP_SERVE_LIMITS_MAX_RUNS`?")
        );
        let stop = told(&[("HAP_SERVE_LIMITS_MAX_RUNS", "lots")], &[]);
        assert!(
            stop.message
                .contains("`HAP_SERVE_LIMITS_MAX_RUNS`: `lots` is not a whole number"),
            "{stop:?}"
        );
        let stop = told(&[], &["limits.max_run=1"]);
        assert_eq!(stop.hint.as_deref(), Some("did you mean `limits.max_runs`?"));
        assert!(told(&[], &["limits"]).message.contains("sets nothing"));
        assert!(
            told(&[], &["limits=1"])
                .message
                .contains("there is no key `limits`")
        );
        assert!(
            told(&[], &["limits.max_runs=x"])
                .message
                .contains("`x` is not a whole number")
        );
        let stop = told(&[("HAP_SERVE_CONFIG", "/no/such/file")], &[]);
        assert!(
            stop.message.contains("cannot use `--config /no/such/file`"),
            "{stop:?}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_variable_that_is_no_text_is_told() {
        use std::os::unix::ffi::OsStringExt;
        let layers = Layers {
            file: None,
            environment: vec![("HAP_SERVE_LISTEN".into(), OsString::from_vec(vec![0xff]))],
            set: &[],
        };
        assert!(layers.read().unwrap_err().message.contains("is not UTF-8"));
    }
}
