//! `POST /rpc`: one JSON-RPC message, one answer.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::body::read_body;
use super::guard::refusal;
use crate::auth::Principal;
use crate::inner::Inner;
use crate::methods::Caller;

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
    let bytes = match read_body(&server, body).await {
        Ok(bytes) => bytes,
        Err(refused) => return *refused,
    };
    // The semaphore is never closed.
    let Ok(_place) = server.requests.acquire().await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let caller = Caller {
        server: server.clone(),
        principal,
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
