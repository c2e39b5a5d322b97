//! Why a call failed.

use std::io;
use std::time::Duration;

use hap_server::rpc::RpcError;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The server answered with an error.
    #[error("{}", .0.message)]
    Server(RpcError),
    /// The address is none that can be called.
    #[error("`{address}` is no address of a server: {why}")]
    Address {
        /// What was given.
        address: String,
        /// What is wrong.
        why: &'static str,
    },
    /// The token cannot stand in a header.
    #[error("the token holds characters that no token has")]
    Token,
    /// Nobody answers there.
    #[error("cannot connect to `{address}`: {source}")]
    Connect {
        /// Where the server should be.
        address: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// There is nobody whose certificates could be believed.
    #[error("no authorities for TLS: {0}")]
    Authorities(String),
    /// The server and this client cannot agree on TLS.
    #[error("cannot agree on TLS with `{address}`: {source}")]
    Tls {
        /// Where the server is.
        address: String,
        /// What is wrong.
        source: io::Error,
    },
    /// The connection broke: nothing is known of the call's effect.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// The server took longer than the client waits.
    #[error("the server did not answer within {} seconds", .0.as_secs())]
    Timeout(Duration),
    /// The answer is larger than the client reads.
    #[error("the server's answer is larger than {0} bytes")]
    TooLarge(usize),
    /// Something answered that is no HAP server.
    #[error("status {0} and no answer of a HAP server")]
    Status(u16),
    /// The answer cannot be read.
    #[error("the server's answer cannot be read: {0}")]
    Answer(String),
}

impl ClientError {
    /// The server's error, where it answered with one.
    pub fn as_server(&self) -> Option<&RpcError> {
        match self {
            ClientError::Server(error) => Some(error),
            _ => None,
        }
    }

    /// What would mend it, where somebody knows.
    pub fn hint(&self) -> Option<&str> {
        match self {
            ClientError::Server(error) => error.data.as_ref()?.get("hint")?.as_str(),
            ClientError::Address { .. } => Some("write `http://HOST:PORT` or `https://HOST:PORT`"),
            ClientError::Authorities(_) => {
                Some("give a file with the certificate of the server's authority, in PEM")
            }
            ClientError::Tls { .. } => Some(
                "a server without TLS is `http://…`; the certificate of a private authority is given as a file",
            ),
            ClientError::Connect { .. } => Some("is the server running? `hap serve` tells where it listens"),
            ClientError::Status(_) => {
                Some("is the address that of a HAP server, with `https://` where it speaks TLS?")
            }
            _ => None,
        }
    }
}
