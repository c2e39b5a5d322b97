//! Keys from a real server on a loopback port, with TLS and without.

use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::*;

/// A server that gives every connection the same answer, and counts them.
struct Issuer {
    port: u16,
    asked: Arc<AtomicUsize>,
    roots: RootCertStore,
}

async fn issuer(answer: String, tls: bool) -> Issuer {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            if !tls {
                serve(stream, &answer).await;
            } else if let Ok(stream) = acceptor.accept(stream).await {
                serve(stream, &answer).await;
            }
        }
    });
    Issuer { port, asked, roots }
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: &str) {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).await.is_ok() {
        head.extend(byte);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    assert!(head.starts_with("get /keys?v=1 http/1.1\r\n"), "{head}");
    assert!(head.contains("host: localhost:"), "{head}");
    // The client may have seen enough.
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

fn answer(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

impl Issuer {
    fn address(&self, scheme: &str) -> Address {
        let roots = self.roots.clone();
        Address::with(&format!("{scheme}://localhost:{}/keys?v=1", self.port), || {
            Ok(roots)
        })
        .unwrap()
    }
}

#[tokio::test]
async fn keys_come_over_tls_and_from_this_machine_without() {
    for (scheme, tls) in [("https", true), ("http", false)] {
        let issuer = issuer(answer("200 OK", "{}"), tls).await;
        assert_eq!(issuer.address(scheme).get().await, Ok(b"{}".to_vec()), "{scheme}");
    }
}

#[tokio::test]
async fn a_server_that_nobody_trusts_is_told_nothing() {
    let issuer = issuer(answer("200 OK", "{}"), true).await;
    let other = self::issuer(String::new(), true).await;
    let address = format!("https://localhost:{}/keys?v=1", issuer.port);
    let address = Address::with(&address, || Ok(other.roots)).unwrap();
    let error = address.get().await.unwrap_err();
    assert!(error.contains("certificate"), "{error}");
}

#[tokio::test]
async fn what_is_no_plain_answer_gives_no_keys() {
    let large = "x".repeat(MAX_BYTES + 1);
    for (sent, told) in [
        (answer("302 Found", ""), "302"),
        (answer("404 Not Found", "{}"), "404"),
        (answer("200 OK", &large), "limit"),
        (format!("HTTP/1.1 200 OK\r\nx: {large}\r\n\r\n"), "large"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".to_owned(), "body"),
        ("nonsense\r\n\r\n".to_owned(), "HTTP"),
        (String::new(), "connection closed"),
    ] {
        let issuer = issuer(sent.clone(), false).await;
        let error = issuer.address("http").get().await.unwrap_err();
        assert!(
            error.contains(told),
            "{error}: {}",
            sent.get(..40).unwrap_or(&sent)
        );
        // Nor is it asked again, or anybody else.
        assert_eq!(issuer.asked.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn an_address_where_nobody_is_says_so() {
    let port = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let address = Address::with(&format!("http://localhost:{port}/"), || unreachable!()).unwrap();
    let error = address.get().await.unwrap_err();
    assert!(
        error.contains(&format!("cannot ask `localhost:{port}`")),
        "{error}"
    );
}

#[test]
fn only_addresses_that_can_be_trusted_are_taken() {
    let parse = |text: &str| Address::with(text, || Ok(RootCertStore::empty()));
    for good in [
        "https://login.example.com/keys",
        "https://login.example.com",
        "https://192.0.2.1:8443/keys?a=b",
        "https://[2001:db8::1]/keys",
        "http://localhost/keys",
        "http://127.0.0.1:80/keys",
        "http://127.9.9.9/keys",
        "http://[::1]:8080/keys",
    ] {
        assert!(parse(good).is_ok(), "{good}");
    }
    for (bad, why) in [
        ("http://login.example.com/keys", "without TLS"),
        ("http://localhost.example.com/keys", "without TLS"),
        ("http://10.0.0.1/keys", "without TLS"),
        ("https://ada:secret@login.example.com/keys", "passwords"),
        ("ftp://login.example.com/keys", "https"),
        ("file:///etc/keys", ""),
        ("/etc/keys", "no host"),
        ("https://", ""),
        ("", ""),
        ("https://a b/", "cannot be read"),
    ] {
        let error = parse(bad)
            .err()
            .unwrap_or_else(|| panic!("{bad} is taken"))
            .to_string();
        assert!(error.contains(why) && !error.contains("secret"), "{bad}: {error}");
    }
}
