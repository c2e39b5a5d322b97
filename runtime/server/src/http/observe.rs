//! What the operator is told of every request: that it was answered, how, and how long that took.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;

use crate::inner::Inner;
use crate::telemetry::{Notice, TraceContext};

/// Counts and tells a request, and lets what it asks for know its trace.
pub(super) async fn observe(State(server): State<Arc<Inner>>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = known(request.method());
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("other", MatchedPath::as_str).to_owned();
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map(|ConnectInfo(address)| address.ip());
    let header = request
        .headers()
        .get("traceparent")
        .and_then(|value| value.to_str().ok());
    let context = header.and_then(TraceContext::parse);
    let telemetry = &server.telemetry;
    // Who watches the process asks all the time, and is no part of anything.
    let is_watching = matches!(route.as_str(), "/healthz" | "/readyz" | "/metrics");
    let mut span = match is_watching {
        true => None,
        false => telemetry.request(context, method, &route),
    };
    let context = span.as_ref().map_or(context, |span| Some(span.context()));
    let mut response = TraceContext::within(context, next.run(request)).await;
    let (status, duration) = (response.status().as_u16(), began.elapsed());
    if let Some(span) = &mut span {
        span.answered(status);
        if let Ok(value) = HeaderValue::from_str(&span.context().to_string()) {
            response.headers_mut().insert("traceresponse", value);
        }
    }
    telemetry.metrics.request(method, &route, status, duration);
    telemetry.tell(|| Notice::Request {
        method: method.to_owned(),
        route,
        status,
        peer,
        duration_us: u64::try_from(duration.as_micros()).unwrap_or(u64::MAX),
        trace_id: context.map(|context| context.trace_id()),
    });
    response
}

/// The method, if it is one that is served; whoever calls can make others up.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
