//! Names that come from graph files: entrypoints, resource patterns, and the names of resources. Whatever is accepted
//! leads to no place outside the folder that it is meant for.

use std::path::{Component, Path};
use std::time::Duration;

use hap::FolderLoader;
use hap_model::{Entrypoint, EntrypointForm, Grants, ResourcePattern, is_canonical};

use super::bounded::within;
use super::told::is_told_well;

/// The property. `data` as a whole is an entrypoint, a pattern and a name; its first two lines are a pattern and a name.
pub fn check(data: &[u8]) {
    // A graph file is text.
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    within(Duration::from_secs(1), || {
        entrypoint(text);
        let mut lines = text.splitn(2, '\n');
        let (first, second) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
        entrypoint(first);
        for (pattern, name) in [
            (first, second),
            (second, first),
            (text, text),
            ("*", text),
            (first, first),
        ] {
            grant(pattern, name);
        }
    });
}

fn entrypoint(text: &str) {
    let entrypoint = Entrypoint::new(text);
    assert_eq!(entrypoint.as_str(), text);
    let form = match entrypoint.parse() {
        Ok(form) => form,
        Err(error) => {
            is_told_well(&error.to_string(), 300);
            return;
        }
    };
    match &form {
        EntrypointForm::Path(path) => {
            assert_eq!(path, text, "a path is taken as written");
            assert!(path.contains('/') || path.ends_with(".wasm"));
            assert!(!path.contains("://") && !path.chars().any(char::is_control));
        }
        EntrypointForm::Name {
            namespace,
            name,
            version,
        } => {
            let version_part = version
                .as_ref()
                .map(|version| format!("@{version}"))
                .unwrap_or_default();
            assert_eq!(
                format!("{namespace}:{name}{version_part}"),
                text,
                "nothing gets lost"
            );
            for word in [namespace, name].into_iter().chain(version) {
                let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
                assert!(
                    word.chars().all(plain) && !word.contains("..") && !word.starts_with('.'),
                    "{word}"
                );
                assert!(!word.is_empty());
            }
            stays_inside(namespace, name, &version_part);
            looked_up(&form);
        }
    }
}

/// The files that a loader tries, by its documented rule, are in the agent folder or one folder below it.
fn stays_inside(namespace: &str, name: &str, version: &str) {
    let folder = Path::new("agents");
    for name in [name.to_owned(), name.replace('-', "_")] {
        let file = format!("{name}{version}.wasm");
        for (path, below) in [(folder.join(namespace).join(&file), 3), (folder.join(&file), 2)] {
            let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
            assert!(plain && path.components().count() == below, "{}", path.display());
            assert!(path.starts_with(folder) && path.file_name().is_some_and(|last| last == file.as_str()));
        }
    }
}

/// The loader itself finds nothing for a name in a folder that is not there, and says so.
fn looked_up(form: &EntrypointForm) {
    use hap::AgentLoader as _;
    let loader = FolderLoader {
        folders: vec!["/nonexistent/agents".into()],
        max_bytes: 1,
    };
    let mut loading = loader.load(form, Path::new("/nonexistent"));
    // Without a file there is nothing to wait for.
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(loaded) = loading.as_mut().poll(&mut cx) else {
        panic!("waits for a file that is not there")
    };
    let error = loaded.unwrap_err();
    assert!(error.message.contains("there is no agent"), "{}", error.message);
}

/// What a pattern grants is canonical, and at or below what the pattern names.
fn grant(pattern: &str, name: &str) {
    assert_eq!(is_canonical(name), naive_is_canonical(name), "{name:?}");
    let checked = match ResourcePattern::new(pattern) {
        Ok(checked) => checked,
        Err(message) => {
            is_told_well(&message, 300);
            return;
        }
    };
    // A scheme is compared as a whole, and the rest is as without one.
    let (scheme, path) = naive_scheme(pattern);
    let (scheme_of_name, path_of_name) = naive_scheme(name);
    let is_scheme =
        |scheme: &str| (1..=16).contains(&scheme.len()) && scheme.chars().all(|c| c.is_ascii_lowercase());
    assert!(scheme.is_none_or(is_scheme), "{pattern:?}");
    let folder = path.strip_suffix("/*");
    assert!(
        path == "*" || naive_is_canonical(folder.unwrap_or(path)),
        "{pattern:?}"
    );
    assert!(!folder.unwrap_or_default().contains('*'));
    let grants = Grants {
        resources: vec![checked],
        ..Grants::none()
    };
    let inside = match folder {
        _ if path == "*" => true,
        // Strictly below: the folder itself is no resource.
        Some(folder) => Path::new(path_of_name).starts_with(folder) && path_of_name.len() > folder.len() + 1,
        None => path_of_name == path,
    };
    assert_eq!(
        grants.allows_resource(name),
        naive_is_canonical(path_of_name) && inside && scheme == scheme_of_name,
        "{pattern:?} and {name:?}"
    );
    assert!(!Grants::none().allows_resource(name));
}

/// What stands before and behind the first `://`.
fn naive_scheme(text: &str) -> (Option<&str>, &str) {
    match text.find("://") {
        Some(at) => (Some(&text[..at]), &text[at + 3..]),
        None => (None, text),
    }
}

/// A relative path of plain parts, spelt in the one way in which the parts alone would spell it.
fn naive_is_canonical(name: &str) -> bool {
    let parts: Option<Vec<&str>> = Path::new(name)
        .components()
        .map(|part| match part {
            Component::Normal(part) => part.to_str(),
            _ => None,
        })
        .collect();
    let again = parts.map(|parts| parts.join("/"));
    let odd = name.contains(['%', '\\']) || name.contains(|c: char| c.is_control());
    !name.is_empty() && name.len() <= 1024 && again.as_deref() == Some(name) && !odd
}
