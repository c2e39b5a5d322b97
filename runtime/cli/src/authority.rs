//! What a component's imports mean, in words: all that it could ever ask for.

use hap::Grants;

/// The words for one import. `grants` are those of the node that uses the component, where there is one.
pub(crate) fn words(import: &str, grants: Option<&Grants>) -> String {
    let name = import.split_once('@').map_or(import, |(name, _)| name);
    let words = match name {
        "hap:agent/types" => "only names types",
        "hap:agent/log" => "writes log records",
        "hap:agent/progress" => "tells how far it has come",
        "hap:agent/run" => "asks which run and node it serves and how much time is left",
        "hap:agent/resources" => return resources(grants),
        "hap:agent/identity" => return identity(grants),
        _ if name.starts_with("wasi:clocks/") => "language runtime; gets a virtual clock",
        _ if name.starts_with("wasi:random/") => "language runtime; gets seeded randomness",
        "wasi:cli/stdout" | "wasi:cli/stderr" => "language runtime; what it prints becomes log records",
        _ if name.starts_with("wasi:") => "language runtime; gets an empty world",
        _ => "not served by this host",
    };
    words.to_owned()
}

/// All that a component may ask for, one line for each kind of authority.
pub(crate) fn summary(imports: &[String], grants: &Grants) -> Vec<String> {
    let (runtime, other): (Vec<&String>, Vec<&String>) =
        imports.iter().partition(|import| import.starts_with("wasi:"));
    let mut lines: Vec<String> = other
        .iter()
        .filter(|import| !import.starts_with("hap:agent/types"))
        .map(|import| words(import, Some(grants)))
        .collect();
    if !runtime.is_empty() {
        let imports = |package| runtime.iter().any(|import| import.starts_with(package));
        let mut gets = vec!["an empty world"];
        gets.extend(imports("wasi:clocks/").then_some("a virtual clock"));
        gets.extend(imports("wasi:random/").then_some("seeded randomness"));
        lines.push(format!("language runtime; gets {}", gets.join(", ")));
    }
    if lines.is_empty() {
        lines.push("nothing: it computes and nothing else".to_owned());
    }
    lines
}

/// The kinds of authority that a component may ask for, in one line.
pub(crate) fn short(imports: &[String]) -> String {
    let mut kinds: Vec<&str> = imports
        .iter()
        .map(|import| import.split_once('@').map_or(import.as_str(), |(name, _)| name))
        .filter(|name| *name != "hap:agent/types")
        .map(|name| match name.strip_prefix("hap:agent/") {
            Some(interface) => interface,
            None if name.starts_with("wasi:") => "virtual WASI",
            None => name,
        })
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    if kinds.is_empty() {
        "nothing".to_owned()
    } else {
        kinds.join(", ")
    }
}

fn resources(grants: Option<&Grants>) -> String {
    let asks = "asks to read documents";
    let Some(grants) = grants else {
        return format!("{asks} that the graph grants");
    };
    if grants.resources.is_empty() {
        return format!("{asks}, and the graph grants none: it is told that there are none");
    }
    // A pattern has no other form for people than the one in which it is written.
    let patterns = serde_json::to_value(&grants.resources).unwrap_or_default();
    let patterns: Vec<&str> = patterns
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|pattern| pattern.as_str())
        .collect();
    format!("{asks}; the graph grants `{}`", patterns.join("`, `"))
}

fn identity(grants: Option<&Grants>) -> String {
    let asks = "asks who asked for the run";
    let Some(grants) = grants else {
        return format!("{asks}, as far as the graph grants it");
    };
    if grants.identity.is_empty() {
        return format!("{asks}, and the graph grants nothing of it: it is told that nobody is known");
    }
    let parts: Vec<&str> = grants.identity.iter().map(|part| part.name()).collect();
    format!("{asks}; the graph grants `{}`", parts.join("`, `"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hap::{IdentityPart, ResourcePattern};

    #[test]
    fn imports_are_told_in_words() {
        assert_eq!(words("hap:agent/log@0.1.0", None), "writes log records");
        assert_eq!(
            words("wasi:filesystem/types@0.2.6", None),
            "language runtime; gets an empty world"
        );
        assert_eq!(
            words("hap:agent/resources@0.1.0", None),
            "asks to read documents that the graph grants"
        );
        assert_eq!(words("acme:db/sql", None), "not served by this host");
    }

    #[test]
    fn what_the_graph_grants_is_told_beside_what_is_asked_for() {
        let none = words("hap:agent/resources@0.1.0", Some(&Grants::none()));
        assert!(none.contains("grants none"), "{none}");
        let grants = Grants {
            resources: vec![
                ResourcePattern::new("corpus/*").unwrap(),
                ResourcePattern::new("a.md").unwrap(),
            ],
            identity: vec![IdentityPart::User, IdentityPart::SessionId],
        };
        assert_eq!(
            words("hap:agent/identity@0.1.0", Some(&grants)),
            "asks who asked for the run; the graph grants `user`, `session-id`"
        );
        let none = words("hap:agent/identity@0.1.0", Some(&Grants::none()));
        assert!(none.contains("grants nothing"), "{none}");
        let some = words("hap:agent/resources@0.1.0", Some(&grants));
        assert_eq!(
            some,
            "asks to read documents; the graph grants `corpus/*`, `a.md`"
        );
    }

    #[test]
    fn the_language_runtime_is_summed_up_in_one_line() {
        let imports = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let all = imports(&[
            "hap:agent/types@0.1.0",
            "hap:agent/log@0.1.0",
            "wasi:io/poll@0.2.6",
            "wasi:clocks/wall-clock@0.2.6",
        ]);
        assert_eq!(
            summary(&all, &Grants::none()),
            [
                "writes log records",
                "language runtime; gets an empty world, a virtual clock"
            ]
        );
        assert_eq!(
            summary(&[], &Grants::none()),
            ["nothing: it computes and nothing else"]
        );
        assert_eq!(short(&all), "log, virtual WASI");
        assert_eq!(short(&[]), "nothing");
    }
}
