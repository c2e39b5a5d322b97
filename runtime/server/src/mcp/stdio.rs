//! MCP over a pair of streams, such as standard input and output: one caller, a message a line.

use std::io;
use std::sync::Arc;

use rmcp::service::{QuitReason, ServerInitializeError};
use rmcp::transport::async_rw::AsyncRwTransport;
use tokio::io::{AsyncRead, AsyncWrite};

use super::handler::Handler;
use crate::auth::Principal;
use crate::inner::Inner;

/// Serves one caller until the input ends. Calls under way have a few seconds for their answers then (the SDK gives
/// them 5), and their runs are cancelled.
pub(crate) async fn serve(
    server: Arc<Inner>,
    input: impl AsyncRead + Send + Unpin + 'static,
    output: impl AsyncWrite + Send + Unpin + 'static,
    principal: Principal,
) -> io::Result<()> {
    let most = server.settings.max_request_bytes;
    let handler = Handler::of(server, Arc::new(principal));
    let transport = AsyncRwTransport::new(input, output).with_max_line_length(most);
    let serving = match rmcp::serve_server(handler, transport).await {
        Ok(serving) => serving,
        // The client went away before it said anything.
        Err(ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
        Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error.to_string())),
    };
    match serving.waiting().await {
        Ok(QuitReason::JoinError(error)) | Err(error) => Err(io::Error::other(error)),
        Ok(_) => Ok(()),
    }
}
