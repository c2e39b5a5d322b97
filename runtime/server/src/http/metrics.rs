//! `GET /metrics`: the metrics in the text format of OpenMetrics, which Prometheus reads. They tell of all tenants together,
//! so they need a scope.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::guard::refusal;
use crate::auth::{Principal, Scope};
use crate::inner::Inner;
use crate::methods::Caller;

const TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(super) async fn metrics(
    State(server): State<Arc<Inner>>,
    Extension(principal): Extension<Arc<Principal>>,
) -> Response {
    let caller = Caller::new(server.clone(), principal);
    if let Err(error) = caller.require(Scope::MetricsRead, None) {
        return refusal(StatusCode::FORBIDDEN, error);
    }
    let text = server.telemetry.metrics_text(&server);
    ([("content-type", TYPE)], text).into_response()
}
