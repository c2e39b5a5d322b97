//! On whose authority tokens are made, seen and removed.
//!
//! What must stay true: no principal gets, through a token, a right, a tenant or a time that it lacks.

use std::time::SystemTime;

use super::super::{Principal, Scope};
use super::{TokenError, TokenInfo};

/// Who manages tokens.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Authority<'a> {
    /// Whoever runs the server and owns the token file: may do everything.
    Operator,
    /// A client: may manage its own tokens, and with `admin` those of its tenant.
    Principal(&'a Principal),
}

impl Authority<'_> {
    /// Whether the token is the caller's business.
    pub(super) fn may_see(self, info: &TokenInfo) -> bool {
        match self {
            Self::Operator => true,
            Self::Principal(by) => {
                by.tenant == info.tenant && (by.user == info.user || by.may(Scope::Admin, None))
            }
        }
    }

    /// Whether the caller may hand out a secret that is worth what `info` says.
    pub(super) fn check_grant(self, info: &TokenInfo, now: SystemTime) -> Result<(), TokenError> {
        if info.expires.is_some_and(|expires| expires <= now) {
            return Err(TokenError::Expiry);
        }
        let Self::Principal(maker) = self else {
            return Ok(());
        };
        if !self.may_see(info) {
            return Err(TokenError::NotYours);
        }
        if let Some(grant) = maker.scopes.first_not_covered(&info.scopes) {
            return Err(TokenError::ScopeNotHeld { grant: grant.clone() });
        }
        match (maker.expires, info.expires) {
            (None, _) => Ok(()),
            (Some(latest), Some(expires)) if expires <= latest => Ok(()),
            (Some(_), _) => Err(TokenError::Expiry),
        }
    }
}
