//! Whether the process lives, and whether it is to be given work. Both need no token and tell nothing about anybody.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;

use crate::inner::Inner;

/// Answers for as long as the process can answer at all.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// Answers 200 from when the folders were read until the server begins to shut down.
pub(super) async fn readyz(State(server): State<Arc<Inner>>) -> (StatusCode, &'static str) {
    match server.not_ready() {
        None => (StatusCode::OK, "ok\n"),
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, why),
    }
}
