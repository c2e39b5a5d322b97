//! Who takes part in the tests: callers that a table knows, and an agent whose end the tests decide.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use hap::{Agent, Answer, BoxFuture, Call, Digest, Manifest, Request, Usage};
use hap_server::auth::{AuthError, AuthProvider, Credentials, Principal, Scopes, TenantId};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::support::until;

/// Knows tokens by a table: `TOKEN` is `tenant user scopes`.
#[derive(Default)]
pub(crate) struct Table {
    known: HashMap<String, Principal>,
    /// How often a token is good yet, where that is bounded.
    left: HashMap<String, AtomicUsize>,
    /// Knows the others.
    others: Option<Arc<dyn AuthProvider>>,
}

impl Table {
    pub(crate) fn with(mut self, token: &str, tenant: &str, scopes: &str) -> Table {
        let principal = Principal {
            tenant: TenantId::parse(tenant).unwrap(),
            user: format!("{token}-user"),
            scopes: scopes.parse::<Scopes>().unwrap(),
            session: None,
            token_id: None,
            expires: None,
        };
        self.known.insert(token.to_owned(), principal);
        self
    }

    /// Asks `others` about the tokens that are not in the table.
    pub(crate) fn or(mut self, others: impl AuthProvider + 'static) -> Table {
        self.others = Some(Arc::new(others));
        self
    }

    pub(crate) fn expiring(mut self, token: &str, at: SystemTime) -> Table {
        self.known.get_mut(token).unwrap().expires = Some(at);
        self
    }

    /// The token is good that many times.
    pub(crate) fn revoked_after(mut self, token: &str, times: usize) -> Table {
        self.left.insert(token.to_owned(), AtomicUsize::new(times));
        self
    }
}

impl AuthProvider for Table {
    fn authenticate<'a>(
        &'a self,
        credentials: &'a Credentials,
    ) -> BoxFuture<'a, Result<Principal, AuthError>> {
        Box::pin(async move {
            let bearer = credentials.bearer.as_ref().ok_or(AuthError::Missing)?;
            let known = match (self.known.get(bearer.expose()), &self.others) {
                (Some(known), _) => known,
                (None, Some(others)) => return others.authenticate(credentials).await,
                (None, None) => return Err(AuthError::Invalid { why: "unknown" }),
            };
            if let Some(left) = self.left.get(bearer.expose())
                && left
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
                    .is_err()
            {
                return Err(AuthError::Invalid { why: "revoked" });
            }
            match known.expires {
                Some(end) if end <= credentials.now => Err(AuthError::Expired),
                _ => Ok(known.clone()),
            }
        })
    }
}

/// An agent that waits at a gate, and tells how many came, left, and were dropped.
pub(crate) struct Gate {
    manifest: Manifest,
    pub(crate) open: Semaphore,
    pub(crate) came: AtomicUsize,
    pub(crate) gone: AtomicUsize,
}

impl Gate {
    pub(crate) fn new() -> Arc<Gate> {
        Arc::new(Gate {
            manifest: Manifest::in_process("gate"),
            open: Semaphore::new(0),
            came: AtomicUsize::new(0),
            gone: AtomicUsize::new(0),
        })
    }

    pub(crate) async fn came(&self, count: usize) {
        until(|| self.came.load(Ordering::SeqCst) >= count).await;
    }
}

struct Leaves<'a>(&'a AtomicUsize);

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Agent for Gate {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn digest(&self) -> Option<Digest> {
        None
    }

    fn invoke(&self, _: Request, _: Call) -> BoxFuture<'_, Answer> {
        Box::pin(async move {
            let _leaves = Leaves(&self.gone);
            self.came.fetch_add(1, Ordering::SeqCst);
            let place = self.open.acquire().await;
            drop(place);
            Answer {
                result: Ok(json!({ "through": true }).to_string()),
                usage: Usage::default(),
            }
        })
    }
}
