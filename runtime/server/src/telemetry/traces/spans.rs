//! The spans of one run, made from its events.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use hap::{Event, EventKind, Failure, NodePath, NodeStatus, RunOutcome, RunStatus};
use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as _, SpanContext, Status};
use opentelemetry_sdk::trace::Span;

use super::{Traces, span_context};
use crate::runs::{RunEntry, Subject};
use crate::telemetry::TraceContext;

/// The spans of one run that have not ended.
pub(in crate::telemetry) struct RunSpans {
    traces: Traces,
    run: Span,
    began: SystemTime,
    /// By the place of the node, the item or the round.
    open: BTreeMap<NodePath, Span>,
}

impl RunSpans {
    /// Begins the span of a run; `parent` is the request that asked for it.
    pub(in crate::telemetry) fn new(
        traces: &Traces,
        parent: Option<TraceContext>,
        run: &RunEntry,
    ) -> RunSpans {
        let (kind, name) = match &run.asked.subject {
            Subject::Agent(name) => ("agent", name),
            Subject::Graph(name) => ("graph", name),
        };
        let attributes = vec![
            KeyValue::new("hap.run.id", run.id.clone()),
            KeyValue::new("hap.run.kind", kind),
            KeyValue::new("hap.run.name", name.clone()),
            KeyValue::new("hap.tenant", run.tenant.to_string()),
        ];
        let parent = parent.map_or(SpanContext::NONE, span_context);
        RunSpans {
            run: traces.span(format!("run {kind} {name}"), &parent, run.started, attributes),
            traces: traces.clone(),
            began: run.started,
            open: BTreeMap::new(),
        }
    }

    /// Where the run's span stands.
    pub(in crate::telemetry) fn trace_id(&self) -> String {
        self.run.span_context().trace_id().to_string()
    }

    pub(in crate::telemetry) fn event(&mut self, event: &Event) {
        let at = self.began + event.elapsed;
        match &event.kind {
            EventKind::NodeStarted { node, attempt } => self.node_started(node, *attempt, at),
            EventKind::NodeRetrying {
                node,
                attempt,
                failure,
                ..
            } => {
                if let Some(span) = self.open.get_mut(node) {
                    let attributes = vec![
                        KeyValue::new("hap.attempt", i64::from(*attempt)),
                        KeyValue::new("error.type", failure.kind.name()),
                    ];
                    span.add_event_with_timestamp("attempt failed", at, attributes);
                }
            }
            EventKind::HostCalled { node, call, duration } => {
                let attributes = vec![
                    KeyValue::new("hap.subject", call.subject.clone()),
                    KeyValue::new("hap.result", call.result.clone()),
                ];
                let began = at.checked_sub(*duration).unwrap_or(at);
                let parent = self.around(node.as_str());
                let mut span = self
                    .traces
                    .span(call.function.to_string(), &parent, began, attributes);
                span.end_with_timestamp(at);
            }
            EventKind::ItemFinished {
                node, item, failure, ..
            } => {
                self.end(&node.item(*item), at, failure.as_deref());
            }
            EventKind::RoundFinished { node, round, .. } => self.end(&node.round(*round), at, None),
            EventKind::NodeFinished {
                node,
                status,
                fuel,
                memory_bytes,
                failure,
                ..
            } => {
                if let Some(span) = self.open.get_mut(node) {
                    span.set_attribute(KeyValue::new("hap.status", status.name()));
                    span.set_attribute(KeyValue::new("hap.fuel", as_i64(*fuel)));
                    span.set_attribute(KeyValue::new("hap.memory_bytes", as_i64(*memory_bytes)));
                }
                let failed = failure.as_deref().filter(|_| *status != NodeStatus::Done);
                self.end(node, at, failed);
            }
            _ => {}
        }
    }

    /// Ends the run's span, and those of nodes that never told their end.
    pub(in crate::telemetry) fn ended(mut self, outcome: &RunOutcome) {
        let at = self.began + outcome.duration.max(Duration::ZERO);
        for (_, mut span) in self.open {
            span.end_with_timestamp(at);
        }
        self.run
            .set_attribute(KeyValue::new("hap.status", outcome.status.to_string()));
        if !matches!(outcome.status, RunStatus::Success | RunStatus::Partial) {
            self.run.set_status(Status::error(outcome.status.to_string()));
        }
        self.run.end_with_timestamp(at);
    }

    fn node_started(&mut self, node: &NodePath, attempt: u32, at: SystemTime) {
        if self.open.contains_key(node) {
            return;
        }
        let parent = self.around(enclosing(node.as_str()).unwrap_or_default());
        let attributes = vec![
            KeyValue::new("hap.node", node.to_string()),
            KeyValue::new("hap.attempt", i64::from(attempt)),
        ];
        let span = self.traces.span(format!("node {node}"), &parent, at, attributes);
        self.open.insert(node.clone(), span);
    }

    /// Where the innermost span stands that is open at a place or around it.
    fn around(&self, place: &str) -> SpanContext {
        let mut place = Some(place);
        while let Some(at) = place {
            let open = self.open.iter().find(|(path, _)| path.as_str() == at);
            if let Some((_, span)) = open {
                return span.span_context().clone();
            }
            place = enclosing(at);
        }
        self.run.span_context().clone()
    }

    /// Ends the span of a place, and those within it.
    fn end(&mut self, place: &NodePath, at: SystemTime, failure: Option<&Failure>) {
        for (path, span) in &mut self.open {
            if !place.contains(path) {
                continue;
            }
            if let Some(failure) = failure.filter(|_| path == place) {
                // The kind alone: the message quotes the agent.
                let kind = failure.kind.name();
                span.set_attribute(KeyValue::new("error.type", kind));
                span.set_status(Status::error(kind));
            }
            span.end_with_timestamp(at);
        }
        self.open.retain(|path, _| !place.contains(path));
    }
}

/// The place around a place: `a/b` is around `a/b[3]`, and `a` around that.
fn enclosing(place: &str) -> Option<&str> {
    let end = place.rfind(['/', '[', '#'])?;
    place.get(..end)
}

fn as_i64(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::enclosing;

    #[test]
    fn places_lie_in_one_another() {
        let mut places = vec!["each[3]/polish#2/split"];
        while let Some(outer) = places.last().and_then(|place| enclosing(place)) {
            places.push(outer);
        }
        let expected = [
            "each[3]/polish#2/split",
            "each[3]/polish#2",
            "each[3]/polish",
            "each[3]",
            "each",
        ];
        assert_eq!(places, expected);
    }
}
