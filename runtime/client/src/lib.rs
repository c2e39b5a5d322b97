//! Calls a HAP server: over HTTP ([`HttpClient`]), over a WebSocket ([`WebSocketClient`]), or one in this process
//! ([`LocalClient`]). All are a [`Client`], so a program that is written against one works with the others.
//!
//! ```no_run
//! use hap_client::{Client, Execute, HttpClient};
//! use serde_json::json;
//!
//! # async fn call() -> Result<(), hap_client::ClientError> {
//! let client = HttpClient::new("http://127.0.0.1:8480")?.token_from_env();
//! let result = client.execute_graph("review", json!({ "text": "…" }), Execute::default()).await?;
//! println!("{}: {}", result.status, result.outputs);
//! # Ok(()) }
//! ```

/// The examples of the page about the server, run as tests.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../../docs/server.md")]
    struct Server;
}

mod error;
mod events;
mod execute;
mod http;
mod local;
mod message;
mod sse;
mod tls;
mod websocket;

use std::future::Future;
use std::pin::Pin;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

pub use error::ClientError;
pub use events::{EventStream, RunEvent};
pub use execute::{AgentResult, Execute, GraphResult};
pub use hap_server::rpc::RpcError;
pub use http::{HttpClient, TOKEN_VARIABLE};
pub use local::LocalClient;
pub use websocket::WebSocketClient;

/// A future behind a pointer, so that [`Client`] can be used as `dyn`. Dropping it ends the call; a run that the call
/// waits for is cancelled then, unless the server is set otherwise.
pub type Calling<'a, T> = Pin<Box<dyn Future<Output = Result<T, ClientError>> + Send + 'a>>;

/// Somebody who can call a HAP server.
pub trait Client: Send + Sync {
    /// Calls a method with parameters as JSON text. The result keeps every digit that the server sent.
    fn call_raw<'a>(&'a self, method: &'a str, params: Box<RawValue>) -> Calling<'a, Box<RawValue>>;

    /// The events of a run from number `from` on, as they happen, until the run ends.
    fn events(&self, run: &str, from: u64) -> EventStream;

    /// Calls a method.
    fn call<'a>(&'a self, method: &'a str, params: Value) -> Calling<'a, Value> {
        Box::pin(async move { read(&self.call_raw(method, message::raw(&params)?).await?) })
    }

    /// Runs an agent and waits for its end. That the run fails is no error of the call: see [`AgentResult::status`].
    fn execute_agent<'a>(&'a self, agent: &'a str, input: Value, how: Execute) -> Calling<'a, AgentResult> {
        Box::pin(async move {
            let params = message::raw(&how.params("agent", agent, input))?;
            read(&self.call_raw("agent/execute", params).await?)
        })
    }

    /// Runs a graph of the server's and waits for its end. That the run fails is no error of the call: see
    /// [`GraphResult::status`].
    fn execute_graph<'a>(&'a self, graph: &'a str, input: Value, how: Execute) -> Calling<'a, GraphResult> {
        Box::pin(async move {
            let params = message::raw(&how.params("name", graph, input))?;
            read(&self.call_raw("graph/execute", params).await?)
        })
    }
}

fn read<T: DeserializeOwned>(text: &RawValue) -> Result<T, ClientError> {
    serde_json::from_str(text.get()).map_err(|error| ClientError::Answer(error.to_string()))
}
