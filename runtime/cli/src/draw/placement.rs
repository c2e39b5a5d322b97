//! Where the points of each layer stand: near what they are connected with, in their order, and not too close.

use super::layers::Layers;

/// How often points are moved towards their neighbours.
const ROUNDS: usize = 24;

/// The way points of long edges are drawn to each other this much stronger than boxes are, so that long edges are straight.
const STRAIGHTNESS: f64 = 4.0;

/// Distances, by direction.
pub(super) struct Metrics {
    pub(super) box_along: f64,
    pub(super) box_across: f64,
    /// The room that the way point of an edge takes.
    pub(super) way_across: f64,
    pub(super) gap_along: f64,
    pub(super) gap_across: f64,
}

/// Moves the points of each layer towards their neighbours, in turn from above and from below, then from both.
pub(super) fn place_across(arranged: &Layers, nodes: usize, metrics: &Metrics) -> Vec<f64> {
    let size = |point: usize| {
        if point < nodes {
            metrics.box_across
        } else {
            metrics.way_across
        }
    };
    let distance = |left: usize, right: usize| {
        let both_are_boxes = left < nodes && right < nodes;
        let gap = if both_are_boxes {
            metrics.gap_across
        } else {
            metrics.gap_across * 0.6
        };
        (size(left) + size(right)) / 2.0 + gap
    };
    let mut across = vec![0.0; arranged.above.len()];
    let offsets: Vec<Vec<f64>> = arranged
        .layers
        .iter()
        .map(|layer| {
            let mut offset = 0.0;
            let mut offsets = vec![0.0];
            for pair in layer.windows(2) {
                offset += distance(pair[0], pair[1]);
                offsets.push(offset);
            }
            offsets
        })
        .collect();
    for (layer, offsets) in arranged.layers.iter().zip(&offsets) {
        let middle = offsets.last().copied().unwrap_or(0.0) / 2.0;
        layer
            .iter()
            .zip(offsets)
            .for_each(|(&point, offset)| across[point] = offset - middle);
    }
    let count = arranged.layers.len();
    for round in 0..ROUNDS {
        let last = round + 2 >= ROUNDS;
        for step in 0..count {
            let index = if round % 2 == 0 { step } else { count - 1 - step };
            let (layer, offsets) = (&arranged.layers[index], &offsets[index]);
            let wishes: Vec<(f64, f64)> = layer
                .iter()
                .map(|&point| {
                    let above = arranged.above[point].iter().filter(|_| last || round % 2 == 0);
                    let below = arranged.below[point].iter().filter(|_| last || round % 2 == 1);
                    wish(point, above.chain(below), &across, nodes)
                })
                .collect();
            let placed = spread(&wishes, offsets);
            layer
                .iter()
                .zip(placed)
                .for_each(|(&point, place)| across[point] = place);
        }
    }
    close_gaps(arranged, &mut across, &size, metrics);
    across
}

/// Moves parts of the graph that nothing connects up to each other: bands that no box and no edge lies in are closed.
fn close_gaps(arranged: &Layers, across: &mut [f64], size: &impl Fn(usize) -> f64, metrics: &Metrics) {
    let mut covered: Vec<(f64, f64)> = (0..across.len())
        .map(|point| {
            let ends = arranged.below[point].iter().map(|&to| across[to]);
            let half = size(point) / 2.0;
            let start = (across[point] - half, across[point] + half);
            ends.fold(start, |(low, high), end| (low.min(end), high.max(end)))
        })
        .collect();
    covered.sort_by(|a, b| a.0.total_cmp(&b.0));
    // Where a band ends, and how much everything from there on moves.
    let mut moves: Vec<(f64, f64)> = Vec::new();
    let (mut moved, mut end) = (0.0, covered.first().map_or(0.0, |first| first.1));
    for (low, high) in covered {
        let surplus = low - end - metrics.gap_across;
        if surplus > 0.0 {
            moved += surplus;
            moves.push((low, moved));
        }
        end = f64::max(end, high);
    }
    for place in across {
        let bands = moves.partition_point(|(low, _)| low <= place);
        *place -= bands
            .checked_sub(1)
            .and_then(|last| moves.get(last))
            .map_or(0.0, |band| band.1);
    }
}

/// Where a point would like to be, and how much: at the mean of its neighbours.
fn wish<'a>(
    point: usize,
    neighbours: impl Iterator<Item = &'a usize>,
    across: &[f64],
    nodes: usize,
) -> (f64, f64) {
    let (mut sum, mut weights) = (0.0, 0.0);
    for &neighbour in neighbours {
        let weight = if point >= nodes && neighbour >= nodes {
            STRAIGHTNESS
        } else {
            1.0
        };
        sum += across[neighbour] * weight;
        weights += weight;
    }
    if weights == 0.0 {
        // A point without neighbours stays where it is unless others need the room.
        return (across[point], 0.1);
    }
    (sum / weights, weights)
}

/// The places nearest to the wishes that keep the order and the distances: isotonic regression by pooling.
fn spread(wishes: &[(f64, f64)], offsets: &[f64]) -> Vec<f64> {
    // Each pool is a mean, a weight and a number of points.
    let mut pools: Vec<(f64, f64, usize)> = Vec::new();
    for ((wish, weight), offset) in wishes.iter().zip(offsets) {
        let mut pool = (wish - offset, *weight, 1);
        while let Some(&(mean, weight, points)) = pools.last().filter(|before| before.0 > pool.0) {
            let sum = weight + pool.1;
            pool = ((mean * weight + pool.0 * pool.1) / sum, sum, points + pool.2);
            pools.pop();
        }
        pools.push(pool);
    }
    let means = pools
        .iter()
        .flat_map(|&(mean, _, points)| std::iter::repeat_n(mean, points));
    means.zip(offsets).map(|(mean, offset)| mean + offset).collect()
}

/// Where each layer begins. Layers between which edges lead far aside stand farther apart, so that no edge lies flat.
pub(super) fn place_along(arranged: &Layers, across: &[f64], metrics: &Metrics) -> Vec<f64> {
    let mut start = 0.0;
    let mut starts = Vec::with_capacity(arranged.layers.len());
    for layer in &arranged.layers {
        starts.push(start);
        let aside = layer
            .iter()
            .flat_map(|&point| {
                arranged.below[point]
                    .iter()
                    .map(move |&to| (across[to] - across[point]).abs())
            })
            .fold(0.0, f64::max);
        start += metrics.box_along + metrics.gap_along + (aside * 0.12).min(140.0);
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreading_keeps_order_and_distance() {
        assert_eq!(spread(&[(5.0, 1.0), (5.0, 1.0)], &[0.0, 10.0]), [0.0, 10.0]);
        assert_eq!(spread(&[(0.0, 1.0), (50.0, 1.0)], &[0.0, 10.0]), [0.0, 50.0]);
    }

    #[test]
    fn empty_bands_between_parts_are_closed() {
        let metrics = Metrics {
            box_along: 10.0,
            box_across: 10.0,
            way_across: 2.0,
            gap_along: 10.0,
            gap_across: 5.0,
        };
        // Two parts, 0 -> 2 and 1 -> 3, side by side.
        let arranged = Layers::new(4, &[(0, 2), (1, 3)], 100).unwrap();
        let mut across = vec![0.0, 100.0, 0.0, 120.0];
        close_gaps(&arranged, &mut across, &|_| 10.0, &metrics);
        assert_eq!(across, [0.0, 15.0, 0.0, 35.0]);
    }
}
