//! The claims about signed tokens: which are believed, and what a forger tries. Keys made for these tests only.

mod forged;
mod keys;
mod source;

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, encode};
use serde_json::json;

use super::super::{Scope, Secret};
use super::*;

const RSA_PRIVATE: &[u8] = include_bytes!("testdata/rsa_private.pem");
const RSA_PUBLIC: &[u8] = include_bytes!("testdata/rsa_public.pem");
const ED_PRIVATE: &[u8] = include_bytes!("testdata/ed_private.pem");
const ED_PUBLIC: &[u8] = include_bytes!("testdata/ed_public.pem");
const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
const ISSUER: &str = "https://login.example.com/";
const NOW: u64 = 1_000_000;

fn settings() -> JwtSettings {
    JwtSettings::new(ISSUER, "hap")
}

/// The bytes in a file that only we can read.
fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    file
}

fn by_secret() -> JwtAuth {
    JwtAuth::new(settings(), KeySource::secret_file(file(SECRET)).unwrap()).unwrap()
}

fn by_public(pem: &[u8]) -> JwtAuth {
    JwtAuth::new(settings(), KeySource::public_key_file(file(pem)).unwrap()).unwrap()
}

fn claims() -> Value {
    json!({"iss": ISSUER, "aud": "hap", "sub": "ada", "exp": NOW + 100, "scope": "openid agent:read"})
}

