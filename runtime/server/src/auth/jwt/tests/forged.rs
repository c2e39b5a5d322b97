//! What a forger tries: other algorithms, other keys, odd headers, and sheer size.

use super::*;

/// A token with this header, whatever it says, signed as HS256 with these bytes.
fn forged(header: &Value, key: &[u8]) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(&claims()));
    let signature = jsonwebtoken::crypto::sign(
        message.as_bytes(),
        &EncodingKey::from_secret(key),
        Algorithm::HS256,
    )
    .unwrap();
    format!("{message}.{signature}")
}

fn unsigned(header: &Value) -> String {
    let token = forged(header, SECRET);
    token[..=token.rfind('.').unwrap()].to_owned()
}

#[tokio::test]
async fn a_token_without_a_signature_is_refused() {
    for provider in [by_secret(), by_public(RSA_PUBLIC), by_public(ED_PUBLIC)] {
        for alg in ["none", "None", "NONE", "nOnE", "", "HS256", "RS256", "EdDSA"] {
            refusal(&provider, &unsigned(&json!({"alg": alg, "typ": "JWT"}))).await;
            refusal(&provider, &forged(&json!({"alg": alg, "typ": "JWT"}), b"")).await;
        }
        refusal(&provider, &unsigned(&json!({"typ": "JWT"}))).await;
        refusal(&provider, &unsigned(&json!({"alg": null}))).await;
        refusal(&provider, &unsigned(&json!({"alg": ["HS256"]}))).await;
    }
}

#[tokio::test]
async fn a_public_key_is_no_shared_secret() {
    let der = pem_body(RSA_PUBLIC);
    let trimmed = RSA_PUBLIC.strip_suffix(b"\n").unwrap();
    for (provider, pem) in [
        (by_public(RSA_PUBLIC), RSA_PUBLIC),
        (by_public(ED_PUBLIC), ED_PUBLIC),
    ] {
        for key in [pem, trimmed, &der[..], &der[24..]] {
            let why = refusal(&provider, &forged(&json!({"alg": "HS256", "typ": "JWT"}), key)).await;
            assert_eq!(why, "no key has the token's key id and algorithm");
        }
    }
}

#[tokio::test]
async fn an_algorithm_that_is_not_the_keys_is_refused_though_the_signature_is_right() {
    for (provider, algorithm) in [
        (by_secret(), Algorithm::HS384),
        (by_public(RSA_PUBLIC), Algorithm::RS384),
        (by_public(RSA_PUBLIC), Algorithm::PS256),
        (by_public(RSA_PUBLIC), Algorithm::EdDSA),
        (by_public(ED_PUBLIC), Algorithm::RS256),
        (by_secret(), Algorithm::RS256),
    ] {
        refusal(&provider, &signed(algorithm, &claims())).await;
    }
}

#[tokio::test]
async fn a_changed_token_is_refused() {
    let provider = by_secret();
    let good = signed(Algorithm::HS256, &claims());
    assert!(ask(&provider, &good).await.is_ok());
    let parts: Vec<&str> = good.split('.').collect();
    let admin = URL_SAFE_NO_PAD.encode(claims_with(json!({"scope": "admin"})).to_string());
    let changed = [
        format!("{}.{admin}.{}", parts[0], parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}", parts[0], parts[1]),
        format!("{good}.{}", parts[2]),
        format!("{good}="),
        format!("{good}\n"),
        format!(" {good}"),
        format!("{good}AAAA"),
        format!("Bearer {good}"),
        "..".to_owned(),
        ".".to_owned(),
        String::new(),
        "\0".to_owned(),
        "🦀.🦀.🦀".to_owned(),
    ];
    for token in changed {
        refusal(&provider, &token).await;
    }
    let other = encode(&Header::default(), &claims(), &EncodingKey::from_secret(&[7; 32])).unwrap();
    assert_eq!(refusal(&provider, &other).await, "the signature does not fit");
    let nothing = Credentials {
        bearer: None,
        peer_is_loopback: true,
        now: SystemTime::now(),
    };
    assert_eq!(provider.authenticate(&nothing).await, Err(AuthError::Missing));
}

