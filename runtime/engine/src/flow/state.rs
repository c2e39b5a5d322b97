//! Which types of 64 keys at a time the nodes before each node may have written, as bits that flow along the edges.

use std::collections::{HashMap, HashSet};

use hap_model::PlanNode;

use super::Flow;
use super::facts::{Facts, KINDS, Kinds};

/// The keys of one batch, each a bit.
pub(super) struct Keys<'a>(HashMap<&'a str, usize>);

impl<'a> Keys<'a> {
    pub(super) fn new(keys: impl Iterator<Item = &'a str>) -> Keys<'a> {
        Keys(keys.enumerate().map(|(bit, key)| (key, bit)).collect())
    }
}

/// For each type the keys that may have it, and the keys that are certainly written.
#[derive(Clone, Copy, Default)]
struct State {
    kinds: [u64; KINDS],
    certain: u64,
}

impl State {
    fn add(&mut self, bit: usize, kinds: Kinds, certain: bool) {
        for (number, keys) in self.kinds.iter_mut().enumerate() {
            if kinds.0 & (1 << number) != 0 {
                *keys |= 1 << bit;
            }
        }
        self.certain |= u64::from(certain) << bit;
    }

    fn merge(&mut self, other: &State) {
        for (keys, more) in self.kinds.iter_mut().zip(other.kinds) {
            *keys |= more;
        }
        self.certain |= other.certain;
    }
}

/// What an agent says about the keys of one batch.
pub(super) struct Said {
    gives: State,
    /// The keys that `gives` tells of.
    listed: u64,
    /// The keys that its context must have.
    required: u64,
    /// The keys that it wants to have some types only, and those types.
    typed: u64,
    wants: [u64; KINDS],
}

impl Said {
    pub(super) fn of(facts: &Facts, keys: &Keys<'_>) -> Said {
        let mut said = Said {
            gives: State::default(),
            listed: 0,
            required: 0,
            typed: 0,
            wants: [0; KINDS],
        };
        if facts.says_nothing() {
            return said;
        }
        for (key, &bit) in &keys.0 {
            if let Some(&(kinds, certain)) = facts.gives.get(*key) {
                said.gives.add(bit, kinds, certain);
                said.listed |= 1 << bit;
            }
            said.required |= u64::from(facts.requires(key)) << bit;
            if let Some(kinds) = facts.wants.get(*key) {
                let mut wants = State::default();
                wants.add(bit, *kinds, false);
                said.wants
                    .iter_mut()
                    .zip(wants.kinds)
                    .for_each(|(keys, more)| *keys |= more);
                said.typed |= 1 << bit;
            }
        }
        said
    }
}

/// What may have been written before a node.
#[derive(Clone, Copy)]
pub(super) struct Before(State);

impl Before {
    /// The keys that may have been written.
    fn any(&self) -> u64 {
        self.0.kinds.iter().fold(0, |any, keys| any | keys)
    }

    /// The keys that an agent needs and nobody before it writes.
    pub(super) fn missing(&self, said: &Said) -> u64 {
        said.required & !self.any()
    }

    /// The keys that may be written, but never with a type that an agent wants; without those that may come `from_input`
    /// instead.
    pub(super) fn spoilt(&self, said: &Said, from_input: u64) -> u64 {
        let types = self.0.kinds.iter().zip(said.wants);
        let fits = types.fold(0, |fits, (given, wanted)| fits | (given & wanted));
        said.typed & self.any() & !fits & (!from_input | self.0.certain)
    }

    /// The types that a key may have been written with.
    pub(super) fn kinds(&self, bit: usize) -> Kinds {
        let kinds = self.0.kinds.iter().enumerate();
        Kinds(kinds.fold(0, |kinds, (number, keys)| {
            kinds | (((keys >> bit) & 1) as u8) << number
        }))
    }
}

/// Visits the nodes in order, each with what its agent says and what may have been written before it, until `visit` says
/// that it is enough.
pub(super) fn each(flow: &Flow<'_>, keys: &Keys<'_>, mut visit: impl FnMut(usize, &Said, Before) -> bool) {
    let mut after: Vec<State> = Vec::new();
    // What an agent says is looked up once, however many nodes it serves.
    let mut known: HashMap<*const Facts, Said> = HashMap::new();
    let mut last: (&[hap_model::NodeIndex], State) = (&[], State::default());
    for (index, node, facts) in flow.nodes() {
        let predecessors = flow.predecessors(index);
        // Nodes that wait for the same ones share the list.
        if !std::ptr::eq(predecessors, last.0) {
            let mut state = State::default();
            for node in predecessors.iter().filter_map(|node| after.get(node.get())) {
                state.merge(node);
            }
            last = (predecessors, state);
        }
        let said = known
            .entry(std::sync::Arc::as_ptr(facts))
            .or_insert_with(|| Said::of(facts, keys));
        let mut state = last.1;
        if !flow.unconditional {
            state.certain = 0;
        }
        if !visit(index, said, Before(state)) {
            return;
        }
        write(&mut state, node, facts, said, keys);
        after.push(state);
    }
}

/// Adds what one node may write.
fn write(state: &mut State, node: &PlanNode, facts: &Facts, said: &Said, keys: &Keys<'_>) {
    let own_name = node.id.as_str();
    let allowed = |key: &str| node.writes.as_ref().is_none_or(|writes| writes.contains(key));
    if facts.other != Kinds::NONE
        && let Some(&bit) = keys.0.get(own_name)
        && allowed(own_name)
    {
        state.add(bit, facts.other, false);
    }
    match &node.writes {
        None => {
            state.merge(&said.gives);
            if facts.open {
                state.kinds.iter_mut().for_each(|keys| *keys |= !said.listed);
            }
        }
        Some(writes) => {
            for (key, bit) in writes.iter().filter_map(|key| Some((key, *keys.0.get(&**key)?))) {
                match facts.gives.get(&**key) {
                    Some(&(kinds, certain)) => state.add(bit, kinds, certain),
                    None if facts.open => state.add(bit, Kinds::ALL, false),
                    None => {}
                }
            }
        }
    }
}

/// A node before `node` that may write `key`, as near as possible.
pub(super) fn nearest_writer(flow: &Flow<'_>, node: usize, key: &str) -> Option<usize> {
    let keys = Keys::new(std::iter::once(key));
    let nodes = flow.plan.nodes();
    let mut seen = HashSet::new();
    let mut waiting: std::collections::VecDeque<usize> =
        flow.predecessors(node).iter().map(|node| node.get()).collect();
    while let Some(index) = waiting.pop_front() {
        if !seen.insert(index) {
            continue;
        }
        let mut state = State::default();
        let (node, facts) = (nodes.get(index)?, flow.facts.get(index)?);
        write(&mut state, node, facts, &Said::of(facts, &keys), &keys);
        if state.kinds.iter().any(|keys| *keys != 0) {
            return Some(index);
        }
        waiting.extend(flow.predecessors(index).iter().map(|node| node.get()));
    }
    None
}
