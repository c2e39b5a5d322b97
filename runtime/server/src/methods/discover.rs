//! `rpc.discover`: the interface as an OpenRPC document, made from what the methods say about themselves.

use serde_json::{Value, json};

use super::{Access, Caller, Table};
use crate::rpc::{Code, MethodSpec, Methods, NoParams, ParamSpec, RegisterError, RpcError};

/// The version of the OpenRPC specification that the document is written by.
const OPENRPC: &str = "1.3.2";

pub(super) fn add(table: &mut Table) -> Result<(), RegisterError> {
    let spec = MethodSpec::new("rpc.discover").summary("This interface as an OpenRPC document.");
    table.add(spec, Access::Anybody, discover)
}

async fn discover(caller: Caller, _: NoParams) -> Result<Value, RpcError> {
    Ok(document(&caller.server.methods))
}

/// The document: the same for every caller.
pub(crate) fn document(methods: &Methods<Caller>) -> Value {
    let errors: serde_json::Map<String, Value> = Code::TABLE
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
    let references: Vec<Value> = Code::TABLE
        .iter()
        .map(|code| json!({ "$ref": format!("#/components/errors/{}", code.kind) }))
        .collect();
    let methods: Vec<Value> = methods.specs().map(|spec| method(spec, &references)).collect();
    json!({
        "openrpc": OPENRPC,
        "info": {
            "title": "HAP",
            "description": "Agents and graphs over JSON-RPC 2.0.",
            "version": env!("CARGO_PKG_VERSION"),
        },
        "methods": methods,
        "components": { "errors": errors },
    })
}

fn method(spec: &MethodSpec, errors: &[Value]) -> Value {
    let params: Vec<Value> = spec.params.iter().map(param).collect();
    let mut told = json!({
        "name": spec.name,
        "summary": spec.summary,
        "paramStructure": "either",
        "params": params,
        "result": { "name": "result", "schema": spec.result.map_or(json!({}), |schema| schema()) },
        "errors": errors,
    });
    if let Value::Object(members) = &mut told {
        if !spec.description.is_empty() {
            members.insert("description".to_owned(), spec.description.into());
        }
        if !spec.aliases.is_empty() {
            members.insert("x-aliases".to_owned(), json!(spec.aliases));
        }
    }
    told
}

fn param(param: &ParamSpec) -> Value {
    json!({
        "name": param.name,
        "summary": param.summary,
        "required": param.required,
        "schema": param.schema.map_or(json!({}), |schema| schema()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `BLESS=1` writes the file anew.
    #[test]
    fn the_committed_document_is_this_one() {
        let table = crate::methods::table(crate::rpc::Settings::default()).unwrap();
        let now = serde_json::to_string_pretty(&document(&table)).unwrap() + "\n";
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/openrpc.json");
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(file, &now).unwrap();
        }
        let committed = std::fs::read_to_string(file).unwrap_or_default();
        assert!(
            committed == now,
            "openrpc.json is out of date: run this test with BLESS=1"
        );
    }
}
