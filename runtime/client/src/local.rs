//! A server in this process: no socket, the same methods.

use std::collections::VecDeque;

use futures_util::stream;
use hap_server::Server;
use hap_server::auth::Principal;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::{Calling, Client, ClientError, EventStream, RunEvent, message};

/// How long one look for events waits for the first.
const WAIT_MS: u64 = 10_000;

/// Calls a server in this process for one principal.
#[derive(Clone)]
pub struct LocalClient {
    server: Server,
    principal: Principal,
}

impl LocalClient {
    /// Calls `server` as somebody who may do everything.
    pub fn new(server: Server) -> LocalClient {
        LocalClient::with_principal(server, Principal::local())
    }

    /// Calls `server` as `principal`, within its scopes.
    pub fn with_principal(server: Server, principal: Principal) -> LocalClient {
        LocalClient { server, principal }
    }
}

impl Client for LocalClient {
    fn call_raw<'a>(&'a self, method: &'a str, params: Box<RawValue>) -> Calling<'a, Box<RawValue>> {
        Box::pin(async move {
            let mut request = message::request(method, &params)?;
            request.push(b'\n');
            let mut answer = Vec::new();
            let served = self
                .server
                .serve_streams(&request[..], &mut answer, self.principal.clone());
            served
                .await
                .map_err(|error| ClientError::Broken(error.to_string()))?;
            // Notifications come before the answer, a line each.
            let last = answer.trim_ascii_end().rsplit(|byte| *byte == b'\n').next();
            message::result(last.unwrap_or_default())
        })
    }

    fn events(&self, run: &str, from: u64) -> EventStream {
        let state = Polling {
            client: self.clone(),
            run: run.to_owned(),
            next: from,
            waiting: VecDeque::new(),
        };
        Box::pin(stream::try_unfold(state, |mut state| async move {
            Ok(state.event().await?.map(|event| (event, state)))
        }))
    }
}

/// The answer of `run/events`.
#[derive(Deserialize)]
struct Piece {
    next: u64,
    missed: u64,
    ended: bool,
    events: Vec<Box<RawValue>>,
}

/// Where a reader stands.
struct Polling {
    client: LocalClient,
    run: String,
    next: u64,
    waiting: VecDeque<RunEvent>,
}

impl Polling {
    async fn event(&mut self) -> Result<Option<RunEvent>, ClientError> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Ok(Some(event));
            }
            let params = json!({ "run": self.run, "after": self.next, "wait_ms": WAIT_MS });
            let answer = self.client.call_raw("run/events", message::raw(&params)?).await?;
            let piece: Piece = crate::read(&answer)?;
            if piece.ended {
                return Ok(None);
            }
            if piece.missed > 0 {
                self.waiting.push_back(RunEvent::Missed(piece.missed));
            }
            let first = piece.next.saturating_sub(piece.events.len() as u64);
            let numbered = (first..).zip(piece.events);
            self.waiting
                .extend(numbered.map(|(number, event)| RunEvent::Event { number, event }));
            self.next = piece.next;
        }
    }
}
