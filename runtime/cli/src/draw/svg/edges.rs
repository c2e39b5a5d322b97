//! The arrows between the boxes, and what is written on them.

use std::fmt::Write;

use super::super::layout::{Direction, Layout, Point};
use super::super::{EdgeLook, NodePlace, Panel};
use super::node_box::NodeBox;
use super::style::{LABEL, escape, tooltip, width};

/// Beyond so many labels, no place without others is looked for.
const MAX_CAREFUL: usize = 500;

const LABEL_HEIGHT: f64 = 15.0;

/// The arrows of a graph.
pub(super) struct Edges<'a> {
    panel: &'a Panel,
    layout: &'a Layout,
}

/// A rectangle, by its middle and half of its size.
#[derive(Clone, Copy)]
struct Area {
    middle: Point,
    half: (f64, f64),
}

impl Area {
    fn overlaps(&self, other: &Area) -> bool {
        (self.middle.x - other.middle.x).abs() < self.half.0 + other.half.0
            && (self.middle.y - other.middle.y).abs() < self.half.1 + other.half.1
    }
}

fn label_width(label: &str) -> f64 {
    width(label, LABEL) + 8.0
}

/// How wide the labels of a graph are at most; 0 when there are none.
pub(super) fn widest_label(panel: &Panel) -> f64 {
    let labels = panel.edges.iter().filter_map(|edge| edge.kind.label(LABEL.1));
    labels.map(|label| label_width(&label)).fold(0.0, f64::max)
}

/// Lets the edges begin and end at boxes that are lower than the highest.
pub(super) fn meet_boxes(layout: &mut Layout, edges: &[(usize, usize)], boxes: &[NodeBox<'_>]) {
    if layout.direction == Direction::Right {
        return;
    }
    for (route, &(from, to)) in layout.routes.iter_mut().zip(edges) {
        let side = |node: usize| Some((layout.boxes.get(node)?.y, boxes.get(node)?.height() / 2.0));
        if let (Some(first), Some((middle, half))) = (route.first_mut(), side(from)) {
            first.y = middle + half;
        }
        if let (Some(last), Some((middle, half))) = (route.last_mut(), side(to)) {
            last.y = middle - half;
        }
    }
}

impl<'a> Edges<'a> {
    pub(super) fn new(panel: &'a Panel, layout: &'a Layout) -> Edges<'a> {
        Edges { panel, layout }
    }

    pub(super) fn push_lines(&self, out: &mut String) {
        for (edge, route) in self.panel.edges.iter().zip(&self.layout.routes) {
            let from = self.panel.nodes.get(edge.from);
            let never = from.is_some_and(|node| node.place == NodePlace::Never);
            let class = match edge.kind {
                EdgeLook::Fallback => "edge fallback",
                _ if never => "edge never",
                _ => "edge",
            };
            push_line(out, route, self.layout.direction, class);
        }
    }

    /// Writes the conditions where they lie on no box and no other label, as far as that is possible.
    pub(super) fn push_labels(&self, out: &mut String, boxes: &[NodeBox<'_>]) {
        let mut taken: Vec<Area> = Vec::new();
        let boxes: Vec<Area> = boxes
            .iter()
            .zip(&self.layout.boxes)
            .map(|(node, middle)| Area {
                middle: *middle,
                half: (node.width() / 2.0, node.height() / 2.0),
            })
            .collect();
        for (edge, route) in self.panel.edges.iter().zip(&self.layout.routes) {
            let Some(label) = edge.kind.label(LABEL.1) else {
                continue;
            };
            let half = (label_width(&label) / 2.0, LABEL_HEIGHT / 2.0);
            let areas: Vec<Area> = places(route, self.layout.direction)
                .into_iter()
                .map(|middle| Area { middle, half })
                .collect();
            let is_free = |area: &&Area| {
                taken.len() < MAX_CAREFUL && !taken.iter().chain(&boxes).any(|other| other.overlaps(area))
            };
            let Some(area) = areas.iter().find(is_free).or(areas.first()) else {
                continue;
            };
            push_label(out, area, &label, &edge.kind);
            taken.push(*area);
        }
    }
}

/// Where the label of an edge may stand, the best place first: near the end, where edges from one node are farthest from
/// each other, then elsewhere on the way.
fn places(route: &[Point], direction: Direction) -> Vec<Point> {
    const STEPS: [f64; 7] = [0.62, 0.5, 0.74, 0.4, 0.3, 0.8, 0.22];
    let curves: Vec<(Point, Point)> = route
        .windows(2)
        .step_by(2)
        .filter_map(|pair| match pair {
            &[a, b] => Some((a, b)),
            _ => None,
        })
        .collect();
    let last = curves.last().into_iter();
    let ends = last.chain(curves.first().filter(|_| curves.len() > 1));
    ends.flat_map(|&(a, b)| STEPS.map(|step| on_curve(a, b, step, direction)))
        .collect()
}

/// The point of the curve from `a` to `b` after that part of the way.
fn on_curve(a: Point, b: Point, part: f64, direction: Direction) -> Point {
    let rest = 1.0 - part;
    let mix = |p: f64, q: f64, r: f64, s: f64| {
        rest.powi(3) * p + 3.0 * rest * rest * part * q + 3.0 * rest * part * part * r + part.powi(3) * s
    };
    let (x, y) = ((a.x + b.x) / 2.0, (a.y + b.y) / 2.0);
    match direction {
        Direction::Down => Point {
            x: mix(a.x, a.x, b.x, b.x),
            y: mix(a.y, y, y, b.y),
        },
        Direction::Right => Point {
            x: mix(a.x, x, x, b.x),
            y: mix(a.y, a.y, b.y, b.y),
        },
    }
}

fn push_label(out: &mut String, area: &Area, label: &str, kind: &EdgeLook) {
    let whole = kind.label(usize::MAX).unwrap_or_default();
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "<g text-anchor=\"middle\"><title>{}</title><rect class=\"plate\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" \
         height=\"{LABEL_HEIGHT}\" rx=\"4\"/><text class=\"label\" x=\"{:.1}\" y=\"{:.1}\">{}</text></g>",
        tooltip(&whole),
        area.middle.x - area.half.0,
        area.middle.y - area.half.1,
        2.0 * area.half.0,
        area.middle.x,
        area.middle.y + 3.5,
        escape(label)
    );
}

/// Curves from layer to layer that leave and arrive in the direction of the edges, and lines along the layers between.
fn push_line(out: &mut String, route: &[Point], direction: Direction, class: &str) {
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
