//! JSON-RPC 2.0, independent of any transport: messages, errors, the dispatcher and the framings of stdio.
//!
//! What must stay true: a request that has an id gets exactly one answer with that id as it was written, a
//! notification and a response get none, and no input of a peer can make this module panic, recurse without
//! a bound or keep more memory than a fixed multiple of the limits it was given.

mod batch;
mod bind;
mod code;
mod decode;
mod dispatch;
mod envelope;
mod error;
mod framing;
mod message;
mod parse;
mod queue;
mod spec;
mod stdio;

#[cfg(test)]
mod tests;

pub use code::{Code, CodeInfo};
pub use decode::Decoder;
pub use dispatch::{Context, Methods, Settings};
pub use error::RpcError;
pub use framing::{FrameError, FrameLimits, Framing};
pub use message::{Call, Id, Outcome, Params, Response, notification, request};
pub use parse::{Incoming, Item, Limits, Refusal, parse};
pub use queue::{MessageReceiver, MessageSender, Queued, SendError, queue};
pub use spec::{Example, MethodSpec, NoParams, ParamSpec, RegisterError, Schema};
pub use stdio::{FrameReader, PeerFraming, writer};
