//! The server over a pair of streams, such as standard input and output: one caller, one message after the other, each a line
//! or behind a `Content-Length`.

use std::io;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, BufReader};

use crate::auth::Principal;
use crate::connection::{Connection, cancels};
use crate::inner::Inner;
use crate::rpc::{FrameLimits, FrameReader, Incoming, PeerFraming, writer};

/// Serves one caller until the input ends; then what is under way is waited for, subscriptions included.
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
    let reader = FrameReader::new(BufReader::new(input), limits, peer.clone());
    let (sender, writing) = writer(output, peer, server.settings.max_waiting_bytes);
    let connection = Connection::new(server.clone(), sender);
    let reading = async move {
        read(reader, &server, &connection, &Arc::new(principal)).await;
        let mut subscribed = connection.subscribed();
        // The sender is a field of the connection, so it is not gone.
        let _ = subscribed.wait_for(|count| *count == 0).await;
        Ok(())
    };
    // The writer ends when the last sender is gone, which the reading side holds.
    // When nobody can be answered any more, what is under way is dropped.
    tokio::try_join!(reading, writing)?;
    Ok(())
}

async fn read<R: AsyncBufRead + Unpin>(
    mut reader: FrameReader<R>,
    server: &Inner,
    connection: &Arc<Connection>,
    principal: &Arc<Principal>,
) {
    let most = server.settings.max_calls_per_connection.max(1);
    let mut working = FuturesUnordered::new();
    // The one message that is read when there are as many as may be: it may cancel one of them.
    let mut held: Option<Incoming> = None;
    let mut open = true;
    while open || !working.is_empty() {
        let message = tokio::select! {
            Some(()) = working.next(), if !working.is_empty() => {
                working.extend(held.take().map(|incoming| connection.work(principal, incoming)));
                continue;
            }
            message = reader.next(), if open && held.is_none() => message,
        };
        match message {
            Ok(Some(bytes)) => {
                let incoming = server.methods.parse(&bytes);
                // It is heard even when there are as many calls as may be.
                if cancels(&incoming) {
                    connection.work(principal, incoming).await;
                } else if working.len() < most {
                    working.push(connection.work(principal, incoming));
                } else {
                    held = Some(incoming);
                }
            }
            Ok(None) => open = false,
            Err(error) => {
                connection.send(error.answer()).await;
                open = !error.is_fatal();
            }
        }
    }
}
