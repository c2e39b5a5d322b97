//! Where the boxes and arrows of a picture stand.
//!
//! Everything is computed in two directions of its own: `along` the edges, and `across` them. Which of the two is
//! downwards in the picture is chosen by what makes it less long.

use super::layers::Layers;
use super::placement::{Metrics, place_across, place_along};

/// A point of the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

/// The size of every box.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BoxSize {
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// Which way edges lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Downwards.
    Down,
    /// To the right.
    Right,
}

/// Where everything stands.
#[derive(Debug)]
pub(crate) struct Layout {
    /// Which way edges lead.
    pub(crate) direction: Direction,
    /// The size of the picture.
    pub(crate) width: f64,
    /// The size of the picture.
    pub(crate) height: f64,
    /// The middle of each node's box.
    pub(crate) boxes: Vec<Point>,
    /// For each edge the points that it touches: out of a box, along each layer that it passes, into a box.
    pub(crate) routes: Vec<Vec<Point>>,
    /// How many boxes and bends it has.
    pub(crate) points: usize,
}

impl Layout {
    /// Lays out nodes with boxes of one size, and room on the edges for labels of the width `label`, 0 for none. `None`
    /// when the picture would have more than `max_points` points.
    pub(crate) fn new(
        nodes: usize,
        edges: &[(usize, usize)],
        size: BoxSize,
        label: f64,
        max_points: usize,
    ) -> Option<Layout> {
        let arranged = Layers::new(nodes, edges, max_points)?;
        let direction = choose_direction(&arranged, nodes, size, label);
        let metrics = metrics(direction, size, label);
        let across = place_across(&arranged, nodes, &metrics);
        let starts = place_along(&arranged, &across, &metrics);

        let mut layer_of = vec![0; across.len()];
        for (layer, points) in arranged.layers.iter().enumerate() {
            points.iter().for_each(|&point| layer_of[point] = layer);
        }
        let half = metrics.box_across / 2.0;
        let lowest = across.iter().copied().fold(f64::INFINITY, f64::min) - half;
        let highest = across.iter().copied().fold(f64::NEG_INFINITY, f64::max) + half;
        let at = |along: f64, across: f64| match direction {
            Direction::Down => Point {
                x: across - lowest,
                y: along,
            },
            Direction::Right => Point {
                x: along,
                y: across - lowest,
            },
        };
        let boxes = (0..nodes)
            .map(|node| at(starts[layer_of[node]] + metrics.box_along / 2.0, across[node]))
            .collect();
        let route = |points: &Vec<usize>| {
            let ends = |point: &usize| {
                let start = starts[layer_of[*point]];
                [
                    at(start, across[*point]),
                    at(start + metrics.box_along, across[*point]),
                ]
            };
            let all: Vec<Point> = points.iter().flat_map(ends).collect();
            // An edge begins where its first box ends, and ends where its last box begins.
            all.get(1..all.len().saturating_sub(1))
                .unwrap_or_default()
                .to_vec()
        };
        let routes = arranged.routes.iter().map(route).collect();
        let end = starts.last().map_or(0.0, |start| start + metrics.box_along);
        let (width, height) = match direction {
            Direction::Down => (highest - lowest, end),
            Direction::Right => (end, highest - lowest),
        };
        Some(Layout {
            direction,
            width,
            height,
            boxes,
            routes,
            points: across.len(),
        })
    }
}

fn metrics(direction: Direction, size: BoxSize, label: f64) -> Metrics {
    match direction {
        Direction::Down => Metrics {
            box_along: size.height,
            box_across: size.width.max(label),
            way_across: 12.0,
            gap_along: if label > 0.0 { 72.0 } else { 52.0 },
            gap_across: 26.0,
        },
        Direction::Right => Metrics {
            box_along: size.width,
            box_across: size.height,
            way_across: 10.0,
            gap_along: if label > 0.0 { label + 48.0 } else { 68.0 },
            gap_across: 18.0,
        },
    }
}

/// The direction in which the picture is less long; a little wider than high is what fits a page.
fn choose_direction(arranged: &Layers, nodes: usize, size: BoxSize, label: f64) -> Direction {
    let boxes = |layer: &Vec<usize>| layer.iter().filter(|&&point| point < nodes).count();
    let widest = arranged.layers.iter().map(boxes).max().unwrap_or(0) as f64;
    let count = arranged.layers.len() as f64;
    let length = |direction| {
        let metrics = metrics(direction, size, label);
        let along = count * (metrics.box_along + metrics.gap_along);
        let across = widest * (metrics.box_across + metrics.gap_across);
        match direction {
            Direction::Down => along.max(across / 1.5),
            Direction::Right => across.max(along / 1.5),
        }
    };
    if length(Direction::Right) < length(Direction::Down) {
        Direction::Right
    } else {
        Direction::Down
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: BoxSize = BoxSize {
        width: 120.0,
        height: 46.0,
    };

    fn overlaps(layout: &Layout) -> bool {
        let near = |a: &Point, b: &Point| (a.x - b.x).abs() < SIZE.width && (a.y - b.y).abs() < SIZE.height;
        let boxes = &layout.boxes;
        boxes
            .iter()
            .enumerate()
            .any(|(index, a)| boxes.iter().skip(index + 1).any(|b| near(a, b)))
    }

    #[test]
    fn a_diamond_is_symmetrical() {
        let layout = Layout::new(4, &[(0, 1), (0, 2), (1, 3), (2, 3)], SIZE, 0.0, 100).unwrap();
        assert_eq!(layout.direction, Direction::Down);
        let x: Vec<f64> = layout.boxes.iter().map(|point| point.x).collect();
        assert!(
            (x[0] - x[3]).abs() < 0.01 && (x[1] + x[2] - 2.0 * x[0]).abs() < 0.01,
            "{x:?}"
        );
        assert!(!overlaps(&layout));
    }

    #[test]
    fn a_wide_graph_leads_to_the_right_and_a_chain_down() {
        let fan: Vec<_> = (1..21).map(|to| (0, to)).collect();
        let fan = Layout::new(21, &fan, SIZE, 0.0, 1000).unwrap();
        assert_eq!(fan.direction, Direction::Right);
        assert!(!overlaps(&fan));
        let chain: Vec<_> = (0..9).map(|from| (from, from + 1)).collect();
        let chain = Layout::new(10, &chain, SIZE, 0.0, 1000).unwrap();
        assert_eq!((chain.direction, chain.width), (Direction::Down, SIZE.width));
    }

    #[test]
    fn long_edges_pass_beside_the_boxes_between() {
        let layout = Layout::new(3, &[(0, 1), (1, 2), (0, 2)], SIZE, 0.0, 100).unwrap();
        let passing = layout.routes[2][1];
        assert!(
            (passing.x - layout.boxes[1].x).abs() > SIZE.width / 2.0,
            "{layout:?}"
        );
    }
}
