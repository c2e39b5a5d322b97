//! A graph as lines of text: one block a layer, and behind each node where it leads. The graphs in it stand below, each once.

use crate::format;
use crate::terminal::Line;

use super::{Drawing, DrawnEdge, DrawnNode, EdgeLook, NodePlace, Panel};

/// How wide the column of names, that of agents and that of ends may grow.
const MAX_COLUMN: usize = 40;

/// How many targets of a node are listed on one line.
const TARGETS_A_LINE: usize = 4;

/// The longest condition behind an edge.
const MAX_CONDITION: usize = 72;

/// Draws the graph as text.
pub(crate) fn text(drawing: &Drawing) -> Vec<Line> {
    let mut lines = Vec::new();
    for (number, panel) in drawing.panels.iter().enumerate() {
        if number > 0 {
            lines.push(Line::plain(""));
        }
        push_panel(&mut lines, panel, drawing.run.as_ref().filter(|_| number == 0));
    }
    lines
}

/// The nodes that stand together.
struct Block {
    /// What stands above them.
    heading: Option<&'static str>,
    /// The layer's number.
    number: Option<usize>,
    nodes: Vec<usize>,
}

/// Where the columns of a panel begin.
struct Columns {
    number: usize,
    name: usize,
    work: usize,
    ran: usize,
}

fn push_panel(lines: &mut Vec<Line>, panel: &Panel, run: Option<&String>) {
    let blocks = blocks(panel);
    let layers = blocks.iter().filter_map(|block| block.number).max().unwrap_or(0);
    lines.push(Line::plain(format!(
        "{}: {}, {}, {}",
        panel.heading(),
        format::things(panel.nodes.len(), "node"),
        format::things(panel.count_edges(), "edge"),
        format::things(layers, "layer"),
    )));
    if let Some(run) = run {
        lines.push(Line::plain(format!("run: {run}")));
    }
    if !panel.defaults.is_empty() {
        lines.push(Line::plain(format!("defaults: {}", panel.defaults.join(" · "))));
    }
    let column = |of: fn(&DrawnNode) -> String| {
        let widths = panel.nodes.iter().map(|node| of(node).chars().count());
        widths.max().unwrap_or(0)
    };
    let columns = Columns {
        number: layers.to_string().len(),
        name: column(name),
        work: column(work),
        ran: column(ran),
    };
    let mut targets: Vec<Vec<(&DrawnEdge, &str)>> = vec![Vec::new(); panel.nodes.len()];
    for edge in &panel.edges {
        if let (Some(list), Some(node)) = (targets.get_mut(edge.from), panel.nodes.get(edge.to)) {
            list.push((edge, &node.name));
        }
    }
    for block in blocks.iter().filter(|block| !block.nodes.is_empty()) {
        lines.push(Line::plain(""));
        lines.extend(block.heading.map(Line::plain));
        for (row, &position) in block.nodes.iter().enumerate() {
            let number = block.number.filter(|_| row == 0);
            let number = number.map(|number| number.to_string()).unwrap_or_default();
            let width = columns.number;
            let prefix = format!("{number:>width$} {} ", bracket(row, block.nodes.len()));
            if let (Some(node), Some(targets)) = (panel.nodes.get(position), targets.get(position)) {
                push_node(lines, &prefix, node, &columns, targets);
            }
        }
    }
}

/// One block a layer, then the nodes that stand in for others, then those that are never run.
fn blocks(panel: &Panel) -> Vec<Block> {
    let layer = |node: &DrawnNode| match node.place {
        NodePlace::Layer(layer) => Some(layer),
        NodePlace::Fallback | NodePlace::Never => None,
    };
    let layers = panel
        .nodes
        .iter()
        .filter_map(layer)
        .max()
        .map_or(0, |last| last + 1);
    let mut blocks: Vec<Block> = (1..=layers)
        .map(|number| Block {
            heading: None,
            number: Some(number),
            nodes: Vec::new(),
        })
        .collect();
    for heading in [
        "in the place of others that fail",
        "never run: the entry does not lead to",
    ] {
        blocks.push(Block {
            heading: Some(heading),
            number: None,
            nodes: Vec::new(),
        });
    }
    for (position, node) in panel.nodes.iter().enumerate() {
        let block = match node.place {
            NodePlace::Layer(layer) => layer,
            NodePlace::Fallback => layers,
            NodePlace::Never => layers + 1,
        };
        if let Some(block) = blocks.get_mut(block) {
            block.nodes.push(position);
        }
    }
    blocks
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

fn work(node: &DrawnNode) -> String {
    format::shorten_start(&node.work, MAX_COLUMN)
}

fn ran(node: &DrawnNode) -> String {
    node.ran
        .as_ref()
        .map(|ran| format::shorten(&ran.words, MAX_COLUMN))
        .unwrap_or_default()
}

fn push_node(
    lines: &mut Vec<Line>,
    prefix: &str,
    node: &DrawnNode,
    columns: &Columns,
    targets: &[(&DrawnEdge, &str)],
) {
    let look = node.ran.as_ref().and_then(|ran| ran.status.look());
    let (name_width, work_width, ran_width) = (columns.name, columns.work, columns.ran);
    let mut start = format!("{prefix}{:<name_width$}  {:<work_width$}", name(node), work(node));
    if ran_width > 0 {
        start.push_str(&format!("  {:<ran_width$}", ran(node)));
    }
    let space = " ".repeat(start.chars().count());
    for row in rows(targets) {
        lines.push(Line::new(look, format!("{start}  {row}")));
        start.clone_from(&space);
    }
    if targets.is_empty() {
        lines.push(Line::new(look, start.trim_end()));
    }
    let indent = " ".repeat(prefix.chars().count() + 2);
    lines.extend(
        node.marks
            .iter()
            .map(|mark| Line::new(look, format!("{indent}{mark}"))),
    );
}

/// Where a node leads: several targets a line where it always leads, one where a condition decides.
fn rows(targets: &[(&DrawnEdge, &str)]) -> Vec<String> {
    let is_always = |edge: &DrawnEdge| matches!(edge.kind, EdgeLook::Always);
    let always: Vec<&str> = targets
        .iter()
        .filter(|(edge, _)| is_always(edge))
        .map(|(_, name)| *name)
        .collect();
    let mut rows = Vec::new();
    let mut chunks = always.chunks(TARGETS_A_LINE).peekable();
    while let Some(chunk) = chunks.next() {
        let arrow = if rows.is_empty() { "→ " } else { "  " };
        let comma = if chunks.peek().is_some() { "," } else { "" };
        rows.push(format!("{arrow}{}{comma}", chunk.join(", ")));
    }
    let others = || targets.iter().filter(|(edge, _)| !is_always(edge));
    let width = others().map(|(_, name)| name.chars().count()).max().unwrap_or(0);
    for (edge, name) in others() {
        let (arrow, word) = match edge.kind {
            EdgeLook::Fallback => ('⇢', ""),
            EdgeLook::When(_) => ('→', "when "),
            _ => ('→', ""),
        };
        let label = edge.kind.label(MAX_CONDITION).unwrap_or_default();
        rows.push(format!("{arrow} {name:<width$}  {word}{label}"));
    }
    rows
}

#[cfg(test)]
mod tests;
