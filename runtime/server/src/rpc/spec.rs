//! What a method says about itself, for the dispatcher and for documents (OpenRPC, help texts).
//!
//! What must stay true: names are looked up exactly as they stand here, and the order of the parameters is
//! part of the interface, because a caller may give them by position.

use super::Code;
use serde::{Deserialize, Serialize};

/// Makes the JSON Schema of what is read or written, when a document is asked for. Types that more than one of them uses go
/// into the generator's definitions.
pub type Schema = fn(&mut schemars::SchemaGenerator) -> schemars::Schema;

/// One parameter of a method. What it is, the schema of the method's parameters says.
#[derive(Debug, Clone, Copy)]
pub struct ParamSpec {
    /// Its name.
    pub name: &'static str,
    /// Whether a call without it is refused before the handler sees it.
    pub required: bool,
}

impl ParamSpec {
    /// A parameter that must be given.
    pub const fn required(name: &'static str) -> Self {
        Self { name, required: true }
    }

    /// A parameter that may be left out.
    pub const fn optional(name: &'static str) -> Self {
        Self {
            name,
            required: false,
        }
    }
}

/// A call and its answer, for people to read.
#[derive(Debug, Clone, Copy)]
pub struct Example {
    /// What it shows.
    pub name: &'static str,
    /// The parameters: the JSON text of an object.
    pub params: &'static str,
    /// The result: JSON text.
    pub result: &'static str,
}

/// A method.
#[derive(Debug, Clone)]
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
    /// What a caller must be allowed to do, where that is anything: one of these.
    pub scopes: Vec<&'static str>,
    /// The errors that it has beyond those of every method.
    pub errors: &'static [Code],
    /// The schema of the object of its parameters.
    pub read: Option<Schema>,
    /// The schema of its result.
    pub written: Option<Schema>,
    /// An example.
    pub example: Option<Example>,
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
            scopes: Vec::new(),
            errors: &[],
            read: None,
            written: None,
            example: None,
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

    /// The same method with the errors that it has beyond those of every method.
    pub const fn errors(mut self, errors: &'static [Code]) -> Self {
        self.errors = errors;
        self
    }

    /// The same method with an example: the JSON texts of an object of parameters and of a result.
    pub const fn example(mut self, name: &'static str, params: &'static str, result: &'static str) -> Self {
        self.example = Some(Example { name, params, result });
        self
    }
}

/// The parameters of a method that has none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
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
