//! Messages over a pair of streams: a reader that finds them and a writer that keeps them apart.
//!
//! What must stay true: a read that is dropped half-way (in a `select!`) loses nothing; a message is written
//! whole or the stream is given up, even if the task that sent it is dropped.

use super::queue::queue;
use super::{Decoder, FrameError, FrameLimits, Framing, MessageSender};
use std::future::Future;
use std::io;
use std::sync::{Arc, OnceLock};
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncWrite, AsyncWriteExt as _};

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

/// A writer: what to send with, and the future that writes, which must be run. It ends when all senders are
/// dropped and everything is written, or when writing fails. `bytes` bounds what waits.
///
/// Before the peer's framing is known, lines are used.
pub fn writer<W: AsyncWrite + Unpin>(
    mut output: W,
    peer: PeerFraming,
    bytes: usize,
) -> (MessageSender, impl Future<Output = io::Result<()>>) {
    let (sender, mut messages) = queue(bytes);
    let run = async move {
        while let Some(mut message) = messages.next().await {
            let framing = peer.get().unwrap_or(Framing::Lines);
            let framed = framing.encode(std::mem::take(&mut message.text));
            output.write_all(&framed).await?;
            drop(message);
            // Flushed only when nothing follows at once, so that a burst costs one flush.
            if messages.is_empty() {
                output.flush().await?;
            }
        }
        output.flush().await
    };
    (sender, run)
}
