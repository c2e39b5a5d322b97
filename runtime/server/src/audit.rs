//! What the operator is told of every call: who did what, to what, and how it ended. No input, no output and no secret is
//! in it.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Serialize, Serializer};

use crate::methods::Caller;
use crate::rpc::Code;

/// One call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AuditRecord {
    /// The tenant of the caller.
    pub tenant: String,
    /// The caller within it.
    pub user: String,
    /// The id of the token that was used; never the token.
    pub token_id: Option<String>,
    /// The method, by its first spelling.
    pub method: &'static str,
    /// What the call named: an agent, a graph or a resource, free of control characters and cut short.
    pub subject: Option<String>,
    /// The number of the error that it ended with; `None` when it went well. That of a call whose caller went away before it
    /// ended is that of [`Code::Cancelled`].
    pub code: Option<i64>,
    /// How long it took.
    #[serde(rename = "duration_us", serialize_with = "microseconds")]
    pub duration: Duration,
}

fn microseconds<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(value.as_micros()).unwrap_or(u64::MAX))
}

/// Takes the records, one call of it for each. It must be quick: the caller waits for it.
#[derive(Clone)]
pub struct Audit(Arc<dyn Fn(AuditRecord) + Send + Sync>);

impl Audit {
    /// Hands every record to `take`.
    pub fn new(take: impl Fn(AuditRecord) + Send + Sync + 'static) -> Audit {
        Audit(Arc::new(take))
    }
}

impl fmt::Debug for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Audit")
    }
}

/// A call that is under way. It is told and counted when it ends, and when it is dropped before that.
pub(crate) struct OpenCall {
    caller: Caller,
    method: &'static str,
    subject: Option<String>,
    began: Instant,
    code: Option<i64>,
}

impl OpenCall {
    pub(crate) fn new(caller: Caller, method: &'static str, subject: Option<String>) -> OpenCall {
        OpenCall {
            caller,
            method,
            subject,
            began: Instant::now(),
            code: Some(Code::Cancelled.number()),
        }
    }

    /// The call has ended; `code` is its error's.
    pub(crate) fn ended(mut self, code: Option<i64>) {
        self.code = code;
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        let (server, principal) = (&self.caller.server, &self.caller.principal);
        let duration = self.began.elapsed();
        server.telemetry.metrics.call(self.method, self.code, duration);
        if let Some(Audit(take)) = &server.settings.audit {
            take(AuditRecord {
                tenant: principal.tenant.to_string(),
                user: principal.user.clone(),
                token_id: principal.token_id.clone(),
                method: self.method,
                subject: self.subject.take(),
                code: self.code,
                duration,
            });
        }
    }
}
