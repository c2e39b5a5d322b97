//! Which nodes read and write which keys, as far as the graph says.

use std::collections::BTreeMap;
use std::sync::Arc;

use hap::{Plan, PlanNode, PlanRepeat};
use serde::Serialize;

/// What is known of a graph's keys.
#[derive(Default, Serialize)]
pub(super) struct Keys<'a> {
    /// The keys that the graph names.
    pub(super) known: BTreeMap<Arc<str>, Key<'a>>,
    /// The nodes that may read any key.
    pub(super) read_by_any: Vec<&'a str>,
    /// The nodes that may write any key.
    pub(super) written_by_any: Vec<&'a str>,
}

/// What is known of one key.
#[derive(Default, Serialize)]
pub(super) struct Key<'a> {
    pub(super) read_by: Vec<&'a str>,
    pub(super) written_by: Vec<&'a str>,
    /// The nodes whose conditions read it: those of their edges, and of their loops.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) decides_at: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reducer: Option<String>,
}

impl<'a> Keys<'a> {
    pub(super) fn new(plan: &'a Plan) -> Keys<'a> {
        let mut keys = Keys::default();
        for (at, node) in plan.nodes().iter().enumerate() {
            keys.add(node);
            let conditions = &plan.links(hap::NodeIndex(at as u32)).conditions;
            keys.add_conditions(node, conditions);
        }
        for node in plan.fallbacks() {
            keys.add(node);
        }
        for (key, reducer) in plan.reducers().iter() {
            keys.key(key).reducer = Some(reducer.to_string());
        }
        keys
    }

    fn add(&mut self, node: &'a PlanNode) {
        let id = node.id.as_str();
        match (&node.reads, &node.repeat) {
            (Some(reads), _) => {
                for key in reads {
                    self.key(key).read_by.push(id);
                }
            }
            (None, repeat) => {
                self.read_by_any.push(id);
                if let PlanRepeat::Map(map) = repeat
                    && let Some(key) = map.over.first()
                {
                    self.key(key).read_by.push(id);
                }
            }
        }
        match (&node.writes, &node.repeat) {
            // Whatever its items write, its output is their list.
            (_, PlanRepeat::Map(map)) => {
                self.key(&map.into).written_by.push(id);
            }
            (Some(writes), _) => {
                for key in writes {
                    self.key(key).written_by.push(id);
                }
            }
            (None, _) => self.written_by_any.push(id),
        }
        if let PlanRepeat::Loop(repeated) = &node.repeat {
            self.add_conditions(node, std::slice::from_ref(&repeated.until));
        }
    }

    fn key(&mut self, key: &Arc<str>) -> &mut Key<'a> {
        self.known.entry(key.clone()).or_default()
    }

    fn add_conditions(&mut self, node: &'a PlanNode, conditions: &[hap::Condition]) {
        let id = node.id.as_str();
        for condition in conditions {
            // Of what uses the whole context, no key is known.
            for key in condition.keys_of("context").unwrap_or_default() {
                let decides_at = &mut self.key(&key).decides_at;
                if decides_at.last() != Some(&id) {
                    decides_at.push(id);
                }
            }
        }
    }
}
