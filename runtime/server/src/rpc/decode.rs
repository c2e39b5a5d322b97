//! Where a message begins and ends in a stream: one message a line, or each after a `Content-Length` header.
//!
//! What must stay true: which of the two a peer uses is told by its first message and does not change; the
//! memory used follows what has arrived, never what a header announces, and stays within the limits; cutting
//! the stream into chunks in another way gives the same messages. No input or output happens here.

use super::{FrameError, FrameLimits, Framing};

/// How much of a chunk was taken, and what came of it.
type Taken = (usize, Option<Result<Vec<u8>, FrameError>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first message is told to be of one framing or the other.
    Detect,
    Line,
    /// In a line that was too long.
    SkipLine,
    Header,
    Body {
        missing: usize,
    },
    Closed,
}

/// Takes messages out of chunks of bytes.
#[derive(Debug)]
pub struct Decoder {
    limits: FrameLimits,
    framing: Option<Framing>,
    state: State,
    /// What has arrived of the line, the header line or the body.
    partial: Vec<u8>,
    /// The `Content-Length` of the message whose headers are being read.
    length: Option<usize>,
    /// Bytes of that message's headers so far.
    header: usize,
}

/// How every header begins that a peer may send first.
const HEADER_START: &[u8] = b"content-";

impl Decoder {
    /// Tells the framing by the first message.
    pub fn new(limits: FrameLimits) -> Self {
        Self {
            limits,
            framing: None,
            state: State::Detect,
            partial: Vec::new(),
            length: None,
            header: 0,
        }
    }

    /// Reads this framing only.
    pub fn with_framing(limits: FrameLimits, framing: Framing) -> Self {
        let mut decoder = Self::new(limits);
        decoder.decide(framing);
        decoder
    }

    /// The peer's framing, once it is known.
    pub fn framing(&self) -> Option<Framing> {
        self.framing
    }

    /// Whether nothing can be read any more.
    pub fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    fn decide(&mut self, framing: Framing) {
        self.framing = Some(framing);
        self.state = match framing {
            Framing::Lines => State::Line,
            Framing::ContentLength => State::Header,
        };
    }

    /// Takes bytes from the start of `chunk` until there is a message or an error, or the chunk is used up.
    /// Says how many it took; those must not be given again.
    pub fn feed(&mut self, chunk: &[u8]) -> (usize, Option<Result<Vec<u8>, FrameError>>) {
        let mut rest = chunk;
        let mut found = None;
        while found.is_none() && !rest.is_empty() && !self.is_closed() {
            let (taken, result) = match self.state {
                State::Detect => self.detect(rest),
                State::Line => self.line(rest),
                State::SkipLine => self.skip_line(rest),
                State::Header => self.header(rest),
                State::Body { missing } => self.body(rest, missing),
                State::Closed => (0, None),
            };
            rest = rest.get(taken..).unwrap_or_default();
            found = result;
        }
        if matches!(&found, Some(Err(error)) if error.is_fatal()) {
            self.state = State::Closed;
            self.partial = Vec::new();
        }
        (chunk.len() - rest.len(), found)
    }

    /// To be called when the stream has ended: the last line may lack its line break.
    pub fn finish(&mut self) -> Result<Option<Vec<u8>>, FrameError> {
        let state = std::mem::replace(&mut self.state, State::Closed);
        let partial = std::mem::take(&mut self.partial);
        match state {
            State::Detect | State::Line => {
                self.framing = self.framing.or((!partial.is_empty()).then_some(Framing::Lines));
                Ok(message_of_line(partial))
            }
            State::Header if self.header > 0 || !partial.is_empty() => Err(FrameError::Truncated),
            State::Body { .. } => Err(FrameError::Truncated),
            State::SkipLine | State::Header | State::Closed => Ok(None),
        }
    }

    fn detect(&mut self, chunk: &[u8]) -> Taken {
        let mut taken = 0;
        for byte in chunk {
            if self.partial.is_empty() && byte.is_ascii_whitespace() {
                taken += 1;
                continue;
            }
            // No JSON text begins like a header. Anything else is a line, if only to be refused as one.
            if HEADER_START.get(self.partial.len()) != Some(&byte.to_ascii_lowercase()) {
                self.decide(Framing::Lines);
                break;
            }
            taken += 1;
            self.partial.push(*byte);
            if self.partial.len() == HEADER_START.len() {
                self.decide(Framing::ContentLength);
                break;
            }
        }
        (taken, None)
    }

