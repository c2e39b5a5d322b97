//! How far a run has come, as one number that only grows: how many of its nodes are done, and the part of those at
//! work that their agents tell.

use std::collections::HashMap;

use super::events::Told;

/// Of what is left, how much a message stands for that tells no number: MCP wants every notification to be a step
/// forward.
const STEP: f64 = 0.001;

/// How far a run has come.
#[derive(Default)]
pub(super) struct Progress {
    total: f64,
    finished: f64,
    working: HashMap<String, f64>,
    /// What was told last.
    last: Option<f64>,
}

/// One step forward.
#[derive(Debug, PartialEq)]
pub(super) struct Step {
    pub(super) progress: f64,
    pub(super) total: f64,
    pub(super) message: Option<String>,
}

impl Progress {
    /// What an event means for it; `None` when the run has not come further.
    pub(super) fn take(&mut self, told: &Told) -> Option<Step> {
        let mut message = None;
        match (told.event.as_str(), told.node.as_deref()) {
            ("run-started", _) => self.total = told.nodes.unwrap_or_default() as f64,
            ("node-progress", Some(node)) => {
                let progress = told.progress.as_ref()?;
                if let (true, Some(fraction)) = (is_outermost(node), progress.fraction) {
                    self.work(node, fraction);
                }
                message = progress.status.as_ref().map(|status| format!("{node}: {status}"));
            }
            ("item-finished", Some(node)) => {
                let (item, items) = (told.item? + 1, told.items?);
                if is_outermost(node) {
                    let done = self.working.get(node).copied().unwrap_or_default();
                    self.work(node, done + 1.0 / items.max(1) as f64);
                }
                message = Some(format!("{node}: item {item} of {items}"));
            }
            ("node-finished", Some(node)) if is_outermost(node) => {
                self.working.remove(node);
                self.finished += 1.0;
                message = Some(format!(
                    "{node}: {}",
                    told.status.as_deref().unwrap_or("finished")
                ));
            }
            _ => return None,
        }
        let last = self.last.unwrap_or(-1.0);
        let now = (self.finished + self.working.values().sum::<f64>()).min(self.total);
        let progress = match message {
            _ if now > last => now,
            Some(_) if last < self.total => last + (self.total - last) * STEP,
            _ => return None,
        };
        self.last = Some(progress);
        Some(Step {
            progress,
            total: self.total,
            message,
        })
    }

    fn work(&mut self, node: &str, done: f64) {
        let place = self.working.entry(node.to_owned()).or_default();
        *place = place.max(done.clamp(0.0, 1.0));
    }
}

/// Whether a path names a node of the run's own graph, and not one within a node.
fn is_outermost(path: &str) -> bool {
    !path.contains(['/', '[', '#'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn steps(events: &[Value]) -> Vec<(f64, Option<String>)> {
        let mut progress = Progress::default();
        let told = events
            .iter()
            .filter_map(|event| progress.take(&serde_json::from_value(event.clone()).unwrap()));
        told.map(|step| (step.progress, step.message)).collect()
    }

    #[test]
    fn it_grows_from_nothing_to_the_number_of_nodes() {
        let told = steps(&[
            json!({ "event": "run-started", "nodes": 2 }),
            json!({ "event": "node-started", "node": "a" }),
            json!({ "event": "node-progress", "node": "a", "progress": { "fraction": 0.0 } }),
            json!({ "event": "node-progress", "node": "a", "progress": { "fraction": 0.5 } }),
            json!({ "event": "node-progress", "node": "a", "progress": { "fraction": 0.25 } }),
            json!({ "event": "node-finished", "node": "a", "status": "done" }),
            json!({ "event": "node-progress", "node": "b/c", "progress": { "fraction": 0.9 } }),
            json!({ "event": "node-finished", "node": "b/c", "status": "done" }),
            json!({ "event": "item-finished", "node": "b", "item": 0, "items": 2 }),
            json!({ "event": "node-finished", "node": "b", "status": "failed" }),
            json!({ "event": "node-finished", "node": "fallback", "status": "done" }),
        ]);
        let message = |text: &str| Some(text.to_owned());
        assert_eq!(
            told,
            [
                (0.0, None),
                (0.5, None),
                (1.0, message("a: done")),
                (1.5, message("b: item 1 of 2")),
                (2.0, message("b: failed")),
            ]
        );
    }

    #[test]
    fn a_message_without_a_number_is_a_small_step() {
        let status = json!({ "event": "node-progress", "node": "a", "progress": { "status": "reading" } });
        let told = steps(&[
            json!({ "event": "run-started", "nodes": 1 }),
            status.clone(),
            status.clone(),
            json!({ "event": "node-finished", "node": "a", "status": "done" }),
            status,
        ]);
        assert_eq!(told.len(), 4, "{told:?}");
        assert!(told.windows(2).all(|two| two[0].0 < two[1].0), "{told:?}");
        assert_eq!(told[1].1.as_deref(), Some("a: reading"));
        assert_eq!(told[3].0, 1.0);
    }
}
