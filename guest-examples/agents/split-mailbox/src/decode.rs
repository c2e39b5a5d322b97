//! Bytes from text that went through mail, and text from bytes.

/// Undoes quoted-printable. What is no escape stays as it is.
pub(crate) fn quoted_printable(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('=') {
        bytes.extend_from_slice(before.as_bytes());
        let end_of_line = after.trim_start_matches([' ', '\t', '\r']);
        if let Some(next) = end_of_line.strip_prefix('\n') {
            rest = next;
        } else if let Some((byte, next)) = hex(after) {
            bytes.push(byte);
            rest = next;
        } else {
            bytes.push(b'=');
            rest = after;
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

fn hex(text: &str) -> Option<(u8, &str)> {
    let (digits, rest) = text.split_at_checked(2)?;
    let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let byte = u8::from_str_radix(digits, 16).ok().filter(|_| is_hex)?;
    Some((byte, rest))
}

/// Undoes base64. What is no digit of it, such as the ends of lines, is passed over.
pub(crate) fn base64(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0_u32);
    for digit in text.bytes().take_while(|byte| *byte != b'=') {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.extend((bits >> count).to_le_bytes().first());
            bits &= (1 << count) - 1;
        }
    }
    bytes
}

/// What the code points 0x80 to 0x9F are in Windows-1252, which most mail that says ISO-8859-1 is in.
const WINDOWS: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";

/// The text, where the character set is one of those that this agent knows.
pub(crate) fn charset(name: &str, bytes: Vec<u8>) -> Option<String> {
    match name.to_ascii_lowercase().as_str() {
        "utf-8" | "utf8" | "us-ascii" | "ascii" => Some(
            String::from_utf8(bytes)
                .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
        ),
        "iso-8859-1" | "iso-8859-15" | "latin1" | "windows-1252" | "cp1252" => {
            Some(bytes.into_iter().map(latin).collect())
        }
        _ => None,
    }
}

fn latin(byte: u8) -> char {
    let special = byte.checked_sub(0x80).filter(|index| *index < 0x20);
    special
        .and_then(|index| WINDOWS.chars().nth(usize::from(index)))
        .unwrap_or(char::from(byte))
}
