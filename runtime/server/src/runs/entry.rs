//! One run: what it is of, who asked for it, its events and its outcome.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::SystemTime;

use hap::{Canceller, RunOutcome};
use tokio::sync::watch;

use super::EventLog;
use crate::auth::TenantId;
use crate::execute::ProtocolContext;

/// What a run is of.
#[derive(Clone, Debug, PartialEq, Eq, schemars::JsonSchema, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Subject {
    /// One agent.
    Agent(String),
    /// A graph.
    Graph(String),
}

impl Subject {
    /// The name that scopes are narrowed by.
    pub(crate) fn name(&self) -> &str {
        match self {
            Subject::Agent(name) | Subject::Graph(name) => name,
        }
    }
}

/// How a run is asked for.
pub(crate) struct Asked {
    pub(crate) subject: Subject,
    /// Whether that is in the server's own folders, and not of the tenant's making.
    pub(crate) offered: bool,
    /// What the caller says about itself.
    pub(crate) context: Option<ProtocolContext>,
    /// The same key gives the same run.
    pub(crate) key: Option<String>,
    /// Tells what is asked for: the same key for something else is a mistake.
    pub(crate) fingerprint: [u8; 32],
}

/// One run.
pub(crate) struct RunEntry {
    pub(crate) id: String,
    pub(crate) tenant: TenantId,
    pub(crate) user: String,
    pub(crate) asked: Asked,
    pub(crate) started: SystemTime,
    pub(crate) log: EventLog,
    pub(super) canceller: Canceller,
    pub(super) outcome: watch::Sender<Option<Arc<RunOutcome>>>,
    /// How many callers wait for the outcome.
    pub(super) waiting: AtomicUsize,
    /// Whether it goes on when nobody waits.
    pub(super) keeps_going: AtomicBool,
}

impl RunEntry {
    /// The outcome, once there is one. Safe to cancel.
    pub(crate) async fn outcome(&self) -> Arc<RunOutcome> {
        let mut receiver = self.outcome.subscribe();
        loop {
            if let Some(outcome) = receiver.borrow_and_update().clone() {
                return outcome;
            }
            // The sender is a field of `self`, so it is not gone.
            let _ = receiver.changed().await;
        }
    }

    /// As [`RunEntry::outcome`]; when the last caller that waits goes away before the end, the run is cancelled, if
    /// `cancels` and if nobody wanted it detached. `stop` is ready when the caller wants no more of it: then the run is
    /// cancelled in any case if it is the last one and nobody wanted it detached, and its outcome is waited for; with others
    /// that go on waiting, there is none for this caller.
    pub(crate) async fn waited_for(
        &self,
        cancels: bool,
        stop: impl Future<Output = ()>,
    ) -> Option<Arc<RunOutcome>> {
        let mut waiting = Waiting::new(self, cancels);
        tokio::select! {
            outcome = self.outcome() => return Some(outcome),
            () = stop => waiting.cancels = true,
        }
        match waiting.leave() {
            true => Some(self.outcome().await),
            false => None,
        }
    }

    /// The run goes on when nobody waits for it.
    pub(crate) fn keep_going(&self) {
        self.keeps_going.store(true, Ordering::Release);
    }

    /// The outcome, if the run has ended.
    pub(crate) fn outcome_now(&self) -> Option<Arc<RunOutcome>> {
        self.outcome.borrow().clone()
    }

    pub(crate) fn cancel(&self) {
        self.canceller.cancel();
    }

    /// About how many bytes it holds once it has ended.
    pub(super) fn weight(&self) -> usize {
        let outcome = self.outcome_now();
        let context = outcome.iter().flat_map(|outcome| outcome.graph_context.values());
        self.log.bytes() + context.map(|value| value.as_str().len()).sum::<usize>()
    }
}

/// A caller that waits for the end of a run.
struct Waiting<'a> {
    run: &'a RunEntry,
    cancels: bool,
    has_left: bool,
}

impl<'a> Waiting<'a> {
    fn new(run: &'a RunEntry, cancels: bool) -> Waiting<'a> {
        run.waiting.fetch_add(1, Ordering::AcqRel);
        Waiting {
            run,
            cancels,
            has_left: false,
        }
    }

    /// Waits no longer, and tells whether the run is cancelled for it.
    fn leave(&mut self) -> bool {
        if self.has_left {
            return false;
        }
        self.has_left = true;
        let was_last = self.run.waiting.fetch_sub(1, Ordering::AcqRel) == 1;
        let ends = was_last && self.cancels && !self.run.keeps_going.load(Ordering::Acquire);
        if ends {
            // A run that has ended takes no notice.
            self.run.cancel();
        }
        ends
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.leave();
    }
}
