//! `GET /runs/ID/events`: the events of a run as they happen, as server-sent events (HTML standard, section 9.2). A reader
//! that was cut off goes on behind the number in its `Last-Event-ID`.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::SystemTime;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::time::Instant;

use super::busy::busy;
use super::guard::refusal;
use crate::auth::{Principal, Scope};
use crate::inner::Inner;
use crate::limits::RequestPlace;
use crate::methods::{Caller, find_run};
use crate::rpc::Code;
use crate::runs::{Read, RunEntry};

/// How many events are taken from a run's log at one time.
const PIECE: usize = 64;

/// Where a reader stands.
struct Reader {
    run: Arc<RunEntry>,
    next: u64,
    waiting: std::vec::IntoIter<Event>,
    ended: bool,
    /// When the caller's credentials stop being good.
    expires: Option<Instant>,
    _place: RequestPlace,
}

pub(super) async fn events(
    State(server): State<Arc<Inner>>,
    Extension(principal): Extension<Arc<Principal>>,
    Path(run): Path<String>,
    headers: HeaderMap,
) -> Response {
    let place = match server.limits.request(&principal.tenant) {
        Ok(place) => place,
        Err(error) => return busy(error),
    };
    // What lies further ahead than a clock can tell is never.
    let expires = principal.expires.and_then(|end| {
        let left = end.duration_since(SystemTime::now()).unwrap_or_default();
        Instant::now().checked_add(left)
    });
    let caller = Caller::new(server, principal);
    let run = match find_run(&caller, &run, Scope::RunRead) {
        Ok(run) => run,
        Err(error) if error.known_code() == Some(Code::Forbidden) => {
            return refusal(StatusCode::FORBIDDEN, error);
        }
        Err(error) => return refusal(StatusCode::NOT_FOUND, error),
    };
    let last = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let reader = Reader {
        run,
        next: last.map_or(0, |last| last.saturating_add(1)),
        waiting: Vec::new().into_iter(),
        ended: false,
        expires,
        _place: place,
    };
    let events = stream::unfold(reader, |mut reader| async move {
        let event = reader.event().await?;
        Some((Ok::<_, Infallible>(event), reader))
    });
    Sse::new(events).keep_alive(KeepAlive::default()).into_response()
}

impl Reader {
    async fn event(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.next() {
                return Some(event);
            }
            if self.ended {
                return None;
            }
            if self.expires.is_some_and(|end| end <= Instant::now()) {
                return None;
            }
            let read = self.run.log.next(self.next, PIECE);
            let read = match self.expires {
                Some(end) => tokio::time::timeout_at(end, read).await.unwrap_or(Read::End),
                None => read.await,
            };
            match read {
                Read::End => self.ended = true,
                Read::Events {
                    first,
                    missed,
                    events,
                } => {
                    let told =
                        (missed > 0).then(|| Event::default().event("missed").data(missed.to_string()));
                    let numbered = events.iter().zip(first..);
                    let events = numbered
                        .map(|(kept, number)| Event::default().id(number.to_string()).data(&*kept.text));
                    self.waiting = told.into_iter().chain(events).collect::<Vec<_>>().into_iter();
                    self.next = first + self.waiting.len() as u64 - u64::from(missed > 0);
                }
            }
        }
    }
}
