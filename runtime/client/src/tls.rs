//! TLS to a server: whose certificates are believed, and how a connection is made.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::ClientError;

/// The largest file of certificates, in bytes.
const MAX_BYTES: u64 = 16 << 20;

/// A connection to a server, with TLS or without.
pub(crate) trait Connected: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Connected for S {}

/// The authorities whose certificates are believed: those of the platform unless others are given. They are read once.
#[derive(Clone, Default)]
pub(crate) struct Authorities(Arc<OnceLock<TlsConnector>>);

impl Authorities {
    /// Those of a file in PEM, and no others.
    pub(crate) fn of_file(path: &Path) -> Result<Authorities, ClientError> {
        let wrong = |why: String| ClientError::Authorities(format!("`{}`: {why}", path.display()));
        let mut text = Vec::new();
        let read = File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut text));
        read.map_err(|error| wrong(error.to_string()))?;
        if text.len() as u64 > MAX_BYTES {
            return Err(wrong(format!("it has more than {MAX_BYTES} bytes")));
        }
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&text) {
            let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
            let added = roots.add(certificate);
            added.map_err(|error| wrong(error.to_string()))?;
        }
        if roots.is_empty() {
            return Err(wrong("it has no certificate in PEM".to_owned()));
        }
        Ok(Authorities(Arc::new(OnceLock::from(connector(roots)))))
    }

    async fn connector(&self) -> Result<TlsConnector, ClientError> {
        if let Some(known) = self.0.get() {
            return Ok(known.clone());
        }
        let read = tokio::task::spawn_blocking(platform).await;
        let roots = read.map_err(|error| ClientError::Authorities(error.to_string()))??;
        Ok(self.0.get_or_init(|| connector(roots)).clone())
    }

    /// Agrees on TLS with the server that is called `host`.
    pub(crate) async fn agree(
        &self,
        host: &str,
        stream: TcpStream,
        authority: &str,
    ) -> Result<Box<dyn Connected>, ClientError> {
        let failed = |source: io::Error| ClientError::Tls {
            address: authority.to_owned(),
            source,
        };
        let name = ServerName::try_from(host.to_owned())
            .map_err(|error| failed(io::Error::new(io::ErrorKind::InvalidInput, error)))?;
        let connector = self.connector().await?;
        let stream = connector.connect(name, stream).await.map_err(failed)?;
        Ok(Box::new(stream))
    }
}

fn connector(roots: RootCertStore) -> TlsConnector {
    let mut config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    TlsConnector::from(Arc::new(config))
}

/// The platform's authorities. A platform's list often has some that cannot be read, which count for nothing.
fn platform() -> Result<RootCertStore, ClientError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let trouble = found
            .errors
            .first()
            .map_or_else(String::new, |error| format!(": {error}"));
        return Err(ClientError::Authorities(format!(
            "this machine knows none{trouble}"
        )));
    }
    Ok(roots)
}
