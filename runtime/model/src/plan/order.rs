//! Orders and paths over edges by index: what is reachable, the topological order, and the cycles where there is
//! none. Nothing here recurses, so a long chain cannot exhaust the stack.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Which nodes `entry` leads to, itself included.
pub(super) fn reachable(next: &[Vec<usize>], entry: &[usize]) -> Vec<bool> {
    let mut reached = vec![false; next.len()];
    let mut stack: Vec<usize> = entry.to_vec();
    while let Some(index) = stack.pop() {
        if !std::mem::replace(&mut reached[index], true) {
            stack.extend(&next[index]);
        }
    }
    reached
}

/// Kahn's algorithm with ties in the order of declaration.
///
/// # Errors
/// The cycles: every node that is on one is on exactly one of those told, or waits for one of them.
pub(super) fn topological(next: &[Vec<usize>]) -> Result<Vec<usize>, Vec<Vec<usize>>> {
    let mut waits_for = vec![0usize; next.len()];
    next.iter().flatten().for_each(|&to| waits_for[to] += 1);
    let mut ready: BinaryHeap<Reverse<usize>> = waits_for
        .iter()
        .enumerate()
        .filter(|(_, count)| **count == 0)
        .map(|(index, _)| Reverse(index))
        .collect();
    let mut order = Vec::with_capacity(next.len());
    while let Some(Reverse(index)) = ready.pop() {
        order.push(index);
        for &to in &next[index] {
            waits_for[to] -= 1;
            if waits_for[to] == 0 {
                ready.push(Reverse(to));
            }
        }
    }
    if order.len() == next.len() {
        Ok(order)
    } else {
        Err(cycles(next, &waits_for))
    }
}

/// Walks backwards from each node that is left: whatever is left waits for something left, so the walk must come
/// back to itself.
fn cycles(next: &[Vec<usize>], waits_for: &[usize]) -> Vec<Vec<usize>> {
    let left = |index: usize| waits_for[index] > 0;
    let mut before = vec![None; next.len()];
    for (from, targets) in next.iter().enumerate().filter(|(from, _)| left(*from)) {
        for &to in targets.iter().filter(|to| left(**to)) {
            before[to].get_or_insert(from);
        }
    }
    let mut walk_of = vec![0usize; next.len()];
    let mut cycles = Vec::new();
    for start in (0..next.len()).filter(|&index| left(index)) {
        let walk = start + 1;
        let mut at = start;
        while walk_of[at] == 0 {
            walk_of[at] = walk;
            match before[at] {
                Some(previous) => at = previous,
                None => break,
            }
        }
        if walk_of[at] == walk && before[at].is_some() {
            cycles.push(cycle_through(at, &before));
        }
    }
    cycles
}

/// The cycle that contains `at`, in the direction of its edges, beginning with its first declared node.
fn cycle_through(at: usize, before: &[Option<usize>]) -> Vec<usize> {
    let mut cycle = vec![at];
    let mut index = before[at];
    while let Some(current) = index.filter(|&current| current != at) {
        cycle.push(current);
        index = before[current];
    }
    cycle.reverse();
    let first = cycle
        .iter()
        .enumerate()
        .min_by_key(|(_, node)| **node)
        .map_or(0, |(position, _)| position);
    cycle.rotate_left(first);
    cycle
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_are_broken_by_declaration() {
        // 3 leads to 0; 1 and 2 are free.
        assert_eq!(
            topological(&[vec![], vec![], vec![], vec![0]]),
            Ok(vec![1, 2, 3, 0])
        );
    }

    #[test]
    fn every_cycle_is_named_once_and_in_full() {
        // 0 -> 1 -> 2 -> 0, 3 <-> 4, 5 behind a cycle, 6 free.
        let next = [vec![1], vec![2], vec![0, 5], vec![4], vec![3], vec![], vec![]];
        assert_eq!(topological(&next), Err(vec![vec![0, 1, 2], vec![3, 4]]));
    }

    #[test]
    fn long_chains_and_long_cycles_do_not_exhaust_the_stack() {
        let chain: Vec<Vec<usize>> = (0..200_000)
            .map(|i| if i + 1 < 200_000 { vec![i + 1] } else { vec![] })
            .collect();
        assert_eq!(topological(&chain).unwrap().len(), 200_000);
        assert!(reachable(&chain, &[0]).into_iter().all(|reached| reached));
        let cycle: Vec<Vec<usize>> = (0..200_000).map(|i| vec![(i + 1) % 200_000]).collect();
        assert_eq!(topological(&cycle).unwrap_err()[0].len(), 200_000);
    }
}
