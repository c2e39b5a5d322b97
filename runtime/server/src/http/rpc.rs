//! `POST /rpc`: one JSON-RPC message, one answer.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::body::read_body;
use super::busy::{busy, mark};
use crate::auth::Principal;
use crate::inner::Inner;
use crate::methods::Caller;
use crate::rpc::{Incoming, Item};

/// Answers one message. A client that goes away ends the calls that it waits for.
pub(super) async fn call(
    State(server): State<Arc<Inner>>,
    Extension(principal): Extension<Arc<Principal>>,
    body: Body,
) -> Response {
    let _request = match server.limits.request(&principal.tenant) {
        Ok(place) => place,
        Err(error) => return busy(error),
    };
    let bytes = match read_body(&server, body).await {
        Ok(bytes) => bytes,
        Err(refused) => return *refused,
    };
    let _turn = match server.turn(&principal.tenant).await {
        Ok(turn) => turn,
        Err(error) => return busy(error),
    };
    let caller = Caller::new(server.clone(), principal);
    match server.methods.parse(&bytes) {
        // A single call: its error is the request's.
        Incoming::Single(Item::Call(call)) => match server.methods.handle_call(caller, call).await {
            Some(answer) => {
                let mut response = json(answer.to_bytes());
                if let Err(error) = &answer.outcome {
                    mark(&mut response, error);
                }
                response
            }
            None => StatusCode::NO_CONTENT.into_response(),
        },
        incoming => match server.methods.handle_incoming(caller, incoming).await {
            Some(answer) => json(answer),
            None => StatusCode::NO_CONTENT.into_response(),
        },
    }
}

fn json(answer: Vec<u8>) -> Response {
    let headers = [("content-type", "application/json")];
    (StatusCode::OK, headers, Body::from(answer)).into_response()
}
