//! The server over HTTP: `POST /rpc` and a WebSocket there, the events of a run as a stream, and a page that says that it
//! lives.

mod accept;
mod cors;
mod events;
mod guard;
mod rpc;
mod serve;
mod websocket;
mod write_time;

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};

use crate::inner::Inner;
use crate::methods::document;

pub(crate) use serve::{Stopping, serve};

/// The routes, to be served by themselves or within another service.
pub(crate) fn router(server: Arc<Inner>) -> Router {
    Router::new()
        .route("/rpc", post(rpc::call).get(websocket::upgrade))
        .route("/runs/{run}/events", get(events::events))
        .route("/openrpc.json", get(openrpc))
        .route("/health", get(health))
        .layer(axum::middleware::from_fn_with_state(server.clone(), guard::guard))
        .with_state(server)
}

/// Whoever watches the process asks this; it tells nothing about anybody.
async fn health() -> &'static str {
    "ok\n"
}

/// The interface, as `rpc.discover` tells it.
async fn openrpc(State(server): State<Arc<Inner>>) -> Json<serde_json::Value> {
    Json(document(&server.methods))
}
