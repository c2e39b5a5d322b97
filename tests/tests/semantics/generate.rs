//! Random graphs, as they would be written in a file, and random inputs. All values are made from small numbers, so that
//! what fails shrinks to something that can be read.

use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::assemble::graph;
use crate::reference::Object;

/// Keys that have a reducer in some graphs, with the reducer.
pub(crate) const REDUCED: [(&str, &str); 8] = [
    ("list", "append"),
    ("set", "union"),
    ("obj", "merge"),
    ("sum", "sum"),
    ("low", "min"),
    ("high", "max"),
    ("first", "first"),
    ("last", "last"),
];

const KEYS: [&str; 13] = [
    "p", "q", "n", "items", "deep", "list", "set", "obj", "sum", "low", "high", "first", "last",
];

/// How large and how deep graphs are.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) nodes: usize,
    pub(crate) depth: u32,
    /// The share of nodes that fail in some way.
    pub(crate) failing: f64,
    /// The share of nodes with a map, a loop or a graph.
    pub(crate) composed: f64,
    /// The share of nodes that write down all that they see.
    pub(crate) looking: f64,
    /// Whether nodes may stop the run.
    pub(crate) stopping: bool,
}

/// A value of the kind that the key always has.
fn value(key: &str, n: u8) -> Value {
    let list = || (0..n % 4).map(|i| (n / 4 + i) % 5).collect::<Vec<u8>>();
    match key {
        "list" | "set" | "items" => json!(list()),
        "deep" => json!({"items": list()}),
        "obj" if n.is_multiple_of(2) => json!({"a": n, "b": {"x": n}}),
        "obj" => json!({"b": {"y": n}}),
        "n" | "sum" | "low" | "high" => json!(n % 6),
        _ if n.is_multiple_of(3) => json!("x"),
        _ => json!(n % 3),
    }
}

fn key() -> impl Strategy<Value = &'static str> {
    select(&KEYS[..])
}

fn values() -> impl Strategy<Value = Object> {
    btree_map(key(), 0..16u8, 0..4).prop_map(|keys| {
        let pairs = keys.into_iter();
        pairs.map(|(name, n)| (name.to_owned(), value(name, n))).collect()
    })
}

/// The input of a run.
pub(crate) fn input() -> impl Strategy<Value = Object> {
    (values(), 0..16u8, prop::bool::weighted(0.9)).prop_map(|(mut input, n, lists)| {
        if lists {
            for name in ["items", "deep"] {
                input.entry(name).or_insert_with(|| value(name, n));
            }
        }
        input
    })
}

fn condition(subjects: &'static [&'static str]) -> impl Strategy<Value = String> {
    let simple = (select(subjects), key(), 0..5u8, 0..9u8).prop_map(|(subject, key, n, form)| match form {
        0 => "true".to_owned(),
        1 | 2 => format!("has({subject}.{key})"),
        3 if subject == "round" => format!("round >= {n}"),
        3 => format!("{subject}.{key} == {n}"),
        4 => format!("has({subject}.p) && {subject}.p == \"x\""),
        5 => format!("has({subject}.n) && {subject}.n >= {n}"),
        6 => format!("has({subject}.sum) && {subject}.sum >= {n}"),
        7 => format!("has({subject}.{key}) && {subject}.{key} == {n}"),
        _ => format!("{subject}.p == \"x\""),
    });
    (simple, prop::bool::weighted(0.3)).prop_map(|(simple, negated)| match negated {
        true => format!("!({simple})"),
        false => simple,
    })
}

/// A step of the agent that fails: with which words, and whether a retry helps.
fn failure() -> impl Strategy<Value = Value> {
    let first = (
        select(&[1, 2, 99][..]),
        select(&["failed", "unavailable", "unavailable", "invalid-input"][..]),
    );
    prop_oneof![
        8 => first.prop_map(|(attempts, case)| json!({"fail-first": {"attempts": attempts, "case": case, "message": "as told"}})),
        1 => Just(json!({"panic": "as told"})),
        1 => Just(json!({"emit": {"sum": "no number", "unwritable": 1}})),
    ]
}

fn steps(shape: Shape) -> impl Strategy<Value = Vec<Value>> {
    let emit = || values().prop_map(|keys| json!({"emit": keys}));
    let some = || prop_oneof![3 => emit(), 1 => Just(json!({"count": "n"})), 1 => failure()];
    let choose = (
        select(&["item", "n", "p", "sum"][..]),
        btree_set(0..4u8, 0..3),
        some(),
    )
        .prop_map(|(key, among, step)| json!({"choose": {"key": key, "among": among, "steps": [step]}}));
    let other = prop_oneof![
        6 => emit(),
        2 => Just(json!({"count": "n"})),
        2 => choose,
        1 => (0..16u8).prop_map(|n| json!({"answer": value("p", n)})),
    ];
    let fails = prop::option::weighted(shape.failing, failure());
    (vec(other, 0..3), fails).prop_map(|(mut steps, fails)| {
        steps.extend(fails);
        steps
    })
}

