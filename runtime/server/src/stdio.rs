//! The server over a pair of streams, such as standard input and output: one caller, one message after the other, each a line
//! or behind a `Content-Length`.

use std::io;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::io::{AsyncRead, AsyncWrite, BufReader};

use crate::auth::Principal;
use crate::inner::Inner;
use crate::methods::Caller;
use crate::rpc::{FrameLimits, FrameReader, PeerFraming, writer};

/// How many bytes of answers may wait to be written.
const MAX_WAITING_BYTES: usize = 16 << 20;

/// How many messages are worked on at one time; then no further one is read.
const MAX_MESSAGES: usize = 64;

/// Serves one caller until the input ends; then what is under way is waited for.
pub(crate) async fn serve(
    server: Arc<Inner>,
    input: impl AsyncRead + Unpin,
    output: impl AsyncWrite + Unpin,
    principal: Principal,
) -> io::Result<()> {
    let peer = PeerFraming::detect();
    let limits = FrameLimits {
        message: server.settings.max_request_bytes,
        ..FrameLimits::default()
    };
    let mut reader = FrameReader::new(BufReader::new(input), limits, peer.clone());
    let (sender, writing) = writer(output, peer, MAX_WAITING_BYTES);
    let caller = Caller::new(server.clone(), Arc::new(principal));
    let reading = async move {
        let mut working = FuturesUnordered::new();
        let mut open = true;
        while open || !working.is_empty() {
            let message = tokio::select! {
                _ = working.next(), if !working.is_empty() => continue,
                message = reader.next(), if open && working.len() < MAX_MESSAGES => message,
            };
            match message {
                Ok(Some(bytes)) => {
                    let (server, caller, sender) = (server.clone(), caller.clone(), sender.clone());
                    working.push(async move {
                        if let Some(answer) = server.methods.handle(caller, &bytes).await {
                            // A reader that is gone needs no answer.
                            let _ = sender.send(answer).await;
                        }
                    });
                }
                Ok(None) => open = false,
                Err(error) => {
                    if let Some(answer) = error.answer() {
                        let _ = sender.send(answer).await;
                    }
                    open = !error.is_fatal();
                }
            }
        }
        Ok(())
    };
    // The writer ends when the last sender is gone, which the reading side holds.
    // When nobody can be answered any more, what is under way is dropped.
    tokio::try_join!(reading, writing)?;
    Ok(())
}
