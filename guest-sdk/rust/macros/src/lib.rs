//! The attribute `#[agent]` of the crate `hap-guest`.
//!
//! It turns a function into an `impl hap_guest::Agent` and an export, and writes nothing that an author could
//! not write in a few lines (see the crate's front page). Every error it reports says what to write instead.

mod expand;
mod options;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

/// Makes a free function the agent of its crate.
///
/// ```text
/// /// Upper-cases a text.
/// #[hap_guest::agent(read_only, idempotent, name = "shout")]
/// fn shout(input: Input, cx: &Context) -> Result<Output> { … }
/// ```
///
/// - `input` is the node's view of the context; its type implements `Deserialize` and `JsonSchema`.
/// - `cx: &Context` may be left out.
/// - The output implements `Serialize` and `JsonSchema`; the error is `hap_guest::Error` or any error type.
/// - The first paragraph of the doc comment is the agent's description; without one, the package's is used.
/// - Options: `read_only` and `idempotent` are the manifest's hints, `name` replaces the package's name.
///
/// Beside the function there will be a type `ShoutAgent`, named after it, that implements `hap_guest::Agent`:
/// what tests pass to `hap_guest::testing::invoke`.
#[proc_macro_attribute]
pub fn agent(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::agent(options.into(), item.into())
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}