/// A node that has no name yet. Where it leads is told by distances.
#[derive(Clone, Debug)]
pub(crate) struct Raw {
    pub(crate) letter: char,
    pub(crate) next: Vec<(usize, Option<String>, bool)>,
    pub(crate) fields: Object,
    pub(crate) looks: bool,
    /// `None` where `fields` tells it.
    pub(crate) stand_in: Option<Box<Raw>>,
}

fn repeat(shape: Shape) -> impl Strategy<Value = Value> {
    let over = select(&["items", "items", "deep.items", "list", "p"][..]);
    let into = prop::option::weighted(0.4, select(&["list", "rows", "items"][..]));
    let failed = prop::option::of(select(&["fail", "skip", "null"][..]));
    let most = prop::option::weighted(0.2, 1..3u8);
    let map = (over, into, failed, most, prop::option::of(1..4u8)).prop_map(|(over, into, failed, most, parallel)| {
        json!({"map": without_nulls(json!({"over": over, "as": "item", "into": into, "failed_items": failed,
            "max_items": most, "max_parallel": parallel}))})
    });
    let until = condition(&["context", "output", "round"][..2]);
    let until = prop_oneof![
        until,
        (1..4u8).prop_map(|n| format!("round >= {n}")),
        Just("output.n >= 3".to_owned())
    ];
    let repeated = (until, 1..5u8, prop::option::of(select(&["fail", "keep"][..]))).prop_map(|(until, most, at_max)| {
        json!({"loop": without_nulls(json!({"until": until, "max_rounds": most, "at_max": at_max}))})
    });
    prop_oneof![
        ((1.0 - shape.composed) * 100.0) as u32 => Just(json!({})),
        (shape.composed * 50.0) as u32 => map,
        (shape.composed * 50.0) as u32 => repeated,
    ]
}

pub(crate) fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(keys) => keys.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        other => other,
    }
}

pub(crate) fn retry() -> impl Strategy<Value = Value> {
    let on = btree_set(
        select(&["unavailable", "unavailable", "trap", "invalid-output"][..]),
        1..3,
    );
    (1..4u8, prop::option::of(on)).prop_map(|(attempts, on)| {
        without_nulls(json!({"attempts": attempts, "delay": "0ms", "jitter": 0, "on": on}))
    })
}

/// `on_failure`, but for another node.
pub(crate) fn on_failure(shape: Shape) -> impl Strategy<Value = Value> {
    let output = values().prop_map(|keys| json!({"output": keys}));
    prop_oneof![
        1 => Just(json!("fail")),
        2 => Just(json!("continue")),
        2 => output,
        1 => Just(json!({"output": 7})),
        u32::from(shape.stopping) * 6 => Just(json!("stop")),
    ]
}

pub(crate) fn raw(shape: Shape, stand_ins: u32) -> BoxedStrategy<Raw> {
    let edge = (
        0..6usize,
        prop::option::weighted(0.35, condition(&["context", "output"])),
        prop::bool::weighted(0.3),
    );
    let agent = (
        steps(shape),
        prop::option::weighted(0.3, retry()),
        prop::bool::weighted(shape.failing / 4.0),
    )
        .prop_map(|(steps, retry, limited)| {
            without_nulls(
                json!({"agent": "test:scripted", "params": {"steps": steps}, "retry": retry,
                "budget": limited.then(|| json!({"output": 1}))}),
            )
        });
    let body = match shape.depth {
        0 => agent.boxed(),
        depth => {
            let inner = Shape {
                nodes: 4,
                depth: depth - 1,
                ..shape
            };
            let nested = (graph(inner), prop::bool::weighted(0.3)).prop_map(|(mut graph, named)| {
                if named {
                    graph["name"] = "named".into();
                }
                json!({"graph": graph})
            });
            prop_oneof![((1.0 - shape.composed / 2.0) * 100.0) as u32 => agent, (shape.composed * 50.0) as u32 => nested].boxed()
        }
    };
    let stand_in = match stand_ins {
        0 => Just(None).boxed(),
        more => {
            let simple = Shape { depth: 0, ..shape };
            prop::option::weighted(0.3, raw(simple, more - 1).prop_map(Box::new)).boxed()
        }
    };
    (
        (prop::char::range('a', 'd'), vec(edge, 0..3), body, repeat(shape)),
        prop::option::weighted(0.2, btree_set(key(), 0..8)),
        prop::option::weighted(0.1, btree_set(key(), 0..8)),
        prop::option::weighted(0.3, on_failure(shape)),
        stand_in,
        prop::bool::weighted(shape.looking),
    )
        .prop_map(
            |((letter, next, body, repeat), reads, writes, on_failure, stand_in, looks)| {
                let own = json!({"reads": reads, "writes": writes, "on_failure": on_failure});
                let parts = [body, repeat, without_nulls(own)];
                let fields = parts
                    .into_iter()
                    .flat_map(|part| part.as_object().cloned().unwrap_or_default());
                Raw {
                    letter,
                    next,
                    fields: fields.collect(),
                    looks,
                    stand_in,
                }
            },
        )
        .boxed()
}
