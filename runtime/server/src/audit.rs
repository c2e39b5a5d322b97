//! What the operator is told of every call: who did what, to what, and how it ended. No input, no output and no secret is
//! in it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::auth::Principal;

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// The number of the error that it ended with; `None` when it went well.
    pub code: Option<i64>,
    /// How long it took. A call whose caller went away is not told.
    pub duration: Duration,
}

/// Takes the records, one call of it for each. It must be quick: the caller waits for it.
#[derive(Clone)]
pub struct Audit(Arc<dyn Fn(AuditRecord) + Send + Sync>);

impl Audit {
    /// Hands every record to `take`.
    pub fn new(take: impl Fn(AuditRecord) + Send + Sync + 'static) -> Audit {
        Audit(Arc::new(take))
    }

    pub(crate) fn tell(
        &self,
        principal: &Principal,
        method: &'static str,
        subject: Option<String>,
        code: Option<i64>,
        duration: Duration,
    ) {
        (self.0)(AuditRecord {
            tenant: principal.tenant.to_string(),
            user: principal.user.clone(),
            token_id: principal.token_id.clone(),
            method,
            subject,
            code,
            duration,
        });
    }
}

impl fmt::Debug for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Audit")
    }
}
