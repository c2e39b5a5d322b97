//! The naive interpreter: what the design says of a graph, one node after the other, every view made from scratch. It reads
//! the graph as it is written, and knows nothing of the engine.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::agent::Kind;
use crate::values::{condition, fold, variables};

pub(crate) type Object = Map<String, Value>;

/// What came of a graph.
#[derive(Debug, Default)]
pub(crate) struct Account {
    /// What is told of each node: its status, why it failed, its items, rounds and inner nodes.
    pub(crate) records: Object,
    /// Those that began work, in order.
    pub(crate) path: Vec<Value>,
    /// What the graph ends with, without the keys in conflict.
    pub(crate) context: Object,
    /// What the nodes wrote, without what came in.
    pub(crate) own: Object,
    /// Whether a key is in conflict at the end.
    pub(crate) torn: bool,
    pub(crate) attempts: usize,
    pub(crate) failed: bool,
    pub(crate) degraded: bool,
    /// Whether a failed node stops the whole run.
    pub(crate) stopped: bool,
}

impl Account {
    pub(crate) fn status(&self) -> &'static str {
        match (self.failed || self.torn || self.stopped, self.degraded) {
            (true, _) => "error",
            (false, true) => "partial",
            (false, false) => "success",
        }
    }
}

/// What one node left in the context, and whose it saw. The input is the first.
struct Writer {
    saw: BTreeSet<usize>,
    wrote: Object,
}

/// What follows from a node that was decided.
enum Left {
    /// Nothing can come after it, because of this one.
    Broken(String),
    /// It leads to these nodes, and these writers are seen there.
    Leads(BTreeSet<String>, BTreeSet<usize>),
}

/// An output, and whether something in it is a replacement.
pub(crate) type Worked = Result<(Value, Option<Value>), Kind>;

/// Interprets the graph; `top` is the outermost one, which has the named graphs.
pub(crate) fn interpret(top: &Value, graph: &Value, input: &Object) -> Account {
    let mut level = Level {
        top,
        graph,
        account: Account::default(),
    };
    level.run(input);
    level.account
}

/// One graph, while it is interpreted.
pub(crate) struct Level<'a> {
    pub(crate) top: &'a Value,
    pub(crate) graph: &'a Value,
    pub(crate) account: Account,
}

/// The targets of a node's edges.
fn targets(node: &Value) -> Vec<&str> {
    let edges = node["next"].as_array().into_iter().flatten();
    edges
        .filter_map(|edge| {
            let named = edge.as_str().or(edge["to"].as_str());
            named.or(edge["else"].as_str())
        })
        .collect()
}

/// The nodes, each behind all that lead to it, in the order of declaration where that leaves a choice.
fn order<'a>(nodes: &BTreeMap<&'a str, &Value>) -> Vec<&'a str> {
    let mut waits: BTreeMap<&str, usize> = nodes.keys().map(|name| (*name, 0)).collect();
    for to in nodes.values().flat_map(|node| targets(node)) {
        *waits.get_mut(to).unwrap() += 1;
    }
    let mut order = Vec::new();
    while let Some(next) = nodes.keys().find(|name| waits.get(*name) == Some(&0)) {
        waits.remove(next);
        for to in targets(nodes[next]) {
            *waits.get_mut(to).unwrap() -= 1;
        }
        order.push(*next);
    }
    assert!(waits.is_empty(), "a cycle");
    order
}

