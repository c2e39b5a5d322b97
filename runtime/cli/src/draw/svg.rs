//! A graph as a picture: boxes with names and agents, and curved arrows between them.
//!
//! The colours are readable on light and on dark pages, and change with the reader's preference where it is known.

use std::fmt::Write;

use crate::format;

use super::layout::{BoxSize, Direction, Layout, Point};
use super::{Drawing, DrawnNode};

/// The most boxes and bends that are drawn: beyond that nobody finds anything, and the layout takes seconds.
const MAX_POINTS: usize = 5_000;

/// Around the picture, in pixels.
const MARGIN: f64 = 20.0;

const BOX_HEIGHT: f64 = 46.0;

/// The widest character of each text in pixels, as far as fonts agree; and how many characters are shown.
const NAME: (f64, usize) = (7.8, 30);
const AGENT: (f64, usize) = (6.3, 36);

const STYLE: &str = "\
.box{fill:#f6f8fa;stroke:#8c959f;stroke-width:1.25}\
.name{fill:#1f2328;font-size:13px;font-weight:600}\
.agent{fill:#59636e;font-size:11px}\
.edge{fill:none;stroke:#818b98;stroke-width:1.5}\
.head{fill:#818b98}\
.never .box,.never.edge{stroke-dasharray:5 4}\
.never .box{fill:none}\
.never .name,.never .agent{fill:#818b98}\
@media (prefers-color-scheme:dark){\
.box{fill:#212830;stroke:#656c76}.name{fill:#e6edf3}.agent{fill:#9198a1}}";

/// Draws the graph as an SVG picture.
///
/// # Errors
/// Says why when the graph is too large for one.
pub(crate) fn svg(drawing: &Drawing) -> Result<String, String> {
    let size = BoxSize {
        width: box_width(drawing),
        height: BOX_HEIGHT,
    };
    let layout = Layout::new(drawing.nodes.len(), &drawing.edges, size, MAX_POINTS)
        .ok_or_else(|| format!("it has more than {MAX_POINTS} boxes and bends"))?;
    let (width, height) = (layout.width + 2.0 * MARGIN, layout.height + 2.0 * MARGIN);
    let title = escape(&drawing.title);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.1} {height:.1}\" role=\"img\" \
         font-family=\"ui-sans-serif, system-ui, 'Segoe UI', Helvetica, Arial, sans-serif\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n\
         <defs><marker id=\"arrow\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"7\" markerHeight=\"7\" \
         orient=\"auto\"><path class=\"head\" d=\"M0 1 L10 5 L0 9 z\"/></marker></defs>\n\
         <g transform=\"translate({MARGIN} {MARGIN})\">\n"
    );
    // Edges first, so that boxes lie over them.
    for (&(from, _), route) in drawing.edges.iter().zip(&layout.routes) {
        let never = drawing.nodes.get(from).is_some_and(|node| node.layer.is_none());
        push_edge(&mut out, route, layout.direction, never);
    }
    for (node, middle) in drawing.nodes.iter().zip(&layout.boxes) {
        push_box(&mut out, node, *middle, size);
    }
    out.push_str("</g>\n</svg>");
    Ok(out)
}

fn box_width(drawing: &Drawing) -> f64 {
    let texts = drawing.nodes.iter().map(|node| {
        let name = NAME.0 * name(node).chars().count() as f64;
        let agent = AGENT.0 * agent(node).chars().count() as f64;
        name.max(agent) + 28.0
    });
    texts.fold(96.0, f64::max).ceil()
}

fn name(node: &DrawnNode) -> String {
    format::shorten(&node.name, NAME.1)
}

fn agent(node: &DrawnNode) -> String {
    format::shorten_start(&node.agent, AGENT.1)
}

/// Curves from layer to layer that leave and arrive in the direction of the edges, and lines along the layers between.
fn push_edge(out: &mut String, route: &[Point], direction: Direction, never: bool) {
    let class = if never { "edge never" } else { "edge" };
    // Writing to a string cannot fail.
    let _ = write!(out, "<path class=\"{class}\" marker-end=\"url(#arrow)\" d=\"");
    for (index, pair) in route.windows(2).enumerate() {
        if let &[a, b] = pair {
            if index == 0 {
                let _ = write!(out, "M{:.1} {:.1}", a.x, a.y);
            }
            let straight = index % 2 == 1;
            let _ = match direction {
                _ if straight => write!(out, " L{:.1} {:.1}", b.x, b.y),
                Direction::Down => {
                    let middle = (a.y + b.y) / 2.0;
                    write!(
                        out,
                        " C{:.1} {middle:.1} {:.1} {middle:.1} {:.1} {:.1}",
                        a.x, b.x, b.x, b.y
                    )
                }
                Direction::Right => {
                    let middle = (a.x + b.x) / 2.0;
                    write!(
                        out,
                        " C{middle:.1} {:.1} {middle:.1} {:.1} {:.1} {:.1}",
                        a.y, b.y, b.x, b.y
                    )
                }
            };
        }
    }
    out.push_str("\"/>\n");
}

fn push_box(out: &mut String, node: &DrawnNode, middle: Point, size: BoxSize) {
    let (left, top) = (middle.x - size.width / 2.0, middle.y - size.height / 2.0);
    let (class, never) = if node.layer.is_some() {
        ("node", "")
    } else {
        ("node never", " (never run)")
    };
    let _ = writeln!(
        out,
        "<g class=\"{class}\" text-anchor=\"middle\"><title>{}: {}{never}</title>\
         <rect class=\"box\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"9\"/>\
         <text class=\"name\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>\
         <text class=\"agent\" x=\"{x:.1}\" y=\"{:.1}\">{}</text></g>",
        escape(&node.name),
        escape(&node.agent),
        size.width,
        size.height,
        middle.y - 3.5,
        escape(&name(node)),
        middle.y + 13.0,
        escape(&agent(node)),
        x = middle.x,
    );
}

/// Text for XML 1.0, without the characters that it cannot hold.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::drawing;
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
    }
}
