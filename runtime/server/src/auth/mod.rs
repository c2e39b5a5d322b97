//! Who is asking, and what they may do: the only place that turns credentials into a [`Principal`].
//!
//! What must stay true:
//! - A transport gets a principal from an [`AuthProvider`] or from nowhere.
//! - What the client is told ([`AuthError`]'s `Display`) never says which part of its credentials was
//!   unknown and which was wrong; the operator's detail is in [`AuthError::detail`] and holds no text that
//!   the client sent.
//! - No secret is stored, printed or compared in clear.
//!
//! Deliberately absent: HTTP. Headers are read by the transport; only an issuer's keys are fetched from here.

mod files;
mod jwt;
mod none;
mod scopes;
mod secret;
mod tokens;

pub use files::{Access, FileError};
pub use jwt::{FetchKeys, JwtAuth, JwtSettings, JwtSetupError, KeySource};
pub use none::LocalOnly;
pub use scopes::{Grant, MAX_SCOPES, Scope, ScopeError, Scopes};
pub use secret::Secret;
pub use tokens::{Authority, NewToken, OneToken, TokenError, TokenInfo, TokenStore};

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::SystemTime;

use serde::de::{Deserialize, Deserializer, Error as _};

/// A future behind a pointer, so that [`AuthProvider`] can be used as `dyn`.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The longest tenant name, in bytes.
pub const MAX_TENANT_BYTES: usize = 128;

/// The longest user name, session or token id, in bytes: each ends up in logs and in a journal's records.
pub const MAX_NAME_BYTES: usize = 256;

/// The tenant that a principal acts for: the boundary that runs, graphs and tokens do not cross.
///
/// Letters, digits, `.`, `_` and `-`, the first one a letter or digit: so it is safe as a file name too.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantId(String);

/// A tenant name that can't be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a tenant is 1 to {MAX_TENANT_BYTES} letters, digits, `.`, `_` or `-`, and starts with a letter or digit"
)]
pub struct InvalidTenant;

impl TenantId {
    /// Takes `text` as a tenant's name.
    ///
    /// # Errors
    /// [`InvalidTenant`] when it is empty, too long, or holds another character.
    pub fn parse(text: &str) -> Result<Self, InvalidTenant> {
        let starts_well = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
        let plain = text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
        if starts_well && plain && text.len() <= MAX_TENANT_BYTES {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidTenant)
        }
    }

    /// The tenant of a server that has only one: `local`.
    #[must_use]
    pub fn local() -> Self {
        Self("local".to_owned())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// From its name, so that settings can name tenants.
impl<'de> Deserialize<'de> for TenantId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::parse(&name).map_err(D::Error::custom)
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Somebody who has shown who they are. Holds no secret, so it may be logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The tenant that it acts for.
    pub tenant: TenantId,
    /// The user's name within the tenant; free of control characters, at most [`MAX_NAME_BYTES`].
    pub user: String,
    /// What it may do.
    pub scopes: Scopes,
    /// The login session that the credentials belong to, when their issuer names one.
    pub session: Option<String>,
    /// The id of the token that was used (never the token).
    pub token_id: Option<String>,
    /// When the credentials stop being good. A long connection must end or ask again by then.
    pub expires: Option<SystemTime>,
}

impl Principal {
    /// Somebody of tenant `local` who may do everything: the program's own user, where the server is part of a program.
    #[must_use]
    pub fn local() -> Self {
        Self {
            tenant: TenantId::local(),
            user: "local".to_owned(),
            scopes: Scopes::all(),
            session: None,
            token_id: None,
            expires: None,
        }
    }

    /// Whether it may use `scope` on `name`, or on everything when `name` is `None`.
    #[must_use]
    pub fn may(&self, scope: Scope, name: Option<&str>) -> bool {
        self.scopes.allows(scope, name)
    }
}

/// What a transport knows about a client that wants in.
#[derive(Debug)]
pub struct Credentials {
    /// The bearer token, without the word `Bearer`.
    pub bearer: Option<Secret>,
    /// Whether the peer of the connection has a loopback address. Behind a proxy on this machine every peer
    /// does, so there it says nothing about the client.
    pub peer_is_loopback: bool,
    /// The time that expiry is decided by.
    pub now: SystemTime,
}

/// Decides who a client is. Each implementation knows one kind of credentials.
pub trait AuthProvider: Send + Sync {
    /// Says who the credentials belong to. Dropping the future is safe at any point.
    ///
    /// # Errors
    /// [`AuthError`], by what the client can do about it.
    fn authenticate<'a>(
        &'a self,
        credentials: &'a Credentials,
    ) -> BoxFuture<'a, Result<Principal, AuthError>>;
}

/// Why nobody was let in. `Display` is what the client may be told; [`AuthError::detail`] is for the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// There were no credentials.
    #[error("credentials are missing")]
    Missing,
    /// The credentials are unknown, malformed, or not meant for this server: the client is not told which.
    #[error("credentials are not valid")]
    Invalid {
        /// Which it was; a fixed text, so that nothing a client sent gets into a log through it.
        why: &'static str,
    },
    /// The credentials were good once. Only said of credentials whose secret or signature was right.
    #[error("credentials have expired")]
    Expired,
    /// The credentials will be good later. Only said of credentials whose signature was right.
    #[error("credentials are not valid yet")]
    NotYetValid,
    /// The credentials can't be checked at present; asking again later can help.
    #[error("credentials can't be checked at present")]
    Unavailable {
        /// What is not available.
        why: String,
    },
}

impl AuthError {
    /// What the operator's log should say. Never tell it to the client.
    #[must_use]
    pub fn detail(&self) -> &str {
        match self {
            Self::Missing => "no credentials were sent",
            Self::Invalid { why } => why,
            Self::Expired => "the credentials have expired",
            Self::NotYetValid => "the credentials are not valid yet",
            Self::Unavailable { why } => why,
        }
    }

    pub(crate) fn invalid(why: &'static str) -> Self {
        Self::Invalid { why }
    }
}

/// Whether `text` can be a user, session or token id: not empty, not long, and safe to print.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_NAME_BYTES && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_is_a_plain_word() {
        for good in ["a", "acme", "acme-1.eu_west", "9"] {
            assert_eq!(TenantId::parse(good).unwrap().to_string(), good);
        }
        let long = "a".repeat(MAX_TENANT_BYTES + 1);
        for bad in ["", ".", "..", "-a", "a/b", "a b", "a\n", "ä", "https://x", &long] {
            assert_eq!(TenantId::parse(bad), Err(InvalidTenant), "{bad:?}");
        }
    }

    #[test]
    fn the_client_is_not_told_what_was_wrong() {
        let unknown = AuthError::invalid("no key has this id");
        let wrong = AuthError::invalid("the signature does not fit");
        assert_eq!(unknown.to_string(), wrong.to_string());
        assert_ne!(unknown.detail(), wrong.detail());
        let down = AuthError::Unavailable {
            why: "connection refused by 10.0.0.7".into(),
        };
        assert!(!down.to_string().contains("10.0.0.7"));
    }

    #[test]
    fn debug_of_credentials_never_shows_the_token() {
        let credentials = Credentials {
            bearer: Some(Secret::new("hap_verysecret".into())),
            peer_is_loopback: false,
            now: SystemTime::UNIX_EPOCH,
        };
        assert!(!format!("{credentials:?} {credentials:#?}").contains("verysecret"));
    }
}
