//! The context of a run: who wrote what, and what each node therefore sees.
//!
//! Every key holds the writes that no later write has replaced, each with its writer. Two states are merged as
//! multi-value registers are (Shapiro et al., "A comprehensive study of Convergent and Commutative Replicated Data
//! Types", 2011, section 3.2.2): a write is dropped when the other side has seen its writer and holds the key without
//! it. So a descendant replaces what its ancestors wrote, two concurrent writes are both kept until they are found to be
//! equal or in conflict, and the outcome depends on the graph alone.
//!
//! A state is a shared base and a small difference to it. Nodes that see the same state share it; a join of many
//! branches costs what they wrote, not what they saw.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::id::NodeIndex;
use crate::json::{self, Json};
use crate::node_set::NodeSet;
use crate::reducer::Reducer;

/// How the writes to each key are combined; keys that are not here have one writer at a time.
pub type Reducers = BTreeMap<Arc<str>, Reducer>;

/// Every key with its value, and whether a node wrote it.
pub type Resolved = BTreeMap<Arc<str>, (Json, bool)>;

/// Who wrote a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Writer {
    /// The run's input, which every node comes after.
    Input,
    /// A node.
    Node(NodeIndex),
}

/// The writes to one key that stand, in topological order of their writers.
type Slot = Vec<(Writer, Json)>;

/// What the nodes of some part of a run have written together.
#[derive(Clone, Debug)]
pub struct Context {
    reducers: Arc<Reducers>,
    base: Arc<Layer>,
    changes: Layer,
}

/// Slots by key, and the nodes whose writes are known here.
#[derive(Clone, Debug, Default)]
struct Layer {
    slots: BTreeMap<Arc<str>, Slot>,
    seen: NodeSet,
}

/// A key to which concurrent nodes wrote different values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The key.
    pub key: Arc<str>,
    /// The first two writers that differ, in topological order.
    pub writers: (Writer, Writer),
}

/// Why the value of a key cannot be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ViewError {
    /// Concurrent nodes wrote different values.
    Conflict(Conflict),
    /// The key's reducer has no result that JSON can hold.
    Reduce {
        /// The key.
        key: Arc<str>,
        /// Its reducer.
        reducer: Reducer,
    },
}

impl Context {
    /// The state before any node has run: the run's input.
    pub fn new(reducers: Arc<Reducers>, input: impl IntoIterator<Item = (Arc<str>, Json)>) -> Context {
        let slots = input
            .into_iter()
            .map(|(key, value)| (key, vec![(Writer::Input, value)]))
            .collect();
        let base = Layer {
            slots,
            seen: NodeSet::default(),
        };
        Context {
            reducers,
            base: Arc::new(base),
            changes: Layer::default(),
        }
    }

    /// The state after `node`, which has seen this state, wrote `writes`.
    pub fn write(&mut self, node: NodeIndex, writes: impl IntoIterator<Item = (Arc<str>, Json)>) {
        self.write_all([(node, writes)]);
    }

    /// The state after several concurrent nodes, each of which has seen this state, wrote theirs.
    pub fn write_all<W>(&mut self, nodes: impl IntoIterator<Item = (NodeIndex, W)>)
    where
        W: IntoIterator<Item = (Arc<str>, Json)>,
    {
        // A key's own writes of this step, to tell them from those that they replace.
        let mut fresh: BTreeMap<Arc<str>, Slot> = BTreeMap::new();
        let mut nodes_seen = Vec::new();
        for (node, writes) in nodes {
            nodes_seen.push(node);
            for (key, value) in writes {
                fresh.entry(key).or_default().push((Writer::Node(node), value));
            }
        }
        for (key, mut writes) in fresh {
            if self.reducers.contains_key(&key) {
                writes = union(self.take_slot(&key), writes);
            } else {
                writes.sort_by_key(|(writer, _)| *writer);
            }
            self.changes.slots.insert(key, writes);
        }
        nodes_seen
            .into_iter()
            .for_each(|node| self.changes.seen.insert(node));
        self.settle();
    }

    /// The writes to `key`, which is about to be written anew: copied only where somebody else needs them too.
    fn take_slot(&mut self, key: &str) -> Slot {
        match (self.changes.slots.remove(key), Arc::get_mut(&mut self.base)) {
            (Some(slot), _) => slot,
            (None, Some(base)) => base.slots.remove(key).unwrap_or_default(),
            (None, None) => self.base.slots.get(key).cloned().unwrap_or_default(),
        }
    }