    fn line(&mut self, chunk: &[u8]) -> Taken {
        let (part, ended) = up_to_line_break(chunk);
        let taken = part.len() + usize::from(ended);
        if self.partial.len() + part.len() > self.limits.message {
            self.partial = Vec::new();
            if !ended {
                self.state = State::SkipLine;
            }
            return (
                taken,
                Some(Err(FrameError::TooLong {
                    limit: self.limits.message,
                    fatal: false,
                })),
            );
        }
        self.partial.extend_from_slice(part);
        if !ended {
            return (taken, None);
        }
        (taken, message_of_line(std::mem::take(&mut self.partial)).map(Ok))
    }

    fn skip_line(&mut self, chunk: &[u8]) -> Taken {
        let (part, ended) = up_to_line_break(chunk);
        if ended {
            self.state = State::Line;
        }
        (part.len() + usize::from(ended), None)
    }

    fn header(&mut self, chunk: &[u8]) -> Taken {
        let (part, ended) = up_to_line_break(chunk);
        let taken = part.len() + usize::from(ended);
        if self.header + self.partial.len() + part.len() > self.limits.header {
            return (taken, Some(Err(FrameError::Header("the headers are too long"))));
        }
        self.partial.extend_from_slice(part);
        if !ended {
            return (taken, None);
        }
        let line = std::mem::take(&mut self.partial);
        let text = line.strip_suffix(b"\r").unwrap_or(&line);
        // Empty lines do not count: they are not kept, and there may be some between messages.
        if !text.is_empty() {
            self.header += line.len();
        }
        (taken, self.header_line(text).transpose())
    }

    fn header_line(&mut self, line: &[u8]) -> Result<Option<Vec<u8>>, FrameError> {
        if !line.is_empty() {
            if let Some(length) = content_length(line)?
                && self.length.replace(length).is_some()
            {
                return Err(FrameError::Header("`Content-Length` stands there twice"));
            }
            return Ok(None);
        }
        let Some(length) = self.length.take() else {
            // Some peers end a body with a line break that they do not count.
            return match self.header {
                0 => Ok(None),
                _ => Err(FrameError::Header("`Content-Length` is missing")),
            };
        };
        self.header = 0;
        if length > self.limits.message {
            return Err(FrameError::TooLong {
                limit: self.limits.message,
                fatal: true,
            });
        }
        if length == 0 {
            return Ok(Some(Vec::new()));
        }
        self.state = State::Body { missing: length };
        Ok(None)
    }

    fn body(&mut self, chunk: &[u8], missing: usize) -> Taken {
        let part = chunk.get(..missing).unwrap_or(chunk);
        self.partial.extend_from_slice(part);
        if part.len() < missing {
            self.state = State::Body {
                missing: missing - part.len(),
            };
            return (part.len(), None);
        }
        self.state = State::Header;
        (part.len(), Some(Ok(std::mem::take(&mut self.partial))))
    }
}

/// The bytes before the first line break, or all, and whether there is one.
fn up_to_line_break(chunk: &[u8]) -> (&[u8], bool) {
    match chunk.iter().position(|byte| *byte == b'\n') {
        Some(end) => (chunk.get(..end).unwrap_or(chunk), true),
        None => (chunk, false),
    }
}

/// A line as a message; none if it is empty. A carriage return at its end is white space to JSON.
fn message_of_line(line: Vec<u8>) -> Option<Vec<u8>> {
    (!line.trim_ascii().is_empty()).then_some(line)
}

/// The length that a header line gives; none if it is another header.
fn content_length(line: &[u8]) -> Result<Option<usize>, FrameError> {
    let line = str::from_utf8(line).map_err(|_| FrameError::Header("it is not text"))?;
    let (name, value) = line
        .split_once(':')
        .ok_or(FrameError::Header("there is no colon"))?;
    let value = value.trim();
    if name.eq_ignore_ascii_case("content-length") {
        // `parse` would allow a plus sign.
        if !value.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(FrameError::Header("`Content-Length` is not a number"));
        }
        return value
            .parse()
            .map(Some)
            .map_err(|_| FrameError::Header("`Content-Length` is not a number"));
    }
    if name.eq_ignore_ascii_case("content-type") {
        let charset = value.to_ascii_lowercase();
        let charset = charset
            .split_once("charset=")
            .map(|(_, name)| name.trim_matches('"'));
        // `utf8` is no charset's name, but early language clients send it.
        if !matches!(charset, None | Some("utf-8" | "utf8")) {
            return Err(FrameError::Header("the charset must be utf-8"));
        }
    }
    Ok(None)
}
