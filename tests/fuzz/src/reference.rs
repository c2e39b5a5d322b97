//! A naive reader of JSON (RFC 8259), written for this comparison alone: recursive, one character at a time, and with
//! nothing in common with the reader that it is compared to.

use std::collections::BTreeMap;

/// What is deeper than this is not told apart any more, so that this reader cannot exhaust the stack.
pub const DEEPEST: usize = 300;

/// A value. Numbers stay as written.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// What stays as written: `null`, `true`, `false`, a number, or a string that is no text because a surrogate stands
    /// alone in it.
    Word(String),
    /// A string.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// An object; of a key that stands twice the last value.
    Object(BTreeMap<String, Value>),
}

/// What there is to know about a text that is JSON.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The value.
    pub value: Value,
    /// How many lists and objects stand within each other at most.
    pub depth: usize,
    /// A key stands twice in one object.
    pub repeats_a_key: bool,
    /// A key or another string holds half of a surrogate pair, as in `"\ud800"`: the grammar allows it, but it is no text.
    pub half_a_pair: bool,
}

/// Why a text is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is not JSON.
    Syntax,
    /// It is nested deeper than [`DEEPEST`]; whether it is JSON is not known.
    TooDeep,
}

/// Reads `text` whole.
pub fn read(text: &str) -> Result<Facts, Refusal> {
    let mut reader = Reader {
        left: text,
        facts: Facts {
            value: Value::Word(String::new()),
            depth: 0,
            repeats_a_key: false,
            half_a_pair: false,
        },
    };
    let value = reader.value(0)?;
    reader.space();
    reader.facts.value = value;
    reader
        .left
        .is_empty()
        .then_some(reader.facts)
        .ok_or(Refusal::Syntax)
}

struct Reader<'a> {
    left: &'a str,
    facts: Facts,
}

impl<'a> Reader<'a> {
    fn space(&mut self) {
        self.left = self.left.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    /// Takes `word` if the rest begins with it.
    fn take(&mut self, word: &str) -> bool {
        let rest = self.left.strip_prefix(word);
        self.left = rest.unwrap_or(self.left);
        rest.is_some()
    }

    fn need(&mut self, word: &str) -> Result<(), Refusal> {
        self.take(word).then_some(()).ok_or(Refusal::Syntax)
    }

    fn value(&mut self, around: usize) -> Result<Value, Refusal> {
        self.space();
        match self.left.chars().next() {
            Some('{' | '[') => {
                let depth = around + 1;
                if depth > DEEPEST {
                    return Err(Refusal::TooDeep);
                }
                self.facts.depth = self.facts.depth.max(depth);
                if self.take("[") {
                    self.list(depth)
                } else {
                    self.object(depth)
                }
            }
            Some('"') => {
                let (text, alone) = self.string()?;
                self.facts.half_a_pair |= alone;
                Ok(if alone {
                    Value::Word(text)
                } else {
                    Value::Text(text)
                })
            }
            Some('-' | '0'..='9') => self.number(),
            _ => {
                let word = ["null", "true", "false"].into_iter().find(|word| self.take(word));
                word.map(|word| Value::Word(word.to_owned()))
                    .ok_or(Refusal::Syntax)
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value, Refusal> {
        let mut items = Vec::new();
        self.space();
        if self.take("]") {
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.value(depth)?);
            self.space();
            if self.take("]") {
                return Ok(Value::List(items));
            }
            self.need(",")?;
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, Refusal> {
        let mut members = BTreeMap::new();
        self.need("{")?;
        self.space();
        if self.take("}") {
            return Ok(Value::Object(members));
        }
        loop {
            self.space();
            let (key, alone) = self.string()?;
            self.facts.half_a_pair |= alone;
            self.space();
            self.need(":")?;
            let value = self.value(depth)?;
            self.facts.repeats_a_key |= members.insert(key, value).is_some();
            self.space();
            if self.take("}") {
                return Ok(Value::Object(members));
            }
            self.need(",")?;
        }
    }

    /// A string, and whether half of a surrogate pair is in it.
    fn string(&mut self) -> Result<(String, bool), Refusal> {
        let whole = self.left;
        self.need("\"")?;
        // UTF-16, because that is what its escapes speak.
        let mut units: Vec<u16> = Vec::new();
        loop {
            let mut chars = self.left.chars();
            let next = chars.next().ok_or(Refusal::Syntax)?;
            self.left = chars.as_str();
            match next {
                '"' => break,
                '\\' => units.push(self.escape()?),
                '\0'..='\u{1f}' => return Err(Refusal::Syntax),
                plain => units.extend(plain.encode_utf16(&mut [0; 2]).iter()),
            }
        }
        let written = whole.get(..whole.len() - self.left.len()).unwrap_or_default();
        Ok(match String::from_utf16(&units) {
            Ok(text) => (text, false),
            Err(_) => (written.to_owned(), true),
        })
    }

    fn escape(&mut self) -> Result<u16, Refusal> {
        const PLAIN: [(&str, u16); 8] = [
            ("\"", 0x22),
            ("\\", 0x5c),
            ("/", 0x2f),
            ("b", 8),
            ("f", 12),
            ("n", 10),
            ("r", 13),
            ("t", 9),
        ];
        if let Some((_, unit)) = PLAIN.into_iter().find(|(letter, _)| self.take(letter)) {
            return Ok(unit);
        }
        self.need("u")?;
        let digits = self
            .left
            .get(..4)
            .filter(|text| text.chars().all(|c| c.is_ascii_hexdigit()));
        let unit = u16::from_str_radix(digits.ok_or(Refusal::Syntax)?, 16);
        self.left = self.left.get(4..).unwrap_or_default();
        unit.map_err(|_| Refusal::Syntax)
    }

    fn digits(&mut self) -> Result<(), Refusal> {
        let rest = self.left.trim_start_matches(|c: char| c.is_ascii_digit());
        let some = rest.len() < self.left.len();
        self.left = rest;
        some.then_some(()).ok_or(Refusal::Syntax)
    }

    fn number(&mut self) -> Result<Value, Refusal> {
        let whole = self.left;
        self.take("-");
        if !self.take("0") {
            self.digits()?;
        }
        if self.take(".") {
            self.digits()?;
        }
        if self.take("e") || self.take("E") {
            let _signed = self.take("+") || self.take("-");
            self.digits()?;
        }
        let written = whole.get(..whole.len() - self.left.len()).unwrap_or_default();
        Ok(Value::Word(written.to_owned()))
    }
}
