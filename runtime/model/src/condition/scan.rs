//! The first look at a condition's text, before the parser sees it: what bounds the parser's recursion, and what
//! the parser would stumble over.
//!
//! Whatever passes here is split into the same tokens by the parser, so that brackets cannot hide from the count
//! in what only one of the two takes for a string.

use super::ConditionError;

/// Brackets and `?:` inside each other. What is more is refused later on, by the depth of the expression.
const MAX_NESTING: usize = 24;

/// Tokens that make the tree one level deeper each, such as those of `a + a + a` and `a.b().c()`.
const MAX_LINKS: usize = 300;

/// A name in the text, to find the place of what the parser tells without one.
pub(super) struct Name<'a> {
    pub(super) text: &'a str,
    pub(super) offset: usize,
    /// Whether it is the field of something: `b` in `a.b`.
    pub(super) field: bool,
}

struct Scan<'a> {
    source: &'a str,
    at: usize,
    open: Vec<(u8, usize)>,
    /// For each open bracket, and outside of all, how many `?` stand in it.
    questions: Vec<usize>,
    links: usize,
    names: Vec<Name<'a>>,
    after_dot: bool,
}

/// The names in `source`, when its tokens and its brackets are sound.
pub(super) fn scan(source: &str) -> Result<Vec<Name<'_>>, ConditionError> {
    let mut scan = Scan {
        source,
        at: 0,
        open: Vec::new(),
        questions: vec![0],
        links: 0,
        names: Vec::new(),
        after_dot: false,
    };
    while let Some(byte) = scan.peek(0) {
        scan.token(byte)?;
    }
    match scan.open.last() {
        None => Ok(scan.names),
        Some((bracket, offset)) => {
            Err(scan.error(*offset, format!("`{}` is never closed", char::from(*bracket))))
        }
    }
}

