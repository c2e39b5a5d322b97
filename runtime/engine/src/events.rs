//! The events of one run on their way to its reader: numbered in one order, none lost, never more than a bound
//! waiting. A run does not wait for a reader that is gone.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use hap_model::{Event, EventKind, EventSink, RunId};
use tokio::sync::Notify;

/// Takes the events of one run.
pub(crate) struct Events {
    run: RunId,
    start: Instant,
    sink: Option<Arc<dyn EventSink>>,
    max_waiting: usize,
    /// Whether anybody will ever see an event: if not, none is made.
    watched: AtomicBool,
    queue: Mutex<Queue>,
    /// Tells the reader that there is an event, or that there will be none.
    arrived: Notify,
    /// Tells the run that there is room.
    room: Notify,
}

#[derive(Default)]
struct Queue {
    next_sequence: u64,
    waiting: VecDeque<Event>,
    reader_gone: bool,
    ended: bool,
}

impl Events {
    pub(crate) fn new(
        run: RunId,
        start: Instant,
        sink: Option<Arc<dyn EventSink>>,
        max_waiting: usize,
    ) -> Events {
        Events {
            run,
            start,
            sink,
            max_waiting: max_waiting.max(1),
            watched: AtomicBool::new(true),
            queue: Mutex::default(),
            arrived: Notify::new(),
            room: Notify::new(),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells what happened. `kind` is made only when somebody watches.
    pub(crate) fn emit(&self, kind: impl FnOnce() -> EventKind) {
        if !self.watched.load(Ordering::Relaxed) {
            return;
        }
        let kind = kind();
        let mut queue = self.queue();
        let event = Event {
            sequence: queue.next_sequence,
            elapsed: self.start.elapsed(),
            kind,
        };
        queue.next_sequence += 1;
        // The sink is called under the lock: that is what keeps its events in order.
        if let Some(sink) = &self.sink {
            sink.event(&self.run, &event);
        }
        if !queue.reader_gone {
            queue.waiting.push_back(event);
            drop(queue);
            self.arrived.notify_one();
        }
    }

    /// Waits until few enough events wait for the reader.
    pub(crate) async fn has_room(&self) {
        loop {
            let room = self.room.notified();
            {
                let queue = self.queue();
                if queue.reader_gone || queue.waiting.len() < self.max_waiting {
                    return;
                }
            }
            room.await;
        }
    }

    /// The next event; `None` when the run has ended and all were read.
    pub(crate) async fn next(&self) -> Option<Event> {
        loop {
            let arrived = self.arrived.notified();
            {
                let mut queue = self.queue();
                if let Some(event) = queue.waiting.pop_front() {
                    let room = queue.waiting.len() + 1 == self.max_waiting;
                    drop(queue);
                    if room {
                        self.room.notify_waiters();
                    }
                    return Some(event);
                }
                if queue.ended {
                    return None;
                }
            }
            arrived.await;
        }
    }

    /// Nobody reads any more: what waits is dropped.
    pub(crate) fn reader_gone(&self) {
        let mut queue = self.queue();
        queue.reader_gone = true;
        queue.waiting.clear();
        drop(queue);
        self.watched.store(self.sink.is_some(), Ordering::Relaxed);
        self.room.notify_waiters();
    }

    /// The run has ended: no event comes after those that wait.
    pub(crate) fn end(&self) {
        self.queue().ended = true;
        self.arrived.notify_one();
    }
}
