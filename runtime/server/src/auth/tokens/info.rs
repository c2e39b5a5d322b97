//! One token as people see it: what it is to be, and what is known about it.
//!
//! What must stay true: whatever [`checked_info`] lets through can be written to the file and read back equal;
//! so times are whole seconds since 1970.

use std::time::{Duration, SystemTime};

use super::super::{MAX_SCOPES, Principal, Scopes, TenantId, is_name};
use super::{TokenError, text};

/// What a token is to be.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// What people call it; unique within the tenant.
    pub name: String,
    /// The tenant it acts for.
    pub tenant: TenantId,
    /// The user it acts for.
    pub user: String,
    /// What it may do.
    pub scopes: Scopes,
    /// When it stops working; never, when `None`. Cut to whole seconds.
    pub expires: Option<SystemTime>,
}

/// What is known about a token; not its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenInfo {
    /// Its id, by which it is revoked; no secret.
    pub id: String,
    /// What people call it; unique within the tenant.
    pub name: String,
    /// The tenant it acts for.
    pub tenant: TenantId,
    /// The user it acts for.
    pub user: String,
    /// What it may do.
    pub scopes: Scopes,
    /// When it was made.
    pub created: SystemTime,
    /// When it stops working; never, when `None`.
    pub expires: Option<SystemTime>,
    /// When it last got a new secret.
    pub rotated: Option<SystemTime>,
}

impl TokenInfo {
    pub(super) fn principal(&self) -> Principal {
        Principal {
            tenant: self.tenant.clone(),
            user: self.user.clone(),
            scopes: self.scopes.clone(),
            session: None,
            token_id: Some(self.id.clone()),
            expires: self.expires,
        }
    }
}

/// Checks what can be checked without the other tokens, and gives the token an id.
pub(super) fn checked_info(new: NewToken, now: SystemTime) -> Result<TokenInfo, TokenError> {
    let NewToken {
        name,
        tenant,
        user,
        scopes,
        expires,
    } = new;
    if !is_name(&name) || !is_name(&user) {
        return Err(TokenError::Name);
    }
    // What two sets share can be more than one set may be written with, and then could not be read back.
    if scopes.iter().count() > MAX_SCOPES {
        return Err(TokenError::TooManyScopes);
    }
    let whole = |time: SystemTime| time_of(seconds_of(time)?).ok_or(TokenError::Expiry);
    let expires = expires.map(whole).transpose()?;
    Ok(TokenInfo {
        id: text::make_id()?,
        name,
        tenant,
        user,
        scopes,
        created: whole(now)?,
        expires,
        rotated: None,
    })
}

pub(super) fn seconds_of(time: SystemTime) -> Result<u64, TokenError> {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .map(|since| since.as_secs())
        .map_err(|_| TokenError::Expiry)
}

pub(super) fn time_of(seconds: u64) -> Option<SystemTime> {
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}
