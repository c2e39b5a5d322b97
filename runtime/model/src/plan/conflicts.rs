//! Write conflicts that show before anything runs: two nodes that can run at the same time and both declare to
//! write one key that has no reducer.

use std::collections::BTreeMap;

use crate::graph::Graph;
use crate::id::NodeIndex;
use crate::problem::{Problem, Problems, shown};

use super::{EdgeKind, Plan};

/// A key and two of its writers, neighbours in topological order among its writers.
struct Pair<'a> {
    key: &'a str,
    from: NodeIndex,
    to: NodeIndex,
}

/// Tells the first conflicting pair of writers of each key. `order` maps a node's index to its place in `graph`.
pub(super) fn check(plan: &Plan, graph: &Graph, order: &[usize], problems: &mut Problems) {
    let mut pairs = pairs(plan);
    // Being an ancestor is transitive, so all writers of a key are ordered when each neighbouring pair is.
    pairs.sort_by_key(|pair| pair.from);
    let mut told = std::collections::BTreeSet::new();
    for batch in pairs.chunks(64) {
        let reached = reach(plan, batch);
        for (bit, pair) in batch.iter().enumerate() {
            let ordered = reached[(pair.to.0 - batch[0].from.0) as usize] & (1 << bit) != 0;
            if !ordered && told.insert(pair.key) {
                problems.push(conflict(plan, graph, order, pair));
            }
        }
    }
}

fn pairs(plan: &Plan) -> Vec<Pair<'_>> {
    let conditional = conditional(plan);
    let mut last_writer: BTreeMap<&str, NodeIndex> = BTreeMap::new();
    let mut pairs = Vec::new();
    for (index, node) in plan.nodes().iter().enumerate() {
        let to = NodeIndex(index as u32);
        // Of two nodes behind conditions, perhaps only one ever runs: that shows when they do.
        let writes = node.writes.iter().flatten().filter(|_| !conditional[index]);
        for key in writes.filter(|key| !plan.reducers().contains_key(*key)) {
            if let Some(from) = last_writer.insert(key, to) {
                pairs.push(Pair { key, from, to });
            }
        }
    }
    pairs
}

/// Which nodes run only under some condition.
fn conditional(plan: &Plan) -> Vec<bool> {
    let mut conditional = vec![false; plan.nodes().len()];
    for index in 0..plan.nodes().len() {
        let group = plan.group(plan.links(NodeIndex(index as u32)).group);
        conditional[index] = group.edges.iter().any(|edge| *edge != EdgeKind::Always)
            || group.predecessors.iter().any(|before| conditional[before.get()]);
    }
    conditional
}

/// For each node from the batch's first on, the set of pairs whose first writer leads to it, as bits.
fn reach(plan: &Plan, batch: &[Pair<'_>]) -> Vec<u64> {
    let first = batch.first().map_or(0, |pair| pair.from.0);
    let last = batch.iter().map(|pair| pair.to.0).max().unwrap_or(first);
    let mut reached = vec![0u64; (last - first + 1) as usize];
    for (bit, pair) in batch.iter().enumerate() {
        reached[(pair.from.0 - first) as usize] |= 1 << bit;
    }
    for index in first + 1..=last {
        let from_before = plan
            .predecessors(NodeIndex(index))
            .iter()
            .filter(|before| before.0 >= first)
            .fold(0, |bits, before| bits | reached[(before.0 - first) as usize]);
        reached[(index - first) as usize] |= from_before;
    }
    reached
}

fn conflict(plan: &Plan, graph: &Graph, order: &[usize], pair: &Pair<'_>) -> Problem {
    let key = shown(pair.key);
    let (from, to) = (&plan.node(pair.from).id, &plan.node(pair.to).id);
    let written = order.get(pair.to.get()).and_then(|&index| graph.nodes.get(index));
    let place = written.and_then(|node| {
        node.writes
            .as_ref()?
            .iter()
            .find(|name| name.text == pair.key)?
            .place
    });
    Problem::error(
        place,
        format!("nodes `{from}` and `{to}` can run at the same time and both write `{key}`"),
    )
    .hint(format!(
        "lead one to the other, write different keys, or add `reducers: {{{key}: append}}`"
    ))
}