impl Level<'_> {
    pub(crate) fn node(&self, name: &str) -> &Value {
        &self.graph["nodes"][name]
    }

    pub(crate) fn reducer(&self, key: &str) -> Option<&str> {
        self.graph["reducers"][key].as_str()
    }

    fn run(&mut self, input: &Object) {
        let graph = self.graph;
        let all = graph["nodes"].as_object().unwrap();
        let stand_ins: BTreeSet<&str> = all
            .values()
            .filter_map(|node| node["on_failure"]["node"].as_str())
            .collect();
        let main: BTreeMap<&str, &Value> = all
            .iter()
            .map(|(name, node)| (name.as_str(), node))
            .filter(|(name, _)| !stand_ins.contains(name))
            .collect();
        // Nothing counts but what the entry leads to.
        let mut reached: BTreeSet<&str> = match graph["entry"].as_array() {
            Some(entry) => entry.iter().filter_map(Value::as_str).collect(),
            None => main.keys().copied().collect(),
        };
        for name in order(&main) {
            if reached.contains(name) {
                reached.extend(targets(main[name]));
            }
        }
        for name in main.keys().filter(|name| !reached.contains(*name)) {
            // Nor does it lead to what would stand in for it.
            let mut name = Some(*name);
            while let Some(unreachable) = name {
                self.skipped(unreachable, json!({"reason": "unreachable"}));
                name = all[unreachable]["on_failure"]["node"].as_str();
            }
        }
        let main = main
            .into_iter()
            .filter(|(name, _)| reached.contains(name))
            .collect();
        let order = order(&main);
        // Those that lead to each, the first in topological order first.
        let mut leading: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for name in &order {
            for to in targets(main[*name]) {
                leading.entry(to).or_default().push(*name);
            }
        }
        let mut writers = vec![Writer {
            saw: BTreeSet::new(),
            wrote: input.clone(),
        }];
        let mut left: BTreeMap<&str, Left> = BTreeMap::new();
        for name in order.iter().copied() {
            let before: Vec<&Left> = leading
                .get(name)
                .into_iter()
                .flatten()
                .map(|other| &left[other])
                .collect();
            let blame = before.iter().find_map(|left| match left {
                Left::Broken(by) => Some(by.clone()),
                Left::Leads(..) => None,
            });
            let taken: Vec<&BTreeSet<usize>> = before
                .iter()
                .filter_map(|left| match left {
                    Left::Leads(to, flow) if to.contains(name) => Some(flow),
                    _ => None,
                })
                .collect();
            let result = if let Some(by) = blame {
                self.skipped(name, json!({"reason": "upstream", "upstream": by}));
                Left::Broken(by)
            } else if taken.is_empty() && !before.is_empty() {
                self.skipped(name, json!({"reason": "not-taken"}));
                Left::Leads(BTreeSet::new(), BTreeSet::new())
            } else {
                let saw: BTreeSet<usize> = std::iter::once(0)
                    .chain(taken.into_iter().flatten().copied())
                    .collect();
                self.decide(name, &mut writers, saw)
            };
            left.insert(name, result);
        }
        self.account.failed = order
            .iter()
            .any(|name| matches!(self.status(name), "failed" | "limited"));
        self.account.degraded = order.iter().any(|name| self.status(name) == "degraded");
        for name in stand_ins {
            if !self.account.records.contains_key(name) {
                self.skipped(name, json!({"reason": "not-needed"}));
            }
        }
        self.finish(&writers);
    }

    fn status(&self, name: &str) -> &str {
        self.account.records[name]["status"].as_str().unwrap()
    }

    fn skipped(&mut self, name: &str, mut record: Value) {
        record["status"] = "skipped".into();
        self.account.records.insert(name.to_owned(), record);
    }

    fn finish(&mut self, writers: &[Writer]) {
        let everybody = (0..writers.len()).collect();
        let (context, torn) = self.merged(writers, &everybody);
        let written: BTreeSet<&String> = writers
            .iter()
            .skip(1)
            .flat_map(|writer| writer.wrote.keys())
            .collect();
        for key in written {
            let wrote: Vec<&Value> = writers
                .iter()
                .skip(1)
                .filter_map(|writer| writer.wrote.get(key))
                .collect();
            let value = match self.reducer(key) {
                Some(reducer) => Some(fold(reducer, &wrote)),
                None => context.get(key).cloned(),
            };
            self.account.own.extend(value.map(|value| (key.clone(), value)));
        }
        self.account.torn = !torn.is_empty();
        self.account.context = context;
    }

    /// What somebody sees who sees these writers, and the keys that it cannot see because they differ.
    fn merged(&self, writers: &[Writer], seen: &BTreeSet<usize>) -> (Object, BTreeSet<String>) {
        let (mut view, mut torn) = (Object::new(), BTreeSet::new());
        let mut by_key: BTreeMap<&String, Vec<usize>> = BTreeMap::new();
        for writer in seen {
            for key in writers[*writer].wrote.keys() {
                by_key.entry(key).or_default().push(*writer);
            }
        }
        for (key, of_key) in by_key {
            let value = |writer: &usize| &writers[*writer].wrote[key];
            if let Some(reducer) = self.reducer(key) {
                let values: Vec<&Value> = of_key.iter().map(value).collect();
                view.insert(key.clone(), fold(reducer, &values));
                continue;
            }
            // Those that nobody who saw them has written over.
            let last: Vec<&usize> = of_key
                .iter()
                .filter(|writer| {
                    !of_key
                        .iter()
                        .rev()
                        .any(|other| writers[*other].saw.contains(writer))
                })
                .collect();
            if last.iter().all(|other| value(other) == value(last[0])) {
                view.insert(key.clone(), value(last[0]).clone());
            } else {
                torn.insert(key.clone());
            }
        }
        (view, torn)
    }

    /// Serves a node that is to run, and decides where it leads.
    fn decide(&mut self, name: &str, writers: &mut Vec<Writer>, saw: BTreeSet<usize>) -> Left {
        let (view, torn) = self.merged(writers, &saw);
        let Some((output, wrote)) = self.serve(name, &view, &torn) else {
            return Left::Broken(name.to_owned());
        };
        let mut flow = saw.clone();
        flow.insert(writers.len());
        writers.push(Writer { saw, wrote });
        let (after, torn) = self.merged(writers, &flow);
        let variables = variables(after, output);
        let edges = self.node(name)["next"].as_array().cloned().unwrap_or_default();
        let holds: Vec<Result<bool, Kind>> = edges
            .iter()
            .filter_map(|edge| edge["when"].as_str())
            .map(
                |when| match torn.iter().any(|key| when.contains(&format!("context.{key}"))) {
                    true => Err("write-conflict"),
                    false => condition(when, &variables).ok_or("condition"),
                },
            )
            .collect();
        if let Some(kind) = holds.iter().find_map(|holds| holds.err()) {
            writers.pop();
            let record = self.account.records[name].as_object_mut().unwrap();
            record.retain(|field, _| !matches!(field.as_str(), "replaced_by" | "fallback" | "failed"));
            record.insert("status".to_owned(), "failed".into());
            record.insert("failure".to_owned(), kind.into());
            return Left::Broken(name.to_owned());
        }
        let none = !holds.contains(&Ok(true));
        let taken = edges.iter().filter_map(|edge| match edge["when"].as_str() {
            Some(when) => (condition(when, &variables) == Some(true)).then(|| edge["to"].as_str())?,
            None => edge
                .as_str()
                .or(edge["to"].as_str())
                .or(edge["else"].as_str().filter(|_| none)),
        });
        Left::Leads(taken.map(str::to_owned).collect(), flow)
    }
}

/// What an output writes: its keys, or itself under the node's name.
pub(crate) fn under(name: &str, output: Value) -> Object {
    match output {
        Value::Object(keys) => keys,
        other => Object::from_iter([(name.to_owned(), other)]),
    }
}