fn claims_with(changes: Value) -> Value {
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

fn pem_body(pem: &[u8]) -> Vec<u8> {
    let text: String = str::from_utf8(pem)
        .unwrap()
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

fn encoding(algorithm: Algorithm) -> EncodingKey {
    match algorithm {
        Algorithm::HS256 | Algorithm::HS384 => EncodingKey::from_secret(SECRET),
        Algorithm::EdDSA => EncodingKey::from_ed_der(&pem_body(ED_PRIVATE)),
        _ => EncodingKey::from_rsa_der(&pem_body(RSA_PRIVATE)),
    }
}

fn signed(algorithm: Algorithm, claims: &Value) -> String {
    encode(&Header::new(algorithm), claims, &encoding(algorithm)).unwrap()
}

fn signed_as(kid: &str, algorithm: Algorithm) -> String {
    let header = Header {
        kid: Some(kid.into()),
        ..Header::new(algorithm)
    };
    encode(&header, &claims(), &encoding(algorithm)).unwrap()
}

async fn ask_at(provider: &JwtAuth, token: &str, now: u64) -> Result<Principal, AuthError> {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(now);
    let bearer = Some(Secret::new(token.to_owned()));
    provider
        .authenticate(&Credentials {
            bearer,
            peer_is_loopback: false,
            now,
        })
        .await
}

async fn ask(provider: &JwtAuth, token: &str) -> Result<Principal, AuthError> {
    ask_at(provider, token, NOW).await
}

/// What the operator is told of a refusal as invalid.
async fn refusal(provider: &JwtAuth, token: &str) -> &'static str {
    match ask(provider, token).await {
        Err(AuthError::Invalid { why }) => why,
        other => panic!("{other:?}"),
    }
}

async fn with_claims(changes: Value) -> Result<Principal, AuthError> {
    ask(&by_secret(), &signed(Algorithm::HS256, &claims_with(changes))).await
}

#[tokio::test]
async fn each_algorithm_lets_in_who_the_token_names() {
    let pairs = [
        (by_secret(), Algorithm::HS256),
        (by_public(RSA_PUBLIC), Algorithm::RS256),
        (by_public(ED_PUBLIC), Algorithm::EdDSA),
    ];
    for (provider, algorithm) in pairs {
        let got = ask(&provider, &signed(algorithm, &claims())).await.unwrap();
        assert_eq!(
            (got.user.as_str(), got.scopes.to_string().as_str()),
            ("ada", "agent:read")
        );
        assert_eq!(
            got.expires,
            Some(SystemTime::UNIX_EPOCH + Duration::from_secs(NOW + 100))
        );
    }
}

#[tokio::test]
async fn every_claim_finds_its_place() {
    let got = with_claims(
        json!({"tenant": "acme", "sid": "s1", "jti": "t1", "scopes": ["run:read", "graph:read:a/*"]}),
    );
    let got = got.await.unwrap();
    assert_eq!(
        (
            got.tenant.as_str(),
            got.session.as_deref(),
            got.token_id.as_deref()
        ),
        ("acme", Some("s1"), Some("t1"))
    );
    assert_eq!(got.scopes.to_string(), "agent:read graph:read:a/* run:read");
    let none = with_claims(json!({"scope": null})).await.unwrap();
    assert!(none.scopes.is_empty());
}

#[tokio::test]
async fn without_a_tenant_the_issuer_is_the_tenant() {
    let made = with_claims(json!({})).await.unwrap().tenant;
    assert!(made.as_str().starts_with("iss-") && made.as_str().len() == 20);
    let named = JwtSettings {
        tenant_without_claim: Some(TenantId::local()),
        ..settings()
    };
    let provider = JwtAuth::new(named, KeySource::secret_file(file(SECRET)).unwrap()).unwrap();
    assert_eq!(
        ask(&provider, &signed(Algorithm::HS256, &claims()))
            .await
            .unwrap()
            .tenant,
        TenantId::local()
    );
    assert_eq!(
        tenant_of_issuer("login.example.com").unwrap().as_str(),
        "login.example.com"
    );
    let other_claim = JwtSettings {
        tenant_claim: "org".into(),
        ..settings()
    };
    let provider = JwtAuth::new(other_claim, KeySource::secret_file(file(SECRET)).unwrap()).unwrap();
    let token = signed(
        Algorithm::HS256,
        &claims_with(json!({"org": "acme", "tenant": "evil"})),
    );
    assert_eq!(ask(&provider, &token).await.unwrap().tenant.as_str(), "acme");
}

#[tokio::test]
async fn a_token_allows_no_more_than_its_issuer_may_give() {
    let bounded = JwtSettings {
        at_most: "agent:execute:a/* run:read".parse().unwrap(),
        ..settings()
    };
    let provider = JwtAuth::new(bounded, KeySource::secret_file(file(SECRET)).unwrap()).unwrap();
    let got = ask(
        &provider,
        &signed(Algorithm::HS256, &claims_with(json!({"scope": "admin"}))),
    )
    .await
    .unwrap();
    assert_eq!(got.scopes.to_string(), "agent:execute:a/* run:read");
    assert!(!got.may(Scope::Admin, None));
}

#[tokio::test]
async fn a_token_ends_a_leeway_after_its_time_and_starts_one_before() {
    let provider = by_secret();
    let token = signed(Algorithm::HS256, &claims_with(json!({"exp": 1000, "nbf": 500})));
    assert_eq!(ask_at(&provider, &token, 439).await, Err(AuthError::NotYetValid));
    assert!(ask_at(&provider, &token, 440).await.is_ok());
    assert!(ask_at(&provider, &token, 1059).await.is_ok());
    assert_eq!(ask_at(&provider, &token, 1060).await, Err(AuthError::Expired));
    let exact = JwtSettings {
        leeway: Duration::ZERO,
        ..settings()
    };
    let provider = JwtAuth::new(exact, KeySource::secret_file(file(SECRET)).unwrap()).unwrap();
    assert_eq!(ask_at(&provider, &token, 1000).await, Err(AuthError::Expired));
    assert_eq!(ask_at(&provider, &token, 499).await, Err(AuthError::NotYetValid));
    let fraction = signed(Algorithm::HS256, &claims_with(json!({"exp": 1000.9})));
    assert_eq!(ask_at(&provider, &fraction, 1000).await, Err(AuthError::Expired));
}

#[tokio::test]
async fn a_token_for_others_or_of_others_is_refused() {
    for wrong in [
        json!("other"),
        json!(["x", "y"]),
        json!([]),
        json!(7),
        json!(null),
        json!("HAP"),
        json!({"hap": 1}),
    ] {
        let got = with_claims(json!({"aud": wrong})).await;
        assert!(
            matches!(got, Err(AuthError::Invalid { .. })),
            "aud {wrong}: {got:?}"
        );
    }
    for wrong in [
        json!("https://login.example.com"),
        json!([ISSUER]),
        json!([ISSUER, "x"]),
        json!(7),
        json!(null),
    ] {
        let got = with_claims(json!({"iss": wrong})).await;
        assert!(
            matches!(got, Err(AuthError::Invalid { .. })),
            "iss {wrong}: {got:?}"
        );
    }
    assert!(with_claims(json!({"aud": ["x", "hap"]})).await.is_ok());
}

#[tokio::test]
async fn a_claim_of_the_wrong_kind_refuses_the_token() {
    let wrong = [
        json!({"exp": null}),
        json!({"exp": "1000100"}),
        json!({"exp": -1}),
        json!({"exp": 1e300}),
        json!({"exp": u64::MAX}),
        json!({"nbf": "0"}),
        json!({"nbf": -5}),
        json!({"sub": null}),
        json!({"sub": 7}),
        json!({"sub": ""}),
        json!({"sub": "a\nb"}),
        json!({"sub": "a".repeat(300)}),
        json!({"tenant": 7}),
        json!({"tenant": ["acme"]}),
        json!({"tenant": "../acme"}),
        json!({"tenant": ""}),
        json!({"sid": {}}),
        json!({"jti": "\u{1b}[2J"}),
        json!({"scope": 7}),
        json!({"scopes": ["run:read", 7]}),
        json!({"scopes": (0..65).map(|i| format!("run:read:g{i}")).collect::<Vec<_>>()}),
    ];
    for changes in wrong {
        let got = with_claims(changes.clone()).await;
        assert!(
            matches!(got, Err(AuthError::Invalid { .. })),
            "{changes}: {got:?}"
        );
    }
}
