//! The server over HTTP: `POST /rpc` and a WebSocket there, `/mcp`, the events of a run as a stream, and the pages for
//! whoever watches the process.

mod accept;
mod body;
mod busy;
mod cors;
mod events;
mod guard;
mod health;
mod metrics;
mod observe;
mod rpc;
mod serve;
mod websocket;
mod write_time;

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};

use crate::inner::Inner;

pub(crate) use body::read_body;
pub(crate) use busy::busy;
pub(crate) use guard::refusal;
pub(crate) use serve::{Stopping, serve};

/// The routes, to be served by themselves or within another service.
pub(crate) fn router(server: Arc<Inner>) -> Router {
    Router::new()
        .route("/rpc", post(rpc::call).get(websocket::upgrade))
        .route("/runs/{run}/events", get(events::events))
        .route("/openrpc.json", get(openrpc))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(metrics::metrics))
        .with_state(server.clone())
        .merge(crate::mcp::route(server.clone()))
        .layer(axum::middleware::from_fn_with_state(server.clone(), guard::guard))
        .layer(axum::middleware::from_fn_with_state(server, observe::observe))
}

/// The interface, as `rpc.discover` tells it.
async fn openrpc(State(server): State<Arc<Inner>>) -> Json<serde_json::Value> {
    Json(server.document().clone())
}
