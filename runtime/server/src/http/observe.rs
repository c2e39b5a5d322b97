//! What the operator is told of every request: that it was answered, how, and how long that took.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::inner::Inner;
use crate::telemetry::{Notice, TraceContext};

/// Counts and tells a request, and lets what it asks for know its trace.
pub(super) async fn observe(State(server): State<Arc<Inner>>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("other", MatchedPath::as_str).to_owned();
    let header = request
        .headers()
        .get("traceparent")
        .and_then(|value| value.to_str().ok());
    let context = header.and_then(TraceContext::parse);
    let response = TraceContext::within(context, next.run(request)).await;
    let (status, duration) = (response.status().as_u16(), began.elapsed());
    let telemetry = &server.telemetry;
    telemetry
        .metrics
        .request(method.as_str(), &route, status, duration);
    telemetry.tell(|| Notice::Request {
        method: hap::sanitize(method.as_str(), 20),
        route,
        status,
        duration_us: u64::try_from(duration.as_micros()).unwrap_or(u64::MAX),
        trace_id: context.map(|context| context.trace_id()),
    });
    response
}
