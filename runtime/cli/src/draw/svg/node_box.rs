//! The box of one node: its name, what does its work, and what else is to be told of it, a line each.

use std::fmt::Write;

use crate::format;

use super::super::layout::Point;
use super::super::{DrawnNode, NodePlace};
use super::style::{AGENT, MARK, NAME, escape, tooltip, width};

/// The height of a box with two lines.
pub(super) const MIN_HEIGHT: f64 = 46.0;

/// The height of each further line.
const LINE_HEIGHT: f64 = 14.0;

/// How many marks are shown; the pointer shows all.
const MAX_MARKS: usize = 4;

/// A node with the texts that are shown of it.
pub(super) struct NodeBox<'a> {
    node: &'a DrawnNode,
    name: String,
    work: String,
    lines: Vec<String>,
    width: f64,
}

impl<'a> NodeBox<'a> {
    pub(super) fn new(node: &'a DrawnNode) -> NodeBox<'a> {
        let ran = node.ran.as_ref().map(|ran| &ran.words);
        let lines = node.marks.iter().take(MAX_MARKS).chain(ran);
        NodeBox {
            node,
            name: format::shorten(&node.name, NAME.1),
            work: format::shorten_start(&node.work, AGENT.1),
            lines: lines.map(|line| format::shorten(line, MARK.1)).collect(),
            width: 0.0,
        }
    }

    /// The width that its texts need.
    pub(super) fn least_width(&self) -> f64 {
        let marks = self.lines.iter().map(|line| width(line, MARK));
        let widest = marks.fold(width(&self.name, NAME), f64::max);
        widest.max(width(&self.work, AGENT)) + 28.0
    }

    /// The same box in that width.
    pub(super) fn with_width(self, width: f64) -> NodeBox<'a> {
        NodeBox { width, ..self }
    }

    pub(super) fn width(&self) -> f64 {
        self.width
    }

    pub(super) fn height(&self) -> f64 {
        MIN_HEIGHT + LINE_HEIGHT * self.lines.len() as f64
    }

    fn class(&self) -> String {
        let never = match self.node.place {
            NodePlace::Never => " never",
            NodePlace::Layer(_) | NodePlace::Fallback => "",
        };
        let status = self
            .node
            .ran
            .as_ref()
            .map(|ran| format!(" {}", ran.status.name()));
        format!("node{never}{}", status.unwrap_or_default())
    }

    fn told(&self) -> String {
        let mut told = format!("{}: {}", self.node.name, self.node.work);
        if self.node.place == NodePlace::Never {
            told.push_str(" (never run)");
        }
        let ran = self.node.ran.as_ref().map(|ran| &ran.words);
        for line in self.node.marks.iter().chain(ran) {
            told.push_str(" · ");
            told.push_str(line);
        }
        told
    }

    /// Draws the box around its middle.
    pub(super) fn push(&self, out: &mut String, middle: Point) {
        let height = self.height();
        let (left, top) = (middle.x - self.width / 2.0, middle.y - height / 2.0);
        // Writing to a string cannot fail.
        let _ = write!(
            out,
            "<g class=\"{}\" text-anchor=\"middle\"><title>{}</title>\
             <rect class=\"box\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{height:.1}\" rx=\"9\"/>\
             <text class=\"name\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>\
             <text class=\"agent\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>",
            self.class(),
            tooltip(&self.told()),
            self.width,
            top + 19.5,
            escape(&self.name),
            top + 36.0,
            escape(&self.work),
            x = middle.x,
        );
        for (index, line) in self.lines.iter().enumerate() {
            let _ = write!(
                out,
                "<text class=\"mark\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                middle.x,
                top + 36.0 + LINE_HEIGHT * (index + 1) as f64,
                escape(line)
            );
        }
        out.push_str("</g>\n");
    }
}
