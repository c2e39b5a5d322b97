//! How far runs have come, for the program that the server is a part of, and in what words callers are told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, SyncSender, TrySendError};
use std::thread;

use hap::{Event, EventKind, NodeStatus};

use crate::runs::RunEntry;

/// How many events may wait for a handler that is slow.
const MAX_WAITING: usize = 8192;

/// How far a node has come. A node of a nested graph, an item of a map and a round of a loop count as nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgressState {
    /// An attempt began.
    Started,
    /// It told how far it is, a part of it is done, or it will be tried again.
    InProgress,
    /// It has an output, or something that takes its place.
    Completed,
    /// It failed, reached a limit, or was cancelled.
    Failed,
}

impl ProgressState {
    /// What an event says of a node's progress; nothing where it is about something else.
    pub fn of(event: &EventKind) -> Option<ProgressState> {
        match event {
            EventKind::NodeStarted { .. } => Some(ProgressState::Started),
            EventKind::NodeRetrying { .. }
            | EventKind::NodeProgress { .. }
            | EventKind::ItemFinished { .. }
            | EventKind::RoundFinished { .. } => Some(ProgressState::InProgress),
            EventKind::NodeFinished { status, .. } => match status {
                NodeStatus::Done | NodeStatus::Degraded { .. } => Some(ProgressState::Completed),
                NodeStatus::Skipped { .. } => None,
                _ => Some(ProgressState::Failed),
            },
            _ => None,
        }
    }

    /// The state in one word, as it is told to callers.
    pub fn name(self) -> &'static str {
        match self {
            ProgressState::Started => "started",
            ProgressState::InProgress => "in_progress",
            ProgressState::Completed => "completed",
            ProgressState::Failed => "failed",
        }
    }
}

/// Whose run an event is of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunOf {
    /// The run's id.
    pub run: String,
    /// The tenant that it belongs to.
    pub tenant: String,
    /// The user who asked for it.
    pub user: String,
    /// The agent or graph that it is of.
    pub subject: String,
}

/// Is told what happens in the runs of a server, in each run's order, work in nested graphs included.
///
/// It has a thread of its own, so it may take its time and wait for what it likes: no run waits for it. Where it is too slow,
/// events are left out, and it is told how many.
pub trait ProgressHandler: Send + Sync + 'static {
    /// Something happened in a run. [`ProgressState::of`] says what it means for a node.
    fn event(&self, run: &RunOf, event: &Event);

    /// That many events, of any runs, were left out before the next one. Does nothing unless it is written.
    fn missed(&self, count: u64) {
        let _ = count;
    }
}

/// Hands events to a handler.
pub(crate) struct Teller {
    queue: SyncSender<(Arc<RunOf>, Event)>,
    missed: Arc<AtomicU64>,
}

impl Teller {
    /// A teller for `handler`. The thread ends when the teller is dropped and everything is told.
    pub(crate) fn start(handler: Arc<dyn ProgressHandler>) -> Teller {
        let (queue, waiting) = mpsc::sync_channel::<(Arc<RunOf>, Event)>(MAX_WAITING);
        let missed = Arc::new(AtomicU64::new(0));
        let counted = missed.clone();
        thread::spawn(move || {
            for (run, event) in waiting {
                match counted.swap(0, Ordering::Relaxed) {
                    0 => {}
                    count => handler.missed(count),
                }
                handler.event(&run, &event);
            }
        });
        Teller { queue, missed }
    }

    /// Tells an event, or counts it where too many wait. A handler that panicked is told nothing more.
    pub(crate) fn tell(&self, run: &Arc<RunOf>, event: Event) {
        if let Err(TrySendError::Full(_)) = self.queue.try_send((run.clone(), event)) {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl From<&RunEntry> for RunOf {
    fn from(run: &RunEntry) -> RunOf {
        RunOf {
            run: run.id.clone(),
            tenant: run.tenant.to_string(),
            user: run.user.clone(),
            subject: run.asked.subject.name().to_owned(),
        }
    }
}
