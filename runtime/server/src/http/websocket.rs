//! `GET /rpc` as a WebSocket (RFC 6455): JSON-RPC both ways on one connection, a message each, text or binary.
//!
//! What must stay true: nothing here waits for a peer without a bound on the time; when it ends, for whatever reason, its
//! calls are dropped, as they are when a client of `POST /rpc` goes away.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::stream::{FuturesUnordered, SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::sync::oneshot;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_tungstenite::tungstenite;

use super::guard::refusal;
use super::serve::{ConnectionPlace, Stopping};
use crate::auth::{AuthError, Credentials, Principal, Secret};
use crate::connection::{Connection, cancels};
use crate::inner::Inner;
use crate::limits::RequestPlace;
use crate::rpc::{MessageReceiver, RpcError, queue};

/// The protocol's name, for clients that ask for one by name.
const PROTOCOL: &str = "hap";

/// How long the last messages and the exchange of farewells may take.
const FAREWELL: Duration = Duration::from_secs(5);

/// Who is at the other side, and what the connection holds while it is open.
struct Peer {
    server: Arc<Inner>,
    principal: Arc<Principal>,
    credentials: Arc<Credentials>,
    _request: RequestPlace,
    _place: Option<ConnectionPlace>,
}

pub(super) async fn upgrade(
    State(server): State<Arc<Inner>>,
    Extension(principal): Extension<Arc<Principal>>,
    Extension(credentials): Extension<Arc<Credentials>>,
    place: Option<Extension<ConnectionPlace>>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let request = match server.limits.request(&principal.tenant) {
        Ok(request) => request,
        Err(error) => return refusal(StatusCode::TOO_MANY_REQUESTS, error),
    };
    let limit = server.settings.max_request_bytes;
    let peer = Peer {
        server,
        principal,
        credentials,
        _request: request,
        _place: place.map(|Extension(place)| place),
    };
    upgrade
        .protocols([PROTOCOL])
        .max_message_size(limit)
        .max_frame_size(limit)
        .on_upgrade(|socket| converse(socket, peer))
}

/// Why a connection is closed by this side.
type Farewell = Option<CloseFrame>;

fn farewell(code: u16, reason: &'static str) -> Farewell {
    Some(CloseFrame {
        code,
        reason: Utf8Bytes::from_static(reason),
    })
}

async fn converse(socket: WebSocket, peer: Peer) {
    let settings = &peer.server.settings;
    let (sink, mut stream) = socket.split();
    let (sender, messages) = queue(settings.max_waiting_bytes);
    let (say, said) = oneshot::channel();
    let mut writing = pin!(write(sink, messages, settings.ping_interval, said));
    let connection = Connection::new(peer.server.clone(), sender);
    let last = tokio::select! {
        last = read(&mut stream, &peer, connection) => last,
        // Nothing can be written any more: the peer is gone, or does not read.
        () = &mut writing => return,
    };
    // All senders are gone with the calls and subscriptions, so the writer comes to its end.
    let is_ours = last.is_some();
    let _ = say.send(last);
    let ending = async {
        writing.await;
        // What is closed with something unread in it takes the farewell with it.
        while is_ours && matches!(stream.next().await, Some(Ok(_))) {}
    };
    let _ = tokio::time::timeout(FAREWELL, ending).await;
}

/// Writes what is queued, asks now and then whether the peer is there, and ends with a farewell when there is nobody left to
/// queue anything.
async fn write(
    mut sink: SplitSink<WebSocket, Message>,
    mut messages: MessageReceiver,
    ping_interval: Duration,
    last: oneshot::Receiver<Farewell>,
) {
    let mut ping = ticking(ping_interval);
    loop {
        let sent = tokio::select! {
            biased;
            message = messages.next() => match message {
                None => break,
                Some(mut message) => {
                    // It is JSON, so it is UTF-8.
                    let Ok(text) = Utf8Bytes::try_from(std::mem::take(&mut message.text)) else {
                        continue;
                    };
                    let sent = sink.feed(Message::Text(text)).await;
                    // Written at once only when nothing follows, so that a burst costs little.
                    match messages.is_empty() {
                        true => sent.and(sink.flush().await),
                        false => sent,
                    }
                }
            },
            _ = ping.tick() => sink.send(Message::Ping(Bytes::new())).await,
        };
        if sent.is_err() {
            return;
        }
    }
    let last = last.await.ok().flatten();
    let _ = match last {
        Some(frame) => sink.send(Message::Close(Some(frame))).await,
        None => sink.flush().await,
    };
}

fn ticking(interval: Duration) -> tokio::time::Interval {
    // An interval of nothing would be none.
    let interval = interval.max(Duration::from_millis(1));
    let mut ticking = tokio::time::interval_at(Instant::now() + interval, interval);
    ticking.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticking
}

