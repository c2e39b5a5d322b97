//! `/mcp`: MCP over streamable HTTP, behind what guards every other route.

use std::sync::Arc;
use std::time::SystemTime;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, SEC_WEBSOCKET_PROTOCOL};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use axum::routing::any;
use axum::{Extension, Router};
use futures_util::StreamExt;
use futures_util::future::Either;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde::Deserialize;
use tokio::time::Instant;

use super::handler::Handler;
use super::sessions::{Coming, InUse, Sessions};
use crate::auth::{Credentials, Principal};
use crate::http::{Stopping, busy, read_body, refusal};
use crate::inner::Inner;
use crate::limits::RequestPlace;
use crate::rpc::{Code, RpcError};
use crate::telemetry::TraceContext;

/// The header that names a session.
pub(super) const SESSION: &str = "mcp-session-id";

struct Mcp {
    server: Arc<Inner>,
    service: StreamableHttpService<Handler, LocalSessionManager>,
    sessions: Arc<Sessions>,
}

/// The route.
pub(crate) fn route(server: Arc<Inner>) -> Router {
    let settings = &server.settings;
    let mut manager = LocalSessionManager::default();
    // Sessions are closed sooner, when a request comes; this is for those after which none comes.
    manager.session_config.keep_alive =
        Some(settings.mcp_session_idle.saturating_add(settings.graph_timeout));
    let manager = Arc::new(manager);
    let sessions = Sessions::new(manager.clone(), settings);
    let config = StreamableHttpServerConfig::default()
        // Both were looked at before the request came here.
        .disable_allowed_hosts()
        .disable_allowed_origins()
        .with_json_response(true)
        .with_max_request_body_bytes(settings.max_request_bytes);
    let handlers = server.clone();
    let service = StreamableHttpService::new(move || Ok(Handler::new(handlers.clone())), manager, config);
    let mcp = Arc::new(Mcp {
        server,
        service,
        sessions,
    });
    Router::new().route("/mcp", any(serve)).with_state(mcp)
}

async fn serve(
    State(mcp): State<Arc<Mcp>>,
    Extension(principal): Extension<Arc<Principal>>,
    request: Request,
) -> Response {
    let place = match mcp.server.limits.request(&principal.tenant) {
        Ok(place) => place,
        Err(error) => return busy(error),
    };
    let (mut parts, body) = request.into_parts();
    let bytes = match read_body(&mcp.server, body).await {
        Ok(bytes) => bytes,
        Err(refused) => return *refused,
    };
    // Who it is, is known; what shows it goes no further.
    for header in [AUTHORIZATION, COOKIE, SEC_WEBSOCKET_PROTOCOL] {
        parts.headers.remove(header);
    }
    parts.extensions.remove::<Arc<Credentials>>();
    if let Some(trace) = TraceContext::current() {
        parts.extensions.insert(trace);
    }
    let (method, named) = (parts.method.clone(), session(&parts.headers));
    let entered = match &named {
        Some(id) => {
            let waits = method == Method::GET;
            mcp.sessions
                .enter(&principal, id, waits)
                .await
                .map(|session| (Some(session), None))
        }
        None if method == Method::POST && is_initialize(&bytes) => place_for_one_more(&mcp, &principal)
            .await
            .map(|coming| (None, Some(coming))),
        None => Ok((None, None)),
    };
    let (mut in_use, coming) = match entered {
        Ok(entered) => entered,
        Err(error) if error.known_code() == Some(Code::NotFound) => {
            return refusal(StatusCode::NOT_FOUND, error);
        }
        Err(error) => return busy(error),
    };
    let request = Request::from_parts(parts, Body::from(bytes));
    let response = match coming {
        None => mcp.service.handle(request).await.map(Body::new),
        Some(coming) => match begin(mcp.clone(), coming, request).await {
            Ok((response, session)) => {
                in_use = session;
                response
            }
            Err(error) => return refusal(StatusCode::INTERNAL_SERVER_ERROR, error),
        },
    };
    if let (&Method::DELETE, Some(id), true) = (&method, &named, response.status().is_success()) {
        mcp.sessions.ended(id);
    }
    // What waits without an end is no request that is worked on: how many there may be, the sessions bound.
    let held = Held {
        _place: (method != Method::GET).then_some(place),
        _session: in_use,
    };
    match (
        &method,
        response
            .headers()
            .get(CONTENT_TYPE)
            .is_some_and(|kind| kind == "text/event-stream"),
    ) {
        (&Method::GET, true) => until_the_end(&mcp.server, &principal, response, held),
        (_, true) => response.map(|body| hold(body.into_data_stream(), held)),
        _ => response,
    }
}

/// A place for one more session. Beginning one counts as a call.
async fn place_for_one_more(mcp: &Mcp, principal: &Principal) -> Result<Coming, RpcError> {
    mcp.server.limits.call(&principal.tenant)?;
    mcp.sessions.place(principal).await
}

/// Begins a session, in a task of its own: a client that goes away in between must not leave one behind of which
/// nobody knows.
async fn begin(
    mcp: Arc<Mcp>,
    coming: Coming,
    request: Request,
) -> Result<(Response, Option<InUse>), RpcError> {
    let beginning = tokio::spawn(async move {
        let response = mcp.service.handle(request).await;
        let id = session(response.headers());
        let session = id.map(|id| coming.arrived(id.into()));
        (response.map(Body::new), session)
    });
    beginning.await.map_err(|_| RpcError::internal())
}

/// What is given back when the last of an answer is sent, or its reader is gone.
struct Held {
    _place: Option<RequestPlace>,
    _session: Option<InUse>,
}

fn hold(
    stream: impl futures_util::Stream<Item = Result<axum::body::Bytes, axum::Error>> + Send + 'static,
    held: Held,
) -> Body {
    Body::from_stream(stream.inspect(move |_| {
        let _ = &held;
    }))
}

/// A stream that waits for messages ends when the server shuts down, or the caller's credentials are no longer good.
fn until_the_end(server: &Inner, principal: &Principal, response: Response, held: Held) -> Response {
    let left = principal
        .expires
        .map(|end| end.duration_since(SystemTime::now()).unwrap_or_default());
    // What lies further ahead than a clock can tell is never.
    let end = left.and_then(|left| Instant::now().checked_add(left));
    let expired = match end {
        Some(end) => Either::Left(tokio::time::sleep_until(end)),
        None => Either::Right(std::future::pending()),
    };
    let mut stopping = server.stopping.subscribe();
    let over = async move {
        tokio::select! {
            () = expired => {}
            // An error is that the server is gone.
            _ = stopping.wait_for(|stopping| *stopping != Stopping::No) => {}
        }
    };
    response.map(|body| hold(body.into_data_stream().take_until(Box::pin(over)), held))
}

fn session(headers: &HeaderMap) -> Option<String> {
    headers.get(SESSION)?.to_str().ok().map(str::to_owned)
}

/// Whether a message asks for a session.
fn is_initialize(bytes: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Message<'a> {
        #[serde(borrow)]
        method: std::borrow::Cow<'a, str>,
    }
    serde_json::from_slice::<Message<'_>>(bytes).is_ok_and(|message| message.method == "initialize")
}
