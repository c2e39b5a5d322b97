//! One run as the operator is told of it: its events become metrics, and its beginning and end notices.

use std::sync::Arc;

use hap::{Event, RunOutcome};

use super::{Notice, Telemetry, TraceContext};
use crate::runs::{RunEntry, Subject};

/// Follows one run from its beginning to its end.
pub(crate) struct RunWatch {
    telemetry: Arc<Telemetry>,
    run: Arc<RunEntry>,
    trace_id: Option<String>,
}

impl RunWatch {
    /// Begins where a run begins, in the task of the request that asked for it.
    pub(crate) fn new(telemetry: &Arc<Telemetry>, run: &Arc<RunEntry>) -> RunWatch {
        let trace_id = TraceContext::current().map(|context| context.trace_id());
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
        }
    }

    pub(crate) fn event(&mut self, event: &Event) {
        self.telemetry.metrics.event(event);
    }

    pub(crate) fn ended(self, outcome: &RunOutcome) {
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
