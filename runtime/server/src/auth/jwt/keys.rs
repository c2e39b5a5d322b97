//! Keys that signatures are checked with, and what a key must be to be used.
//!
//! What must stay true:
//! - A key has exactly one algorithm, which comes from the key.
//! - An Ed25519 key has 32 bytes: the library cuts longer ones and panics on shorter ones.
//! - Shared secrets come from files that only their owner can read, never from an address.
//! - No private key is taken: a server that only checks signatures has no use for one, and would lose it.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

use super::super::FileError;
use super::pem::{self, PublicKey};

/// The fewest bytes of a shared secret: as many as HS256's digest has (RFC 7518, 3.2).
const MIN_SECRET_BYTES: usize = 32;

/// The size of an RSA modulus, in bytes: below is weak, above costs the server more than the client.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=512;

/// The most keys in a set. Issuers have two or three.
const MAX_KEYS: usize = 64;

/// The most keys that are tried on a token that names none.
const MAX_TRIES: usize = 4;

/// Keys or settings that can't be used. Holds nothing of a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JwtSetupError {
    /// The key file can't be read, or others can touch it.
    #[error("key file {0}")]
    File(#[from] FileError),
    /// The key file does not exist.
    #[error("key file `{path}` does not exist")]
    NoFile {
        /// The file.
        path: PathBuf,
    },
    /// What was read is no key that can be used.
    #[error("not a key to check tokens with: {0}")]
    Key(&'static str),
    /// The address of a set of keys can't be used.
    #[error("not an address of keys: {0}")]
    Address(&'static str),
    /// A setting can't be right.
    #[error("not settings to check tokens with: {0}")]
    Settings(&'static str),
}

/// How a token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SigningAlgorithm {
    /// HMAC with SHA-256, by a secret that both sides have.
    Hs256,
    /// RSA (PKCS #1 v1.5) with SHA-256.
    Rs256,
    /// Ed25519.
    EdDsa,
}

impl SigningAlgorithm {
    pub(super) fn from_library(algorithm: Algorithm) -> Option<Self> {
        match algorithm {
            Algorithm::HS256 => Some(Self::Hs256),
            Algorithm::RS256 => Some(Self::Rs256),
            Algorithm::EdDSA => Some(Self::EdDsa),
            _ => None,
        }
    }

    pub(super) fn in_library(self) -> Algorithm {
        match self {
            Self::Hs256 => Algorithm::HS256,
            Self::Rs256 => Algorithm::RS256,
            Self::EdDsa => Algorithm::EdDSA,
        }
    }
}

/// A key, the only algorithm it is used with, and its id when it has one. The library's key hides itself in
/// `Debug`, and overwrites itself when dropped.
#[derive(Debug)]
pub(super) struct Key {
    id: Option<String>,
    pub(super) algorithm: SigningAlgorithm,
    pub(super) key: DecodingKey,
}

/// The keys of one issuer.
#[derive(Debug)]
pub(super) struct KeySet {
    keys: Vec<Key>,
}

/// One key as RFC 7517 writes it; the fields that are used.
#[derive(Deserialize)]
struct WrittenKey {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    k: Option<String>,
}

#[derive(Deserialize)]
struct WrittenSet {
    keys: Vec<Value>,
}

impl KeySet {
    /// Reads a public key in PEM: RSA or Ed25519.
    pub(super) fn from_public_pem(bytes: &[u8]) -> Result<Self, JwtSetupError> {
        let key = match pem::public_key(bytes)? {
            PublicKey::Ed25519(point) => Key::ed25519(None, &point),
            PublicKey::Rsa(der) => {
                // Through the JWK form, in which the library shows the numbers.
                let jwk = Jwk::from_decoding_key(&DecodingKey::from_rsa_der(&der), None);
                match jwk.map(|jwk| jwk.algorithm) {
                    Ok(AlgorithmParameters::RSA(rsa)) => Key::rsa(None, &rsa.n, &rsa.e),
                    _ => Err(JwtSetupError::Key("its RSA numbers can't be read")),
                }
            }
        };
        Ok(Self { keys: vec![key?] })
    }

    /// Takes the bytes, without a line's end after them, as a shared secret.
    pub(super) fn from_secret(bytes: &[u8]) -> Result<Self, JwtSetupError> {
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        if bytes.starts_with(b"-----BEGIN") {
            // Whoever has the public key could sign tokens with it.
            return Err(JwtSetupError::Key("it is a key in PEM, and so no shared secret"));
        }
        Ok(Self {
            keys: vec![Key::secret(None, bytes)?],
        })
    }

    /// Reads a set of keys in JSON (RFC 7517). Keys of other kinds, or for other purposes, are left out, and so
    /// are damaged ones, for one bad key must not lock out everybody; a set with no key that can be used is
    /// refused. Shared secrets count as damaged unless `secrets` are expected.
    pub(super) fn from_json(bytes: &[u8], secrets: bool) -> Result<Self, JwtSetupError> {
        let written: WrittenSet = serde_json::from_slice(bytes)
            .map_err(|_| JwtSetupError::Key("it is not a set of keys in JSON"))?;
        if written.keys.len() > MAX_KEYS {
            return Err(JwtSetupError::Key("there are more keys than an issuer has"));
        }
        let read = |value| {
            serde_json::from_value::<WrittenKey>(value)
                .ok()
                .and_then(|key| key.checked(secrets))
        };
        let keys: Vec<Key> = written.keys.into_iter().filter_map(read).collect();
        if keys.is_empty() {
            return Err(JwtSetupError::Key(
                "none of the set's keys is one for HS256, RS256 or EdDSA that can be used",
            ));
        }
        Ok(Self { keys })
    }

    /// Whether a token that names this key can be looked at without asking for newer keys.
    pub(super) fn knows(&self, id: Option<&str>) -> bool {
        id.is_none() || self.keys.iter().any(|key| key.id.as_deref() == id)
    }

    /// The keys that a token may be checked with: those of its key id; when no key has that id, those without
    /// one; and when it has no id, any. Always of its algorithm.
    pub(super) fn select(&self, id: Option<&str>, algorithm: SigningAlgorithm) -> impl Iterator<Item = &Key> {
        let wanted = id.filter(|_| self.knows(id));
        let fits = move |key: &&Key| match (id, wanted) {
            (None, _) => true,
            (Some(_), Some(wanted)) => key.id.as_deref() == Some(wanted),
            (Some(_), None) => key.id.is_none(),
        };
        self.keys
            .iter()
            .filter(fits)
            .filter(move |key| key.algorithm == algorithm)
            .take(MAX_TRIES)
    }
}

impl WrittenKey {
    fn checked(self, secrets: bool) -> Option<Key> {
        let for_signatures = self.purpose.as_deref().is_none_or(|purpose| purpose == "sig");
        let verifies = self
            .key_ops
            .as_ref()
            .is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        if !for_signatures || !verifies {
            return None;
        }
        let key = match (self.kty.as_str(), self.alg.as_deref(), self.crv.as_deref()) {
            ("RSA", None | Some("RS256"), _) => Key::rsa(self.kid, self.n.as_deref()?, self.e.as_deref()?),
            ("OKP", None | Some("EdDSA" | "Ed25519"), Some("Ed25519")) => {
                let point = URL_SAFE_NO_PAD.decode(self.x.as_deref()?).ok()?;
                Key::ed25519(self.kid, &point)
            }
            ("oct", None | Some("HS256"), _) if secrets => {
                let bytes = URL_SAFE_NO_PAD.decode(self.k.as_deref()?).ok()?;
                Key::secret(self.kid, &bytes)
            }
            _ => return None,
        };
        key.ok()
    }
}

impl Key {
    fn rsa(id: Option<String>, n: &str, e: &str) -> Result<Self, JwtSetupError> {
        let modulus = URL_SAFE_NO_PAD
            .decode(n)
            .map_err(|_| JwtSetupError::Key("its modulus can't be read"))?;
        // A leading zero is no size.
        let size = modulus.iter().skip_while(|byte| **byte == 0).count();
        if !RSA_BYTES.contains(&size) {
            return Err(JwtSetupError::Key("an RSA key must have 2048 to 4096 bits"));
        }
        let key = DecodingKey::from_rsa_components(n, e)
            .map_err(|_| JwtSetupError::Key("its RSA numbers can't be read"))?;
        Ok(Self {
            id,
            algorithm: SigningAlgorithm::Rs256,
            key,
        })
    }

    fn ed25519(id: Option<String>, point: &[u8]) -> Result<Self, JwtSetupError> {
        if point.len() != 32 {
            return Err(JwtSetupError::Key("an Ed25519 key must have 32 bytes"));
        }
        Ok(Self {
            id,
            algorithm: SigningAlgorithm::EdDsa,
            key: DecodingKey::from_ed_der(point),
        })
    }

    fn secret(id: Option<String>, bytes: &[u8]) -> Result<Self, JwtSetupError> {
        if bytes.len() < MIN_SECRET_BYTES {
            return Err(JwtSetupError::Key("a shared secret must have at least 32 bytes"));
        }
        Ok(Self {
            id,
            algorithm: SigningAlgorithm::Hs256,
            key: DecodingKey::from_secret(bytes),
        })
    }
}
