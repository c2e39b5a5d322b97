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
    if server.runs.is_draining() {
        return (StatusCode::SERVICE_UNAVAILABLE, "shutting down\n");
    }
    if !server.catalog.was_read() {
        return (StatusCode::SERVICE_UNAVAILABLE, "the folders are not read yet\n");
    }
    (StatusCode::OK, "ok\n")
}
