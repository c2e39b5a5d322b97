//! How fetched keys are kept, and that clients can't make the server fetch.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::*;

/// An issuer whose answer can be changed, and that counts how often it was asked.
#[derive(Default)]
struct Issuer {
    asked: AtomicUsize,
    answer: Mutex<Option<Vec<u8>>>,
    slow: Mutex<Duration>,
}

impl Issuer {
    fn provider(self: &Arc<Self>) -> JwtAuth {
        let issuer = Arc::clone(self);
        let fetch: FetchKeys = Arc::new(move || {
            issuer.asked.fetch_add(1, Ordering::SeqCst);
            let (answer, slow) = (
                issuer.answer.lock().unwrap().clone(),
                *issuer.slow.lock().unwrap(),
            );
            Box::pin(async move {
                tokio::time::sleep(slow).await;
                answer.ok_or_else(|| "connection refused".to_owned())
            })
        });
        JwtAuth::new(settings(), KeySource::jwks_fetched(fetch)).unwrap()
    }

    fn answers(&self, text: &str) {
        *self.answer.lock().unwrap() = Some(text.as_bytes().to_vec());
    }

    fn is_down(&self) {
        *self.answer.lock().unwrap() = None;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn jwks(kids: &[&str]) -> String {
    let key = |kid: &&str| {
        let jwk =
            jsonwebtoken::jwk::Jwk::from_encoding_key(&encoding(Algorithm::EdDSA), Algorithm::EdDSA).unwrap();
        let mut jwk = serde_json::to_value(jwk).unwrap();
        jwk["kid"] = json!(kid);
        jwk
    };
    json!({"keys": kids.iter().map(key).collect::<Vec<_>>()}).to_string()
}

fn token(kid: &str) -> String {
    signed_as(kid, Algorithm::EdDSA)
}

async fn wait(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn keys_are_fetched_once_and_new_ones_when_a_token_names_them() {
    let issuer = Arc::new(Issuer::default());
    let provider = issuer.provider();
    issuer.answers(&jwks(&["one"]));
    for _ in 0..5 {
        assert!(ask(&provider, &token("one")).await.is_ok());
    }
    assert_eq!(issuer.asked(), 1);
    issuer.answers(&jwks(&["two"]));
    wait(61).await;
    assert!(ask(&provider, &token("two")).await.is_ok());
    assert_eq!(
        refusal(&provider, &token("one")).await,
        "no key has the token's key id and algorithm"
    );
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn unknown_key_ids_fetch_at_most_once_a_minute_and_are_never_part_of_it() {
    let issuer = Arc::new(Issuer::default());
    let provider = issuer.provider();
    issuer.answers(&jwks(&["one"]));
    assert!(ask(&provider, &token("one")).await.is_ok());
    let tricks = [
        "../../etc/passwd",
        "/dev/null",
        "one/../one",
        "https://evil.example/k",
        "' OR 1=1 --",
        "one\u{200b}",
        "ONE",
        "on",
    ];
    for second in 0..59 {
        refusal(&provider, &token(tricks[second % tricks.len()])).await;
        wait(1).await;
    }
    assert_eq!(issuer.asked(), 1);
    wait(2).await;
    for kid in tricks {
        refusal(&provider, &token(kid)).await;
    }
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn without_keys_nobody_is_let_in_and_clients_are_not_told_why() {
    let issuer = Arc::new(Issuer::default());
    let provider = issuer.provider();
    for _ in 0..10 {
        let error = ask(&provider, &token("one")).await.unwrap_err();
        assert_eq!(
            error,
            AuthError::Unavailable {
                why: "connection refused".into()
            }
        );
        assert!(!error.to_string().contains("refused"));
    }
    assert_eq!(issuer.asked(), 1);
    issuer.answers(&jwks(&["one"]));
    wait(6).await;
    assert!(ask(&provider, &token("one")).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn old_keys_stay_while_fetching_fails_but_not_for_ever() {
    let issuer = Arc::new(Issuer::default());
    let provider = issuer.provider();
    issuer.answers(&jwks(&["one"]));
    assert!(ask(&provider, &token("one")).await.is_ok());
    let bad = [
        "<html>",
        "{\"keys\": []}",
        "{\"keys\": [{\"kty\": \"RSA\"}]}",
        &" ".repeat(300_000),
    ];
    for answer in bad {
        issuer.answers(answer);
        wait(3600).await;
        assert!(ask(&provider, &token("one")).await.is_ok());
        tokio::task::yield_now().await;
    }
    assert!(issuer.asked() > 3, "{}", issuer.asked());
    issuer.is_down();
    wait(19 * 3600).await;
    assert!(ask(&provider, &token("one")).await.is_ok());
    wait(3600).await;
    assert!(matches!(
        ask(&provider, &token("one")).await,
        Err(AuthError::Unavailable { .. })
    ));
}

#[tokio::test(start_paused = true)]
async fn keys_of_a_certain_age_are_renewed_while_nobody_waits() {
    let issuer = Arc::new(Issuer::default());
    let provider = issuer.provider();
    issuer.answers(&jwks(&["one"]));
    assert!(ask(&provider, &token("one")).await.is_ok());
    wait(601).await;
    *issuer.slow.lock().unwrap() = Duration::from_secs(5);
    issuer.answers(&jwks(&["two"]));
    let before = tokio::time::Instant::now();
    assert!(ask(&provider, &token("one")).await.is_ok());
    assert!(ask(&provider, &token("one")).await.is_ok());
    assert_eq!(before.elapsed(), Duration::ZERO);
    wait(6).await;
    assert_eq!(issuer.asked(), 2);
    refusal(&provider, &token("one")).await;
    assert!(ask(&provider, &token("two")).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_fetch_outlives_the_client_that_waited_and_others_share_it() {
    let issuer = Arc::new(Issuer::default());
    let provider = issuer.provider();
    issuer.answers(&jwks(&["one"]));
    *issuer.slow.lock().unwrap() = Duration::from_secs(5);
    let text = token("one");
    let impatient = tokio::time::timeout(Duration::from_secs(1), ask(&provider, &text)).await;
    assert!(impatient.is_err());
    let (a, b) = tokio::join!(ask(&provider, &text), ask(&provider, &text));
    assert!(a.is_ok() && b.is_ok());
    assert_eq!(issuer.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_hangs_is_given_up() {
    let issuer = Arc::new(Issuer::default());
    let provider = issuer.provider();
    issuer.answers(&jwks(&["one"]));
    *issuer.slow.lock().unwrap() = Duration::from_secs(3600);
    let before = tokio::time::Instant::now();
    assert!(matches!(
        ask(&provider, &token("one")).await,
        Err(AuthError::Unavailable { .. })
    ));
    assert_eq!(before.elapsed(), Duration::from_secs(10));
}

#[tokio::test]
async fn a_set_in_a_file_is_read_again_for_a_key_that_is_not_in_it() {
    let set = file(jwks(&["one"]).as_bytes());
    let provider = JwtAuth::new(settings(), KeySource::jwks_file(set.path()).unwrap()).unwrap();
    assert!(ask(&provider, &token("one")).await.is_ok());
    std::fs::write(set.path(), jwks(&["two"])).unwrap();
    assert!(ask(&provider, &token("two")).await.is_ok());
    refusal(&provider, &token("one")).await;
}
