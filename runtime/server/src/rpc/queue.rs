//! The queue of messages that wait to be written to one peer.
//!
//! What must stay true: what waits is bounded in bytes, so that a peer that does not read slows down its own calls and
//! fills no memory; messages leave in the order in which they came.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// What a queued message takes besides its text, so that many small ones are bounded too.
const OVERHEAD: usize = 64;

/// The stream is not written any more: the peer has gone, or the server is about to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the connection is not written any more")]
pub struct SendError;

/// A message that waits, and the room it takes until it is written.
#[derive(Debug)]
pub struct Queued {
    /// The text.
    pub text: Vec<u8>,
    _room: OwnedSemaphorePermit,
}

/// Puts messages into a queue.
#[derive(Debug, Clone)]
pub struct MessageSender {
    queue: mpsc::UnboundedSender<Queued>,
    room: Arc<Semaphore>,
    capacity: u32,
}

/// Takes messages out of a queue.
#[derive(Debug)]
pub struct MessageReceiver(mpsc::UnboundedReceiver<Queued>);

/// A queue in which at most `bytes` wait.
pub fn queue(bytes: usize) -> (MessageSender, MessageReceiver) {
    // More than a semaphore can count is no bound that anybody means.
    let capacity = u32::try_from(bytes.clamp(1, Semaphore::MAX_PERMITS)).unwrap_or(u32::MAX);
    let room = Arc::new(Semaphore::new(
        usize::try_from(capacity).unwrap_or(Semaphore::MAX_PERMITS),
    ));
    let (queue, messages) = mpsc::unbounded_channel();
    let sender = MessageSender {
        queue,
        room,
        capacity,
    };
    (sender, MessageReceiver(messages))
}

impl MessageSender {
    /// Queues one message, in the order of the calls, as soon as there is room for it. A message that is
    /// larger than the whole queue waits until it is the only one. Safe to cancel: then it is not sent.
    ///
    /// # Errors
    /// When nobody writes any more.
    pub async fn send(&self, text: Vec<u8>) -> Result<(), SendError> {
        let size = u32::try_from(text.len().saturating_add(OVERHEAD)).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room);
        let room = room
            .acquire_many_owned(size.min(self.capacity))
            .await
            .map_err(|_| SendError)?;
        self.queue
            .send(Queued { text, _room: room })
            .map_err(|_| SendError)
    }

    /// Whether nobody writes any more.
    pub fn is_closed(&self) -> bool {
        self.queue.is_closed()
    }
}

impl MessageReceiver {
    /// The next message; none once all senders are gone. Safe to cancel.
    pub async fn next(&mut self) -> Option<Queued> {
        self.0.recv().await
    }

    /// Whether no message waits at present.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
