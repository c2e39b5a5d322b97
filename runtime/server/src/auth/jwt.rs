//! Signed tokens of an issuer that the operator trusts (JWT): HS256, RS256 and EdDSA.
//!
//! What must stay true:
//! - A token is checked with the algorithm that belongs to the key. Its header's `alg` can only agree; so
//!   `none`, and a public key used as a shared secret, get nowhere.
//! - Nothing in a token says where a key comes from: `jwk`, `jku` and `x5u` are not looked at, and `kid` is
//!   compared with the ids of keys that are already here, never put into a path or an address.
//! - Nothing in a token is believed before its signature is right; expiry is told only after that.
//! - One provider has one issuer, so that no issuer speaks for another's tenants.
//!
//! Where keys come from and how long they stay is in `source.rs`, how they are fetched in `fetch.rs`, and what a key must be in `keys.rs`.

mod claims;
mod fetch;
mod keys;
mod pem;
mod source;

pub use keys::JwtSetupError;
pub use source::{FetchKeys, KeySource};

use std::time::Duration;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Header, Validation, decode, decode_header};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::{AuthError, AuthProvider, BoxFuture, Credentials, Principal, Scopes, TenantId, is_name};
use keys::{Key, SigningAlgorithm};

/// The longest token, in bytes. Real ones have one or two thousand; each byte is parsed before it is trusted.
const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// The most leeway: clocks that differ more are broken, and leeway lengthens the life of a stolen token.
const MAX_LEEWAY: Duration = Duration::from_secs(600);

/// What tokens must say, and how they are read.
#[derive(Clone, Debug)]
pub struct JwtSettings {
    /// The issuer (`iss`), to the letter.
    pub issuer: String,
    /// The names that this server goes by; a token must be meant for one of them (`aud`).
    pub audience: Vec<String>,
    /// The claim that names the tenant.
    pub tenant_claim: String,
    /// The tenant of tokens without that claim. When `None`, one is made from the issuer's name.
    pub tenant_without_claim: Option<TenantId>,
    /// By how much the issuer's clock may differ from ours; at most ten minutes.
    pub leeway: Duration,
    /// The most that a token of this issuer can allow, whatever it says.
    pub at_most: Scopes,
}

impl JwtSettings {
    /// Settings with the usual rest: claim `tenant`, a minute of leeway, no limit on scopes.
    #[must_use]
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            audience: vec![audience.into()],
            tenant_claim: "tenant".to_owned(),
            tenant_without_claim: None,
            leeway: Duration::from_secs(60),
            at_most: Scopes::all(),
        }
    }
}

/// Lets in whoever has a token that the issuer signed for this server.
#[derive(Debug)]
pub struct JwtAuth {
    settings: JwtSettings,
    fallback_tenant: TenantId,
    source: KeySource,
}

impl JwtAuth {
    /// Checks tokens by these settings and keys.
    ///
    /// # Errors
    /// [`JwtSetupError::Settings`] when the issuer or the audience is empty, or the leeway too long: each would
    /// quietly let in tokens that were not meant for this server.
    pub fn new(settings: JwtSettings, source: KeySource) -> Result<Self, JwtSetupError> {
        if settings.issuer.is_empty() {
            return Err(JwtSetupError::Settings("the issuer is empty"));
        }
        if settings.audience.is_empty() || settings.audience.iter().any(String::is_empty) {
            return Err(JwtSetupError::Settings("the audience is empty"));
        }
        if settings.leeway > MAX_LEEWAY {
            return Err(JwtSetupError::Settings("the leeway is more than ten minutes"));
        }
        let fallback_tenant = match &settings.tenant_without_claim {
            Some(tenant) => tenant.clone(),
            None => tenant_of_issuer(&settings.issuer)?,
        };
        Ok(Self {
            settings,
            fallback_tenant,
            source,
        })
    }

    async fn check(&self, token: &str, credentials: &Credentials) -> Result<Principal, AuthError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(AuthError::invalid("the token is too long"));
        }
        // A header with an `alg` that the library does not know, `none` among them, does not parse.
        let header =
            decode_header(token).map_err(|_| AuthError::invalid("the token's header can't be read"))?;
        let algorithm = check_header(&header)?;
        let keys = self.source.keys_for(header.kid.as_deref()).await?;
        let mut outcome = Err(AuthError::invalid("no key has the token's key id and algorithm"));
        for key in keys.select(header.kid.as_deref(), algorithm) {
            outcome = self.verified(token, key);
            if outcome.is_ok() {
                break;
            }
        }
        claims::principal(&outcome?, &self.settings, &self.fallback_tenant, credentials.now)
    }

    /// The claims, when the signature, the issuer and the audience are right. Times are not looked at here: the
    /// library would ask the system's clock, and our time comes in as a value.
    fn verified(&self, token: &str, key: &Key) -> Result<Map<String, Value>, AuthError> {
        let mut validation = Validation::new(key.algorithm.in_library());
        validation.set_issuer(&[&self.settings.issuer]);
        validation.set_audience(&self.settings.audience);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let decoded = decode::<Map<String, Value>>(token, &key.key, &validation);
        decoded.map(|token| token.claims).map_err(|error| {
            AuthError::invalid(match error.kind() {
                ErrorKind::InvalidSignature => "the signature does not fit",
                ErrorKind::InvalidIssuer => "the token is another issuer's",
                ErrorKind::InvalidAudience => "the token is meant for somebody else",
                ErrorKind::MissingRequiredClaim(_) => "the token lacks `exp`, `iss`, `aud` or `sub`",
                ErrorKind::InvalidAlgorithm => "the token's algorithm is not its key's",
                _ => "the token can't be read",
            })
        })
    }
}

/// Refuses headers that change what the token means, and gives the algorithm.
fn check_header(header: &Header) -> Result<SigningAlgorithm, AuthError> {
    if header.crit.is_some() {
        return Err(AuthError::invalid(
            "the token's header asks for extensions (`crit`)",
        ));
    }
    // An issuer signs other things with the same keys, such as logout tokens; those have types of their own.
    let typ = header.typ.as_deref().unwrap_or("JWT").to_ascii_lowercase();
    if !matches!(typ.trim_start_matches("application/"), "jwt" | "at+jwt") {
        return Err(AuthError::invalid(
            "the token's type is not that of an access token",
        ));
    }
    if header.kid.as_deref().is_some_and(|kid| !is_name(kid)) {
        return Err(AuthError::invalid("the token's key id is not one"));
    }
    SigningAlgorithm::from_library(header.alg)
        .ok_or(AuthError::invalid("the token's algorithm is not allowed"))
}

/// The tenant of tokens that name none: the issuer, when it is a plain word, and else a digest of it, because
/// an address can't be a tenant. The same issuer is always the same tenant.
fn tenant_of_issuer(issuer: &str) -> Result<TenantId, JwtSetupError> {
    TenantId::parse(issuer).or_else(|_| {
        let digest: String = Sha256::digest(issuer)
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        TenantId::parse(&format!("iss-{digest}"))
            .map_err(|_| JwtSetupError::Settings("the issuer gives no tenant"))
    })
}

impl AuthProvider for JwtAuth {
    /// Waits for keys when the source has to fetch them, which needs a tokio runtime with time.
    fn authenticate<'a>(
        &'a self,
        credentials: &'a Credentials,
    ) -> BoxFuture<'a, Result<Principal, AuthError>> {
        Box::pin(async move {
            let token = credentials.bearer.as_ref().ok_or(AuthError::Missing)?;
            self.check(token.expose(), credentials).await
        })
    }
}

#[cfg(test)]
mod tests;
