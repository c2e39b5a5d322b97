//! Names and numbers that identify things: node, run, digest. Each is a type of its own, so that one cannot
//! be passed for another, and each that people write is checked where it enters.

use std::fmt;
use std::sync::Arc;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest name of a node, in bytes.
pub const MAX_NODE_ID_BYTES: usize = 100;

/// The name of a node: `[A-Za-z][A-Za-z0-9_-]*`, at most [`MAX_NODE_ID_BYTES`] bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(Arc<str>);

impl NodeId {
    /// Checks `name`; `None` when it is not a node name.
    pub fn new(name: &str) -> Option<NodeId> {
        let mut bytes = name.bytes();
        let starts = bytes.next().is_some_and(|b| b.is_ascii_alphabetic());
        let rest = bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        (starts && rest && name.len() <= MAX_NODE_ID_BYTES).then(|| NodeId(name.into()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as shared text.
    pub fn shared(&self) -> Arc<str> {
        self.0.clone()
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// So that maps by node can be asked with text.
impl std::borrow::Borrow<str> for NodeId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Serialize for NodeId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for NodeId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<NodeId, D::Error> {
        let name = String::deserialize(deserializer)?;
        NodeId::new(&name).ok_or_else(|| D::Error::custom("this is no name of a node"))
    }
}

/// A node's position in its plan's topological order, from 0. Smaller is earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeIndex(pub u32);

impl NodeIndex {
    /// The position as an index into per-node tables.
    pub fn get(self) -> usize {
        self.0 as usize
    }
}

/// Names one run of a graph: unique among the runs of one host, safe to log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RunId(Arc<str>);

impl RunId {
    /// A run id made of 128 given random bits, as 32 hexadecimal digits.
    pub fn from_bits(bits: u128) -> RunId {
        RunId(format!("{bits:032x}").into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for RunId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for RunId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RunId, D::Error> {
        Ok(RunId(String::deserialize(deserializer)?.into()))
    }
}

/// The SHA-256 of a component's bytes, printed as `sha256:` and 64 hexadecimal digits (the form of the OCI
/// image specification).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest whose 32 bytes are given.
    pub fn from_sha256(bytes: [u8; 32]) -> Digest {
        Digest(bytes)
    }

    /// The 64 hexadecimal digits alone.
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
        let text = String::deserialize(deserializer)?;
        let hex = text
            .strip_prefix("sha256:")
            .filter(|hex| hex.len() == 64 && hex.is_ascii());
        let mut bytes = [0; 32];
        let read = hex.is_some_and(|hex| {
            bytes.iter_mut().enumerate().all(|(index, byte)| {
                let digits = u8::from_str_radix(&hex[2 * index..2 * index + 2], 16);
                digits.is_ok_and(|digits| {
                    *byte = digits;
                    true
                })
            })
        });
        match read {
            true => Ok(Digest(bytes)),
            false => Err(D::Error::custom(
                "a digest is `sha256:` and 64 hexadecimal digits",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_names_are_letters_digits_dash_and_underscore() {
        for good in ["a", "A9", "find-terms", "x_y", &"n".repeat(100)] {
            assert!(NodeId::new(good).is_some(), "{good}");
        }
        for bad in ["", "9a", "-a", "a b", "ä", "a.b", "a/b", &"n".repeat(101)] {
            assert!(NodeId::new(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn digest_prints_in_the_oci_form() {
        let digest = Digest::from_sha256([0xab; 32]);
        assert_eq!(digest.to_string(), format!("sha256:{}", "ab".repeat(32)));
    }
}
