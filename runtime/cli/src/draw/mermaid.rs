//! A graph as a Mermaid flowchart, for Markdown pages.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::run_file::Status;

use super::{Drawing, DrawnNode, EdgeLook, NodePlace, Panel};

/// The longest condition on an edge.
const MAX_CONDITION: usize = 40;

/// Draws the graph as a Mermaid flowchart. The graphs in it are drawn below as groups, each once, and bound to the nodes
/// whose work they are.
///
/// Nodes have numbers for ids, because names such as `end` mean something to Mermaid.
pub(crate) fn mermaid(drawing: &Drawing) -> String {
    let mut out = String::new();
    if drawing.run.is_some() {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "---\ntitle: \"{}\"\n---", plain(&heading(drawing)));
    }
    out.push_str("flowchart TD");
    let mut classes = BTreeSet::new();
    for (number, panel) in drawing.panels.iter().enumerate() {
        let indent = if number == 0 { "    " } else { "        " };
        if number > 0 {
            let _ = write!(out, "\n    subgraph g{number}[\"{}\"]", escape(&panel.heading()));
        }
        push_panel(&mut out, number, panel, indent, &mut classes);
        if number > 0 {
            out.push_str("\n    end");
        }
    }
    for (number, panel) in drawing.panels.iter().enumerate() {
        for (position, node) in panel.nodes.iter().enumerate() {
            if let Some(inner) = node.inner {
                let _ = write!(out, "\n    {} -.- g{inner}", id(number, position));
            }
        }
    }
    for class in classes {
        let _ = write!(out, "\n    classDef {class} {}", style(class));
    }
    out
}

fn heading(drawing: &Drawing) -> String {
    match &drawing.run {
        Some(run) => format!("{}: {run}", drawing.title()),
        None => drawing.title().to_owned(),
    }
}

fn id(panel: usize, position: usize) -> String {
    match panel {
        0 => format!("n{position}"),
        _ => format!("g{panel}n{position}"),
    }
}

fn push_panel(
    out: &mut String,
    number: usize,
    panel: &Panel,
    indent: &str,
    classes: &mut BTreeSet<&'static str>,
) {
    for (position, node) in panel.nodes.iter().enumerate() {
        let _ = write!(
            out,
            "\n{indent}{}[\"{}<br/><small>{}</small>",
            id(number, position),
            escape(&node.name),
            escape(&node.work)
        );
        let ran = node.ran.as_ref().map(|ran| &ran.words);
        for line in node.marks.iter().chain(ran) {
            let _ = write!(out, "<br/><small>{}</small>", escape(line));
        }
        out.push_str("\"]");
        if let Some(class) = class(node) {
            classes.insert(class);
            let _ = write!(out, ":::{class}");
        }
    }
    for edge in &panel.edges {
        let arrow = match edge.kind {
            EdgeLook::Fallback => "-.->",
            _ => "-->",
        };
        let label = edge.kind.label(MAX_CONDITION);
        let label = label.map(|label| format!("|\"{}\"|", escape(&label)));
        let _ = write!(
            out,
            "\n{indent}{} {arrow}{} {}",
            id(number, edge.from),
            label.unwrap_or_default(),
            id(number, edge.to)
        );
    }
}

fn class(node: &DrawnNode) -> Option<&'static str> {
    match (&node.ran, node.place) {
        (Some(ran), _) => Some(ran.status.name()),
        (None, NodePlace::Never) => Some("unreachable"),
        (None, _) => None,
    }
}

/// How nodes of a class look: readable on light and on dark pages.
fn style(class: &str) -> &'static str {
    const DASHED: &str = "stroke-dasharray: 5 5, opacity: 0.6";
    const GOOD: &str = "fill:#dafbe1,stroke:#1a7f37,color:#1f2328";
    const WARNING: &str = "fill:#fff8c5,stroke:#9a6700,color:#1f2328";
    const BAD: &str = "fill:#ffebe9,stroke:#cf222e,color:#1f2328";
    const STOPPED: &str = "fill:#fbefff,stroke:#8250df,color:#1f2328";
    match Status::NAMES.iter().find(|(name, _)| *name == class) {
        Some((_, Status::Done)) => GOOD,
        Some((_, Status::Degraded)) => WARNING,
        Some((_, Status::Failed | Status::Limited)) => BAD,
        Some((_, Status::Cancelled)) => STOPPED,
        Some((_, Status::Skipped)) | None => DASHED,
    }
}

/// Whether a character means nothing to Mermaid, to Markdown, to HTML or to YAML.
fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || " -_.,:/@×↻…".contains(c)
}

/// Text where nothing can be escaped: what could mean something is left out.
fn plain(text: &str) -> String {
    text.chars().filter(|c| is_plain(*c)).collect()
}

/// Text in which nothing means anything to Mermaid, to Markdown or to HTML.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if is_plain(c) => out.push(c),
            c if c.is_control() => out.push(' '),
            c => {
                let _ = write!(out, "#{};", u32::from(c));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::{drawing, samples};
    use super::mermaid;

    #[test]
    fn names_that_mean_something_to_mermaid_are_only_text() {
        let drawing = drawing(
            "entry: end\nnodes:\n  end: {agent: 'x:a', next: graph}\n  graph: {agent: \"./a\\\"]--<b>`#.wasm\"}\n  \
             o: {agent: 'x:o'}\n",
        );
        let expected = "\
flowchart TD
    n0[\"end<br/><small>x:a</small>\"]
    n1[\"graph<br/><small>./a#34;#93;--#60;b#62;#96;#35;.wasm</small>\"]
    n2[\"o<br/><small>x:o</small>\"]:::unreachable
    n0 --> n1
    classDef unreachable stroke-dasharray: 5 5, opacity: 0.6";
        assert_eq!(mermaid(&drawing), expected);
    }

    #[test]
    fn conditions_are_only_text_too() {
        let drawing = drawing(
            "nodes:\n  a: {agent: 'x:a', next: [{to: b, when: 'output.x == \"|\\\"]\\n  click n0 <script>\"'}, {else: c}]}\n  \
             b: {agent: 'x:b', loop: {until: 'output.y == \"`end`%%{init}\"', max_rounds: 2}}\n  c: {agent: 'x:c'}\n",
        );
        let expected = "\
flowchart TD
    n0[\"a<br/><small>x:a</small>\"]
    n1[\"b<br/><small>x:b</small><br/><small>↻ until output.y #61;#61; #34;#96;end#96;#37;#37;#123;init#125;#34;, \
    at most 2</small>\"]
    n2[\"c<br/><small>x:c</small>\"]
    n0 -->|\"output.x #61;#61; #34;#124;#92;#34;#93;#92;n  click n0 #60;script#62;#34;\"| n1
    n0 -->|\"else\"| n2"
            .replace("  click", " click");
        assert_eq!(mermaid(&drawing), expected);
    }

    #[test]
    fn nested_graphs_are_groups_that_are_drawn_once() {
        let text = mermaid(&drawing(samples::FEATURES));
        assert_eq!(text.matches("subgraph ").count(), 2, "{text}");
        for part in [
            "\n    n0 -.->|\"fallback\"| n1\n",
            "\n    n2 -->|\"size#40;context.documents#41; #62; 0\"| n3\n",
            "\n    subgraph g1[\"graph Check, the work of each, again\"]\n        g1n0[",
            "<small>×N over documents, 4 at one time, failed items left out</small>",
            "\n        g1n0 -->|\"context.size #62; 10\"| g1n1\n    end\n",
            "\n    n3 -.- g1\n    n4 -.- g1\n    n7 -.- g2",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
    }
}
