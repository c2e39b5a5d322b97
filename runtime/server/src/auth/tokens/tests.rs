//! The claims about tokens: who gets in. What the file holds, and what nobody gets by making tokens, is below.

mod file;
mod making;

use super::super::{Scope, Scopes, TenantId};
use super::*;

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn at(seconds: u64) -> SystemTime {
    NOW + Duration::from_secs(seconds)
}

fn new_token(name: &str, scopes: &str) -> NewToken {
    let tenant = TenantId::parse("acme").unwrap();
    NewToken {
        name: name.into(),
        tenant,
        user: "ada".into(),
        scopes: scopes.parse().unwrap(),
        expires: None,
    }
}

fn store() -> (tempfile::TempDir, TokenStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = TokenStore::open(folder.path().join("tokens.json")).unwrap();
    (folder, store)
}

async fn ask(provider: &dyn AuthProvider, text: &str, now: SystemTime) -> Result<Principal, AuthError> {
    let bearer = Some(Secret::new(text.to_owned()));
    provider
        .authenticate(&Credentials {
            bearer,
            peer_is_loopback: true,
            now,
        })
        .await
}

fn principal(user: &str, scopes: &str, expires: Option<SystemTime>) -> Principal {
    let tenant = TenantId::parse("acme").unwrap();
    let scopes = scopes.parse().unwrap();
    Principal {
        tenant,
        user: user.into(),
        scopes,
        session: None,
        token_id: None,
        expires,
    }
}

#[tokio::test]
async fn a_made_token_lets_its_user_in() {
    let (_folder, store) = store();
    let (info, secret) = store
        .create(Authority::Operator, new_token("ci", "agent:execute:a/*"), at(5))
        .unwrap();
    assert!(secret.expose().starts_with("hap_") && secret.expose().len() == 47);
    let got = ask(&store, secret.expose(), at(6)).await.unwrap();
    assert_eq!(
        (got.tenant.as_str(), got.user.as_str(), got.token_id.as_deref()),
        ("acme", "ada", Some(&*info.id))
    );
    assert!(got.may(Scope::AgentExecute, Some("a/b")) && !got.may(Scope::AgentExecute, None));
    assert_eq!(
        TokenStore::open(&store.shared.path)
            .unwrap()
            .list(Authority::Operator)
            .unwrap(),
        [info]
    );
}

#[tokio::test]
async fn unknown_and_malformed_tokens_are_told_the_same() {
    let (_folder, store) = store();
    let (_, secret) = store
        .create(Authority::Operator, new_token("ci", "admin"), NOW)
        .unwrap();
    let text = secret.expose();
    let unknown = format!("hap_{}", "A".repeat(43));
    let wrong = [
        "",
        "hap_",
        "x",
        &text[..46],
        &format!("{text}="),
        &format!(" {text}"),
        &text.to_uppercase(),
    ]
    .map(str::to_owned)
    .into_iter()
    .chain([
        unknown,
        "hap_ä".into(),
        "A".repeat(1 << 20),
        text.replace("hap_", "hap-"),
    ]);
    for text in wrong {
        let error = ask(&store, &text, NOW).await.unwrap_err();
        assert!(matches!(error, AuthError::Invalid { .. }));
        assert_eq!(error.to_string(), "credentials are not valid");
    }
    let nothing = Credentials {
        bearer: None,
        peer_is_loopback: true,
        now: NOW,
    };
    assert_eq!(store.authenticate(&nothing).await, Err(AuthError::Missing));
}

#[tokio::test]
async fn an_expired_token_is_refused_from_its_second_on() {
    let (_folder, store) = store();
    let new = NewToken {
        expires: Some(at(100)),
        ..new_token("ci", "admin")
    };
    let (_, secret) = store.create(Authority::Operator, new, at(1)).unwrap();
    assert_eq!(
        ask(&store, secret.expose(), at(99)).await.unwrap().expires,
        Some(at(100))
    );
    assert_eq!(
        ask(&store, secret.expose(), at(100)).await,
        Err(AuthError::Expired)
    );
}

#[tokio::test]
async fn rotating_and_revoking_end_the_old_secret_in_every_process() {
    let (_folder, store) = store();
    let other = TokenStore::open(&store.shared.path).unwrap();
    let (info, first) = store
        .create(Authority::Operator, new_token("ci", "admin"), NOW)
        .unwrap();
    other.reload().unwrap();
    assert!(ask(&other, first.expose(), NOW).await.is_ok());
    let (rotated, second) = store.rotate(Authority::Operator, &info.id, at(9)).unwrap();
    assert_eq!(
        (rotated.id.as_str(), rotated.rotated),
        (info.id.as_str(), Some(at(9)))
    );
    other.reload().unwrap();
    for store in [&store, &other] {
        assert!(ask(store, first.expose(), NOW).await.is_err());
        assert!(ask(store, second.expose(), NOW).await.is_ok());
    }
    store.revoke(Authority::Operator, &info.id).unwrap();
    assert!(ask(&store, second.expose(), NOW).await.is_err());
    // Without a reload, a lookup notices within a second.
    tokio::time::sleep(CHECK_EVERY + Duration::from_millis(50)).await;
    assert!(ask(&other, second.expose(), NOW).await.is_err());
    assert!(matches!(
        store.revoke(Authority::Operator, &info.id),
        Err(TokenError::NotFound)
    ));
}

#[tokio::test]
async fn the_one_token_lets_in_its_holder_only() {
    let make = || OneToken::make(TenantId::local(), "ada", Scopes::all()).unwrap();
    let ((provider, secret), (_, other)) = (make(), make());
    assert_eq!(ask(&provider, secret.expose(), NOW).await.unwrap().user, "ada");
    for wrong in [other.expose(), "hap_", "", &secret.expose()[..46]] {
        assert!(matches!(
            ask(&provider, wrong, NOW).await,
            Err(AuthError::Invalid { .. })
        ));
    }
    assert!(!format!("{provider:?}").contains("digest"));
}
