//! How deep components stand in one another, told from the headers of their sections alone. Compiling takes memory that
//! grows with the square of that depth, so a small file could take all there is.

use crate::error::SandboxError;

/// Composed components are a few levels deep.
const MAX_DEPTH: usize = 64;

/// The section that holds a component within a component, and the length of a component's preamble (component-model
/// binary format, `Binary.md`).
const COMPONENT_SECTION: u8 = 4;
const PREAMBLE_BYTES: usize = 8;

/// Refuses components that stand deeper in one another than [`MAX_DEPTH`]. What is malformed is left to the compiler to
/// tell.
pub(crate) fn check(bytes: &[u8]) -> Result<(), SandboxError> {
    // Where each component that is open ends.
    let mut open = vec![bytes.len()];
    let mut at = PREAMBLE_BYTES;
    while let Some(&end) = open.last() {
        if at >= end {
            open.pop();
            continue;
        }
        let Some((size, header)) = bytes.get(at + 1..end).and_then(leb128) else {
            return Ok(());
        };
        let content = at + 1 + header;
        let Some(section_end) = content
            .checked_add(size)
            .filter(|section_end| *section_end <= end)
        else {
            return Ok(());
        };
        if bytes.get(at) == Some(&COMPONENT_SECTION) {
            if open.len() >= MAX_DEPTH {
                let message = format!("it nests components more than {MAX_DEPTH} levels deep");
                return Err(SandboxError::Invalid { message });
            }
            open.push(section_end);
            at = content + PREAMBLE_BYTES;
        } else {
            at = section_end;
        }
    }
    Ok(())
}

/// An unsigned 32-bit number in LEB128, and how many bytes it takes.
fn leb128(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0usize;
    for (index, byte) in bytes.iter().take(5).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, index + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Components one within the other.
    fn nested(depth: usize) -> Vec<u8> {
        let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
        for _ in 1..depth {
            let mut outer = b"\0asm\x0d\0\x01\0\x04".to_vec();
            let mut size = bytes.len();
            while size >= 0x80 {
                outer.push(0x80 | (size & 0x7f) as u8);
                size >>= 7;
            }
            outer.push(size as u8);
            outer.extend(bytes);
            bytes = outer;
        }
        bytes
    }

    #[test]
    fn deep_nesting_is_refused_by_headers_alone() {
        assert!(check(&nested(64)).is_ok());
        let error = check(&nested(65)).unwrap_err().to_string();
        assert!(error.contains("more than 64 levels deep"), "{error}");
        assert!(check(&nested(3000)).is_err());
    }

    #[test]
    fn malformed_headers_end_the_walk() {
        let whole = nested(20);
        for length in 0..whole.len() {
            assert!(check(&whole[..length]).is_ok());
        }
        assert!(check(b"\0asm\x0d\0\x01\0\x04\xff\xff\xff\xff\xff\xff\xff").is_ok());
    }
}
