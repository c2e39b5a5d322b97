//! Layers for drawing: every node on a layer of its own height, long edges cut into pieces by way points, and each layer
//! ordered so that few edges cross.

use std::collections::HashMap;

/// How often layers are reordered. Few sweeps change anything after the first handful.
const SWEEPS: usize = 12;

/// A graph in layers whose edges lead from one layer to the next.
#[derive(Debug)]
pub(crate) struct Layers {
    /// The points of each layer, from left to right: nodes, then way points, counted on from the nodes.
    pub(crate) layers: Vec<Vec<usize>>,
    /// For each point, the points of the layer above that lead to it.
    pub(crate) above: Vec<Vec<usize>>,
    /// For each point, the points of the layer below that it leads to.
    pub(crate) below: Vec<Vec<usize>>,
    /// For each edge, the points that it passes, its ends included.
    pub(crate) routes: Vec<Vec<usize>>,
}

impl Layers {
    /// Arranges `nodes` nodes, whose edges form no cycle. `None` when that takes more than `max_points` points.
    pub(crate) fn new(nodes: usize, edges: &[(usize, usize)], max_points: usize) -> Option<Layers> {
        if nodes > max_points {
            return None;
        }
        let layer_of = heights(nodes, edges);
        let count = layer_of.iter().max().map_or(0, |last| last + 1);
        let mut layers: Vec<Vec<usize>> = vec![Vec::new(); count];
        for (node, &layer) in layer_of.iter().enumerate() {
            layers[layer].push(node);
        }
        let mut points = nodes;
        let mut routes = Vec::with_capacity(edges.len());
        for &(from, to) in edges {
            let mut route = vec![from];
            for layer in &mut layers[layer_of[from] + 1..layer_of[to]] {
                layer.push(points);
                route.push(points);
                points += 1;
            }
            route.push(to);
            routes.push(route);
            if points > max_points {
                return None;
            }
        }
        let (mut above, mut below) = (vec![Vec::new(); points], vec![Vec::new(); points]);
        for pair in routes.iter().flat_map(|route| route.windows(2)) {
            below[pair[0]].push(pair[1]);
            above[pair[1]].push(pair[0]);
        }
        let mut arranged = Layers {
            layers,
            above,
            below,
            routes,
        };
        arranged.reorder();
        Some(arranged)
    }

    /// Sweeps down and up, puts each point where its neighbours are on average, and keeps the best order.
    fn reorder(&mut self) {
        let mut best = (self.crossings(), self.layers.clone());
        for sweep in 0..SWEEPS {
            if best.0 == 0 {
                break;
            }
            let down = sweep % 2 == 0;
            let count = self.layers.len();
            for step in 1..count {
                let (index, reference) = if down {
                    (step, step - 1)
                } else {
                    (count - 1 - step, count - step)
                };
                let place = places(&self.layers[reference]);
                let neighbours = if down { &self.above } else { &self.below };
                let layer = &mut self.layers[index];
                let mut keyed: Vec<(f64, usize)> = layer
                    .iter()
                    .enumerate()
                    .map(|(at, &point)| (mean(&neighbours[point], &place).unwrap_or(at as f64), point))
                    .collect();
                keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
                *layer = keyed.into_iter().map(|(_, point)| point).collect();
            }
            let crossings = self.crossings();
            if crossings < best.0 {
                best = (crossings, self.layers.clone());
            }
        }
        self.layers = best.1;
    }

    /// How many pairs of edges cross.
    fn crossings(&self) -> u64 {
        let between = |pair: &[Vec<usize>]| {
            let place = places(&pair[1]);
            let mut ends = Vec::new();
            for &point in &pair[0] {
                let mut targets: Vec<usize> = self.below[point].iter().map(|to| place[to]).collect();
                targets.sort_unstable();
                ends.extend(targets);
            }
            inversions(&ends, pair[1].len())
        };
        self.layers.windows(2).map(between).sum()
    }
}

/// Each node's layer: one below the lowest node that leads to it.
fn heights(nodes: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let (mut next, mut waits_for) = (vec![Vec::new(); nodes], vec![0usize; nodes]);
    for &(from, to) in edges {
        next[from].push(to);
        waits_for[to] += 1;
    }
    let mut ready: Vec<usize> = (0..nodes).filter(|&node| waits_for[node] == 0).collect();
    let mut height = vec![0; nodes];
    while let Some(node) = ready.pop() {
        for &to in &next[node] {
            height[to] = height[to].max(height[node] + 1);
            waits_for[to] -= 1;
            if waits_for[to] == 0 {
                ready.push(to);
            }
        }
    }
    height
}

fn places(layer: &[usize]) -> HashMap<usize, usize> {
    layer
        .iter()
        .enumerate()
        .map(|(place, &point)| (point, place))
        .collect()
}

fn mean(neighbours: &[usize], place: &HashMap<usize, usize>) -> Option<f64> {
    let sum: usize = neighbours.iter().map(|point| place[point]).sum();
    (!neighbours.is_empty()).then(|| sum as f64 / neighbours.len() as f64)
}

/// How many pairs of `values`, each below `bound`, stand in descending order: counted with a Fenwick tree.
fn inversions(values: &[usize], bound: usize) -> u64 {
    let mut tree = vec![0u64; bound + 1];
    let mut inversions = 0;
    for (seen, &value) in values.iter().enumerate() {
        let (mut at, mut not_greater) = (value + 1, 0);
        while at > 0 {
            not_greater += tree[at];
            at &= at - 1;
        }
        inversions += seen as u64 - not_greater;
        at = value + 1;
        while at <= bound {
            tree[at] += 1;
            at += at & at.wrapping_neg();
        }
    }
    inversions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crossings_are_counted_and_removed() {
        assert_eq!(inversions(&[2, 0, 1, 1, 0], 3), 6);
        // Declared crosswise: 0 leads to 3 and 1 to 2.
        let arranged = Layers::new(4, &[(0, 3), (1, 2)], 100).unwrap();
        assert_eq!(arranged.crossings(), 0);
    }

    #[test]
    fn long_edges_get_a_way_point_on_each_layer_between() {
        let arranged = Layers::new(4, &[(0, 1), (1, 2), (2, 3), (0, 3)], 100).unwrap();
        assert_eq!(arranged.layers.len(), 4);
        assert_eq!(arranged.routes[3], [0, 4, 5, 3]);
        assert_eq!(arranged.below[4], [5]);
        assert!(Layers::new(4, &[(0, 1), (1, 2), (2, 3), (0, 3)], 5).is_none());
    }
}
