//! Grants: what a graph lets a node use. Nothing is granted unless it stands here.

use serde::Serialize;

use crate::identity::IdentityPart;

/// What one node may use beyond computing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Grants {
    /// Patterns of the resources that the node may list and read.
    pub resources: Vec<ResourcePattern>,
    /// What the node may be told of who asked for the run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub identity: Vec<IdentityPart>,
}

impl Grants {
    /// Nothing.
    pub fn none() -> Grants {
        Grants::default()
    }

    /// Whether the resource of that name may be read.
    pub fn allows_resource(&self, name: &str) -> bool {
        is_resource_name(name) && self.resources.iter().any(|pattern| pattern.matches(name))
    }
}

/// An interface that a component imports and a node does not grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ungranted {
    /// The interface, as imported.
    pub interface: String,
    /// The line of the graph file that would grant it, to be completed by who knows what is needed.
    pub line: &'static str,
}

impl Grants {
    /// Which of `imports` need a grant that is not here.
    pub fn refused(&self, imports: &[String]) -> Vec<Ungranted> {
        let line = |import: &String| match import.split('@').next() {
            Some("hap:agent/resources") if self.resources.is_empty() => {
                Some("grants: {resources: ['NAME', 'FOLDER/*']}")
            }
            Some("hap:agent/identity") if self.identity.is_empty() => Some("grants: {identity: [user]}"),
            _ => None,
        };
        let refused = imports.iter().filter_map(|interface| {
            Some(Ungranted {
                interface: interface.clone(),
                line: line(interface)?,
            })
        });
        refused.collect()
    }
}

/// A resource name, or a prefix of names: `corpus/manual.md`, `corpus/*`, `*`, `agent://review/*`. What a host tells under
/// names with a scheme is covered only by a pattern with that scheme.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ResourcePattern(String);

impl ResourcePattern {
    /// Checks `pattern`.
    ///
    /// # Errors
    /// Says what is wrong: a `*` that is not the last character after a `/`, or a name that is not canonical.
    pub fn new(pattern: &str) -> Result<ResourcePattern, String> {
        let (scheme, path) = split_scheme(pattern);
        let name = match path.strip_suffix('*') {
            Some("") => "any",
            Some(prefix) => prefix.strip_suffix('/').unwrap_or("*"),
            None => path,
        };
        let whole = scheme.is_none_or(|scheme| is_resource_name(&format!("{scheme}://{name}")));
        if whole && is_canonical(name) && !name.contains('*') {
            return Ok(ResourcePattern(pattern.to_owned()));
        }
        Err(format!(
            "`{}` is no resource pattern: write a name such as `corpus/manual.md`, a folder `corpus/*`, or `*`",
            crate::problem::shown(pattern)
        ))
    }

    fn matches(&self, name: &str) -> bool {
        // `*` is every document, and nothing that the host tells of itself.
        if split_scheme(&self.0).0 != split_scheme(name).0 {
            return false;
        }
        match self.0.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => self.0 == name,
        }
    }
}

/// Whether a resource name has one spelling only: segments between single slashes, none of them `.` or `..`,
/// and no character that some reader might decode (`%`, `\`, control characters).
pub fn is_canonical(name: &str) -> bool {
    let plain = |c: char| !c.is_control() && c != '%' && c != '\\';
    !name.is_empty()
        && name.len() <= 1024
        && name.chars().all(plain)
        && name
            .split('/')
            .all(|segment| !segment.is_empty() && segment != "." && segment != "..")
}

/// Whether it can name a resource: [canonical](is_canonical), or that behind a scheme of at most 16 small letters, as in
/// `agent://review/info`.
pub fn is_resource_name(name: &str) -> bool {
    let letters = |scheme: &str| scheme.len() <= 16 && scheme.bytes().all(|byte| byte.is_ascii_lowercase());
    match split_scheme(name) {
        (Some(scheme), path) => !scheme.is_empty() && letters(scheme) && is_canonical(path),
        (None, path) => is_canonical(path),
    }
}

/// What stands before and behind `://`.
fn split_scheme(name: &str) -> (Option<&str>, &str) {
    match name.split_once("://") {
        Some((scheme, path)) => (Some(scheme), path),
        None => (None, name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_canonical_names_within_a_pattern_are_allowed() {
        let grants = Grants {
            resources: vec![ResourcePattern::new("corpus/*").unwrap()],
            ..Grants::none()
        };
        assert!(grants.allows_resource("corpus/a/b.md"));
        for name in [
            "corpus",
            "corpus/",
            "corpus/../x",
            "corpus/./x",
            "corpus//x",
            "corpus/%2e%2e",
            "Corpus/a",
            "",
            "/corpus/a",
            "corpus\\a",
        ] {
            assert!(!grants.allows_resource(name), "{name}");
        }
        assert!(!Grants::none().allows_resource("corpus/a"));
    }

    #[test]
    fn what_the_host_tells_of_itself_is_covered_only_by_its_scheme() {
        let allows = |pattern: &str, name: &str| {
            let resources = vec![ResourcePattern::new(pattern).unwrap()];
            let grants = Grants {
                resources,
                ..Grants::none()
            };
            grants.allows_resource(name)
        };
        assert!(allows("agent://*", "agent://review/info"));
        assert!(allows("agent://review/*", "agent://review/info"));
        assert!(allows("run://0af", "run://0af"));
        for (pattern, name) in [
            ("*", "agent://review/info"),
            ("agent/*", "agent://review/info"),
            ("agent://*", "run://0af"),
            ("agent://*", "agent/review"),
            ("agent://review/*", "agent://review"),
            ("agent://*", "agent://../review"),
            ("agent://*", "agent:///review"),
            ("agent://*", "agent://a://b"),
        ] {
            assert!(!allows(pattern, name), "{pattern} {name}");
        }
        for bad in [
            "://*",
            "Agent://*",
            "a b://*",
            "agent://",
            "agent://../*",
            "agent://a*",
            "a://b://c",
        ] {
            assert!(ResourcePattern::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn patterns_with_a_star_in_the_middle_are_refused() {
        for bad in ["a*b", "a*", "*/x", "../*", "", "a/**"] {
            assert!(ResourcePattern::new(bad).is_err(), "{bad}");
        }
        assert!(ResourcePattern::new("*").is_ok());
    }
}
