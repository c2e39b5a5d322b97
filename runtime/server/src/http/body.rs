//! The body of a request: so many bytes, in so much time.

use axum::body::{Body, Bytes, to_bytes};
use axum::http::StatusCode;
use axum::response::Response;

use super::guard::refusal;
use crate::inner::Inner;
use crate::rpc::{Code, RpcError};

/// Reads it.
///
/// # Errors
/// With the answer to a request whose body is too large or comes too slowly.
pub(crate) async fn read_body(server: &Inner, body: Body) -> Result<Bytes, Box<Response>> {
    let limit = server.settings.max_request_bytes;
    match tokio::time::timeout(server.settings.body_time, to_bytes(body, limit)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => {
            let error = RpcError::too_large("the request", limit);
            Err(Box::new(refusal(StatusCode::PAYLOAD_TOO_LARGE, error)))
        }
        Err(_) => {
            let error = RpcError::new(Code::Timeout, "the request was not sent in time");
            Err(Box::new(refusal(StatusCode::REQUEST_TIMEOUT, error)))
        }
    }
}
