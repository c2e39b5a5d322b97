//! A graph as lines of text: one block a layer, and behind each node where it leads.

use crate::format;
use crate::terminal::clean_line;

use super::{Drawing, DrawnNode};

/// How wide the column of names, and that of agents, may grow.
const MAX_COLUMN: usize = 40;

/// How many targets of a node are listed on one line.
const TARGETS_A_LINE: usize = 4;

/// Draws the graph as text.
pub(crate) fn text(drawing: &Drawing) -> String {
    let mut targets: Vec<Vec<&str>> = vec![Vec::new(); drawing.nodes.len()];
    for &(from, to) in &drawing.edges {
        if let (Some(list), Some(node)) = (targets.get_mut(from), drawing.nodes.get(to)) {
            list.push(&node.name);
        }
    }
    let layers = drawing
        .nodes
        .iter()
        .filter_map(|node| node.layer)
        .max()
        .map_or(0, |last| last + 1);
    let mut blocks: Vec<Vec<usize>> = vec![Vec::new(); layers + 1];
    for (position, node) in drawing.nodes.iter().enumerate() {
        // The last block is for nodes that are never run.
        if let Some(block) = blocks.get_mut(node.layer.unwrap_or(layers)) {
            block.push(position);
        }
    }
    let column = |of: fn(&DrawnNode) -> String| {
        let widths = drawing.nodes.iter().map(|node| of(node).chars().count());
        widths.max().unwrap_or(0)
    };
    let widths = (column(name), column(agent));
    let mut lines = vec![format!(
        "{}: {}, {}, {}",
        drawing.title,
        format::things(drawing.nodes.len(), "node"),
        format::things(drawing.edges.len(), "edge"),
        format::things(layers, "layer"),
    )];
    let number_width = layers.to_string().len();
    for (layer, block) in blocks.iter().enumerate() {
        if block.is_empty() {
            continue;
        }
        lines.push(String::new());
        if layer == layers {
            lines.push("never run: the entry does not lead to".to_owned());
        }
        for (row, &position) in block.iter().enumerate() {
            let number = if row == 0 && layer < layers {
                (layer + 1).to_string()
            } else {
                String::new()
            };
            let prefix = format!("{number:>number_width$} {} ", bracket(row, block.len()));
            if let (Some(node), Some(targets)) = (drawing.nodes.get(position), targets.get(position)) {
                push_node(&mut lines, &prefix, node, widths, targets);
            }
        }
    }
    lines.join("\n")
}

/// The sign that binds the nodes of a block together.
fn bracket(row: usize, rows: usize) -> char {
    match row {
        _ if rows == 1 => '─',
        0 => '┌',
        _ if row + 1 == rows => '└',
        _ => '├',
    }
}

fn name(node: &DrawnNode) -> String {
    format::shorten(&node.name, MAX_COLUMN)
}

fn agent(node: &DrawnNode) -> String {
    format::shorten_start(&clean_line(&node.agent), MAX_COLUMN)
}

fn push_node(
    lines: &mut Vec<String>,
    prefix: &str,
    node: &DrawnNode,
    (name_width, agent_width): (usize, usize),
    targets: &[&str],
) {
    let start = format!(
        "{prefix}{:<name_width$}  {:<agent_width$}",
        name(node),
        agent(node)
    );
    let mut rows = targets
        .chunks(TARGETS_A_LINE)
        .map(|row| row.join(", "))
        .peekable();
    if rows.peek().is_none() {
        lines.push(start.trim_end().to_owned());
    }
    let mut arrow = format!("{start}  → ");
    while let Some(row) = rows.next() {
        let comma = if rows.peek().is_some() { "," } else { "" };
        lines.push(format!("{arrow}{row}{comma}"));
        arrow = " ".repeat(arrow.chars().count());
    }
}

#[cfg(test)]
mod tests {
    use super::super::drawing;
    use super::text;

    #[test]
    fn layers_stand_below_each_other_with_their_edges() {
        let drawing = drawing(
            "name: Review\nentry: split\nnodes:\n  split: {agent: 'r:split', next: [terms, dates, brief]}\n  \
             terms: {agent: agents/terms.wasm, next: brief}\n  dates: {agent: 'r:dates', next: brief}\n  \
             brief: {agent: 'r:brief'}\n  old: {agent: 'r:old', next: brief}\n",
        );
        let expected = "\
Review: 5 nodes, 6 edges, 3 layers

1 ─ split  r:split            → terms, dates, brief

2 ┌ terms  agents/terms.wasm  → brief
  └ dates  r:dates            → brief

3 ─ brief  r:brief

never run: the entry does not lead to
  ─ old    r:old              → brief";
        assert_eq!(text(&drawing), expected);
    }

    #[test]
    fn many_targets_continue_on_further_lines() {
        let drawing = drawing(
            "nodes:\n  a: {agent: 'x:a', next: [b, c, d, e, f]}\n  b: {agent: 'x:b'}\n  c: {agent: 'x:c'}\n  \
             d: {agent: 'x:d'}\n  e: {agent: 'x:e'}\n  f: {agent: 'x:f'}\n",
        );
        let text = text(&drawing);
        assert!(
            text.contains("1 ─ a  x:a  → b, c, d, e,\n              f\n"),
            "{text}"
        );
    }
}
