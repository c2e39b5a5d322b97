//! The naive interpreter's account of the work of one node: items, rounds, nested graphs and attempts.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::agent::{self, Kind};
use crate::reference::{Level, Object, Worked, interpret, under};
use crate::values::{condition, fold, lookup, takes, variables};

impl Level<'_> {
    /// Serves a node, or whatever stands in for it: its output, and what that writes.
    pub(crate) fn serve(
        &mut self,
        name: &str,
        view: &Object,
        torn: &BTreeSet<String>,
    ) -> Option<(Value, Object)> {
        let node = self.node(name).clone();
        let reads = |key: &String| {
            node["reads"]
                .as_array()
                .is_none_or(|keys| keys.contains(&json!(key)))
        };
        let mut record = json!({});
        let worked = if torn.iter().any(reads) {
            Err("write-conflict")
        } else {
            let context = view.clone().into_iter().filter(|(key, _)| reads(key)).collect();
            let attempts = self.account.attempts;
            let worked = self.work(name, &node, &context, &mut record);
            // What failed before the first attempt, as a map without a list does, has not begun.
            if worked.is_ok() || self.account.attempts > attempts {
                self.account.path.push(name.into());
            }
            worked
        };
        let degraded = |mut by: Value| {
            by["status"] = "degraded".into();
            by
        };
        let (status, left) = match worked {
            Ok((output, None)) => (
                json!({"status": "done"}),
                Some((output.clone(), under(name, output))),
            ),
            Ok((output, Some(by))) => (degraded(by), Some((output.clone(), under(name, output)))),
            Err(kind) => {
                // The time of an attempt is one of its limits.
                let kind = if kind == "timeout" { "limit" } else { kind };
                record["failure"] = kind.into();
                let failed = json!({"status": if kind == "limit" { "limited" } else { "failed" }});
                let own = &node["on_failure"];
                let on_failure = if own.is_null() {
                    &self.graph["defaults"]["on_failure"]
                } else {
                    own
                };
                if on_failure == "stop" {
                    self.account.stopped = true;
                }
                if on_failure == "continue" {
                    (
                        degraded(json!({"replaced_by": "nothing"})),
                        Some((json!({}), Object::new())),
                    )
                } else if let Some(output) = on_failure.get("output") {
                    let left = (output.clone(), under(name, output.clone()));
                    (degraded(json!({"replaced_by": "output"})), Some(left))
                } else if let Some(other) = on_failure["node"].as_str() {
                    match self.serve(other, view, torn) {
                        // Conditions see what the fallback writes, also where its output is no object.
                        Some((_, wrote)) => (
                            degraded(json!({"replaced_by": "node", "fallback": other})),
                            Some((Value::Object(wrote.clone()), wrote)),
                        ),
                        None => (failed, None),
                    }
                } else {
                    (failed, None)
                }
            }
        };
        record
            .as_object_mut()
            .unwrap()
            .extend(status.as_object().unwrap().clone());
        self.account.records.insert(name.to_owned(), record);
        left
    }

    /// The work of a node, as often as it is to be done.
    fn work(&mut self, name: &str, node: &Value, context: &Object, record: &mut Value) -> Worked {
        if let Some(map) = node.get("map") {
            return self.items(name, node, map, context, record);
        }
        let Some(repeated) = node.get("loop") else {
            let (output, within) = self.once(name, node, context, Some(record))?;
            return Ok((output, within.then(|| json!({"replaced_by": "within"}))));
        };
        let mut rounds: Vec<Object> = Vec::new();
        let mut within = false;
        let most = repeated["max_rounds"].as_u64().unwrap();
        let mut held = false;
        while !held && (rounds.len() as u64) < most {
            record["rounds"] = json!(rounds.len() + 1);
            let seen = self.later(context, &rounds);
            let (output, degraded) = self.once(name, node, &seen, Some(record))?;
            within |= degraded;
            rounds.push(under(name, output.clone()));
            let after = self.later(context, &rounds);
            let mut variables = variables(after, output);
            variables["round"] = rounds.len().into();
            held = condition(repeated["until"].as_str().unwrap(), &variables).ok_or("condition")?;
        }
        if !held && repeated["at_max"] != "keep" {
            return Err("loop-bound");
        }
        let output = Value::Object(self.later(&Object::new(), &rounds));
        Ok((output, within.then(|| json!({"replaced_by": "within"}))))
    }

    /// A context with what rounds wrote after it.
    fn later(&self, context: &Object, rounds: &[Object]) -> Object {
        let mut later = context.clone();
        for (key, value) in rounds.iter().flatten() {
            let value = match (self.reducer(key), later.get(key)) {
                (Some(reducer), Some(before)) => fold(reducer, &[before, value]),
                (Some(reducer), None) => fold(reducer, &[value]),
                (None, _) => value.clone(),
            };
            later.insert(key.clone(), value);
        }
        later
    }

    fn items(
        &mut self,
        name: &str,
        node: &Value,
        map: &Value,
        context: &Object,
        record: &mut Value,
    ) -> Worked {
        let over = map["over"].as_str().unwrap();
        let most = map["max_items"].as_u64().unwrap_or(10_000) as usize;
        let list = lookup(&Value::Object(context.clone()), over)
            .and_then(|value| value.as_array().cloned())
            .filter(|list| list.len() <= most)
            .ok_or("not-a-list")?;
        let (mut outputs, mut failed, mut within) = (Vec::new(), 0, false);
        for item in &list {
            let mut seen = context.clone();
            seen.remove(over.split('.').next().unwrap());
            seen.insert(map["as"].as_str().unwrap().to_owned(), item.clone());
            match self.once(name, node, &seen, None) {
                Ok((output, degraded)) => {
                    outputs.push(output);
                    within |= degraded;
                }
                Err(_) => {
                    failed += 1;
                    outputs.extend((map["failed_items"] == "null").then_some(Value::Null));
                }
            }
        }
        record["items"] = json!({"done": list.len() - failed, "failed": failed});
        if failed > 0 {
            record["failure"] = "items".into();
        }
        if failed > 0 && !matches!(map["failed_items"].as_str(), Some("skip" | "null")) {
            return Err("items");
        }
        let output = json!({map["into"].as_str().unwrap_or(name): outputs});
        let by = match failed {
            0 => within.then(|| json!({"replaced_by": "within"})),
            _ => Some(json!({"replaced_by": "items", "failed": failed})),
        };
        Ok((output, by))
    }

    /// One piece of work: all attempts of an agent, or a graph; and whether something in the graph was replaced.
    fn once(
        &mut self,
        name: &str,
        node: &Value,
        context: &Object,
        record: Option<&mut Value>,
    ) -> Result<(Value, bool), Kind> {
        let Some(graph) = node.get("graph") else {
            self.account.attempts += 1;
            return Ok((self.attempts(name, node, context)?, false));
        };
        let graph = graph.as_str().map_or(graph, |named| &self.top["graphs"][named]);
        let inner = interpret(self.top, graph, context);
        self.account.stopped |= inner.stopped;
        self.account.attempts += inner.attempts;
        if let Some(record) = record {
            record["nodes"] = Value::Object(inner.records.clone());
        }
        if inner.failed {
            return Err("nested-graph");
        }
        if inner.torn {
            return Err("write-conflict");
        }
        let mut output = Object::new();
        for (key, own) in &inner.own {
            let both = self.reducer(key).is_some() && graph["reducers"][key].is_string();
            let value = if both && context.contains_key(key) {
                own
            } else {
                &inner.context[key]
            };
            // Of a map, `writes` tells which keys leave the node, not which leave an item.
            if node.get("map").is_some() || may_write(node, key) {
                output.insert(key.clone(), value.clone());
            }
        }
        Ok((Value::Object(output), inner.degraded))
    }

    fn attempts(&self, name: &str, node: &Value, context: &Object) -> Result<Value, Kind> {
        let own = &node["retry"];
        let retry = if own.is_null() {
            &self.graph["defaults"]["retry"]
        } else {
            own
        };
        let most = retry["attempts"].as_u64().unwrap_or(1);
        let again = |kind: Kind| {
            retry["on"]
                .as_array()
                .map_or(kind == "unavailable", |on| on.contains(&json!(kind)))
        };
        (1..=most)
            .map(|attempt| {
                let output = agent::answer(&node["params"], context, attempt)?;
                let most = node["budget"]["output"].as_u64().unwrap_or(u64::MAX);
                if output.to_string().len() as u64 > most {
                    return Err("limit");
                }
                let fits = |(key, value): (&String, &Value)| {
                    may_write(node, key) && self.reducer(key).is_none_or(|reducer| takes(reducer, value))
                };
                let wrong = node.get("map").is_none() && !under(name, output.clone()).iter().all(fits);
                if wrong { Err("invalid-output") } else { Ok(output) }
            })
            .enumerate()
            .find(|(index, result)| match result {
                Err(kind) => !again(kind) || *index as u64 + 1 == most,
                Ok(_) => true,
            })
            .unwrap()
            .1
    }
}

fn may_write(node: &Value, key: &str) -> bool {
    node["writes"]
        .as_array()
        .is_none_or(|keys| keys.contains(&json!(key)))
}
