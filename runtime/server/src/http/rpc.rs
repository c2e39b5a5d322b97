//! `POST /rpc`: one JSON-RPC message, one answer.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::guard::refusal;
use crate::auth::Principal;
use crate::inner::Inner;
use crate::methods::Caller;
use crate::rpc::{Code, RpcError};

/// Answers one message. A client that goes away ends the calls that it waits for.
pub(super) async fn call(
    State(server): State<Arc<Inner>>,
    Extension(principal): Extension<Arc<Principal>>,
    body: Body,
) -> Response {
    let _request = match server.limits.request(&principal.tenant) {
        Ok(place) => place,
        Err(error) => return refusal(StatusCode::TOO_MANY_REQUESTS, error),
    };
    let limit = server.settings.max_request_bytes;
    let read = tokio::time::timeout(server.settings.body_time, axum::body::to_bytes(body, limit)).await;
    let bytes = match read {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(_)) => {
            let error = RpcError::too_large("the request", limit);
            return refusal(StatusCode::PAYLOAD_TOO_LARGE, error);
        }
        Err(_) => {
            let error = RpcError::new(Code::Timeout, "the request was not sent in time");
            return refusal(StatusCode::REQUEST_TIMEOUT, error);
        }
    };
    // The semaphore is never closed.
    let Ok(_place) = server.requests.acquire().await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let caller = Caller {
        server: server.clone(),
        principal,
        connection: None,
    };
    match server.methods.handle(caller, &bytes).await {
        Some(answer) => (
            StatusCode::OK,
            [("content-type", "application/json")],
            Body::from(answer),
        )
            .into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    }
}
