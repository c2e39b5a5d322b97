//! Gets an issuer's keys from its address: one `GET`, over TLS.
//!
//! What must stay true: the address is the operator's, and nothing in an answer leads to another one, so redirects are not
//! followed; without TLS only a server on this machine is asked; an answer is bounded, and the caller bounds the time.

use std::io;
use std::sync::Arc;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::Uri;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, HOST};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::keys::JwtSetupError;
use super::source::MAX_BYTES;

/// How many bytes of an answer's head are read.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// Where an issuer's keys are.
pub(super) struct Address {
    /// `HOST:PORT` as it was written.
    authority: String,
    host: String,
    port: u16,
    /// The path and the query.
    path: String,
    /// None where it is a server on this machine, without TLS.
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl Address {
    /// Takes `text` as an address, with the certificate authorities that this machine trusts.
    pub(super) fn parse(text: &str) -> Result<Address, JwtSetupError> {
        Address::with(text, trusted)
    }

    fn with(
        text: &str,
        roots: impl FnOnce() -> Result<RootCertStore, JwtSetupError>,
    ) -> Result<Address, JwtSetupError> {
        let uri: Uri = text
            .parse()
            .map_err(|_| JwtSetupError::Address("it cannot be read"))?;
        let authority = uri.authority().ok_or(JwtSetupError::Address("it has no host"))?;
        if authority.as_str().contains('@') {
            return Err(JwtSetupError::Address("users and passwords do not belong there"));
        }
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        let (tls, port) = match uri.scheme_str() {
            Some("https") => {
                let name = ServerName::try_from(host.clone());
                let name = name.map_err(|_| JwtSetupError::Address("its host is no name for TLS"))?;
                (Some((connector(roots()?)?, name)), 443)
            }
            Some("http") if is_this_machine(&host) => (None, 80),
            Some("http") => return Err(JwtSetupError::Address("without TLS it must be on this machine")),
            _ => return Err(JwtSetupError::Address("it does not begin with `https://`")),
        };
        Ok(Address {
            authority: authority.to_string(),
            port: authority.port_u16().unwrap_or(port),
            host,
            path: uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
            tls,
        })
    }

    /// What the address serves. The error is for the operator.
    pub(super) async fn get(&self) -> Result<Vec<u8>, String> {
        let failed = |error: io::Error| format!("cannot ask `{}` for keys: {error}", self.authority);
        let stream = self.connect().await.map_err(failed)?;
        match &self.tls {
            None => self.ask(stream).await,
            Some((connector, name)) => {
                let stream = connector.connect(name.clone(), stream).await.map_err(failed)?;
                self.ask(stream).await
            }
        }
    }

    async fn connect(&self) -> io::Result<TcpStream> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address to ask");
        for address in tokio::net::lookup_host((self.host.as_str(), self.port)).await? {
            // A name that is this machine's by custom must be so in fact.
            if self.tls.is_none() && !address.ip().is_loopback() {
                continue;
            }
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn ask(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    ) -> Result<Vec<u8>, String> {
        let failed = |why: String| format!("`{}` gave no keys: {why}", self.authority);
        let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
            .max_buf_size(MAX_HEAD_BYTES)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| failed(error.to_string()))?;
        let answer = async {
            let request = hyper::Request::get(&self.path)
                .header(HOST, &self.authority)
                .header(ACCEPT, "application/json")
                .body(Empty::<Bytes>::new())
                .map_err(|error| error.to_string())?;
            let answer = sender.send_request(request).await;
            let answer = answer.map_err(|error| error.to_string())?;
            if answer.status() != hyper::StatusCode::OK {
                let status = answer.status().as_u16();
                return Err(format!("it answered with {status}; redirects are not followed"));
            }
            let body = Limited::new(answer.into_body(), MAX_BYTES).collect().await;
            body.map(|body| body.to_bytes().to_vec())
                .map_err(|error| error.to_string())
        };
        // The connection does the reading and writing, and ends with the answer.
        tokio::select! {
            answer = answer => answer.map_err(failed),
            Err(error) = connection => Err(failed(error.to_string())),
        }
    }
}

fn is_this_machine(host: &str) -> bool {
    let address = host.parse::<std::net::IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// The certificate authorities that this machine trusts: the system's, or those of `SSL_CERT_FILE`.
fn trusted() -> Result<RootCertStore, JwtSetupError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(JwtSetupError::Address(
            "this machine trusts no certificate authority: name a file of them in `SSL_CERT_FILE`",
        ));
    }
    Ok(roots)
}

fn connector(roots: RootCertStore) -> Result<TlsConnector, JwtSetupError> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_| JwtSetupError::Address("TLS is not to be had"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

#[cfg(test)]
mod tests;
