//! What the check found, for people.

use std::path::Path;

use hap::LoadedGraph;

use crate::terminal::{clean, clean_line};
use crate::{authority, format};

use super::keys::{Key, Keys};
use super::{GraphReport, body_text, graphs};

/// How many names of a layer or a path are listed.
const MAX_NAMES: usize = 12;

/// How many keys, conditions, repeated nodes and fallbacks of a graph are listed.
const MAX_ROWS: usize = 30;

/// How many graphs are told.
const MAX_GRAPHS: usize = 50;

/// The longest condition.
const MAX_CONDITION: usize = 100;

/// The widest key.
const MAX_KEY: usize = 30;

/// What is known of a loaded graph.
pub(crate) fn text(path: &Path, loaded: &LoadedGraph) -> String {
    let graphs = graphs(loaded.plan());
    let mut lines = Vec::new();
    for (number, graph) in graphs.iter().take(MAX_GRAPHS).enumerate() {
        if number == 0 {
            lines.push(format!("{}: fine, {}", path.display(), size(graph)));
            push_graph(&mut lines, graph, "");
        } else {
            let name = graph
                .name
                .map_or("graph".to_owned(), |name| format!("graph {}", clean_line(name)));
            let work_of = format::list(graph.work_of.iter().map(String::as_str), MAX_NAMES);
            lines.push(format!("\n{name}, the work of {work_of}: {}", size(graph)));
            push_graph(&mut lines, graph, "  ");
        }
    }
    if let Some(more) = graphs.len().checked_sub(MAX_GRAPHS)
        && more > 0
    {
        lines.push(format!("\n… and {}", format::things(more, "more graph")));
    }
    push_agents(&mut lines, loaded);
    clean(&lines.join("\n"))
}

fn size(graph: &GraphReport<'_>) -> String {
    let widest = graph.flow.layers.iter().map(Vec::len).max().unwrap_or(0);
    format!(
        "{} and {} in {}, at most {widest} at one time",
        format::things(graph.nodes, "node"),
        format::things(graph.edges, "edge"),
        format::things(graph.flow.layers.len(), "layer"),
    )
}

fn push_graph(lines: &mut Vec<String>, graph: &GraphReport<'_>, indent: &str) {
    let flow = &graph.flow;
    let width = flow.layers.len().to_string().len();
    let layers = flow.layers.iter().enumerate().map(|(index, layer)| {
        let names = format::list(layer.iter().copied(), MAX_NAMES);
        format!("{:>width$}  {names}", index + 1)
    });
    let never = format::list(flow.never_run.iter().copied(), MAX_NAMES);
    let never = (!never.is_empty()).then(|| format!("never run: {never}"));
    push_section(lines, indent, "order", layers.chain(never), usize::MAX);
    let path = flow.critical_path.len();
    if path > 1 {
        let title = format!("longest path, {path} nodes");
        push_section(lines, indent, &title, [route(&flow.critical_path)], MAX_ROWS);
    }
    let conditions = flow.conditions.iter().map(|edge| {
        let when = match edge.when {
            Some(when) => format!("when {}", format::shorten(&clean_line(when), MAX_CONDITION)),
            None => "else".to_owned(),
        };
        format!("{} → {}  {when}", edge.from, edge.to)
    });
    push_section(lines, indent, "conditions", conditions, MAX_ROWS);
    let repeats = flow
        .repeats
        .iter()
        .map(|(node, words)| format!("{node}  {}", format::shorten(&clean_line(words), MAX_CONDITION)));
    push_section(lines, indent, "done again", repeats, MAX_ROWS);
    let fallbacks = flow
        .fallbacks
        .iter()
        .map(|(node, fallback)| format!("{node} → {fallback}"));
    push_section(lines, indent, "fallbacks", fallbacks, MAX_ROWS);
    push_keys(lines, indent, &graph.keys);
}

/// The names with arrows between them; of a long path its beginning and its end.
fn route(path: &[&str]) -> String {
    if path.len() <= MAX_NAMES {
        return path.join(" → ");
    }
    let half = MAX_NAMES / 2;
    let first: Vec<&str> = path.iter().take(half).copied().collect();
    let last: Vec<&str> = path.iter().skip(path.len() - half).copied().collect();
    format!(
        "{} → … {} … → {}",
        first.join(" → "),
        format::things(path.len() - 2 * half, "more node"),
        last.join(" → ")
    )
}

fn push_section(
    lines: &mut Vec<String>,
    indent: &str,
    title: &str,
    rows: impl IntoIterator<Item = String>,
    max: usize,
) {
    let mut rows = rows.into_iter().peekable();
    if rows.peek().is_none() {
        return;
    }
    lines.push(format!("\n{indent}{title}"));
    lines.extend(rows.by_ref().take(max).map(|row| format!("{indent}  {row}")));
    let more = rows.count();
    if more > 0 {
        lines.push(format!("{indent}  … and {more} more"));
    }
}

fn push_keys(lines: &mut Vec<String>, indent: &str, keys: &Keys<'_>) {
    if keys.known.is_empty() {
        return;
    }
    let shown = |key: &str| format::shorten(&clean_line(key), MAX_KEY);
    let widths = keys.known.keys().map(|key| shown(key).chars().count());
    let width = widths.max().unwrap_or(0).max(1);
    let known = keys
        .known
        .iter()
        .take(MAX_ROWS)
        .map(|(key, about)| format!("{:<width$}  {}", shown(key), about_key(about)));
    let more = keys.known.len().saturating_sub(MAX_ROWS);
    let more = (more > 0).then(|| format!("… and {}", format::things(more, "more key")));
    let any = Key {
        read_by: keys.read_by_any.clone(),
        written_by: keys.written_by_any.clone(),
        ..Key::default()
    };
    let any = (!any.read_by.is_empty() || !any.written_by.is_empty())
        .then(|| format!("{:<width$}  {}", "?", about_key(&any)));
    push_section(
        lines,
        indent,
        "keys, `?` for any",
        known.chain(more).chain(any),
        usize::MAX,
    );
}

fn about_key(key: &Key<'_>) -> String {
    let list = |words: &str, names: &[&str]| {
        let names = format::list(names.iter().copied(), MAX_NAMES);
        (!names.is_empty()).then(|| format!("{words} {names}"))
    };
    let parts = [
        list("read by", &key.read_by),
        list("written by", &key.written_by),
        list("decides at", &key.decides_at),
        key.reducer
            .as_ref()
            .map(|reducer| format!("reduced by {reducer}")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn push_agents(lines: &mut Vec<String>, loaded: &LoadedGraph) {
    lines.push("\nagents and what they may ask for".to_owned());
    let mut seen: Vec<(Vec<String>, Vec<String>)> = Vec::new();
    loaded.visit_agents(&mut |found| {
        let manifest = found.agent.manifest();
        let title = format!(
            "{} {} ({})",
            manifest.name,
            manifest.version,
            body_text(found.node)
        );
        let mut about = vec![title];
        about.extend(authority::summary(found.agent.imports(), &found.node.grants));
        match seen.iter_mut().find(|(_, known)| *known == about) {
            Some((names, _)) => names.push(found.path.to_string()),
            None => seen.push((vec![found.path.to_string()], about)),
        }
    });
    for (names, about) in seen {
        lines.push(format!(
            "  {}",
            format::list(names.iter().map(String::as_str), MAX_NAMES)
        ));
        lines.extend(about.iter().map(|line| format!("    {line}")));
    }
}

#[cfg(test)]
mod tests;
