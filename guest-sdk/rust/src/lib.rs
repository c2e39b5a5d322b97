//! Write a HAP agent in Rust: a function becomes a WebAssembly component.
//!
//! ```
//! use hap_guest::{Context, Error, Result, log};
//! use schemars::JsonSchema;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Deserialize, JsonSchema)]
//! struct Input {
//!     text: String,
//! }
//!
//! #[derive(Serialize, JsonSchema)]
//! struct Output {
//!     shout: String,
//! }
//!
//! /// Upper-cases a text.
//! #[hap_guest::agent(read_only)]
//! fn shout(input: Input, cx: &Context) -> Result<Output> {
//!     if input.text.is_empty() {
//!         return Err(Error::invalid_input("`text` is empty: pass at least one character"));
//!     }
//!     log::info(format!("shouting for node {}", cx.node()));
//!     Ok(Output { shout: input.text.to_uppercase() })
//! }
//!
//! # use serde_json::json;
//! // In a test: the attribute made a type that is named after the function.
//! let output = hap_guest::testing::invoke::<ShoutAgent>(json!({ "text": "hap" }), json!({}));
//! assert_eq!(output.unwrap(), json!({ "shout": "HAP" }));
//! ```
//!
//! # The crate around it
//!
//! ```toml
//! [package]
//! name = "shout"                   # the agent's name, in kebab-case
//! version = "0.1.0"                # the agent's version
//! description = "…"                # used where the function has no doc comment
//!
//! [lib]
//! crate-type = ["cdylib", "rlib"]  # a component, and a library for native tests
//!
//! [dependencies]
//! hap-guest = "0.1"
//! schemars = { version = "1", default-features = false, features = ["derive"] }
//! serde = { version = "1", features = ["derive"] }
//! ```
//!
//! `cargo build --release --target wasm32-wasip2` makes the component, `cargo test --lib` tests it natively.
//! One crate is one agent.
//!
//! # What the author can rely on
//!
//! - The context is deserialised before the function is called. One that does not fit is answered with
//!   `invalid-input`, which names the place and what was expected.
//! - `?` on any [`std::error::Error`] fails the call, and the message keeps the chain of sources. Only
//!   [`Error::unavailable`] asks for a retry: an agent's call may have cost money, so a retry is opt-in.
//! - The JSON Schemas of the manifest come from the types, and their doc comments become descriptions.
//! - A panic is reported with its message and place, and ends the call.
//! - Off WebAssembly the same code runs against the fake host in [`testing`].
//!
//! # Without the attribute
//!
//! [`macro@agent`] writes nothing but this:
//!
//! ```
//! # #[derive(serde::Deserialize, schemars::JsonSchema)]
//! # struct Input { text: String }
//! # #[derive(serde::Serialize, schemars::JsonSchema)]
//! # struct Output { shout: String }
//! use hap_guest::{Agent, Context, Manifest, Result};
//!
//! struct Shout;
//!
//! impl Agent for Shout {
//!     type Input = Input;
//!     type Output = Output;
//!     const MANIFEST: Manifest = hap_guest::manifest!().read_only();
//!
//!     fn run(input: Input, _cx: &Context) -> Result<Output> {
//!         Ok(Output { shout: input.text.to_uppercase() })
//!     }
//! }
//!
//! hap_guest::export!(Shout);
//! # fn main() {}
//! ```

mod agent;
mod context;
mod error;
#[doc(hidden)]
pub mod glue;
mod host;
mod manifest;

pub mod identity;
pub mod log;
pub mod progress;
pub mod resources;
pub mod schema;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

#[doc(hidden)]
pub mod bindings {
    //! What wit-bindgen makes of `wit/`. Public because [`export!`](crate::export) expands in other crates.
    wit_bindgen::generate!({
        path: "../../wit",
        world: "full-guest",
        pub_export_macro: true,
        default_bindings_module: "hap_guest::bindings",
    });
}

pub use agent::{Agent, AgentResult};
pub use context::Context;
pub use error::{Error, ErrorKind, Result};
pub use hap_guest_macros::agent;
pub use manifest::Manifest;
pub use {schemars, serde, serde_json};
