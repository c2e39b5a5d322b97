//! Holds every answer that a test gets against what the committed document says of its method: a result against its schema,
//! an error against the errors that are listed.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde_json::{Value, json};

/// A method as it is described.
struct Method {
    result: jsonschema::Validator,
    errors: Vec<i64>,
}

fn methods() -> &'static HashMap<String, Method> {
    static METHODS: OnceLock<HashMap<String, Method>> = OnceLock::new();
    METHODS.get_or_init(|| {
        let document: Value = serde_json::from_str(include_str!("../../openrpc.json")).unwrap();
        let methods = document["methods"].as_array().unwrap().iter();
        methods.flat_map(|method| read(&document, method)).collect()
    })
}

/// The method under each of its names.
fn read(document: &Value, method: &Value) -> Vec<(String, Method)> {
    let schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "components": document["components"],
        "allOf": [method["result"]["schema"]],
    });
    let errors = method["errors"].as_array().unwrap().iter().map(|error| {
        let pointer = error["$ref"].as_str().unwrap().trim_start_matches('#');
        document.pointer(pointer).unwrap()["code"].as_i64().unwrap()
    });
    let errors: Vec<i64> = errors.collect();
    let names = std::iter::once(&method["name"]).chain(method["x-aliases"].as_array().into_iter().flatten());
    let described = |name: &Value| {
        let result = jsonschema::validator_for(&schema).unwrap();
        let errors = errors.clone();
        (name.as_str().unwrap().to_owned(), Method { result, errors })
    };
    names.map(described).collect()
}

/// Fails the test when the answer is not as it is described. What there is no method for is not described.
pub(crate) fn check(method: &str, answer: &Value) {
    let Some(described) = methods().get(method) else {
        assert_eq!(answer["error"]["code"], -32601, "{method} is not described");
        return;
    };
    match answer.get("result") {
        Some(result) => {
            let problem = described.result.iter_errors(result).next();
            let problem = problem.map(|problem| format!("{problem} at {}", problem.instance_path()));
            assert_eq!(problem, None, "{method}: {result}");
        }
        None => {
            let code = answer["error"]["code"].as_i64().unwrap();
            assert!(
                described.errors.contains(&code),
                "{method} does not list {answer}"
            );
        }
    }
}
