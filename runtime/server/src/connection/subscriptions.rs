//! The runs that one connection is told about. Each has a task that reads the run's log as a client of its own would: when
//! the peer does not read, the task waits, the log forgets its oldest events, and the peer is told how many.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinHandle;

use crate::rpc::{MessageSender, RpcError, SendError};
use crate::runs::{Kept, Read, RunEntry};

/// How many events are taken from a run's log at one time.
const PIECE: usize = 64;

/// The subscriptions of one connection.
pub(super) struct Subscriptions {
    inner: Arc<Inner>,
    room: Arc<Semaphore>,
}

struct Inner {
    tasks: Mutex<HashMap<String, Task>>,
    count: watch::Sender<usize>,
}

/// A task that ends when this is dropped.
struct Task {
    handle: JoinHandle<()>,
    /// Tells it from another for the same run.
    number: tokio::task::Id,
}

impl Drop for Task {
    fn drop(&mut self) {
        self.handle.abort();
    }
}

impl Drop for Subscriptions {
    fn drop(&mut self) {
        self.inner.tasks().clear();
    }
}

impl Inner {
    fn tasks(&self) -> MutexGuard<'_, HashMap<String, Task>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscriptions {
    pub(super) fn new(max: usize) -> Subscriptions {
        Subscriptions {
            inner: Arc::new(Inner {
                tasks: Mutex::default(),
                count: watch::Sender::new(0),
            }),
            room: Arc::new(Semaphore::new(max.min(Semaphore::MAX_PERMITS))),
        }
    }

    pub(super) fn count(&self) -> watch::Receiver<usize> {
        self.inner.count.subscribe()
    }

    pub(super) fn place(&self) -> Result<OwnedSemaphorePermit, RpcError> {
        self.room.clone().try_acquire_owned().map_err(|_| {
            let message = "this connection is subscribed to as many runs as may be";
            RpcError::over_quota(message, Duration::from_secs(1)).hint("call `run/unsubscribe` first")
        })
    }

    pub(super) fn add(
        &self,
        place: OwnedSemaphorePermit,
        run: Arc<RunEntry>,
        from: u64,
        sender: MessageSender,
    ) -> watch::Receiver<()> {
        let (ended, ending) = watch::channel(());
        let (inner, id) = (self.inner.clone(), run.id.clone());
        // The task takes itself off the list, which must have it by then.
        let mut tasks = self.inner.tasks();
        let handle = tokio::spawn({
            let id = id.clone();
            async move {
                // That nobody reads any more ends it too.
                let _ = follow(&run, from, &sender).await;
                inner.end(&id);
                drop((place, ended));
            }
        });
        let number = handle.id();
        tasks.insert(id, Task { handle, number });
        self.inner.count.send_replace(tasks.len());
        ending
    }

    pub(super) fn remove(&self, run: &str) -> bool {
        let mut tasks = self.inner.tasks();
        let removed = tasks.remove(run);
        self.inner.count.send_replace(tasks.len());
        removed.is_some()
    }
}

impl Inner {
    /// Takes the task that runs this off the list, unless it has been replaced.
    fn end(&self, run: &str) {
        let mut tasks = self.tasks();
        if tasks.get(run).map(|task| task.number) == tokio::task::try_id() {
            tasks.remove(run);
        }
        self.count.send_replace(tasks.len());
    }
}

/// Sends the events of a run from number `from` on, and that it has ended.
async fn follow(run: &RunEntry, mut from: u64, sender: &MessageSender) -> Result<(), SendError> {
    loop {
        match run.log.next(from, PIECE).await {
            Read::End => return sender.send(state(&run.id, "ended", "true")).await,
            Read::Events {
                first,
                missed,
                events,
            } => {
                if missed > 0 {
                    sender.send(state(&run.id, "missed", &missed.to_string())).await?;
                }
                for (kept, number) in events.iter().zip(first..) {
                    sender.send(event(&run.id, number, kept)).await?;
                }
                from = first + events.len() as u64;
            }
        }
    }
}

/// A notification of the subscription itself. A run's id needs no escapes in JSON.
fn state(run: &str, key: &str, value: &str) -> Vec<u8> {
    format!(r#"{{"jsonrpc":"2.0","method":"state","params":{{"run":"{run}","{key}":{value}}}}}"#).into_bytes()
}

/// The notification of an event.
fn event(run: &str, number: u64, kept: &Kept) -> Vec<u8> {
    let (method, state) = match kept.progress {
        _ if kept.is_log => ("log", String::new()),
        Some(progress) => ("progress", format!(r#""state":"{}","#, progress.name())),
        None => ("state", String::new()),
    };
    let event = &kept.text;
    format!(
        r#"{{"jsonrpc":"2.0","method":"{method}","params":{{"run":"{run}","number":{number},{state}"event":{event}}}}}"#
    )
    .into_bytes()
}