    /// The state of somebody who has seen both.
    pub fn merge(self, other: Context) -> Context {
        if Arc::ptr_eq(&self.base, &other.base) {
            let (mut into, from) = if self.changes.len() >= other.changes.len() {
                (self, other)
            } else {
                (other, self)
            };
            into.absorb(&from, from.changes.slots.keys());
            into.changes.seen.extend(&from.changes.seen);
            into.settle();
            return into;
        }
        let (mut into, from) = if self.len() >= other.len() {
            (self, other)
        } else {
            (other, self)
        };
        into.absorb(&from, from.base.slots.keys().chain(from.changes.slots.keys()));
        into.changes.seen.extend(&from.base.seen);
        into.changes.seen.extend(&from.changes.seen);
        into.settle();
        into
    }

    /// Merges the slots of `from` under `keys` into this state.
    fn absorb<'a>(&mut self, from: &'a Context, keys: impl Iterator<Item = &'a Arc<str>>) {
        let mut merged = Vec::new();
        for key in keys {
            let Some(theirs) = from.slot(key) else { continue };
            let Some(ours) = self.slot(key) else {
                merged.push((key.clone(), theirs.clone()));
                continue;
            };
            if same_writers(ours, theirs) {
                continue;
            }
            let slot = if self.reducers.contains_key(key) {
                union(ours.clone(), theirs.clone())
            } else {
                let kept_of_ours = ours
                    .iter()
                    .filter(|(writer, _)| holds(theirs, *writer) || !from.has_seen(*writer));
                let kept_of_theirs = theirs
                    .iter()
                    .filter(|(writer, _)| !holds(ours, *writer) && !self.has_seen(*writer));
                let mut slot: Slot = kept_of_ours.chain(kept_of_theirs).cloned().collect();
                slot.sort_by_key(|(writer, _)| *writer);
                slot
            };
            merged.push((key.clone(), slot));
        }
        self.changes.slots.extend(merged);
    }

    /// Folds the changes into the base when nobody else holds it, or when they have grown so large that copying
    /// the base costs little in comparison: so a chain of writes costs the same for each.
    fn settle(&mut self) {
        const FEW: usize = 32;
        let large = self.changes.len() > FEW && self.changes.len() * 2 > self.base.len();
        if Arc::get_mut(&mut self.base).is_none() && !large {
            return;
        }
        let changes = std::mem::take(&mut self.changes);
        let base = Arc::make_mut(&mut self.base);
        base.slots.extend(changes.slots);
        base.seen.extend(&changes.seen);
    }

    fn len(&self) -> usize {
        self.base.len() + self.changes.len()
    }

    fn slot(&self, key: &str) -> Option<&Slot> {
        self.changes.slots.get(key).or_else(|| self.base.slots.get(key))
    }

    fn has_seen(&self, writer: Writer) -> bool {
        match writer {
            Writer::Input => true,
            Writer::Node(node) => self.base.seen.contains(node) || self.changes.seen.contains(node),
        }
    }

    /// The keys, sorted, each with its writes.
    fn slots(&self) -> impl Iterator<Item = (&Arc<str>, &Slot)> {
        let base = self.base.slots.iter();
        let changed = |key: &Arc<str>| !self.changes.slots.is_empty() && self.changes.slots.contains_key(key);
        merge_sorted(
            base.filter(move |(key, _)| !changed(key)),
            self.changes.slots.iter(),
        )
    }

    /// The value of `key`; `None` when nobody wrote it.
    ///
    /// # Errors
    /// When concurrent nodes wrote different values, or its reducer cannot combine them.
    pub fn get(&self, key: &str) -> Result<Option<Json>, ViewError> {
        let Some((key, slot)) = self
            .changes
            .slots
            .get_key_value(key)
            .or_else(|| self.base.slots.get_key_value(key))
        else {
            return Ok(None);
        };
        self.resolve(key, slot).map(Some)
    }

    /// The value of `key` where it is the one write that stands; `None` where it would have to be worked out.
    pub fn peek(&self, key: &str) -> Option<Option<&Json>> {
        match self.slot(key).map(Vec::as_slice) {
            None => Some(None),
            Some([(_, value)]) if !self.reducers.contains_key(key) => Some(Some(value)),
            Some(_) => None,
        }
    }

    /// Every key that can be told with its value, and whether a node wrote it; and why the others cannot.
    pub fn resolve_all(&self) -> (Resolved, Vec<ViewError>) {
        let mut values = BTreeMap::new();
        let mut errors = Vec::new();
        for (key, slot) in self.slots() {
            let written = slot.iter().any(|(writer, _)| *writer != Writer::Input);
            match self.resolve(key, slot) {
                Ok(value) => drop(values.insert(key.clone(), (value, written))),
                Err(error) => errors.push(error),
            }
        }
        (values, errors)
    }

    /// What the nodes of this context have written, for a context around it whose reducers are `outer`: every key with its
    /// value. Under a key that both reduce, it is the nodes' own contributions without the value that came in, which the
    /// outer context has already.
    ///
    /// # Errors
    /// The first key, in their order, whose value cannot be told.
    pub fn written(&self, outer: &Reducers) -> Result<Vec<(Arc<str>, Json)>, ViewError> {
        let own = |(writer, _): &&(Writer, Json)| *writer != Writer::Input;
        self.slots()
            .filter(|(_, slot)| slot.iter().any(|write| own(&write)))
            .map(|(key, slot)| {
                let value = match slot.first() {
                    Some((Writer::Input, _)) if outer.contains_key(key) => {
                        self.resolve(key, &slot.iter().filter(own).cloned().collect())
                    }
                    _ => self.resolve(key, slot),
                };
                value.map(|value| (key.clone(), value))
            })
            .collect()
    }

    /// The keys that `reads` names (all, when it is `None`) as one JSON object with its keys sorted.
    ///
    /// # Errors
    /// The first key, in that order, whose value cannot be told.
    pub fn view(&self, reads: Option<&std::collections::BTreeSet<Arc<str>>>) -> Result<Json, ViewError> {
        let mut out = String::from("{");
        let mut push = |key: &Arc<str>, slot: &Slot| {
            if out.len() > 1 {
                out.push(',');
            }
            json::push_string(&mut out, key);
            out.push(':');
            match slot.as_slice() {
                [(_, value)] if !self.reducers.contains_key(key) => out.push_str(value.as_str()),
                _ => out.push_str(self.resolve(key, slot)?.as_str()),
            }
            Ok(())
        };
        match reads {
            None => self.slots().try_for_each(|(key, slot)| push(key, slot))?,
            Some(keys) => keys
                .iter()
                .filter_map(|key| Some((key, self.slot(key)?)))
                .try_for_each(|(key, slot)| push(key, slot))?,
        }
        out.push('}');
        Ok(Json::trusted(out))
    }

    fn resolve(&self, key: &Arc<str>, slot: &Slot) -> Result<Json, ViewError> {
        if let Some(reducer) = self.reducers.get(key) {
            let contributions: Vec<&Json> = slot.iter().map(|(_, value)| value).collect();
            return reducer.fold(&contributions).map_err(|_| ViewError::Reduce {
                key: key.clone(),
                reducer: *reducer,
            });
        }
        let mut writes = slot.iter();
        let Some((first, value)) = writes.next() else {
            return Ok(Json::trusted("null"));
        };
        match writes.find(|(_, other)| !value.same_value(other)) {
            None => Ok(value.clone()),
            Some((second, _)) => Err(ViewError::Conflict(Conflict {
                key: key.clone(),
                writers: (*first, *second),
            })),
        }
    }
}

