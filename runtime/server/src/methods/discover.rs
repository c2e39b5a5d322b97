//! `rpc.discover`: the interface as an OpenRPC document, made from what the methods say about themselves.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::{Access, Caller, Table};
use crate::rpc::{Code, Example, MethodSpec, Methods, NoParams, ParamSpec, RegisterError, RpcError, Schema};

/// The version of the OpenRPC specification that the document is written by.
const OPENRPC: &str = "1.3.2";

pub(super) fn add(table: &mut Table) -> Result<(), RegisterError> {
    let spec = MethodSpec::new("rpc.discover").summary("This interface as an OpenRPC document.");
    table.add(spec, Access::Anybody, discover)
}

async fn discover(caller: Caller, _: NoParams) -> Result<Value, RpcError> {
    Ok(caller.server.document().clone())
}

/// The errors that every method has: whatever is sent can be wrong in these ways.
const EVERYWHERE: [Code; 7] = [
    Code::InvalidRequest,
    Code::InvalidParams,
    Code::InternalError,
    Code::Unauthenticated,
    Code::Forbidden,
    Code::OverQuota,
    Code::TooLarge,
];

/// The document: the same for every caller.
pub(crate) fn document(methods: &Methods<Caller>) -> Value {
    let errors: Map<String, Value> = Code::TABLE
        .iter()
        .map(|code| {
            let error = json!({
                "code": code.number,
                "message": code.title,
                "data": { "kind": code.kind, "meaning": code.meaning },
            });
            (code.kind.to_owned(), error)
        })
        .collect();
    let mut schemas = Schemas::new();
    let methods: Vec<Value> = methods.specs().map(|spec| method(spec, &mut schemas)).collect();
    json!({
        "openrpc": OPENRPC,
        "info": {
            "title": "HAP",
            "description": "Agents and graphs over JSON-RPC 2.0.",
            "version": env!("CARGO_PKG_VERSION"),
        },
        "methods": methods,
        "components": { "errors": errors, "schemas": schemas.shared() },
    })
}

/// Makes schemas from the types that are read and written. Those that are used more than once stand in the document's
/// components.
struct Schemas {
    read: SchemaGenerator,
    written: SchemaGenerator,
}

impl Schemas {
    fn new() -> Schemas {
        // OpenRPC's schemas are those of draft 7.
        let settings = SchemaSettings::draft07()
            .with(|settings| settings.definitions_path = "/components/schemas".into());
        Schemas {
            read: settings.clone().for_deserialize().into_generator(),
            written: settings.for_serialize().into_generator(),
        }
    }

    /// A type that is read and one that is written under one name are one type: a test looks that they are alike.
    fn shared(mut self) -> Map<String, Value> {
        let mut all = self.read.take_definitions(true);
        all.extend(self.written.take_definitions(true));
        all
    }
}

fn schema(generator: &mut SchemaGenerator, make: Option<Schema>) -> Value {
    let mut schema = make.map_or_else(schemars::Schema::default, |make| make(generator));
    generator
        .transforms_mut()
        .for_each(|transform| transform.transform(&mut schema));
    schema.to_value()
}

fn method(spec: &MethodSpec, schemas: &mut Schemas) -> Value {
    let read = schema(&mut schemas.read, spec.read);
    let params: Vec<Value> = spec
        .params
        .iter()
        .map(|param| self::param(param, &read))
        .collect();
    let result = schema(&mut schemas.written, spec.written);
    // In the order of the table, each once.
    let errors = Code::TABLE.iter().map(|info| info.code);
    let errors = errors.filter(|code| EVERYWHERE.contains(code) || spec.errors.contains(code));
    let errors: Vec<Value> = errors
        .map(|code| json!({ "$ref": format!("#/components/errors/{}", code.kind()) }))
        .collect();
    let mut told = json!({
        "name": spec.name,
        "summary": spec.summary,
        "paramStructure": "either",
        "params": params,
        "result": { "name": "result", "schema": result },
        "errors": errors,
    });
    if let Value::Object(members) = &mut told {
        if !spec.description.is_empty() {
            members.insert("description".to_owned(), spec.description.into());
        }
        if !spec.aliases.is_empty() {
            members.insert("x-aliases".to_owned(), json!(spec.aliases));
        }
        match spec.scopes.as_slice() {
            [] => {}
            [scope] => drop(members.insert("x-scope".to_owned(), (*scope).into())),
            scopes => drop(members.insert("x-scope".to_owned(), json!(scopes))),
        }
        if let Some(example) = &spec.example {
            members.insert("examples".to_owned(), json!([self::example(spec, example)]));
        }
    }
    told
}

/// A parameter, as a property of the object that the method reads.
fn param(param: &ParamSpec, read: &Value) -> Value {
    let mut schema = read["properties"]
        .get(param.name)
        .cloned()
        .unwrap_or(Value::Bool(true));
    let description = schema
        .as_object_mut()
        .and_then(|schema| schema.remove("description"));
    let mut told = json!({ "name": param.name, "required": param.required, "schema": schema });
    if let Some(description) = description {
        told["description"] = description;
    }
    told
}

/// An example, with its parameters in the order in which the method has them.
fn example(spec: &MethodSpec, example: &Example) -> Value {
    let read = |text| serde_json::from_str::<Value>(text).unwrap_or_default();
    let given = read(example.params);
    let given = spec
        .params
        .iter()
        .filter_map(|param| Some(json!({ "name": param.name, "value": given.get(param.name)? })));
    json!({
        "name": example.name,
        "params": given.collect::<Vec<_>>(),
        "result": { "name": "result", "value": read(example.result) },
    })
}

#[cfg(test)]
mod tests;
