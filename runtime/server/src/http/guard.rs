//! What holds for every request: it is for this server by name, a web page may not make it unless its origin is known, and
//! whoever calls is known before anything is read.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN, SEC_WEBSOCKET_PROTOCOL, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::cors;
use crate::auth::{AuthError, Credentials, Principal, Secret};
use crate::inner::Inner;
use crate::rpc::{self, Code, Id, RpcError};
use crate::settings::Settings;

/// Lets a request through that may come in.
pub(super) async fn guard(State(server): State<Arc<Inner>>, request: Request, next: Next) -> Response {
    // Who watches the process calls it by whatever address it has, and is told nothing about anybody.
    if matches!(request.uri().path(), "/healthz" | "/readyz") {
        return next.run(request).await;
    }
    if let Err(message) = is_for_us(&server, &request) {
        let error = RpcError::new(Code::Forbidden, message);
        return refusal(StatusCode::FORBIDDEN, error);
    }
    let origin = request.headers().get(ORIGIN).cloned();
    let mut response = match cors::preflight(&request) {
        // A browser shows no credentials when it asks.
        Some(answer) if origin.is_some() => answer,
        _ => authenticated(&server, request, next).await,
    };
    if let Some(origin) = origin {
        cors::allow(&mut response, origin);
    }
    response
}

/// Answers a request whose caller has shown who it is.
async fn authenticated(server: &Inner, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let credentials = Credentials {
        bearer: bearer(request.headers()).or_else(|| offered(request.headers())),
        // A service that embeds the routes and does not say who its peer is, is not taken for a local one.
        peer_is_loopback: peer.is_some_and(|ConnectInfo(address)| address.ip().is_loopback()),
        now: SystemTime::now(),
    };
    match server.auth.authenticate(&credentials).await {
        Ok(principal) => {
            request.extensions_mut().insert(Arc::<Principal>::new(principal));
            // A long connection shows them again from time to time.
            request.extensions_mut().insert(Arc::new(credentials));
            next.run(request).await
        }
        Err(error) => unauthenticated(&error),
    }
}

fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| Secret::new(token.trim().to_owned()))
}

/// The token among the protocols that a WebSocket offers, as `bearer.TOKEN`: a page cannot set the headers of one.
fn offered(headers: &HeaderMap) -> Option<Secret> {
    let offers = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter();
    let mut offers = offers
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let token = offers.find_map(|offer| offer.trim().strip_prefix("bearer."))?;
    Some(Secret::new(token.to_owned()))
}

/// Whether the request names this server and comes from a page that may call it. A page of a stranger's that is open in a
/// browser on this machine can reach a server on loopback; the headers are how it shows.
fn is_for_us(server: &Inner, request: &Request) -> Result<(), &'static str> {
    let headers = request.headers();
    let settings = &server.settings;
    // HTTP/2 has the host in the address; where a request has it in both places, both count.
    let authority = request.uri().authority().map(|authority| authority.as_str());
    let named = headers
        .get_all(HOST)
        .iter()
        .map(|value| value.to_str().unwrap_or_default());
    let mut hosts = named.chain(authority).peekable();
    if hosts.peek().is_none() || !hosts.all(|host| is_known(settings, &host.to_ascii_lowercase())) {
        return Err("the request names a host that this server does not serve");
    }
    let origin = headers
        .get(ORIGIN)
        .map(|value| value.to_str().unwrap_or_default());
    match origin {
        None => Ok(()),
        Some(origin)
            if settings
                .origins
                .iter()
                .any(|known| known.eq_ignore_ascii_case(origin)) =>
        {
            Ok(())
        }
        Some(_) => Err("web pages of this origin may not call this server"),
    }
}

fn is_known(settings: &Settings, host: &str) -> bool {
    let name = host_name(host);
    let known = |known: &String| known.eq_ignore_ascii_case(name) || known.eq_ignore_ascii_case(host);
    matches!(name, "localhost" | "127.0.0.1" | "[::1]") || settings.hosts.iter().any(known)
}

/// A host without its port.
fn host_name(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

fn unauthenticated(error: &AuthError) -> Response {
    let (status, code) = match error {
        AuthError::Unavailable { .. } => (StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable),
        _ => (StatusCode::UNAUTHORIZED, Code::Unauthenticated),
    };
    let mut response = refusal(status, RpcError::new(code, error.to_string()));
    if status == StatusCode::UNAUTHORIZED {
        let scheme = axum::http::HeaderValue::from_static("Bearer");
        response.headers_mut().insert(WWW_AUTHENTICATE, scheme);
    }
    response
}

/// An answer to a request that was not read, after which the connection is closed: what is left of the request would have to
/// be read before the next one.
pub(crate) fn refusal(status: StatusCode, error: RpcError) -> Response {
    let answer = rpc::Response::error(Id::null(), error).to_bytes();
    let headers = [("content-type", "application/json"), ("connection", "close")];
    (status, headers, Body::from(answer)).into_response()
}
