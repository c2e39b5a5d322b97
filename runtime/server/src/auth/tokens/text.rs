//! How a token is written: `hap_` and 43 characters of unpadded base64url, which are 32 random bytes.
//!
//! What must stay true: what is kept of a token is its SHA-256 digest. A slow hash would gain nothing, for
//! 256 random bits can't be guessed, and would let clients make the server work.
//! The fixed start lets a scanner find a token that was published by mistake.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::super::Secret;
use super::super::secret::wipe;
use super::TokenError;

const START: &str = "hap_";
const RANDOM_CHARS: usize = 43;

/// The SHA-256 digest of a token's text.
pub(super) type Digest = [u8; 32];

/// Makes a token, and the digest to keep of it.
pub(super) fn make() -> Result<(Secret, Digest), TokenError> {
    let mut random = [0_u8; 32];
    getrandom::fill(&mut random).map_err(|_| TokenError::NoRandomness)?;
    let mut text = String::with_capacity(START.len() + RANDOM_CHARS);
    text.push_str(START);
    URL_SAFE_NO_PAD.encode_string(random, &mut text);
    wipe(&mut random);
    let secret = Secret::new(text);
    let digest = Sha256::digest(secret.expose()).into();
    Ok((secret, digest))
}

/// The digest of a token, or `None` when the text can't be one. What is too long is not even hashed.
pub(super) fn digest(secret: &Secret) -> Option<Digest> {
    let text = secret.expose();
    let random = text.strip_prefix(START)?;
    let known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    (random.len() == RANDOM_CHARS && random.bytes().all(known)).then(|| Sha256::digest(text).into())
}

/// Eight random bytes as an id: enough that ids never meet, and no secret.
pub(super) fn make_id() -> Result<String, TokenError> {
    let mut random = [0_u8; 8];
    getrandom::fill(&mut random).map_err(|_| TokenError::NoRandomness)?;
    Ok(format!("tok_{:016x}", u64::from_be_bytes(random)))
}

pub(super) fn to_hex(digest: &Digest) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads what [`to_hex`] writes, and nothing else: one digest is written one way.
pub(super) fn from_hex(text: &str) -> Option<Digest> {
    if text.len() != 64 || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let mut digest = Digest::default();
    for (index, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(digest)
}
