//! Entrypoints: the text by which a graph names an agent.

use std::fmt;

/// The text by which a graph names an agent, as it was written. [`Entrypoint::parse`] tells its form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entrypoint(String);

/// The forms of an entrypoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntrypointForm {
    /// A path to a component, relative to the graph file: `agents/split.wasm`.
    Path(String),
    /// A name that is looked up in the agent folders: `namespace:name[@version]`.
    Name {
        /// The folder below an agent folder.
        namespace: String,
        /// The agent.
        name: String,
        /// The version; without one, the file without a version in its name.
        version: Option<String>,
    },
}

/// An entrypoint that has none of the known forms.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no entrypoint: write a path to a component (`agents/split.wasm`) or `namespace:name[@version]`"
)]
pub struct EntrypointError(String);

impl Entrypoint {
    /// An entrypoint as written.
    pub fn new(text: impl Into<String>) -> Entrypoint {
        Entrypoint(text.into())
    }

    /// The text as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Which form it has. A path contains `/` or ends in `.wasm`; everything else must be a name.
    ///
    /// # Errors
    /// Lists the forms when it has none of them.
    pub fn parse(&self) -> Result<EntrypointForm, EntrypointError> {
        let text = self.0.as_str();
        let invalid = || EntrypointError(crate::problem::shown(text));
        if text.is_empty() || text.chars().any(char::is_control) || text.contains("://") {
            return Err(invalid());
        }
        if text.contains('/') || text.ends_with(".wasm") {
            return Ok(EntrypointForm::Path(text.to_owned()));
        }
        let (namespace, rest) = text.split_once(':').ok_or_else(invalid)?;
        let (name, version) = match rest.split_once('@') {
            Some((name, version)) => (name, Some(version)),
            None => (rest, None),
        };
        let word = |word: &str| {
            word.starts_with(|c: char| c.is_ascii_alphanumeric())
                && word
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
                && !word.contains("..")
        };
        if !word(namespace) || !word(name) || !version.is_none_or(word) {
            return Err(invalid());
        }
        Ok(EntrypointForm::Name {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            version: version.map(str::to_owned),
        })
    }
}

impl fmt::Display for Entrypoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_names_are_told_apart() {
        let form = |text| Entrypoint::new(text).parse();
        assert_eq!(form("a.wasm"), Ok(EntrypointForm::Path("a.wasm".into())));
        assert_eq!(
            form("../agents/x"),
            Ok(EntrypointForm::Path("../agents/x".into()))
        );
        let name = |version: Option<&str>| {
            Ok(EntrypointForm::Name {
                namespace: "review".into(),
                name: "find-terms".into(),
                version: version.map(Into::into),
            })
        };
        assert_eq!(form("review:find-terms"), name(None));
        assert_eq!(form("review:find-terms@1.2.0"), name(Some("1.2.0")));
    }

    #[test]
    fn anything_else_is_refused_with_the_forms() {
        for bad in [
            "",
            "split",
            "a:",
            ":b",
            "a:b:c",
            "a:b@",
            "a:..",
            "http://x/y.wasm",
            "a b:c",
            "a:b\n",
        ] {
            let error = Entrypoint::new(bad).parse().unwrap_err().to_string();
            assert!(error.contains("namespace:name[@version]"), "{bad}: {error}");
        }
    }
}
