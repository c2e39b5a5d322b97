//! From the parameters of a call to what a handler takes.
//!
//! What must stay true: a handler sees no parameter that its method does not name, none twice, and all that
//! are required; parameters by position and by name are the same to it. Whatever does not fit is -32602 and
//! says which parameter it is about.

use super::error::{nearest, quoted};
use super::parse::elements;
use super::{MethodSpec, Params, RpcError};
use serde::de::{DeserializeOwned, Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The text of an object that has the parameters by name.
pub(super) fn bind<'a>(spec: &MethodSpec, params: &'a Params) -> Result<Cow<'a, str>, RpcError> {
    match params {
        Params::None => {
            check_missing(spec, &[])?;
            Ok("{}".into())
        }
        Params::Named(object) => {
            let given = serde_json::Deserializer::from_str(object.get())
                .deserialize_map(Names(spec))
                .map_err(|error| RpcError::invalid_params(without_place(&error)))??;
            check_missing(spec, &given)?;
            Ok(object.get().into())
        }
        Params::Positional(array) => by_position(spec, array).map(Cow::Owned),
    }
}

fn by_position(spec: &MethodSpec, array: &RawValue) -> Result<String, RpcError> {
    let most = spec.params.len();
    let (values, count) =
        elements(array, most).map_err(|error| RpcError::invalid_params(without_place(&error)))?;
    if count > values.len() {
        let problem = format!("`{}` takes at most {most} and got {count}", spec.name);
        return Err(RpcError::invalid_params(problem).with("limit", most));
    }
    let mut object = String::with_capacity(array.get().len() + 2);
    let mut given = Vec::new();
    for (param, value) in spec.params.iter().zip(values) {
        object.push_str(if given.is_empty() { "{" } else { "," });
        object.push_str(&serde_json::Value::from(param.name).to_string());
        object.push(':');
        object.push_str(value.get());
        given.push(param.name);
    }
    object.push_str(if given.is_empty() { "{}" } else { "}" });
    check_missing(spec, &given)?;
    Ok(object)
}

fn check_missing(spec: &MethodSpec, given: &[&'static str]) -> Result<(), RpcError> {
    match spec
        .params
        .iter()
        .find(|param| param.required && !given.contains(&param.name))
    {
        None => Ok(()),
        Some(param) => {
            Err(RpcError::invalid_params(format!("`{}` is missing", param.name)).with("param", param.name))
        }
    }
}

/// Reads the names of an object's members, each of which must be a parameter of the method.
struct Names<'s>(&'s MethodSpec);

impl<'de> Visitor<'de> for Names<'_> {
    type Value = Result<Vec<&'static str>, RpcError>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut given = Ok(Vec::new());
        while let Some(name) = map.next_key::<String>()? {
            map.next_value::<IgnoredAny>()?;
            // After the first mistake the rest is only read to its end, which the parser insists on.
            if let Ok(names) = &mut given
                && let Err(error) = self.note(&name, names)
            {
                given = Err(error);
            }
        }
        Ok(given)
    }
}

impl Names<'_> {
    fn note(&self, name: &str, given: &mut Vec<&'static str>) -> Result<(), RpcError> {
        let Self(spec) = self;
        let Some(param) = spec.params.iter().find(|param| param.name == name) else {
            let shown = quoted(name);
            let error = RpcError::invalid_params(format!("`{}` has no parameter `{shown}`", spec.name));
            let error = error.with("param", shown);
            return Err(match nearest(name, spec.params.iter().map(|param| param.name)) {
                Some(nearest) => error.hint(format!("did you mean `{nearest}`?")),
                None => error,
            });
        };
        if given.contains(&param.name) {
            let error = RpcError::invalid_params(format!("`{}` is given twice", param.name));
            return Err(error.with("param", param.name));
        }
        given.push(param.name);
        Ok(())
    }
}

/// Reads what a handler takes from the text of an object.
pub(super) fn read<P: DeserializeOwned>(object: &str) -> Result<P, RpcError> {
    let mut deserializer = serde_json::Deserializer::from_str(object);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let problem = without_place(error.inner());
        // A path of `.` is the parameters as a whole, and `?` is serde's word for "cannot be told".
        if path == "." || path == "?" {
            return RpcError::invalid_params(problem);
        }
        let path = quoted(&path);
        RpcError::invalid_params(format!("`{path}`: {problem}")).with("path", path)
    })
}

/// What serde says, without its line and column: they count from the parameters, not from the message.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    // It may quote the peer, as in `unknown variant`, so the length is bounded here too.
    text.strip_suffix(&place)
        .unwrap_or(&text)
        .chars()
        .take(400)
        .collect()
}
