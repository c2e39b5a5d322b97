//! Messages over a pair of streams: a reader that finds them and a writer that keeps them apart.
//!
//! What must stay true: a read that is dropped half-way (in a `select!`) loses nothing; a message is written
//! whole or the stream is given up, even if the task that sent it is dropped; what waits to be written is
//! bounded in bytes, so that a peer that does not read slows down its own calls and fills no memory.

use super::{Decoder, FrameError, FrameLimits, Framing};
use std::future::Future;
use std::io;
use std::sync::{Arc, OnceLock};
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// The framing that the peer uses, shared by the two directions of a connection.
#[derive(Debug, Clone, Default)]
pub struct PeerFraming(Arc<OnceLock<Framing>>);

impl PeerFraming {
    /// Not known until the peer's first message.
    pub fn detect() -> Self {
        Self::default()
    }

    /// This one.
    pub fn known(framing: Framing) -> Self {
        Self(Arc::new(OnceLock::from(framing)))
    }

    /// What is known so far.
    pub fn get(&self) -> Option<Framing> {
        self.0.get().copied()
    }

    fn set(&self, framing: Option<Framing>) {
        if let Some(framing) = framing {
            // It is set again with every message, and is always the same.
            let _ = self.0.set(framing);
        }
    }
}

/// Reads messages.
#[derive(Debug)]
pub struct FrameReader<R> {
    input: R,
    decoder: Decoder,
    peer: PeerFraming,
}

impl<R: AsyncBufRead + Unpin> FrameReader<R> {
    /// A reader of this stream.
    pub fn new(input: R, limits: FrameLimits, peer: PeerFraming) -> Self {
        let decoder = match peer.get() {
            Some(framing) => Decoder::with_framing(limits, framing),
            None => Decoder::new(limits),
        };
        Self { input, decoder, peer }
    }

    /// The next message, or none at the end of the stream and after a fatal error.
    ///
    /// Every error but a fatal one is to be answered and read past: see [`FrameError::answer`]. The future may
    /// be dropped and asked for again without loss.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, FrameError> {
        while !self.decoder.is_closed() {
            let chunk = self.input.fill_buf().await?;
            let found = if chunk.is_empty() {
                self.decoder.finish().transpose()
            } else {
                let (taken, found) = self.decoder.feed(chunk);
                self.input.consume(taken);
                found
            };
            self.peer.set(self.decoder.framing());
            if let Some(found) = found {
                return found.map(Some);
            }
        }
        Ok(None)
    }
}

/// The stream is not written any more: the peer has gone, or the server is about to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the connection is not written any more")]
pub struct SendError;

/// A message that is framed, and the room it takes in the queue until it is written.
type Queued = (Vec<u8>, OwnedSemaphorePermit);

/// Sends messages to a [`writer`].
#[derive(Debug, Clone)]
pub struct MessageSender {
    queue: mpsc::UnboundedSender<Queued>,
    room: Arc<Semaphore>,
    capacity: u32,
    peer: PeerFraming,
}

/// What a queued message takes besides its text, so that many small ones are bounded too.
const OVERHEAD: usize = 64;

impl MessageSender {
    /// Queues one message, in the order of the calls, as soon as there is room for it. A message that is
    /// larger than the whole queue waits until it is the only one.
    ///
    /// Before the peer's framing is known, lines are used.
    pub async fn send(&self, message: Vec<u8>) -> Result<(), SendError> {
        let size = u32::try_from(message.len().saturating_add(OVERHEAD)).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room);
        let room = room
            .acquire_many_owned(size.min(self.capacity))
            .await
            .map_err(|_| SendError)?;
        let framed = self.peer.get().unwrap_or(Framing::Lines).encode(message);
        self.queue.send((framed, room)).map_err(|_| SendError)
    }

    /// Whether the writer has ended.
    pub fn is_closed(&self) -> bool {
        self.queue.is_closed()
    }
}

/// A writer: what to send with, and the future that writes, which must be run. It ends when all senders are
/// dropped and everything is written, or when writing fails. `queue` bounds what waits, in bytes.
pub fn writer<W: AsyncWrite + Unpin>(
    mut output: W,
    peer: PeerFraming,
    queue: usize,
) -> (MessageSender, impl Future<Output = io::Result<()>>) {
    // More than a semaphore can count is no bound that anybody means.
    let capacity = u32::try_from(queue.clamp(1, Semaphore::MAX_PERMITS)).unwrap_or(u32::MAX);
    let room = Arc::new(Semaphore::new(
        usize::try_from(capacity).unwrap_or(Semaphore::MAX_PERMITS),
    ));
    let (queue, mut messages) = mpsc::unbounded_channel::<Queued>();
    let run = async move {
        while let Some((message, room)) = messages.recv().await {
            output.write_all(&message).await?;
            drop(room);
            // Flushed only when nothing follows at once, so that a burst costs one flush.
            if messages.is_empty() {
                output.flush().await?;
            }
        }
        output.flush().await
    };
    (
        MessageSender {
            queue,
            room,
            capacity,
            peer,
        },
        run,
    )
}
