//! The arrows between the crates: dependencies point one way.

/// A crate of the workspace.
pub(super) struct Crate {
    /// Its name.
    pub(super) name: String,
    /// What it depends on outside tests and build scripts, ours and others'.
    pub(super) dependencies: Vec<String>,
}

/// The crates of the workspace, each with those of them that it may depend on. A crate that is not here
/// gets its place in the same commit that adds it.
const LAYERS: &[(&str, &[&str])] = &[
    ("hap-model", &[]),
    ("hap-engine", &["hap-model"]),
    ("hap-sandbox", &["hap-model"]),
    ("hap", &["hap-model", "hap-engine", "hap-sandbox"]),
    ("hap-server", &["hap"]),
    ("hap-client", &["hap", "hap-server"]),
    ("hap-project", &[]),
    ("hap-conform", &["hap"]),
    (
        "hap-cli",
        &[
            "hap",
            "hap-client",
            "hap-conform",
            "hap-project",
            "hap-server",
            "hap-hostile",
        ],
    ),
    ("hap-hostile", &["hap"]),
    ("hap-load", &["hap", "hap-server", "hap-hostile"]),
    ("hap-guest-macros", &[]),
    ("hap-guest", &["hap-guest-macros"]),
    (
        "hap-tests",
        &[
            "hap-model",
            "hap-engine",
            "hap-sandbox",
            "hap",
            "hap-server",
            "hap-guest",
            "hap-hostile",
        ],
    ),
    ("xtask", &[]),
];

/// A family of crates from elsewhere (the name, and the name with a dash and more), with the crates of ours
/// that may depend on it.
const OTHERS: &[(&str, &[&str])] = &[
    ("wasmtime", &["hap-sandbox", "hap-tests"]),
    (
        "tokio",
        &[
            "hap-engine",
            "hap-sandbox",
            "hap",
            "hap-server",
            "hap-client",
            "hap-cli",
            "hap-conform",
            "hap-hostile",
            "hap-load",
            "hap-project",
            "hap-tests",
        ],
    ),
];

/// Every dependency that points the wrong way, as a sentence.
pub(super) fn problems(crates: &[Crate]) -> Vec<String> {
    let mut problems = Vec::new();
    for Crate { name, dependencies } in crates {
        let Some((_, allowed)) = LAYERS.iter().find(|(layer, _)| layer == name) else {
            problems.push(format!(
                "crate `{name}` has no place among the layers: add it to LAYERS in {}",
                file!()
            ));
            continue;
        };
        for dependency in dependencies {
            let ours = LAYERS.iter().any(|(layer, _)| layer == dependency);
            if ours && !allowed.contains(&dependency.as_str()) {
                let may = if allowed.is_empty() {
                    "none of ours".to_owned()
                } else {
                    allowed.join(", ")
                };
                problems.push(format!(
                    "crate `{name}` depends on `{dependency}`; it may depend on: {may}"
                ));
            }
            for (family, users) in OTHERS.iter().filter(|(family, _)| belongs(dependency, family)) {
                if !users.contains(&name.as_str()) {
                    problems.push(format!(
                        "crate `{name}` depends on `{dependency}`; of ours, only these may use {family}: {}",
                        users.join(", ")
                    ));
                }
            }
        }
    }
    problems
}

fn belongs(name: &str, family: &str) -> bool {
    name.strip_prefix(family)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, dependencies: &[&str]) -> Vec<String> {
        let dependencies = dependencies
            .iter()
            .map(|dependency| (*dependency).to_owned())
            .collect();
        problems(&[Crate {
            name: name.to_owned(),
            dependencies,
        }])
    }

    #[test]
    fn arrows_that_point_down_are_fine() {
        assert!(found("hap-model", &["serde"]).is_empty());
        assert!(
            found(
                "hap-sandbox",
                &["hap-model", "wasmtime", "wasmtime-wasi", "tokio"]
            )
            .is_empty()
        );
        assert!(found("hap-cli", &["hap", "clap"]).is_empty());
    }

    #[test]
    fn an_arrow_that_points_up_or_past_a_layer_is_named() {
        assert_eq!(
            found("hap-engine", &["hap-sandbox"]),
            ["crate `hap-engine` depends on `hap-sandbox`; it may depend on: hap-model"]
        );
        assert_eq!(
            found("hap-model", &["hap", "tokio-util"]),
            [
                "crate `hap-model` depends on `hap`; it may depend on: none of ours",
                "crate `hap-model` depends on `tokio-util`; of ours, only these may use tokio: hap-engine, \
                 hap-sandbox, hap, hap-server, hap-client, hap-cli, hap-conform, hap-hostile, hap-load, \
                 hap-project, hap-tests",
            ]
        );
        assert_eq!(found("hap-cli", &["wasmtime-wasi"]).len(), 1);
    }

    #[test]
    fn a_new_crate_must_be_given_a_place() {
        assert!(found("hap-new", &[])[0].starts_with("crate `hap-new` has no place"));
    }
}