impl<'a> Scan<'a> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.source.as_bytes().get(self.at + ahead).copied()
    }

    fn rest(&self) -> &'a str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn error(&self, offset: usize, message: impl Into<String>) -> ConditionError {
        ConditionError::at(self.source, offset, message)
    }

    fn skip_while(&mut self, wanted: impl Fn(u8) -> bool) {
        while self.peek(0).is_some_and(&wanted) {
            self.at += 1;
        }
    }

    fn token(&mut self, byte: u8) -> Result<(), ConditionError> {
        if byte.is_ascii_whitespace() {
            self.at += 1;
            return Ok(());
        }
        if self.rest().starts_with("//") {
            self.skip_while(|byte| byte != b'\n');
            return Ok(());
        }
        let after_dot = std::mem::take(&mut self.after_dot);
        if byte.is_ascii_digit() || byte == b'.' && self.peek(1).is_some_and(|next| next.is_ascii_digit()) {
            return self.number();
        }
        if let Some(prefix) = self.string_prefix() {
            return self.string(prefix);
        }
        if byte.is_ascii_alphabetic() || byte == b'_' {
            let start = self.at;
            self.skip_while(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            let text = self.source.get(start..self.at).unwrap_or_default();
            if text == "in" {
                return self.link(start);
            }
            self.names.push(Name {
                text,
                offset: start,
                field: after_dot,
            });
            return Ok(());
        }
        self.sign(byte)
    }

    fn sign(&mut self, byte: u8) -> Result<(), ConditionError> {
        let start = self.at;
        let pair = |second| self.peek(1) == Some(second);
        let length = match byte {
            b'=' | b'!' | b'<' | b'>' if pair(b'=') => 2,
            b'&' | b'|' if pair(byte) => 2,
            b'=' => {
                let error = self.error(start, "a single `=` is no operator");
                return Err(error.hint("`==` tells whether two values are equal"));
            }
            b'&' | b'|' => {
                let sign = char::from(byte);
                let error = self.error(start, format!("a single `{sign}` is no operator"));
                return Err(error.hint("write `&&` for and, `||` for or, `!` for not"));
            }
            _ => 1,
        };
        self.at += length;
        match byte {
            b'(' | b'[' | b'{' => {
                self.open.push((byte, start));
                self.questions.push(0);
                self.nested(start)?;
                self.link(start)
            }
            b')' | b']' | b'}' => self.close(byte, start),
            b'?' => {
                if let Some(count) = self.questions.last_mut() {
                    *count += 1;
                }
                self.nested(start)
            }
            b'.' => {
                self.after_dot = true;
                self.link(start)
            }
            b'=' | b'!' | b'<' | b'>' | b'+' | b'-' | b'*' | b'/' | b'%' => self.link(start),
            b'&' | b'|' | b',' | b':' => Ok(()),
            _ => {
                let unknown = self.source.get(start..).and_then(|rest| rest.chars().next());
                let shown =
                    unknown.map_or_else(String::new, |unknown| crate::problem::shown(&unknown.to_string()));
                let error = self.error(start, format!("unexpected character `{shown}`"));
                Err(error.hint("text stands in quotes: `output.verdict == \"good\"`"))
            }
        }
    }

    fn close(&mut self, byte: u8, start: usize) -> Result<(), ConditionError> {
        let sign = char::from(byte);
        self.questions.pop();
        match (self.open.pop(), byte) {
            (Some((b'(', _)), b')') | (Some((b'[', _)), b']') | (Some((b'{', _)), b'}') => Ok(()),
            (Some((other, _)), _) => {
                let other = char::from(other);
                Err(self.error(start, format!("`{sign}` does not close the `{other}` before it")))
            }
            (None, _) => Err(self.error(start, format!("`{sign}` closes nothing"))),
        }
    }

    fn nested(&self, start: usize) -> Result<(), ConditionError> {
        if self.open.len() + self.questions.iter().sum::<usize>() <= MAX_NESTING {
            return Ok(());
        }
        Err(self.error(start, format!("it is nested deeper than {MAX_NESTING} levels")))
    }

    fn link(&mut self, start: usize) -> Result<(), ConditionError> {
        self.links += 1;
        if self.links <= MAX_LINKS {
            return Ok(());
        }
        let message = format!("it has more than {MAX_LINKS} operators, brackets and dots");
        Err(self
            .error(start, message)
            .hint("let an agent work out part of it and write the result"))
    }

    /// A number as the parser delimits it; whether it is one is for the parser to say.
    fn number(&mut self) -> Result<(), ConditionError> {
        let start = self.at;
        loop {
            self.skip_while(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            let exponent = matches!(
                self.source.as_bytes().get(self.at.saturating_sub(1)),
                Some(b'e' | b'E')
            ) && !self
                .source
                .get(start..self.at)
                .is_some_and(|text| text.starts_with("0x"));
            let digit = self.peek(1).is_some_and(|next| next.is_ascii_digit());
            match self.peek(0) {
                Some(b'.') if digit => self.at += 1,
                Some(b'+' | b'-') if exponent && digit => self.at += 1,
                Some(b'"' | b'\'') => {
                    return Err(self.error(start, "a number and a text stand next to each other"));
                }
                _ => return Ok(()),
            }
        }
    }

    /// The letters before the quote when a string starts here.
    fn string_prefix(&self) -> Option<&'a str> {
        let quote = |byte| byte == b'"' || byte == b'\'';
        let length = self.rest().bytes().take(3).position(quote)?;
        let prefix = self.rest().get(..length)?;
        let known = matches!(prefix.to_ascii_lowercase().as_str(), "" | "r" | "b" | "rb" | "br");
        known.then_some(prefix)
    }

    fn string(&mut self, prefix: &str) -> Result<(), ConditionError> {
        let start = self.at;
        let raw = prefix.contains(['r', 'R']);
        let bytes = prefix.contains(['b', 'B']);
        self.at += prefix.len();
        let rest = self.rest();
        let triple = rest.starts_with("\"\"\"") || rest.starts_with("'''");
        let quote = rest.get(..if triple { 3 } else { 1 }).unwrap_or_default();
        self.at += quote.len();
        loop {
            let rest = self.rest();
            if rest.starts_with(quote) {
                self.at += quote.len();
                return Ok(());
            }
            match rest.chars().next() {
                None => break,
                Some('\n' | '\r') if !triple => break,
                Some('\\') if !raw => match escape_length(rest, bytes) {
                    Some(length) => self.at += length,
                    None => {
                        let shown = crate::problem::shown(&rest.chars().take(2).collect::<String>());
                        let error =
                            self.error(self.at, format!("`{shown}` is no escape that a text can have"));
                        return Err(error.hint("a backslash itself is written `\\\\`"));
                    }
                },
                Some(other) => self.at += other.len_utf8(),
            }
        }
        Err(self
            .error(start, "the text is never closed")
            .hint(format!("add `{quote}` at its end")))
    }
}

/// The bytes of the escape that `text` starts with.
fn escape_length(text: &str, bytes: bool) -> Option<usize> {
    let digits = |from: usize, count: usize, radix: u32| {
        let digits = text.get(from..from + count)?;
        let plain = digits.chars().all(|digit| digit.is_digit(radix));
        plain.then(|| u32::from_str_radix(digits, radix).ok())?
    };
    let code = match text.as_bytes().get(1)? {
        b'a' | b'b' | b'f' | b'n' | b'r' | b't' | b'v' | b'\\' | b'\'' | b'"' | b'`' | b'?' => {
            return Some(2);
        }
        b'x' | b'X' => (4, digits(2, 2, 16)?),
        b'u' if !bytes => (6, digits(2, 4, 16)?),
        b'U' if !bytes => (10, digits(2, 8, 16)?),
        b'0'..=b'3' => (4, digits(1, 3, 8)?),
        _ => return None,
    };
    char::from_u32(code.1).map(|_| code.0)
}
