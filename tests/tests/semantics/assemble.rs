//! Random nodes, put together to a graph.

use std::collections::BTreeSet;

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use crate::generate::{REDUCED, Raw, Shape, on_failure, raw, retry, without_nulls};
use crate::reference::Object;

/// A graph of at most that many nodes and that depth.
pub(crate) fn graph(shape: Shape) -> BoxedStrategy<Value> {
    let reducers = btree_set(select(&REDUCED[..]), 0..REDUCED.len());
    let defaults = (
        prop::option::weighted(0.2, retry()),
        prop::option::weighted(0.1, on_failure(shape)),
    );
    let entry = prop::option::weighted(0.15, vec(0..shape.nodes, 1..3));
    (vec(raw(shape, 2), 1..=shape.nodes), reducers, defaults, entry)
        .prop_map(|(raws, reducers, (retry, on_failure), entry)| {
            let reducers: Map<String, Value> = reducers
                .into_iter()
                .map(|(key, name)| (key.to_owned(), name.into()))
                .collect();
            let defaults = without_nulls(json!({"retry": retry, "on_failure": on_failure}));
            let mut nodes = Object::new();
            let name = |index: usize| format!("{}{index}", raws[index].letter);
            for (index, raw) in raws.iter().enumerate() {
                place(&mut nodes, &reducers, name(index), raw, &|distance| {
                    let to = index + 1 + distance;
                    (to < raws.len()).then(|| name(to))
                });
            }
            let entry = entry.map(|entry| {
                let names: BTreeSet<String> =
                    entry.into_iter().map(|index| name(index % raws.len())).collect();
                json!(names)
            });
            without_nulls(json!({"nodes": nodes, "reducers": reducers, "defaults": defaults, "entry": entry}))
        })
        .boxed()
}

/// Writes a node down, and those that stand in for it.
fn place(
    nodes: &mut Object,
    reducers: &Object,
    name: String,
    raw: &Raw,
    target: &dyn Fn(usize) -> Option<String>,
) {
    let mut fields = raw.fields.clone();
    // Of what a node says it writes, conditions must not read anything else.
    let known = fields.contains_key("map") || fields.contains_key("writes");
    let readable = |when: &str| {
        if known {
            when.replace("output.", "context.")
        } else {
            when.to_owned()
        }
    };
    if let Some(until) = fields.get_mut("loop").map(|repeated| &mut repeated["until"]) {
        *until = readable(until.as_str().unwrap_or_default()).into();
    }
    let conditions = raw
        .next
        .iter()
        .any(|(distance, when, _)| when.is_some() && target(*distance).is_some());
    let mut led = BTreeSet::new();
    let mut next = Vec::new();
    for (distance, when, otherwise) in &raw.next {
        let Some(to) = target(*distance).filter(|to| led.insert(to.clone())) else {
            continue;
        };
        next.push(match when {
            Some(when) => json!({"to": to, "when": readable(when)}),
            None if *otherwise && conditions && next.iter().any(|edge: &Value| edge["when"].is_string()) => {
                json!({"else": to})
            }
            None => json!(to),
        });
    }
    if !next.is_empty() {
        fields.insert("next".to_owned(), next.into());
    }
    if let Some(steps) = fields
        .get_mut("params")
        .and_then(|params| params["steps"].as_array_mut())
    {
        steps.retain(|step| reducers.contains_key("sum") || step["emit"]["unwritable"].is_null());
        for step in steps.iter_mut() {
            if !reducers.contains_key("sum") && !step["choose"]["steps"][0]["emit"]["unwritable"].is_null() {
                step["choose"]["steps"] = json!([]);
            }
        }
        if raw.looks {
            steps.insert(0, json!({"look": format!("saw-{name}")}));
        }
    }
    // A map's list is read.
    if let Some(over) = raw.fields.get("map").and_then(|map| map["over"].as_str()) {
        let list = json!(over.split('.').next());
        if let Some(reads) = fields.get_mut("reads").and_then(Value::as_array_mut) {
            reads.retain(|key| *key != list);
            reads.push(list);
        }
    }
    if let Some(stand_in) = &raw.stand_in {
        let other = format!("{name}f");
        fields.insert("on_failure".to_owned(), json!({"node": other}));
        place(nodes, reducers, other, stand_in, &|_| None);
    }
    nodes.insert(name, fields.into());
}
