//! The two ways in which messages follow each other in a stream, and what can go wrong in reading one.
//!
//! What must stay true: a message that is framed in lines has no line break inside; a failure says whether
//! the stream can be read on and what to tell the peer.

use super::{Id, Response, RpcError};

/// How messages are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// One message a line.
    Lines,
    /// `Content-Length: N`, an empty line and N bytes, as language servers do it.
    ContentLength,
}

impl Framing {
    /// The bytes to send for a message, which must be JSON.
    pub fn encode(self, mut message: Vec<u8>) -> Vec<u8> {
        match self {
            Framing::Lines => {
                // In JSON a line break stands only between tokens, where a space says the same. Text that a
                // handler passes on as it is may have some.
                for byte in &mut message {
                    if matches!(byte, b'\n' | b'\r') {
                        *byte = b' ';
                    }
                }
                message.push(b'\n');
                message
            }
            Framing::ContentLength => {
                let mut framed = format!("Content-Length: {}\r\n\r\n", message.len()).into_bytes();
                framed.append(&mut message);
                framed
            }
        }
    }
}

/// How long the parts of a stream may be.
#[derive(Debug, Clone, Copy)]
pub struct FrameLimits {
    /// Bytes of a message.
    pub message: usize,
    /// Bytes of all headers of a message.
    pub header: usize,
}

impl Default for FrameLimits {
    fn default() -> Self {
        Self {
            message: 16 << 20,
            header: 8 << 10,
        }
    }
}

/// Why there is no message.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// A message is too long. In lines, the next one is read after it.
    #[error("a message is longer than {limit} bytes")]
    TooLong {
        /// What is allowed.
        limit: usize,
        /// Whether the stream can be read on.
        fatal: bool,
    },
    /// The headers say nothing usable, so it is unknown where the next message begins.
    #[error("invalid header: {0}")]
    Header(&'static str),
    /// The stream ended inside a message.
    #[error("the stream ended inside a message")]
    Truncated,
    /// The stream failed.
    #[error("the stream cannot be read: {0}")]
    Io(#[from] std::io::Error),
}

impl FrameError {
    /// Whether nothing can be read after this.
    pub fn is_fatal(&self) -> bool {
        !matches!(self, FrameError::TooLong { fatal: false, .. })
    }

    /// The message that tells the peer; none if it cannot be there to read it.
    pub fn answer(&self) -> Option<Vec<u8>> {
        let error = match self {
            FrameError::TooLong { limit, .. } => RpcError::too_large("the message", *limit),
            FrameError::Header(problem) => RpcError::parse_error(format!("invalid header: {problem}")),
            // A peer may close its side and still listen.
            FrameError::Truncated => RpcError::parse_error(self.to_string()),
            FrameError::Io(_) => return None,
        };
        Some(Response::error(Id::null(), error).to_bytes())
    }
}
