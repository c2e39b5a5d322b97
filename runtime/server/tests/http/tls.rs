//! TLS, as clients meet it.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hap_server::{Settings, Tls};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::support::{LONG, Running, Setup, read_reply};

/// Writes a certificate for `localhost` with its key, and gives the certificate.
fn certificate(folder: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(folder.join("cert.pem"), made.cert.pem()).unwrap();
    fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    made.cert.der().clone()
}

async fn start(folder: &Path, settings: Settings) -> Running {
    let tls = Tls::from_files(folder.join("cert.pem"), folder.join("key.pem")).unwrap();
    let settings = Settings {
        tls: Some(tls),
        ..settings
    };
    Setup {
        settings,
        ..Setup::default()
    }
    .start()
    .await
}

async fn agree(server: &Running, known: &CertificateDer<'static>) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(known.clone()).unwrap();
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    let name = ServerName::try_from("localhost").unwrap();
    connector.connect(name, server.connect().await).await
}

const REQUEST: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

async fn is_healthy(mut stream: TlsStream<TcpStream>) {
    stream.write_all(REQUEST).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("ok\n"),
        "{answer}"
    );
}

#[tokio::test]
async fn requests_and_sockets_are_served_and_a_new_certificate_is_taken_in() {
    let folder = tempfile::tempdir().unwrap();
    let first = certificate(folder.path());
    let server = start(folder.path(), Setup::default().settings).await;
    is_healthy(agree(&server, &first).await.unwrap()).await;
    // A WebSocket, and the old certificate for as long as it is open.
    let request = format!("ws://localhost:{}/rpc", server.port);
    let mut request =
        tokio_tungstenite::tungstenite::client::IntoClientRequest::into_client_request(request).unwrap();
    request
        .headers_mut()
        .insert("authorization", "Bearer root".parse().unwrap());
    let stream = agree(&server, &first).await.unwrap();
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
    let second = certificate(folder.path());
    let told = server.server.refresh().await;
    assert!(
        told.iter()
            .any(|change| change.to_string().ends_with("is changed")),
        "{told:?}"
    );
    agree(&server, &first).await.unwrap_err();
    is_healthy(agree(&server, &second).await.unwrap()).await;
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"server/info"}"#;
    futures_util::SinkExt::send(&mut socket, call.into())
        .await
        .unwrap();
    let answer = futures_util::StreamExt::next(&mut socket).await.unwrap().unwrap();
    assert!(answer.to_text().unwrap().contains("root-user"), "{answer}");
    // A file that is broken is told, and changes nothing.
    fs::write(folder.path().join("key.pem"), "nothing").unwrap();
    let told = server.server.refresh().await;
    assert!(
        told.iter()
            .any(|change| change.to_string().contains(" cannot be used")),
        "{told:?}"
    );
    is_healthy(agree(&server, &second).await.unwrap()).await;
}

#[tokio::test]
async fn who_speaks_http_where_tls_is_spoken_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    certificate(folder.path());
    let server = start(folder.path(), Setup::default().settings).await;
    let mut stream = server.connect().await;
    stream.write_all(REQUEST).await.unwrap();
    let reply = read_reply(stream).await;
    assert_eq!(reply.status, 400);
    assert_eq!(reply.body, b"this port speaks TLS: call it `https://`\n");
    // Whatever else it is, it is closed.
    let mut stream = server.connect().await;
    stream.write_all(b"\x16\x03\x01\x00\x05hello").await.unwrap();
    let mut rest = Vec::new();
    let _ = tokio::time::timeout(LONG, stream.read_to_end(&mut rest))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_handshake_that_takes_too_long_is_given_up_and_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let known = certificate(folder.path());
    let settings = Settings {
        handshake_time: Duration::from_millis(300),
        ..Setup::default().settings
    };
    let server = start(folder.path(), settings).await;
    for sent in [b"".as_slice(), b"\x16", b"\x16\x03\x01\x02\x00\x01", b"P"] {
        let mut slow = server.connect().await;
        slow.write_all(sent).await.unwrap();
        is_healthy(agree(&server, &known).await.unwrap()).await;
        let mut rest = Vec::new();
        let closed = tokio::time::timeout(LONG, slow.read_to_end(&mut rest)).await;
        assert!(closed.is_ok(), "{sent:?}");
    }
}
