//! The options in the attribute's parentheses.

use syn::parse::{Parse, ParseStream};
use syn::{Error, Ident, LitStr, Result, Token};

/// What the author wrote in `#[agent(…)]`.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) read_only: bool,
    pub(crate) idempotent: bool,
    pub(crate) name: Option<LitStr>,
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut options = Self::default();
        while !input.is_empty() {
            let option: Ident = input.parse()?;
            match option.to_string().as_str() {
                "read_only" => options.read_only = true,
                "idempotent" => options.idempotent = true,
                "name" => {
                    input.parse::<Token![=]>()?;
                    options.name = Some(input.parse()?);
                }
                other => {
                    let message = format!(
                        "unknown option `{other}`; options are `read_only`, `idempotent` and `name = \"…\"`"
                    );
                    return Err(Error::new(option.span(), message));
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(options)
    }
}
