//! A single token, made when a server starts and gone when it ends; nothing is written anywhere.
//!
//! What must stay true: only the token's digest is kept, and digests are what is compared (why that is enough
//! is said in `tokens.rs`).

use super::super::{AuthError, AuthProvider, BoxFuture, Credentials, Principal, Scopes, Secret, TenantId};
use super::TokenError;
use super::text::{self, Digest};

/// Lets in whoever has the one token.
#[derive(Clone)]
pub struct OneToken {
    digest: Digest,
    principal: Principal,
}

impl OneToken {
    /// Makes a token for the user, and gives its secret this once.
    ///
    /// # Errors
    /// [`TokenError::Name`] when `user` can't be a name, [`TokenError::NoRandomness`] without random bytes.
    pub fn make(tenant: TenantId, user: &str, scopes: Scopes) -> Result<(Self, Secret), TokenError> {
        if !super::super::is_name(user) {
            return Err(TokenError::Name);
        }
        let (secret, digest) = text::make()?;
        let token_id = Some(text::make_id()?);
        let principal = Principal {
            tenant,
            user: user.to_owned(),
            scopes,
            session: None,
            token_id,
            expires: None,
        };
        Ok((Self { digest, principal }, secret))
    }
}

impl std::fmt::Debug for OneToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OneToken")
            .field("principal", &self.principal)
            .finish_non_exhaustive()
    }
}

impl AuthProvider for OneToken {
    fn authenticate<'a>(
        &'a self,
        credentials: &'a Credentials,
    ) -> BoxFuture<'a, Result<Principal, AuthError>> {
        Box::pin(async move {
            let secret = credentials.bearer.as_ref().ok_or(AuthError::Missing)?;
            if text::digest(secret) == Some(self.digest) {
                Ok(self.principal.clone())
            } else {
                Err(AuthError::invalid("this is not the token made at start"))
            }
        })
    }
}