impl Layer {
    fn len(&self) -> usize {
        self.slots.len() + self.seen.len()
    }
}

fn holds(slot: &Slot, writer: Writer) -> bool {
    slot.binary_search_by_key(&writer, |(writer, _)| *writer).is_ok()
}

fn same_writers(a: &Slot, b: &Slot) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|((a, _), (b, _))| a == b)
}

/// All writes of both, each writer once, in order.
fn union(mut a: Slot, b: Slot) -> Slot {
    a.extend(b);
    a.sort_by_key(|(writer, _)| *writer);
    a.dedup_by_key(|(writer, _)| *writer);
    a
}

/// Two sorted maps without a common key as one.
fn merge_sorted<'a, V: 'a>(
    a: impl Iterator<Item = (&'a Arc<str>, &'a V)>,
    b: impl Iterator<Item = (&'a Arc<str>, &'a V)>,
) -> impl Iterator<Item = (&'a Arc<str>, &'a V)> {
    let (mut a, mut b) = (a.peekable(), b.peekable());
    std::iter::from_fn(move || match (a.peek(), b.peek()) {
        (Some((left, _)), Some((right, _))) if right < left => b.next(),
        (Some(_), _) => a.next(),
        (None, _) => b.next(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Json {
        Json::parse(text, 100).unwrap()
    }

    fn writes(pairs: &[(&str, &str)]) -> Vec<(Arc<str>, Json)> {
        pairs
            .iter()
            .map(|(key, value)| (Arc::from(*key), json(value)))
            .collect()
    }

    fn start(reducers: &[(&str, Reducer)], input: &[(&str, &str)]) -> Context {
        let reducers = reducers
            .iter()
            .map(|(key, reducer)| (Arc::from(*key), *reducer))
            .collect();
        Context::new(Arc::new(reducers), writes(input))
    }

    fn after(context: &Context, node: u32, pairs: &[(&str, &str)]) -> Context {
        let mut context = context.clone();
        context.write(NodeIndex(node), writes(pairs));
        context
    }

    fn view(context: &Context) -> String {
        context.view(None).unwrap().as_str().to_owned()
    }

    #[test]
    fn a_descendant_replaces_what_its_ancestors_wrote() {
        let a = after(&start(&[], &[("k", "0"), ("x", "1")]), 0, &[("k", "1")]);
        let b = after(&a, 1, &[("k", "2")]);
        assert_eq!(view(&b), r#"{"k":2,"x":1}"#);
        // The branch that did not touch the key does not bring the old value back.
        let c = after(&a, 2, &[("y", "3")]);
        assert_eq!(view(&b.clone().merge(c.clone())), r#"{"k":2,"x":1,"y":3}"#);
        assert_eq!(view(&c.merge(b)), r#"{"k":2,"x":1,"y":3}"#);
    }

    #[test]
    fn concurrent_writers_conflict_unless_equal() {
        let root = start(&[], &[]);
        let (a, b) = (
            after(&root, 0, &[("k", "[1, 2]")]),
            after(&root, 1, &[("k", "[1,2]")]),
        );
        let equal = a.clone().merge(b);
        assert_eq!(view(&equal), r#"{"k":[1, 2]}"#);
        let different = a.merge(after(&root, 2, &[("k", "3")]));
        let conflict = Conflict {
            key: "k".into(),
            writers: (Writer::Node(NodeIndex(0)), Writer::Node(NodeIndex(2))),
        };
        assert_eq!(different.view(None), Err(ViewError::Conflict(conflict)));
        // Somebody who came after both settles it.
        assert_eq!(view(&after(&different, 3, &[("k", "4")])), r#"{"k":4}"#);
        // A reader of other keys is not concerned.
        let reads = ["x".into()].into();
        assert_eq!(different.view(Some(&reads)).unwrap().as_str(), "{}");
    }

    #[test]
    fn an_equal_writer_that_was_not_replaced_still_conflicts_later() {
        let root = start(&[], &[]);
        let (a, b) = (after(&root, 0, &[("k", "1")]), after(&root, 1, &[("k", "1")]));
        let replaced_a = after(&a, 2, &[("k", "2")]);
        let merged = a.merge(b).merge(replaced_a);
        let Err(ViewError::Conflict(conflict)) = merged.view(None) else {
            panic!("no conflict")
        };
        assert_eq!(
            conflict.writers,
            (Writer::Node(NodeIndex(1)), Writer::Node(NodeIndex(2)))
        );
    }

    #[test]
    fn reducers_count_each_write_once_and_in_topological_order() {
        let root = start(&[("k", Reducer::Append)], &[("k", "[0]")]);
        let a = after(&root, 0, &[("k", "[1]")]);
        let (b, c) = (after(&a, 2, &[("k", "[3]")]), after(&a, 1, &[("k", "[2]")]));
        assert_eq!(view(&b.clone().merge(c.clone())), r#"{"k":[0,1,2,3]}"#);
        assert_eq!(view(&c.merge(b)), r#"{"k":[0,1,2,3]}"#);
    }

    #[test]
    fn writing_all_at_once_is_writing_each_and_merging() {
        let root = after(
            &start(&[("s", Reducer::Sum)], &[("x", "0")]),
            0,
            &[("x", "1"), ("s", "1")],
        );
        let nodes = || {
            (1..60u32).map(|n| {
                (
                    NodeIndex(n),
                    writes(&[("s", "2"), (&format!("k{n}"), "0"), ("e", "5")]),
                )
            })
        };
        let mut at_once = root.clone();
        at_once.write_all(nodes());
        let mut one_by_one = root.clone();
        for (node, writes) in nodes() {
            let mut branch = root.clone();
            branch.write(node, writes);
            one_by_one = one_by_one.merge(branch);
        }
        assert_eq!(view(&at_once), view(&one_by_one));
        assert_eq!(at_once.get("s").unwrap().unwrap().as_str(), "119");
    }

    #[test]
    fn long_chains_beside_a_shared_base_stay_correct() {
        let root = start(&[], &[("a", "0")]);
        let mut left = root.clone();
        let mut right = root.clone();
        for n in 0..200 {
            left.write(
                NodeIndex(2 * n),
                writes(&[("l", &n.to_string()), (&format!("l{n}"), "1")]),
            );
            right.write(NodeIndex(2 * n + 1), writes(&[("r", &n.to_string())]));
        }
        let merged = left.merge(right);
        assert_eq!(merged.get("l").unwrap().unwrap().as_str(), "199");
        assert_eq!(merged.get("r").unwrap().unwrap().as_str(), "199");
        assert_eq!(merged.resolve_all().0.len(), 203);
    }
}
