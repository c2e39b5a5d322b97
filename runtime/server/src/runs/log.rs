//! The events of one run, kept for whoever asks: numbered without gaps, within a bound. Whoever writes never waits for
//! whoever reads; a reader that is too slow is told how many it missed.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hap::{Event, EventKind};
use tokio::sync::Notify;

use crate::progress::ProgressState;

/// An event that is kept.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Its text, JSON.
    pub(crate) text: Box<str>,
    /// What it says of a node's progress.
    pub(crate) progress: Option<ProgressState>,
    /// Whether it is an agent's log record.
    pub(crate) is_log: bool,
}

/// The events of one run.
pub(crate) struct EventLog {
    inner: Mutex<Inner>,
    changed: Notify,
    max_events: usize,
    max_bytes: usize,
}

#[derive(Default)]
struct Inner {
    /// The number of the first event that is kept.
    first: u64,
    events: VecDeque<Arc<Kept>>,
    bytes: usize,
    ended: bool,
}

/// What a reader gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// Events from `first` on, as JSON. `missed` were forgotten before they could be read.
    Events {
        first: u64,
        missed: u64,
        events: Vec<Arc<Kept>>,
    },
    /// There will be none any more.
    End,
}

impl EventLog {
    pub(crate) fn new(max_events: usize, max_bytes: usize) -> EventLog {
        EventLog {
            inner: Mutex::default(),
            changed: Notify::new(),
            max_events: max_events.max(1),
            max_bytes,
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many bytes the events have that are kept.
    pub(super) fn bytes(&self) -> usize {
        self.inner().bytes
    }

    /// Adds the next event.
    pub(crate) fn push(&self, event: &Event) {
        // An event always has a JSON form.
        let text: Box<str> = serde_json::to_string(event).unwrap_or_default().into();
        let mut inner = self.inner();
        inner.bytes += text.len();
        inner.events.push_back(Arc::new(Kept {
            text,
            progress: ProgressState::of(&event.kind),
            is_log: matches!(event.kind, EventKind::NodeLog { .. }),
        }));
        while inner.events.len() > self.max_events || (inner.bytes > self.max_bytes && inner.events.len() > 1)
        {
            if let Some(oldest) = inner.events.pop_front() {
                inner.bytes -= oldest.text.len();
                inner.first += 1;
            }
        }
        drop(inner);
        self.changed.notify_waiters();
    }

    /// No event comes any more.
    pub(crate) fn end(&self) {
        self.inner().ended = true;
        self.changed.notify_waiters();
    }

    /// At most `max` events from number `from` on, as far as they are there now; `None` when there are none yet.
    pub(crate) fn read(&self, from: u64, max: usize) -> Option<Read> {
        let inner = self.inner();
        let first = from.max(inner.first);
        let skip = usize::try_from(first - inner.first).unwrap_or(usize::MAX);
        let events: Vec<Arc<Kept>> = inner.events.iter().skip(skip).take(max).cloned().collect();
        if events.is_empty() {
            return inner.ended.then_some(Read::End);
        }
        let missed = first - from;
        Some(Read::Events {
            first,
            missed,
            events,
        })
    }

    /// As [`EventLog::read`], waiting until there is something. Safe to cancel.
    pub(crate) async fn next(&self, from: u64, max: usize) -> Read {
        loop {
            let changed = self.changed.notified();
            if let Some(read) = self.read(from, max) {
                return read;
            }
            changed.await;
        }
    }
}
