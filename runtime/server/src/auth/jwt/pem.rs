//! Public keys in PEM: the few forms that RSA and Ed25519 public keys are written in, and no others.
//!
//! What must stay true: the whole file is accounted for. One block, one key, and nothing after what was read.
//!
//! The library's own reader of PEM is left out, because it brings ten crates to do what these few lines do.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::keys::JwtSetupError;

/// `rsaEncryption`, 1.2.840.113549.1.1.1.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

/// `id-Ed25519`, 1.3.101.112.
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

const SEQUENCE: u8 = 0x30;
const OBJECT_ID: u8 = 0x06;
const BIT_STRING: u8 = 0x03;

/// A public key, by kind.
pub(super) enum PublicKey {
    /// Modulus and exponent in DER (PKCS #1).
    Rsa(Vec<u8>),
    /// The point; its length is not checked.
    Ed25519(Vec<u8>),
}

/// Reads one public key.
pub(super) fn public_key(bytes: &[u8]) -> Result<PublicKey, JwtSetupError> {
    let text = str::from_utf8(bytes).map_err(|_| JwtSetupError::Key("it is not PEM"))?;
    if text.contains("PRIVATE KEY-----") {
        let why = "it is a private key; give the public one, and keep the other elsewhere";
        return Err(JwtSetupError::Key(why));
    }
    // Text before the block is a comment, as elsewhere.
    let block = text
        .split_once("-----BEGIN ")
        .and_then(|(_, block)| block.split_once("-----"));
    let (label, block) = block.ok_or(JwtSetupError::Key("it is not PEM"))?;
    let (body, after) = block
        .split_once("-----END ")
        .ok_or(JwtSetupError::Key("its PEM has no end"))?;
    if after.trim_end() != format!("{label}-----") {
        return Err(JwtSetupError::Key(
            "its PEM goes on after the first block, or ends as another kind",
        ));
    }
    let body: String = body.split_ascii_whitespace().collect();
    let der = STANDARD
        .decode(body)
        .map_err(|_| JwtSetupError::Key("its PEM can't be read"))?;
    let key = match label {
        "PUBLIC KEY" => subject_public_key(&der),
        "RSA PUBLIC KEY" => Some(PublicKey::Rsa(der)),
        _ => None,
    };
    key.ok_or(JwtSetupError::Key(
        "it is neither an RSA nor an Ed25519 public key",
    ))
}

/// Reads a `SubjectPublicKeyInfo` (RFC 5280, 4.1): the kind of key, and the key as a string of bits.
fn subject_public_key(der: &[u8]) -> Option<PublicKey> {
    let (info, after) = item(SEQUENCE, der)?;
    let (kind, key) = item(SEQUENCE, info)?;
    let (kind, _parameters) = item(OBJECT_ID, kind)?;
    let (bits, after_key) = item(BIT_STRING, key)?;
    if !after.is_empty() || !after_key.is_empty() {
        return None;
    }
    // The first byte says how many bits of the last one are unused; keys are whole bytes.
    let key = bits.strip_prefix(&[0])?.to_vec();
    match kind {
        RSA => Some(PublicKey::Rsa(key)),
        ED25519 => Some(PublicKey::Ed25519(key)),
        _ => None,
    }
}

/// Splits off one item of DER: its content, and what comes after it. Lengths of up to 65535 bytes are read.
fn item(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    let (length, rest) = match rest {
        [short @ 0..=0x7f, rest @ ..] => (usize::from(*short), rest),
        [0x81, one, rest @ ..] => (usize::from(*one), rest),
        [0x82, high, low, rest @ ..] => (usize::from(u16::from_be_bytes([*high, *low])), rest),
        _ => return None,
    };
    if *first == tag {
        rest.split_at_checked(length)
    } else {
        None
    }
}
