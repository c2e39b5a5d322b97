//! A graph as a picture: boxes with names and agents, and curved arrows between them. The graphs in it stand in frames below,
//! each once.

mod edges;
mod node_box;
pub(super) mod style;

use std::fmt::Write;

use super::layout::{BoxSize, Layout};
use super::{Drawing, Panel};

use edges::Edges;
use node_box::NodeBox;
use style::escape;

/// The most boxes and bends that are drawn: beyond that nobody finds anything, and the layout takes seconds.
const MAX_POINTS: usize = 5_000;

/// Around the picture, in pixels.
const MARGIN: f64 = 20.0;

/// Around a graph within its frame, and the room for its heading.
const PADDING: f64 = 18.0;
const HEADING: f64 = 30.0;

/// Between one graph and the next.
const GAP: f64 = 28.0;

/// How wide frames may stand side by side where the graph is not wider.
const MIN_WIDTH: f64 = 900.0;

/// A line of words above the graph.
const LINE: f64 = 22.0;

/// One graph of the picture, laid out.
struct Placed<'a> {
    panel: &'a Panel,
    boxes: Vec<NodeBox<'a>>,
    layout: Layout,
    heading: String,
}

/// Draws the graph as an SVG picture.
///
/// # Errors
/// Says why when the graph is too large for one.
pub(crate) fn svg(drawing: &Drawing) -> Result<String, String> {
    let mut room = MAX_POINTS;
    let mut placed = Vec::with_capacity(drawing.panels.len());
    for panel in &drawing.panels {
        let one =
            place(panel, room).ok_or_else(|| format!("it has more than {MAX_POINTS} boxes and bends"))?;
        room = room.saturating_sub(one.layout.points);
        placed.push(one);
    }
    let words = words(drawing);
    let mut body = String::new();
    let mut y = MARGIN;
    let mut width = 2.0 * MARGIN;
    if !words.is_empty() {
        // Writing to a string cannot fail.
        let _ = writeln!(
            body,
            "<text class=\"agent\" x=\"{MARGIN}\" y=\"{:.1}\">{}</text>",
            y + 8.0,
            escape(&words)
        );
        y += LINE;
        width = width.max(style::width(&words, style::AGENT) + 2.0 * MARGIN);
    }
    if let Some(outermost) = placed.first() {
        let size = outermost.push(&mut body, (MARGIN, y), false);
        width = width.max(size.0 + 2.0 * MARGIN);
        y += size.1;
    }
    // The frames stand side by side as far as there is room, in rows.
    let room = width.max(MIN_WIDTH);
    let (mut x, mut row) = (MARGIN, 0f64);
    for one in placed.iter().skip(1) {
        let size = one.size(true);
        if row == 0.0 || x + size.0 + MARGIN > room {
            y += row + GAP;
            (x, row) = (MARGIN, 0.0);
        }
        one.push(&mut body, (x, y), true);
        x += size.0 + GAP;
        width = width.max(x - GAP + MARGIN);
        row = row.max(size.1);
    }
    y += row;
    let title = match &drawing.run {
        Some(run) => format!("{}: {run}", drawing.title()),
        None => drawing.title().to_owned(),
    };
    Ok(style::document(&title, (width, y + MARGIN), &body))
}

/// What stands above the graph: how the run ended, and what holds for all nodes.
fn words(drawing: &Drawing) -> String {
    let run = drawing.run.iter().map(|run| format!("run: {run}"));
    let defaults = drawing.panels.first().and_then(defaults);
    run.chain(defaults).collect::<Vec<_>>().join(" · ")
}

fn defaults(panel: &Panel) -> Option<String> {
    (!panel.defaults.is_empty()).then(|| format!("defaults: {}", panel.defaults.join(" · ")))
}

fn place(panel: &Panel, room: usize) -> Option<Placed<'_>> {
    if panel.nodes.len() > room {
        return None;
    }
    let boxes: Vec<NodeBox<'_>> = panel.nodes.iter().map(NodeBox::new).collect();
    let size = BoxSize {
        width: boxes.iter().map(NodeBox::least_width).fold(96.0, f64::max).ceil(),
        height: boxes
            .iter()
            .map(NodeBox::height)
            .fold(node_box::MIN_HEIGHT, f64::max),
    };
    let edges: Vec<(usize, usize)> = panel.edges.iter().map(|edge| (edge.from, edge.to)).collect();
    let label = edges::widest_label(panel);
    let mut layout = Layout::new(panel.nodes.len(), &edges, size, label, room)?;
    edges::meet_boxes(&mut layout, &edges, &boxes);
    let boxes = boxes.into_iter().map(|one| one.with_width(size.width)).collect();
    let heading = match defaults(panel) {
        Some(defaults) => format!("{} · {defaults}", panel.heading()),
        None => panel.heading(),
    };
    Some(Placed {
        panel,
        boxes,
        layout,
        heading,
    })
}

