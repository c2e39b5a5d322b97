//! The trait that an agent implements, by hand or through [`macro@crate::agent`], and its export.

use crate::{Context, Error, Manifest, Result};
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};

/// An agent: a function from a context to an output, and what the host may know about it beforehand.
pub trait Agent {
    /// The keys of the context that the agent reads.
    type Input: DeserializeOwned + JsonSchema;
    /// What the agent answers; its fields become keys of the run's context.
    type Output: Serialize + JsonSchema;

    /// Name, version, description and hints; [`manifest!`](crate::manifest) takes them from `Cargo.toml`.
    const MANIFEST: Manifest;

    /// Serves one request. Equal inputs and params deserve equal outputs.
    ///
    /// # Errors
    ///
    /// The error's [kind](crate::ErrorKind) decides what the host does next.
    fn run(input: Self::Input, cx: &Context) -> Result<Self::Output>;
}

/// What an agent function may return: a `Result` whose error converts to [`Error`].
///
/// The attribute uses it to find the output type however the author spelt the return type.
#[diagnostic::on_unimplemented(
    message = "an agent returns a `Result`, and `{Self}` is none",
    label = "return `hap_guest::Result<Output>` here",
    note = "the error may be `hap_guest::Error` or any type that implements `std::error::Error`"
)]
pub trait AgentResult {
    /// The type inside `Ok`.
    type Output;

    /// The same result with the SDK's error.
    ///
    /// # Errors
    ///
    /// The author's error, converted.
    fn into_result(self) -> Result<Self::Output>;
}

impl<T, E> AgentResult for std::result::Result<T, E>
where
    Error: From<E>,
{
    type Output = T;

    fn into_result(self) -> Result<T> {
        self.map_err(Error::from)
    }
}

/// Exports an [`Agent`](crate::Agent) as the component's agent.
///
/// Off WebAssembly, where the component's export names would not link, it only checks the manifest.
#[macro_export]
macro_rules! export {
    ($agent:ty) => {
        const _: () = <$agent as $crate::Agent>::MANIFEST.check();

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::bindings::exports::hap::agent::agent as contract;

            struct Component;

            impl contract::Guest for Component {
                fn describe() -> contract::Manifest {
                    $crate::glue::describe::<$agent>()
                }

                fn invoke(
                    request: contract::Request,
                ) -> ::core::result::Result<contract::Output, contract::Error> {
                    $crate::glue::invoke::<$agent>(request)
                }
            }

    $crate::bindings::export!(Component with_types_in $crate::bindings);
        };
    };
}
