//! What can go wrong with tokens, apart from letting a client in.
//!
//! What must stay true: no message holds a token, a digest, or anything that a damaged file says.

use std::path::PathBuf;

use super::super::{FileError, Grant, MAX_NAME_BYTES, MAX_SCOPES, TenantId};

/// What can go wrong with tokens, apart from letting a client in. Never holds a token or its digest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The token file can't be read, locked or replaced.
    #[error("token file {0}")]
    File(#[from] FileError),
    /// The token file holds something else than tokens.
    #[error("token file `{path}` is damaged: {what}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        what: String,
    },
    /// The token's or its user's name is empty, too long, or holds control characters.
    #[error("a token and its user need a name of 1 to {MAX_NAME_BYTES} bytes without control characters")]
    Name,
    /// There are more scopes than a token can have.
    #[error("a token can't have more than {MAX_SCOPES} scopes")]
    TooManyScopes,
    /// The tenant has a token with this name.
    #[error("tenant `{tenant}` has a token of this name already")]
    NameTaken {
        /// The tenant.
        tenant: TenantId,
    },
    /// The maker lacks a scope that the token would have.
    #[error("a token can't be given `{grant}`, which its maker does not have")]
    ScopeNotHeld {
        /// The first such scope.
        grant: Grant,
    },
    /// The token would be for another tenant, or for another user without being made by an admin.
    #[error("a token can only be for its maker, unless an admin of the tenant makes it")]
    NotYours,
    /// The token would work longer than the credentials that make it, or would be expired already.
    #[error("a token must expire after now, and no later than the credentials it is made with")]
    Expiry,
    /// No token has this id, or it is none of the caller's business.
    #[error("no token has this id")]
    NotFound,
    /// The file is full.
    #[error("the token file is full: revoke tokens that are not used")]
    Full,
    /// The operating system gave no random bytes.
    #[error("no random bytes are to be had")]
    NoRandomness,
}
