//! Links between the files of the repository.

use std::path::{Component, Path, PathBuf};

/// The local links of a Markdown file that lead nowhere, as sentences. `exists` answers for a path from the
/// top folder.
pub(super) fn broken(path: &str, text: &str, exists: impl Fn(&Path) -> bool) -> Vec<String> {
    let folder = Path::new(path).parent().unwrap_or(Path::new(""));
    let mut problems = Vec::new();
    for (line, link) in links(text) {
        // An anchor within the page, or an address with a scheme.
        let file = link.split(['#', '?']).next().unwrap_or_default();
        if file.is_empty() || file.contains(':') {
            continue;
        }
        match resolved(folder, file) {
            Some(target) if exists(&target) => {}
            Some(target) => {
                problems.push(format!(
                    "{path}:{line}: the link `{link}` leads to `{}`, which does not exist",
                    target.display()
                ));
            }
            None => problems.push(format!(
                "{path}:{line}: the link `{link}` leads out of the repository"
            )),
        }
    }
    problems
}

/// The destinations of inline links and images, `[text](destination "title")`, and of reference definitions,
/// `[name]: destination`, each with its line, outside code.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        if trimmed.starts_with("```") || trimmed.starts_with("~~~") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        // Between backticks is code: every second piece.
        for piece in line.split('`').step_by(2) {
            let inline = piece
                .split("](")
                .skip(1)
                .filter_map(|rest| rest.split(')').next());
            found.extend(inline.map(|link| (index + 1, link)));
        }
        // A link whose text is code, [`code`](destination), spans the pieces.
        let spanning = line
            .split("`](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        found.extend(spanning.map(|link| (index + 1, link)));
        if let Some((_, link)) = trimmed.strip_prefix('[').and_then(|rest| rest.split_once("]: ")) {
            found.push((index + 1, link));
        }
    }
    let mut links: Vec<_> = found
        .into_iter()
        .filter_map(|(line, link)| Some((line, link.split_whitespace().next()?)))
        .collect();
    links.dedup();
    links
}

/// The path from the top folder; `None` if it leads above it.
fn resolved(folder: &Path, link: &str) -> Option<PathBuf> {
    let mut path = PathBuf::new();
    for component in folder.join(link).components() {
        match component {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            Component::ParentDir if path.pop() => {}
            _ => return None,
        }
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        broken("docs/guide.md", text, |path| {
            ["README.md", "docs/guide.md", "docs/a.md"]
                .iter()
                .any(|known| path == Path::new(known))
        })
    }

    #[test]
    fn links_that_lead_somewhere_are_fine() {
        let text = "[a](a.md), [b](../README.md#top \"title\"), [web](https://example.com/x.md), [here](#part)\n\
                    [`code`](a.md) `[not](a-link.md)`\n```\n[x](nothing.md)\n```\n[name]: ./a.md\n![image](a.md)";
        assert!(found(text).is_empty(), "{:?}", found(text));
    }

    #[test]
    fn links_that_lead_nowhere_are_named_with_their_line() {
        assert_eq!(
            found("text\n[b](b.md#x) [c](../../c.md)\n[`d`](d.md)\n[e]: e.md"),
            [
                "docs/guide.md:2: the link `b.md#x` leads to `docs/b.md`, which does not exist",
                "docs/guide.md:2: the link `../../c.md` leads out of the repository",
                "docs/guide.md:3: the link `d.md` leads to `docs/d.md`, which does not exist",
                "docs/guide.md:4: the link `e.md` leads to `docs/e.md`, which does not exist",
            ]
        );
    }
}
