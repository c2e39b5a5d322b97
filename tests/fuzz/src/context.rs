//! The context of a run against a naive model of it: a write stands unless somebody who came after its writer wrote the
//! key too. The order in which states are merged must not matter.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hap_model::{Conflict, Context, Json, NodeIndex, Reducer, ViewError, Writer};

use super::reference;

/// The keys that are written; the last ones have reducers.
const KEYS: [&str; 6] = ["a", "b", "\"q\\", "\u{e9}\n", "sum", "list"];

/// What a node may have seen at most: the bits of a set.
const MOST_NODES: usize = 60;

/// A state, and which nodes it has seen.
#[derive(Clone)]
struct State {
    context: Context,
    seen: u64,
}

/// Everything that was written: who, under which key, what; and whom each node came after.
#[derive(Default)]
struct Model {
    writes: Vec<(Writer, &'static str, Json)>,
    came_after: Vec<u64>,
}

/// Runs `program`: of every four bytes, the first two choose the states that a node has seen, the third what it writes,
/// and the fourth which of `values` that is.
pub fn check(program: &[u8], values: &[Json]) {
    if values.is_empty() {
        return;
    }
    let reducers: BTreeMap<Arc<str>, Reducer> =
        [("sum".into(), Reducer::Sum), ("list".into(), Reducer::Union)].into();
    let mut model = Model::default();
    let input = chosen(program.len() as u8, 0, values);
    model.writes.extend(
        input
            .iter()
            .map(|(key, value)| (Writer::Input, *key, value.clone())),
    );
    let root = State {
        context: Context::new(Arc::new(reducers), owned(&input)),
        seen: 0,
    };
    let mut states = vec![root];
    for step in program.chunks_exact(4) {
        let &[left, right, keys, value] = step else { break };
        if model.came_after.len() + 2 > MOST_NODES {
            break;
        }
        let at = |byte: u8| &states[byte as usize % states.len()];
        let (left, right) = (at(left).clone(), at(right).clone());
        let seen = left.seen | right.seen;
        let mut context = left.context.merge(right.context);
        // Some nodes come as a pair that runs at the same time.
        let nodes = if keys & 0x80 == 0 { 1 } else { 2 };
        let mut together = Vec::new();
        let mut now_seen = seen;
        for offset in 0..nodes {
            let index = model.came_after.len();
            let writes = chosen(keys.rotate_left(offset), value.wrapping_add(offset as u8), values);
            let writer = Writer::Node(NodeIndex(index as u32));
            model
                .writes
                .extend(writes.iter().map(|(key, value)| (writer, *key, value.clone())));
            model.came_after.push(seen);
            together.push((NodeIndex(index as u32), owned(&writes)));
            now_seen |= 1 << index;
        }
        context.write_all(together);
        states.push(State {
            context,
            seen: now_seen,
        });
        if let Some(state) = states.last() {
            model.agrees_with(state);
        }
    }
    let all = |states: &mut dyn Iterator<Item = State>| {
        states.reduce(|a, b| State {
            context: a.context.merge(b.context),
            seen: a.seen | b.seen,
        })
    };
    for merged in [
        all(&mut states.iter().cloned()),
        all(&mut states.iter().rev().cloned()),
    ] {
        model.agrees_with(&merged.unwrap());
    }
}

/// The keys and values that the two bytes choose, without those that a reducer would refuse.
fn chosen(keys: u8, value: u8, values: &[Json]) -> Vec<(&'static str, Json)> {
    let key_at = |(index, key): (usize, &&'static str)| (keys & (1 << index) != 0).then_some((index, *key));
    let mut writes = Vec::new();
    for (index, key) in KEYS.iter().enumerate().filter_map(key_at) {
        let value = &values[(value as usize + index) % values.len()];
        if reducer(key).is_none_or(|reducer| reducer.refuses(value).is_none()) {
            writes.push((key, value.clone()));
        }
    }
    writes
}

fn reducer(key: &str) -> Option<Reducer> {
    match key {
        "sum" => Some(Reducer::Sum),
        "list" => Some(Reducer::Union),
        _ => None,
    }
}

fn owned(writes: &[(&'static str, Json)]) -> Vec<(Arc<str>, Json)> {
    writes
        .iter()
        .map(|(key, value)| (Arc::from(*key), value.clone()))
        .collect()
}

impl Model {
    /// The writes to `key` that stand where `seen` was seen, in topological order.
    fn standing(&self, key: &str, seen: u64) -> Vec<(Writer, &Json)> {
        let known = |writer: Writer| match writer {
            Writer::Input => true,
            Writer::Node(node) => seen & (1 << node.0) != 0,
        };
        let before = |a: Writer, b: Writer| match (a, b) {
            (_, Writer::Input) => false,
            (Writer::Input, Writer::Node(_)) => true,
            (Writer::Node(a), Writer::Node(b)) => self.came_after[b.get()] & (1 << a.0) != 0,
        };
        let to_key = || {
            self.writes
                .iter()
                .filter(|(writer, its, _)| *its == key && known(*writer))
        };
        let replaced =
            |writer: Writer| reducer(key).is_none() && to_key().any(|(late, ..)| before(writer, *late));
        to_key()
            .filter(|(writer, ..)| !replaced(*writer))
            .map(|(writer, _, value)| (*writer, value))
            .collect()
    }

    fn expected(&self, key: &'static str, seen: u64) -> Result<Option<Json>, ViewError> {
        let standing = self.standing(key, seen);
        let Some((first, value)) = standing.first().copied() else {
            return Ok(None);
        };
        if let Some(reducer) = reducer(key) {
            let values: Vec<&Json> = standing.iter().map(|(_, value)| *value).collect();
            let key = Arc::from(key);
            return reducer
                .fold(&values)
                .map(Some)
                .map_err(|_| ViewError::Reduce { key, reducer });
        }
        match standing.iter().find(|(_, other)| !other.same_value(value)) {
            None => Ok(Some(value.clone())),
            Some((second, _)) => Err(ViewError::Conflict(Conflict {
                key: key.into(),
                writers: (first, *second),
            })),
        }
    }

    /// Every way to look at a state shows what the model says.
    fn agrees_with(&self, state: &State) {
        let mut sorted = KEYS;
        sorted.sort();
        let mut shown = Vec::new();
        let mut first_error = None;
        for key in sorted {
            let expected = self.expected(key, state.seen);
            assert_eq!(state.context.get(key), expected, "key {key:?}");
            let reads: BTreeSet<Arc<str>> = [key.into(), "nobody writes this".into()].into();
            let alone = state.context.view(Some(&reads));
            match expected {
                Ok(value) => {
                    let member =
                        value.map(|value| format!("{}:{value}", serde_json::to_string(key).unwrap()));
                    assert_eq!(
                        alone.unwrap().as_str(),
                        format!("{{{}}}", member.as_deref().unwrap_or_default())
                    );
                    shown.extend(member);
                }
                Err(error) => {
                    assert_eq!(alone, Err(error.clone()));
                    first_error.get_or_insert(error);
                }
            }
        }
        let (values, errors) = state.context.resolve_all();
        assert_eq!(values.len(), shown.len());
        assert_eq!(errors.first(), first_error.as_ref());
        match (state.context.view(None), first_error) {
            (Ok(view), None) => {
                assert_eq!(view.as_str(), format!("{{{}}}", shown.join(",")));
                let facts = reference::read(view.as_str());
                assert!(facts.is_ok_and(|facts| !facts.repeats_a_key), "{view}");
            }
            (view, error) => assert_eq!(view.err(), error),
        }
    }
}
