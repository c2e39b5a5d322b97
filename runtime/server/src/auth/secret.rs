//! A text that must not be seen: it has no `Display`, no `Clone`, no `PartialEq`, and a `Debug` that says
//! nothing, not even its length.
//!
//! What must stay true: whoever wants the text says so with [`Secret::expose`], so that every place that
//! reads a secret can be found by searching for that word.

use std::fmt;

/// A secret text, overwritten when it is dropped.
///
/// Overwriting is best effort: copies that the operating system or a transport made are out of reach.
pub struct Secret(Vec<u8>);

impl Secret {
    /// Takes over `text`, without copying it.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text.into_bytes())
    }

    /// The secret in clear. Don't print it, store it or compare it byte by byte.
    #[must_use]
    pub fn expose(&self) -> &str {
        // Made from a `String` and never changed, so it is UTF-8; an empty text fails every check anyway.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

/// Overwrites bytes with zeros. The black box keeps the compiler from removing writes that nobody reads.
pub(crate) fn wipe(bytes: &mut [u8]) {
    bytes.fill(0);
    std::hint::black_box(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_says_nothing_of_the_secret() {
        let secret = Secret::new("open sesame".into());
        assert_eq!(format!("{secret:?}"), "Secret");
        assert_eq!(format!("{secret:#?}"), "Secret");
        assert_eq!(secret.expose(), "open sesame");
    }

    #[test]
    fn wiping_leaves_zeros() {
        let mut bytes = *b"open sesame";
        wipe(&mut bytes);
        assert_eq!(bytes, [0; 11]);
    }
}