impl Placed<'_> {
    /// How wide and high it is.
    fn size(&self, framed: bool) -> (f64, f64) {
        let (width, height) = (self.layout.width, self.layout.height);
        if !framed {
            return (width, height);
        }
        let heading = style::width(&style::shorten(&self.heading), style::AGENT);
        (width.max(heading) + 2.0 * PADDING, height + HEADING + PADDING)
    }

    /// Draws the graph at that place, and tells how wide and high it is.
    fn push(&self, out: &mut String, (mut x, mut y): (f64, f64), framed: bool) -> (f64, f64) {
        let size = self.size(framed);
        if framed {
            // Writing to a string cannot fail.
            let _ = writeln!(
                out,
                "<g><title>{}</title><rect class=\"frame\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" \
                 height=\"{:.1}\" rx=\"12\"/><text class=\"agent\" x=\"{:.1}\" y=\"{:.1}\">{}</text></g>",
                style::tooltip(&self.heading),
                size.0,
                size.1,
                x + PADDING,
                y + 19.0,
                escape(&style::shorten(&self.heading))
            );
            x += PADDING;
            y += HEADING;
        }
        let _ = writeln!(out, "<g transform=\"translate({x:.1} {y:.1})\">");
        // Edges first, so that boxes lie over them, and labels last.
        let edges = Edges::new(self.panel, &self.layout);
        edges.push_lines(out);
        for (node, middle) in self.boxes.iter().zip(&self.layout.boxes) {
            node.push(out, *middle);
        }
        edges.push_labels(out, &self.boxes);
        out.push_str("</g>\n");
        size
    }
}

#[cfg(test)]
mod tests {
    use super::super::{drawing, samples};
    use super::*;

    #[test]
    fn text_is_escaped_and_unreachable_nodes_are_dashed() {
        let drawing = drawing(
            "name: a <b> & \"c\"\nentry: x\nnodes:\n  x: {agent: './<s>&.wasm', next: y}\n  y: {agent: 'n:y'}\n  z: {agent: \
             'n:z', next: y}\n",
        );
        let svg = svg(&drawing).unwrap();
        assert!(
            svg.contains("<title>a &lt;b&gt; &amp; &quot;c&quot;</title>"),
            "{svg}"
        );
        assert!(svg.contains(">./&lt;s&gt;&amp;.wasm</text>"), "{svg}");
        assert_eq!(svg.matches("<g class=\"node never\"").count(), 1);
        assert_eq!(svg.matches("class=\"edge never\"").count(), 1);
        assert_eq!(svg.matches("marker-end").count(), 2);
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }

    #[test]
    fn a_single_node_is_a_picture() {
        let svg = svg(&drawing("nodes: {a: {agent: 'x:a'}}")).unwrap();
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>"), "{svg}");
        assert!(svg.contains("viewBox=\"0 0 136.0 86.0\""), "{svg}");
    }

    #[test]
    fn what_nobody_could_read_is_refused() {
        let nodes: String = (0..6000).map(|n| format!("  n{n}: {{agent: 'x:a'}}\n")).collect();
        let error = svg(&drawing(&format!("nodes:\n{nodes}"))).unwrap_err();
        assert!(error.contains("more than 5000"), "{error}");
        // The graphs of a graph count together.
        let nodes: Vec<String> = (0..3000).map(|n| format!("n{n}: {{agent: 'x:a'}}")).collect();
        let one = format!("{{nodes: {{{}}}}}", nodes.join(", "));
        let two = format!("nodes: {{a: {{graph: {one}}}, b: {{graph: {one}}}}}");
        assert!(svg(&drawing(&two)).is_err());
    }

    #[test]
    fn every_feature_is_drawn_and_conditions_are_only_text() {
        let svg = svg(&drawing(samples::FEATURES)).unwrap();
        assert_eq!(svg.matches("class=\"frame\"").count(), 2, "{svg}");
        assert_eq!(svg.matches("class=\"edge fallback\"").count(), 1);
        for part in [
            ">size(context.documents) &gt; 0</text>",
            ">else</text>",
            ">fallback</text>",
            ">×N over documents, 4 at one time,",
            ">↻ until output.sure, at most 5, then kept</text>",
            ">on failure: {&quot;documents&quot;:[]}</text>",
            ">graph Check, the work of each, again</text>",
            ">defaults: 3 attempts · deadline 1 m 00 s</text>",
        ] {
            assert!(svg.contains(part), "{part} is missing in {svg}");
        }
        let hostile = drawing(
            "nodes:\n  a: {agent: 'x:a', next: [{to: b, when: 'output.x == \"</text><script>\\u0000\"'}]}\n  b: {agent: 'x:b'}\n",
        );
        let svg = super::svg(&hostile).unwrap();
        assert!(
            !svg.contains("<script") && svg.contains("&lt;/text&gt;&lt;script"),
            "{svg}"
        );
    }
}
