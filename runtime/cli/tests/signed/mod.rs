//! Signed tokens of an issuer, by a key in a file and by keys at an address.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::serving::{Serving, command, project, stderr};

const ISSUER: &str = "https://login.example.com/";
const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A key that was made for tests only.
fn pem(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/src/auth/jwt/testdata");
    folder.join(name).canonicalize().unwrap()
}

/// The private half of `ed_public.pem`.
fn private() -> EncodingKey {
    let text = fs::read_to_string(pem("ed_private.pem")).unwrap();
    let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    EncodingKey::from_ed_der(&STANDARD.decode(body).unwrap())
}

fn claims() -> Value {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    json!({
        "iss": ISSUER, "aud": "hap", "sub": "ada", "tenant": "acme", "exp": now.as_secs() + 600,
        "scope": "openid agent:execute",
    })
}

fn signed(key: &EncodingKey, algorithm: Algorithm, kid: Option<&str>, claims: &Value) -> String {
    let header = Header {
        kid: kid.map(str::to_owned),
        ..Header::new(algorithm)
    };
    encode(&header, claims, key).unwrap()
}

fn start(folder: &Path, keys: &[&str]) -> Serving {
    let issuer = ["--auth", "jwt", "--jwt-issuer", ISSUER, "--jwt-audience", "hap"];
    Serving::start(folder, &[&issuer, keys].concat())
}

/// The token is let in, within its scopes, and those that are wrong are not.
fn holds(serving: &Serving, folder: &Path, key: &EncodingKey, algorithm: Algorithm, kid: Option<&str>) {
    let call = |token: &str, args: &[&str]| serving.call(folder, token, args);
    let good = signed(key, algorithm, kid, &claims());
    let ran = call(&good, &["call", "agent/execute", r#"{"agent":"test:one"}"#]);
    assert_eq!(ran.status.code(), Some(0), "{}", stderr(&ran));
    let ran: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(ran["output"]["n"], 1);
    let refused = call(&good, &["call", "graph/list"]);
    assert!(
        stderr(&refused).contains("1002, forbidden"),
        "{}",
        stderr(&refused)
    );
    for (claim, value) in [
        ("aud", json!("other")),
        ("iss", json!("https://evil.example.com/")),
        ("exp", json!(1_000_000)),
        ("sub", Value::Null),
    ] {
        let mut claims = claims();
        claims[claim] = value;
        let output = call(&signed(key, algorithm, kid, &claims), &["call", "server/info"]);
        assert_eq!(output.status.code(), Some(1), "{claim}");
        assert!(
            stderr(&output).contains("1001, unauthenticated"),
            "{claim}: {}",
            stderr(&output)
        );
    }
    let forged = signed(
        &EncodingKey::from_secret(&[7; 32]),
        Algorithm::HS256,
        kid,
        &claims(),
    );
    let output = call(&forged, &["call", "server/info"]);
    assert!(stderr(&output).contains("unauthenticated"), "{}", stderr(&output));
}

#[test]
fn tokens_that_the_key_of_a_file_signed_are_good() {
    let folder = project();
    fs::write(folder.path().join("secret"), SECRET).unwrap();
    let close = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(folder.path().join("secret"), close).unwrap();
    let serving = start(folder.path(), &["--jwt-key", "secret"]);
    let secret = EncodingKey::from_secret(SECRET.as_bytes());
    holds(&serving, folder.path(), &secret, Algorithm::HS256, None);
    drop(serving);
    // A public key, which others may read.
    fs::copy(pem("ed_public.pem"), folder.path().join("key.pem")).unwrap();
    let serving = start(folder.path(), &["--jwt-key", "key.pem"]);
    holds(&serving, folder.path(), &private(), Algorithm::EdDSA, None);
}

/// An issuer that serves this set of keys on this machine. Gives its address.
fn issuer(keys: Arc<Mutex<Value>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/keys", listener.local_addr().unwrap());
    // It ends with the process.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
            let body = keys.lock().unwrap().to_string();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            stream.write_all((head + &body).as_bytes()).unwrap();
        }
    });
    address
}

#[test]
fn tokens_that_a_key_of_an_address_signed_are_good() {
    let folder = project();
    let mut key =
        serde_json::to_value(Jwk::from_encoding_key(&private(), Algorithm::EdDSA).unwrap()).unwrap();
    key["kid"] = "first".into();
    let keys = Arc::new(Mutex::new(json!({ "keys": [key] })));
    let serving = start(folder.path(), &["--jwks", &issuer(keys)]);
    holds(
        &serving,
        folder.path(),
        &private(),
        Algorithm::EdDSA,
        Some("first"),
    );
    let unknown = signed(&private(), Algorithm::EdDSA, Some("second"), &claims());
    let output = serving.call(folder.path(), &unknown, &["call", "server/info"]);
    assert!(stderr(&output).contains("unauthenticated"), "{}", stderr(&output));
}

#[test]
fn an_address_that_cannot_be_trusted_or_reached_is_told() {
    let folder = project();
    let args = [
        "serve",
        "--agents",
        "agents",
        "--auth",
        "jwt",
        "--jwt-issuer",
        ISSUER,
        "--jwt-audience",
        "hap",
    ];
    let jwks = ["--jwks", "http://login.example.com/keys"];
    let output = command(folder.path(), &[&args[..], &jwks].concat())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("without TLS"), "{}", stderr(&output));
    // Nobody is there: no token can be checked, and callers are told to come back.
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let serving = start(folder.path(), &["--jwks", &format!("http://{nobody}/keys")]);
    let token = signed(&private(), Algorithm::EdDSA, Some("first"), &claims());
    let output = serving.call(folder.path(), &token, &["call", "server/info"]);
    assert!(
        stderr(&output).contains("1012, unavailable"),
        "{}",
        stderr(&output)
    );
}
