//! The certificate and the key of a server that speaks TLS, from files that are read again when they change.
//!
//! What must stay true: a pair that cannot be used never takes the place of one that can; no key is printed.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::catalog::{CatalogChange, Change, Offered};

/// The largest file, in bytes: a chain of certificates has a few kilobytes.
const MAX_BYTES: u64 = 1 << 20;

/// A certificate with its key. Clones are the same one.
#[derive(Clone)]
pub struct Tls(Arc<Files>);

struct Files {
    certificate: PathBuf,
    key: PathBuf,
    current: Mutex<Current>,
}

struct Current {
    config: Arc<ServerConfig>,
    /// What was read last, whether it could be used or not.
    read: [u8; 32],
}

/// Why a certificate and its key cannot be used. Names the file, and nothing of what is in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read `{path}`: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file is larger than any certificate.
    #[error("`{0}` is larger than {MAX_BYTES} bytes")]
    TooLarge(PathBuf),
    /// A file does not hold what it should.
    #[error("`{path}` has no {what} in PEM: {why}")]
    Pem {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
        /// What is wrong.
        why: String,
    },
    /// The two do not belong together, or are of a kind that is not supported.
    #[error("the certificate `{certificate}` and the key `{key}` cannot be used: {why}")]
    Pair {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// What is wrong.
        why: String,
    },
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tls").field(&self.0.certificate).finish()
    }
}

impl Tls {
    /// Reads a certificate, with those between it and its authority behind it, and its private key, both in PEM.
    ///
    /// # Errors
    /// [`TlsError`] when they cannot be used.
    pub fn from_files(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Result<Tls, TlsError> {
        let (certificate, key) = (certificate.into(), key.into());
        let pair = Pair::read(&certificate, &key)?;
        let current = Current {
            config: pair.config(&certificate, &key)?,
            read: pair.digest(),
        };
        Ok(Tls(Arc::new(Files {
            certificate,
            key,
            current: Mutex::new(current),
        })))
    }

    /// Reads the files again, and tells whether there is another pair in them now. Connections that are open keep what they
    /// began with. What cannot be used is an error once, and the pair from before stays.
    ///
    /// # Errors
    /// [`TlsError`] when the files have changed and cannot be used.
    pub fn refresh(&self) -> Result<bool, TlsError> {
        let Files { certificate, key, .. } = &*self.0;
        let pair = Pair::read(certificate, key);
        // A file that is not there is told once too.
        let read = pair.as_ref().map_or([0; 32], Pair::digest);
        if std::mem::replace(&mut self.current().read, read) == read {
            return Ok(false);
        }
        let config = pair?.config(certificate, key)?;
        self.current().config = config;
        Ok(true)
    }

    /// As [`Tls::refresh`], for the operator where there is something to tell.
    pub(crate) fn refreshed(&self) -> Option<CatalogChange> {
        let change = match self.refresh() {
            Ok(false) => return None,
            Ok(true) => Change::Changed,
            Err(error) => Change::Refused {
                reason: error.to_string(),
                kept: true,
            },
        };
        Some(CatalogChange {
            what: Offered::Certificate,
            name: self.0.certificate.display().to_string(),
            change,
        })
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        self.0.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.current().config.clone())
    }
}

/// What is in the two files.
struct Pair {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Pair {
    fn read(certificate: &Path, key: &Path) -> Result<Pair, TlsError> {
        Ok(Pair {
            certificate: bytes(certificate)?,
            key: bytes(key)?,
        })
    }

    fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        // The length keeps the two apart.
        hash.update((self.certificate.len() as u64).to_le_bytes());
        hash.update(&self.certificate);
        hash.update(&self.key);
        hash.finalize().into()
    }

    fn config(&self, certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, TlsError> {
        let wrong = |path: &Path, what, error: pem::Error| TlsError::Pem {
            path: path.to_owned(),
            what,
            why: error.to_string(),
        };
        let chain = CertificateDer::pem_slice_iter(&self.certificate).collect::<Result<Vec<_>, _>>();
        let chain = chain
            .and_then(|chain| match chain.is_empty() {
                true => Err(pem::Error::NoItemsFound),
                false => Ok(chain),
            })
            .map_err(|error| wrong(certificate, "certificate", error))?;
        let private =
            PrivateKeyDer::from_pem_slice(&self.key).map_err(|error| wrong(key, "private key", error))?;
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(chain, private);
        let mut config = config.map_err(|error| TlsError::Pair {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            why: error.to_string(),
        })?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>, TlsError> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes));
    match read {
        Err(source) => Err(TlsError::File {
            path: path.to_owned(),
            source,
        }),
        Ok(_) if bytes.len() as u64 > MAX_BYTES => Err(TlsError::TooLarge(path.to_owned())),
        Ok(_) => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn pair(folder: &Path) -> (PathBuf, PathBuf) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
        fs::write(&certificate, made.cert.pem()).unwrap();
        fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        (certificate, key)
    }

    #[test]
    fn a_new_pair_is_taken_and_a_bad_one_never() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = pair(folder.path());
        let tls = Tls::from_files(&certificate, &key).unwrap();
        let first = tls.current().config.clone();
        assert!(!tls.refresh().unwrap());
        // One of the two files is written before the other.
        let old = fs::read(&key).unwrap();
        pair(folder.path());
        let new = fs::read(&key).unwrap();
        fs::write(&key, old).unwrap();
        assert!(matches!(tls.refresh(), Err(TlsError::Pair { .. })));
        assert!(!tls.refresh().unwrap(), "told once");
        assert!(Arc::ptr_eq(&first, &tls.current().config));
        fs::write(&key, new).unwrap();
        assert!(tls.refresh().unwrap());
        assert!(!Arc::ptr_eq(&first, &tls.current().config));
        fs::remove_file(&key).unwrap();
        assert!(matches!(tls.refresh(), Err(TlsError::File { .. })));
        assert!(!tls.refresh().unwrap(), "told once");
    }

    #[test]
    fn what_is_no_certificate_is_told_by_its_file_and_never_by_its_text() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = pair(folder.path());
        let text = format!("{:?}", Tls::from_files(&certificate, &key).unwrap());
        assert!(text.contains("cert.pem") && !text.contains("PRIVATE"), "{text}");
        // The two are mixed up.
        let error = Tls::from_files(&key, &certificate).unwrap_err().to_string();
        assert!(error.contains("key.pem` has no certificate in PEM"), "{error}");
        let error = Tls::from_files(&certificate, &certificate)
            .unwrap_err()
            .to_string();
        assert!(error.contains("cert.pem` has no private key in PEM"), "{error}");
        fs::write(&key, vec![b'x'; (1 << 20) + 1]).unwrap();
        assert!(matches!(
            Tls::from_files(&certificate, &key),
            Err(TlsError::TooLarge(_))
        ));
    }
}
