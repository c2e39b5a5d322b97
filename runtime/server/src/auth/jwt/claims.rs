//! What a token says, once its signature is right: times, and who it is for.
//!
//! What must stay true: a claim of the wrong type refuses the token. Taking it for absent could turn a token
//! for one tenant into a token for another, or one with an end into one without.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use super::super::{AuthError, MAX_NAME_BYTES, Principal, Scopes, TenantId, is_name};
use super::JwtSettings;

/// Checks the times and reads the principal. The signature, issuer and audience have been checked.
pub(super) fn principal(
    claims: &Map<String, Value>,
    settings: &JwtSettings,
    fallback_tenant: &TenantId,
    now: SystemTime,
) -> Result<Principal, AuthError> {
    // The library takes a list of issuers too, of which one must be right; ours is one text.
    if claims.get("iss").and_then(Value::as_str) != Some(settings.issuer.as_str()) {
        return Err(AuthError::invalid("the token is another issuer's"));
    }
    let expires = time(claims, "exp")?.ok_or(AuthError::invalid("the token has no `exp`"))?;
    let not_before = time(claims, "nbf")?;
    let past_leeway = |time: SystemTime| time.checked_add(settings.leeway);
    if past_leeway(expires).ok_or(TIME_RANGE)? <= now {
        return Err(AuthError::Expired);
    }
    if not_before.is_some_and(|start| past_leeway(now).is_none_or(|latest| latest < start)) {
        return Err(AuthError::NotYetValid);
    }
    let tenant = match present(claims, &settings.tenant_claim) {
        None => fallback_tenant.clone(),
        Some(Value::String(name)) => {
            TenantId::parse(name).map_err(|_| AuthError::invalid("the token's tenant is not one"))?
        }
        Some(_) => return Err(AuthError::invalid("the token's tenant is not a text")),
    };
    let user = name(claims, "sub")?.ok_or(AuthError::invalid("the token has no `sub`"))?;
    let scopes = scopes(claims)?.narrowed_by(&settings.at_most);
    let (session, token_id) = (name(claims, "sid")?, name(claims, "jti")?);
    Ok(Principal {
        tenant,
        user,
        scopes,
        session,
        token_id,
        expires: Some(expires),
    })
}

const TIME_RANGE: AuthError = AuthError::Invalid {
    why: "a time in the token is out of range",
};

/// The claim, unless it is `null`, which says the same as its absence.
fn present<'a>(claims: &'a Map<String, Value>, claim: &str) -> Option<&'a Value> {
    claims.get(claim).filter(|value| !value.is_null())
}

/// A time in seconds since 1970; issuers may write fractions, which are cut.
fn time(claims: &Map<String, Value>, claim: &str) -> Result<Option<SystemTime>, AuthError> {
    let Some(value) = present(claims, claim) else {
        return Ok(None);
    };
    let since = match (value.as_u64(), value.as_f64()) {
        (Some(seconds), _) => Some(Duration::from_secs(seconds)),
        (None, Some(seconds)) => Duration::try_from_secs_f64(seconds.trunc()).ok(),
        (None, None) => None,
    };
    since
        .and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since))
        .map(Some)
        .ok_or(TIME_RANGE)
}

fn name(claims: &Map<String, Value>, claim: &str) -> Result<Option<String>, AuthError> {
    match present(claims, claim) {
        None => Ok(None),
        Some(Value::String(text)) if is_name(text) => Ok(Some(text.clone())),
        Some(_) => Err(AuthError::invalid(
            "the token's `sub`, `sid` or `jti` is not a name",
        )),
    }
}

/// The scopes of `scope`, a text with spaces, and of `scopes`, a list. Neither means no scopes, not all.
fn scopes(claims: &Map<String, Value>) -> Result<Scopes, AuthError> {
    let wrong = AuthError::invalid("the token's `scope` or `scopes` is neither a text nor a list of texts");
    let mut words = Vec::new();
    for claim in ["scope", "scopes"] {
        match present(claims, claim) {
            None => {}
            Some(Value::String(text)) => words.extend(text.split(' ').filter(|word| !word.is_empty())),
            Some(Value::Array(items)) => {
                for item in items {
                    words.push(item.as_str().ok_or_else(|| wrong.clone())?);
                }
            }
            Some(_) => return Err(wrong),
        }
    }
    // A word longer than any name is no scope, and need not be looked at letter by letter.
    words.retain(|word| word.len() <= MAX_NAME_BYTES);
    Scopes::from_foreign(words).map_err(|_| AuthError::invalid("the token has too many scopes"))
}