/// Takes messages in until the connection is to be closed, and says with which words; with none where the peer has gone.
async fn read(stream: &mut SplitStream<WebSocket>, peer: &Peer, connection: Arc<Connection>) -> Farewell {
    let settings = &peer.server.settings;
    let mut principal = peer.principal.clone();
    let mut working = FuturesUnordered::new();
    let mut subscribed = connection.subscribed();
    let mut stopping = peer.server.stopping.subscribe();
    let mut ticking = ticking(settings.ping_interval.min(settings.websocket_idle));
    let (mut heard, mut busy) = (Instant::now(), Instant::now());
    loop {
        let is_quiet = working.is_empty() && *subscribed.borrow_and_update() == 0;
        match *stopping.borrow_and_update() {
            Stopping::No => {}
            Stopping::WhenDone if !is_quiet => {}
            _ => return farewell(close_code::AWAY, "the server is shutting down"),
        }
        if !is_quiet {
            busy = Instant::now();
        }
        let message = tokio::select! {
            Some(()) = working.next(), if !working.is_empty() => continue,
            // Their senders live as long as the connection and the server.
            _ = subscribed.changed() => continue,
            _ = stopping.changed() => continue,
            () = expiry(&principal) => return farewell(close_code::POLICY, "the credentials have expired"),
            _ = ticking.tick() => {
                if heard.elapsed() >= settings.ping_interval * 2 {
                    return None;
                }
                if is_quiet && busy.elapsed() >= settings.websocket_idle {
                    return farewell(close_code::NORMAL, "idle");
                }
                match again(peer).await {
                    Some(now) => principal = now.unwrap_or(principal),
                    None => return farewell(close_code::POLICY, "the credentials are not valid any more"),
                }
                continue;
            }
            message = stream.next() => message,
        };
        heard = Instant::now();
        let bytes = match message {
            Some(Ok(Message::Text(text))) => Bytes::from(text),
            Some(Ok(Message::Binary(bytes))) => bytes,
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
            Some(Ok(Message::Close(_))) | None => return None,
            Some(Err(error)) => return broken(error),
        };
        busy = heard;
        let incoming = peer.server.methods.parse(&bytes);
        if cancels(&incoming) {
            connection.work(&principal, incoming).await;
            continue;
        }
        let place = match working.len() < settings.max_calls_per_connection {
            true => peer.server.limits.request(&principal.tenant),
            false => Err(RpcError::over_quota(
                "this connection has as many calls under way as may be",
                Duration::from_secs(1),
            )),
        };
        match place {
            Err(error) => connection.refuse(&principal, incoming, error).await,
            Ok(place) => {
                let late = incoming.clone();
                let work = connection.work(&principal, incoming);
                let (server, connection, principal) =
                    (peer.server.clone(), connection.clone(), principal.clone());
                working.push(async move {
                    let _place = place;
                    match server.turn(&principal.tenant).await {
                        Ok(_turn) => work.await,
                        Err(error) => {
                            drop(work);
                            connection.refuse(&principal, late, error).await;
                        }
                    }
                });
            }
        }
    }
}

/// Ready when the credentials stop being good.
async fn expiry(principal: &Principal) {
    let left = principal
        .expires
        .map(|end| end.duration_since(SystemTime::now()).unwrap_or_default());
    // What lies further ahead than a clock can tell is never.
    match left.and_then(|left| Instant::now().checked_add(left)) {
        Some(end) => tokio::time::sleep_until(end).await,
        None => std::future::pending().await,
    }
}

/// Shows the credentials again, and gives whom they stand for now; nothing inside where that cannot be told at present, and
/// nothing at all where they are no longer good.
async fn again(peer: &Peer) -> Option<Option<Arc<Principal>>> {
    let bearer = peer.credentials.bearer.as_ref();
    let credentials = Credentials {
        bearer: bearer.map(|token| Secret::new(token.expose().to_owned())),
        peer_is_loopback: peer.credentials.peer_is_loopback,
        now: SystemTime::now(),
    };
    match peer.server.auth.authenticate(&credentials).await {
        Ok(now) if now.tenant == peer.principal.tenant => Some(Some(Arc::new(now))),
        Err(AuthError::Unavailable { .. }) => Some(None),
        _ => None,
    }
}

/// What a peer is told whose message cannot be read; nothing where there is nobody left to be told.
fn broken(error: axum::Error) -> Farewell {
    use tungstenite::Error;
    match error.into_inner().downcast_ref::<Error>() {
        Some(Error::Capacity(_)) => farewell(close_code::SIZE, "the message is too large"),
        Some(Error::Utf8(_)) => farewell(close_code::INVALID, "the text is not UTF-8"),
        Some(Error::Protocol(_)) => farewell(close_code::PROTOCOL, "the frames are not those of a WebSocket"),
        _ => None,
    }
}
