//! The server over HTTP: `POST /rpc`, `/mcp`, the events of a run as a stream, and a page that says that it lives.

mod body;
mod events;
mod guard;
mod rpc;
mod serve;

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};

use crate::inner::Inner;
use crate::methods::document;

pub(crate) use body::read_body;
pub(crate) use guard::refusal;
pub(crate) use serve::serve;

/// The routes, to be served by themselves or within another service.
pub(crate) fn router(server: Arc<Inner>) -> Router {
    Router::new()
        .route("/rpc", post(rpc::call))
        .route("/runs/{run}/events", get(events::events))
        .route("/openrpc.json", get(openrpc))
        .route("/health", get(health))
        .with_state(server.clone())
        .merge(crate::mcp::route(server.clone()))
        .layer(axum::middleware::from_fn_with_state(server, guard::guard))
}

/// Whoever watches the process asks this; it tells nothing about anybody.
async fn health() -> &'static str {
    "ok\n"
}

/// The interface, as `rpc.discover` tells it.
async fn openrpc(State(server): State<Arc<Inner>>) -> Json<serde_json::Value> {
    Json(document(&server.methods))
}
