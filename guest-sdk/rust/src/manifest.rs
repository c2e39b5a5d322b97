//! What a host may know about an agent before it runs it, apart from the schemas, which come from the types.

/// Name, version, description and hints of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manifest {
    /// Kebab-case: `^[a-z][a-z0-9]*(-[a-z0-9]+)*$`.
    pub name: &'static str,
    /// Semantic version of the agent.
    pub version: &'static str,
    /// One line, for people and for planners that choose among agents.
    pub description: &'static str,
    /// The agent promises to change nothing outside the graph's context.
    pub read_only: bool,
    /// The agent promises that calling it twice with one request leaves the world as calling it once.
    pub idempotent: bool,
}

impl Manifest {
    /// Replaces the name.
    #[must_use]
    pub const fn name(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    /// Replaces the description.
    #[must_use]
    pub const fn description(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    /// Promises that the agent changes nothing outside the graph's context.
    #[must_use]
    pub const fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    /// Promises that calling the agent twice with one request leaves the world as calling it once.
    #[must_use]
    pub const fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// Refuses a name that no host accepts. [`export!`](crate::export) calls it while compiling.
    #[doc(hidden)]
    pub const fn check(self) {
        assert!(
            is_kebab_case(self.name),
            "an agent's name is kebab-case, like `find-terms`: rename the package, or set the name beside it"
        );
    }
}

/// The [`Manifest`](crate::Manifest) of the crate it is written in, from its `Cargo.toml`, without hints.
#[macro_export]
macro_rules! manifest {
    () => {
        $crate::Manifest {
            name: ::core::env!("CARGO_PKG_NAME"),
            version: ::core::env!("CARGO_PKG_VERSION"),
            description: ::core::env!("CARGO_PKG_DESCRIPTION"),
            read_only: false,
            idempotent: false,
        }
    };
}

const fn is_kebab_case(name: &str) -> bool {
    let mut rest = name.as_bytes();
    let mut starts_word = true;
    let mut starts_name = true;
    while let Some((&byte, tail)) = rest.split_first() {
        match byte {
            b'a'..=b'z' => starts_word = false,
            b'0'..=b'9' if !starts_name => starts_word = false,
            b'-' if !starts_word => starts_word = true,
            _ => return false,
        }
        starts_name = false;
        rest = tail;
    }
    !starts_word
}

#[cfg(test)]
mod tests {
    use super::{Manifest, is_kebab_case};

    #[test]
    fn a_name_is_kebab_case() {
        for name in ["a", "find-terms", "s3-copy", "a-2"] {
            assert!(is_kebab_case(name), "{name}");
        }
        for name in ["", "-a", "a-", "a--b", "A", "a_b", "2a", "é"] {
            assert!(!is_kebab_case(name), "{name}");
        }
    }

    #[test]
    fn the_crate_is_the_default_and_each_part_can_be_replaced() {
        const PLAIN: Manifest = crate::manifest!();
        const OTHER: Manifest = crate::manifest!()
            .name("other")
            .description("does it")
            .read_only();
        assert_eq!(
            (PLAIN.name, PLAIN.version),
            ("hap-guest", env!("CARGO_PKG_VERSION"))
        );
        assert!(PLAIN.description.starts_with("Write HAP agents"));
        assert_eq!(
            (OTHER.name, OTHER.description, OTHER.read_only, OTHER.idempotent),
            ("other", "does it", true, false)
        );
    }
}
