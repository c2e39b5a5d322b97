//! Whose the sessions are, and how many there may be. Sessions are of the versions of MCP before 2026-07-28: a client
//! gets one with its first request, and names it in all others.
//!
//! What must stay true: a session is good for the user alone who began it. To everybody else it is not there,
//! whatever they know; a client that names a session of its own making gets none.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rmcp::transport::streamable_http_server::SessionId;
use rmcp::transport::streamable_http_server::session::SessionManager;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;

use crate::auth::{Principal, TenantId};
use crate::rpc::{Code, RpcError};
use crate::settings::Settings;

/// How many streams of one session may wait for messages: one is enough, and one that was cut off may not be missed
/// yet.
const MAX_WAITING: usize = 4;

/// The sessions of a server.
pub(super) struct Sessions {
    manager: Arc<LocalSessionManager>,
    known: Mutex<Known>,
    most: usize,
    most_per_tenant: usize,
    idle: Duration,
}

#[derive(Default)]
struct Known {
    by_id: HashMap<SessionId, Session>,
    /// How many more are being made, of each tenant.
    coming: HashMap<TenantId, usize>,
}

struct Session {
    tenant: TenantId,
    user: String,
    /// Requests and streams under way.
    busy: usize,
    /// Those of them that wait for messages without an end.
    waiting: usize,
    used: Instant,
}

impl Session {
    fn is_idle_for(&self, idle: Duration) -> bool {
        self.busy == 0 && self.used.elapsed() > idle
    }
}

/// A session that a request uses. While there is one, the session is not idle.
pub(super) struct InUse {
    sessions: Arc<Sessions>,
    id: SessionId,
    waits: bool,
}

impl Drop for InUse {
    fn drop(&mut self) {
        if let Some(session) = self.sessions.known().by_id.get_mut(&self.id) {
            session.busy -= 1;
            session.waiting -= usize::from(self.waits);
            session.used = Instant::now();
        }
    }
}

/// A place for one more session, until it is there.
pub(super) struct Coming {
    sessions: Arc<Sessions>,
    tenant: TenantId,
    user: String,
}

impl Drop for Coming {
    fn drop(&mut self) {
        let mut known = self.sessions.known();
        if let Some(count) = known.coming.get_mut(&self.tenant) {
            *count -= 1;
            if *count == 0 {
                known.coming.remove(&self.tenant);
            }
        }
    }
}

impl Coming {
    /// The session is there.
    pub(super) fn arrived(self, id: SessionId) -> InUse {
        let session = Session {
            tenant: self.tenant.clone(),
            user: self.user.clone(),
            busy: 1,
            waiting: 0,
            used: Instant::now(),
        };
        self.sessions.known().by_id.insert(id.clone(), session);
        InUse {
            sessions: self.sessions.clone(),
            id,
            waits: false,
        }
    }
}

impl Sessions {
    pub(super) fn new(manager: Arc<LocalSessionManager>, settings: &Settings) -> Arc<Sessions> {
        Arc::new(Sessions {
            manager,
            known: Mutex::default(),
            most: settings.max_mcp_sessions,
            most_per_tenant: settings.max_mcp_sessions_per_tenant,
            idle: settings.mcp_session_idle,
        })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The session of that id, if it is this caller's, for a request or for a stream that `waits` for messages.
    ///
    /// # Errors
    /// When the caller has no such session, or it has as many such streams as it may.
    pub(super) async fn enter(
        self: &Arc<Sessions>,
        principal: &Principal,
        id: &str,
        waits: bool,
    ) -> Result<InUse, RpcError> {
        self.close_idle().await;
        let mut known = self.known();
        let id = known.by_id.get_key_value(id).map(|(id, _)| id.clone());
        let session = id.as_ref().and_then(|id| known.by_id.get_mut(id));
        let own =
            session.filter(|session| session.tenant == principal.tenant && session.user == principal.user);
        let (Some(id), Some(session)) = (id, own) else {
            return Err(RpcError::new(Code::NotFound, "there is no such session"));
        };
        if waits && session.waiting >= MAX_WAITING {
            let message = "the session has as many streams as may be";
            return Err(RpcError::over_quota(message, Duration::from_secs(1)));
        }
        session.busy += 1;
        session.waiting += usize::from(waits);
        Ok(InUse {
            sessions: self.clone(),
            id,
            waits,
        })
    }

    /// A place for one more session of this caller's. Of a tenant that has as many as it may, the one that was used
    /// longest ago is closed, of those that no request uses.
    ///
    /// # Errors
    /// When there are as many as there may be, and all of the tenant's are in use.
    pub(super) async fn place(self: &Arc<Sessions>, principal: &Principal) -> Result<Coming, RpcError> {
        self.close_idle().await;
        let (coming, replaced) = self.reserve(principal)?;
        if let Some(id) = replaced {
            self.close(&id).await;
        }
        Ok(coming)
    }

    fn reserve(self: &Arc<Sessions>, principal: &Principal) -> Result<(Coming, Option<SessionId>), RpcError> {
        let mut known = self.known();
        let tenant = &principal.tenant;
        let own = known
            .by_id
            .values()
            .filter(|session| session.tenant == *tenant)
            .count();
        let own = own + known.coming.get(tenant).copied().unwrap_or_default();
        let all = known.by_id.len() + known.coming.values().sum::<usize>();
        let mut replaced = None;
        if own >= self.most_per_tenant || all >= self.most {
            let free = known
                .by_id
                .iter()
                .filter(|(_, session)| session.tenant == *tenant && session.busy == 0);
            let oldest = free
                .min_by_key(|(_, session)| session.used)
                .map(|(id, _)| id.clone());
            let Some(oldest) = oldest else {
                let message = "there are as many sessions as may be";
                return Err(RpcError::over_quota(message, Duration::from_secs(1)));
            };
            known.by_id.remove(&oldest);
            replaced = Some(oldest);
        }
        *known.coming.entry(tenant.clone()).or_default() += 1;
        let coming = Coming {
            sessions: self.clone(),
            tenant: tenant.clone(),
            user: principal.user.clone(),
        };
        Ok((coming, replaced))
    }

    /// The client has ended the session.
    pub(super) fn ended(&self, id: &str) {
        self.known().by_id.remove(id);
    }

    async fn close_idle(&self) {
        let idle: Vec<SessionId> = {
            let mut known = self.known();
            let idle = known
                .by_id
                .extract_if(|_, session| session.is_idle_for(self.idle));
            idle.map(|(id, _)| id).collect()
        };
        for id in idle {
            self.close(&id).await;
        }
    }

    async fn close(&self, id: &SessionId) {
        // One that has ended by itself is closed already.
        let _ = self.manager.close_session(id).await;
    }
}
