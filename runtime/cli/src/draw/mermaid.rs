//! A graph as a Mermaid flowchart, for Markdown pages.

use std::fmt::Write;

use super::Drawing;

/// Draws the graph as a Mermaid flowchart.
///
/// Nodes have numbers for ids, because names such as `end` mean something to Mermaid.
pub(crate) fn mermaid(drawing: &Drawing) -> String {
    let mut out = String::from("flowchart TD");
    for (position, node) in drawing.nodes.iter().enumerate() {
        let class = if node.layer.is_some() {
            ""
        } else {
            ":::unreachable"
        };
        // Writing to a string cannot fail.
        let _ = write!(
            out,
            "\n    n{position}[\"{}<br/><small>{}</small>\"]{class}",
            escape(&node.name),
            escape(&node.agent)
        );
    }
    for (from, to) in &drawing.edges {
        let _ = write!(out, "\n    n{from} --> n{to}");
    }
    if drawing.nodes.iter().any(|node| node.layer.is_none()) {
        out.push_str("\n    classDef unreachable stroke-dasharray: 5 5, opacity: 0.6");
    }
    out
}

/// Text in which nothing means anything to Mermaid, to Markdown or to HTML.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | ',' | ':' | '/' | '@') => {
                out.push(c)
            }
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
    use super::super::drawing;
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
}
