//! One run as the operator is told of it: its events become metrics, and its beginning and end notices.

use std::sync::Arc;

use hap::{Event, RunOutcome};

use super::traces::RunSpans;
use super::{Notice, Telemetry, TraceContext};
use crate::runs::{RunEntry, Subject};

/// Follows one run from its beginning to its end.
pub(crate) struct RunWatch {
    telemetry: Arc<Telemetry>,
    run: Arc<RunEntry>,
    trace_id: Option<String>,
    spans: Option<RunSpans>,
}

impl RunWatch {
    /// Begins where a run begins, in the task of the request that asked for it.
    pub(crate) fn new(telemetry: &Arc<Telemetry>, run: &Arc<RunEntry>) -> RunWatch {
        let parent = TraceContext::current();
        let traces = telemetry.traces.as_ref();
        let spans = traces.map(|traces| RunSpans::new(traces, parent, run));
        let own = spans.as_ref().map(RunSpans::trace_id);
        let trace_id = own.or_else(|| parent.map(|context| context.trace_id()));
        telemetry.tell(|| {
            let (kind, name) = match &run.asked.subject {
                Subject::Agent(name) => ("agent", name),
                Subject::Graph(name) => ("graph", name),
            };
            Notice::RunStarted {
                run_id: run.id.clone(),
                tenant: run.tenant.to_string(),
                user: run.user.clone(),
                kind,
                name: name.clone(),
                trace_id: trace_id.clone(),
            }
        });
        RunWatch {
            telemetry: telemetry.clone(),
            run: run.clone(),
            trace_id,
            spans,
        }
    }

    pub(crate) fn event(&mut self, event: &Event) {
        self.telemetry.metrics.event(event);
        if let Some(spans) = &mut self.spans {
            spans.event(event);
        }
    }

    pub(crate) fn ended(self, outcome: &RunOutcome) {
        if let Some(spans) = self.spans {
            spans.ended(outcome);
        }
        let asked = &self.run.asked;
        self.telemetry.metrics.run(&asked.subject, asked.offered, outcome);
        self.telemetry.tell(|| Notice::RunFinished {
            run_id: self.run.id.clone(),
            tenant: self.run.tenant.to_string(),
            status: outcome.status.to_string(),
            duration_us: u64::try_from(outcome.duration.as_micros()).unwrap_or(u64::MAX),
            trace_id: self.trace_id,
        });
    }
}