#[tokio::test]
async fn expiry_is_told_only_of_tokens_with_a_right_signature() {
    let old = claims_with(json!({"exp": 5}));
    let forged = encode(&Header::default(), &old, &EncodingKey::from_secret(&[7; 32])).unwrap();
    refusal(&by_secret(), &forged).await;
    assert_eq!(
        ask(&by_secret(), &signed(Algorithm::HS256, &old)).await,
        Err(AuthError::Expired)
    );
}

#[tokio::test]
async fn a_key_that_the_token_brings_is_not_used() {
    let jwk =
        jsonwebtoken::jwk::Jwk::from_encoding_key(&encoding(Algorithm::EdDSA), Algorithm::EdDSA).unwrap();
    let header = Header {
        jwk: Some(jwk),
        jku: Some("https://evil.example/keys".into()),
        x5u: Some("https://evil.example/cert".into()),
        ..Header::new(Algorithm::EdDSA)
    };
    let token = encode(&header, &claims(), &encoding(Algorithm::EdDSA)).unwrap();
    assert_eq!(
        refusal(&by_public(RSA_PUBLIC), &token).await,
        "no key has the token's key id and algorithm"
    );
}

#[tokio::test]
async fn headers_that_change_the_meaning_are_refused() {
    let provider = by_secret();
    assert!(
        ask(&provider, &forged(&json!({"alg": "HS256"}), SECRET))
            .await
            .is_ok()
    );
    assert!(
        ask(
            &provider,
            &forged(&json!({"alg": "HS256", "typ": "application/at+JWT"}), SECRET)
        )
        .await
        .is_ok()
    );
    for header in [
        json!({"alg": "HS256", "crit": ["b64"], "b64": false}),
        json!({"alg": "HS256", "crit": []}),
        json!({"alg": "HS256", "typ": "logout+jwt"}),
        json!({"alg": "HS256", "typ": "dpop+jwt"}),
        json!({"alg": "HS256", "kid": ""}),
        json!({"alg": "HS256", "kid": "a\nb"}),
        json!({"alg": "HS256", "kid": "k".repeat(300)}),
        json!({"alg": "HS256", "kid": {"a": 1}}),
    ] {
        refusal(&provider, &forged(&header, SECRET)).await;
    }
}

#[tokio::test]
async fn a_claim_written_twice_refuses_the_token() {
    let twice = claims()
        .to_string()
        .replacen('{', &format!("{{\"exp\":{},", NOW + 9_999_999), 1);
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#),
        URL_SAFE_NO_PAD.encode(twice)
    );
    let key = EncodingKey::from_secret(SECRET);
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
    refusal(&by_secret(), &format!("{message}.{signature}")).await;
}

#[tokio::test]
async fn a_huge_token_is_refused_before_it_is_read() {
    let huge = signed(Algorithm::HS256, &claims_with(json!({"pad": "x".repeat(9000)})));
    assert_eq!(refusal(&by_secret(), &huge).await, "the token is too long");
    let large = signed(Algorithm::HS256, &claims_with(json!({"pad": "x".repeat(4000)})));
    assert!(ask(&by_secret(), &large).await.is_ok());
    let deep = URL_SAFE_NO_PAD.encode(format!("{{\"alg\":\"HS256\",\"x\":{}", "[".repeat(4000)));
    refusal(&by_secret(), &format!("{deep}.e30.AA")).await;
}

#[tokio::test]
async fn what_is_printed_of_a_refusal_never_holds_the_token_or_the_key() {
    let provider = by_secret();
    let token = signed(Algorithm::HS256, &claims_with(json!({"sub": "mallory\n"})));
    let error = ask(&provider, &token).await.unwrap_err();
    let seen = format!("{error} {error:?} {} {provider:?}", error.detail());
    for secret in [
        token.as_str(),
        "mallory",
        str::from_utf8(SECRET).unwrap(),
        "48, 49, 50",
    ] {
        assert!(!seen.contains(secret), "{seen}");
    }
}
