//! What a method says about itself, for the dispatcher and for documents (OpenRPC, help texts).
//!
//! What must stay true: names are looked up exactly as they stand here, and the order of the parameters is
//! part of the interface, because a caller may give them by position.

use serde::{Deserialize, Serialize};

/// Makes the JSON Schema of a parameter or a result, when a document is asked for.
pub type Schema = fn() -> serde_json::Value;

/// One parameter of a method.
#[derive(Debug, Clone, Copy)]
pub struct ParamSpec {
    /// Its name.
    pub name: &'static str,
    /// Whether a call without it is refused before the handler sees it.
    pub required: bool,
    /// What it is, in one sentence.
    pub summary: &'static str,
    /// Its schema.
    pub schema: Option<Schema>,
}

impl ParamSpec {
    /// A parameter that must be given.
    pub const fn required(name: &'static str) -> Self {
        Self {
            name,
            required: true,
            summary: "",
            schema: None,
        }
    }

    /// A parameter that may be left out.
    pub const fn optional(name: &'static str) -> Self {
        Self {
            name,
            required: false,
            summary: "",
            schema: None,
        }
    }

    /// The same parameter, explained.
    pub const fn summary(mut self, summary: &'static str) -> Self {
        self.summary = summary;
        self
    }

    /// The same parameter with its schema.
    pub const fn schema(mut self, schema: Schema) -> Self {
        self.schema = Some(schema);
        self
    }
}

/// A method.
#[derive(Debug, Clone, Copy)]
pub struct MethodSpec {
    /// Its name.
    pub name: &'static str,
    /// Other names that it answers to.
    pub aliases: &'static [&'static str],
    /// Its parameters, in the order in which they may be given by position.
    pub params: &'static [ParamSpec],
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// What a caller has to know beyond that.
    pub description: &'static str,
    /// The schema of its result.
    pub result: Option<Schema>,
}

impl MethodSpec {
    /// A method without parameters, aliases or explanation; the fields are there to be set.
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            aliases: &[],
            params: &[],
            summary: "",
            description: "",
            result: None,
        }
    }

    /// The same method with these parameters.
    pub const fn params(mut self, params: &'static [ParamSpec]) -> Self {
        self.params = params;
        self
    }

    /// The same method with these other names.
    pub const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    /// The same method, explained.
    pub const fn summary(mut self, summary: &'static str) -> Self {
        self.summary = summary;
        self
    }
}

/// The parameters of a method that has none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoParams {}

/// Why a method could not be registered: each is a mistake of the program, not of a peer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    /// Two methods would answer to one name.
    #[error("there is a method `{0}` already")]
    Taken(&'static str),
    /// The specification keeps names that begin with `rpc.` for extensions such as `rpc.discover`.
    #[error("`{0}` is a name that JSON-RPC reserves")]
    Reserved(&'static str),
    /// Two parameters of a method have one name.
    #[error("`{method}` has two parameters `{param}`")]
    SameParam {
        /// The method.
        method: &'static str,
        /// The parameter.
        param: &'static str,
    },
    /// By position, a required parameter after an optional one cannot be given without it.
    #[error("`{method}` has its required parameter `{param}` after an optional one")]
    RequiredAfterOptional {
        /// The method.
        method: &'static str,
        /// The parameter.
        param: &'static str,
    },
}

/// The one reserved name that may be registered: OpenRPC's, which describes the service.
const DISCOVER: &str = "rpc.discover";

impl MethodSpec {
    /// The name and the aliases.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// Checks what can be checked without knowing the other methods.
    pub(super) fn check(&self) -> Result<(), RegisterError> {
        if let Some(name) = self
            .names()
            .find(|name| name.starts_with("rpc.") && *name != DISCOVER)
        {
            return Err(RegisterError::Reserved(name));
        }
        let (method, mut optional_before, mut before) = (self.name, false, Vec::new());
        for ParamSpec {
            name: param,
            required,
            ..
        } in self.params
        {
            if before.contains(param) {
                return Err(RegisterError::SameParam { method, param });
            }
            if *required && optional_before {
                return Err(RegisterError::RequiredAfterOptional { method, param });
            }
            optional_before |= !required;
            before.push(*param);
        }
        Ok(())
    }
}
