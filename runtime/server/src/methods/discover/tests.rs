//! The document is the one that is committed, and holds together: what refers to something finds it, and what stands in two
//! places says the same in both.

use std::collections::BTreeSet;

use super::*;

fn methods() -> Methods<Caller> {
    crate::methods::table(crate::rpc::Settings::default()).unwrap()
}

/// `BLESS=1` writes the file anew.
#[test]
fn the_committed_document_is_this_one() {
    let now = serde_json::to_string_pretty(&document(&methods())).unwrap() + "\n";
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

/// The schema of a part of the document, which may refer to its components.
fn validator(document: &Value, schema: &Value) -> jsonschema::Validator {
    let whole = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "components": document["components"],
        "allOf": [schema],
    });
    jsonschema::validator_for(&whole).unwrap_or_else(|error| panic!("{error}: {schema}"))
}

#[test]
fn every_method_says_what_it_reads_and_what_it_answers() {
    let document = document(&methods());
    for method in document["methods"].as_array().unwrap() {
        let name = &method["name"];
        assert!(!method["summary"].as_str().unwrap().is_empty(), "{name}");
        for param in method["params"].as_array().unwrap() {
            assert!(
                param["description"].is_string(),
                "{name}: {param} says nothing of itself"
            );
            assert!(param["schema"] != json!({}), "{name}: {param}");
            validator(&document, &param["schema"]);
        }
        let result = &method["result"]["schema"];
        validator(&document, result);
        // The document itself is the one result that is described elsewhere.
        assert!(name == "rpc.discover" || *result != json!(true), "{name}");
        for error in method["errors"].as_array().unwrap() {
            let pointer = error["$ref"].as_str().unwrap().trim_start_matches('#');
            assert!(document.pointer(pointer).is_some(), "{name}: {error}");
        }
    }
}

#[test]
fn the_parameters_of_a_method_are_the_members_of_what_it_reads() {
    let mut schemas = Schemas::new();
    for spec in methods().specs() {
        let read = schema(&mut schemas.read, spec.read);
        let names = |list: Option<&Value>| -> BTreeSet<String> {
            let texts = list.and_then(Value::as_array).into_iter().flatten();
            texts.map(|text| text.as_str().unwrap().to_owned()).collect()
        };
        let properties = read.get("properties").and_then(Value::as_object);
        let members: BTreeSet<String> = properties
            .into_iter()
            .flatten()
            .map(|(name, _)| name.clone())
            .collect();
        let told: BTreeSet<String> = spec.params.iter().map(|param| param.name.to_owned()).collect();
        assert_eq!(told, members, "{}", spec.name);
        let required = spec.params.iter().filter(|param| param.required);
        let required: BTreeSet<String> = required.map(|param| param.name.to_owned()).collect();
        assert_eq!(required, names(read.get("required")), "{}", spec.name);
    }
}

#[test]
fn a_type_that_is_read_and_written_is_told_once() {
    let mut schemas = Schemas::new();
    for spec in methods().specs() {
        schema(&mut schemas.read, spec.read);
        schema(&mut schemas.written, spec.written);
    }
    let (read, written) = (
        schemas.read.take_definitions(true),
        schemas.written.take_definitions(true),
    );
    for (name, told) in &read {
        assert!(written.get(name).is_none_or(|other| other == told), "{name}");
    }
    // Two types of one name would be told apart by a number.
    let numbered = read
        .keys()
        .chain(written.keys())
        .find(|name| name.ends_with(|c: char| c.is_ascii_digit()));
    assert_eq!(numbered, None);
}

#[test]
fn examples_are_what_they_say() {
    let document = document(&methods());
    let mut count = 0;
    for method in document["methods"].as_array().unwrap() {
        for example in method["examples"].as_array().into_iter().flatten() {
            count += 1;
            validator(&document, &method["result"]["schema"])
                .validate(&example["result"]["value"])
                .unwrap_or_else(|error| panic!("{}: {error}", method["name"]));
            for given in example["params"].as_array().unwrap() {
                let params = method["params"].as_array().unwrap();
                let param = params
                    .iter()
                    .find(|param| param["name"] == given["name"])
                    .unwrap();
                validator(&document, &param["schema"])
                    .validate(&given["value"])
                    .unwrap_or_else(|error| panic!("{}: {given}: {error}", method["name"]));
            }
        }
    }
    let methods = methods();
    let written = methods.specs().filter_map(|spec| spec.example).map(|example| {
        let params = serde_json::from_str::<Map<String, Value>>(example.params).unwrap();
        serde_json::from_str::<Value>(example.result).unwrap();
        params.len()
    });
    let given = written.sum::<usize>();
    let told = document["methods"].as_array().unwrap().iter().flat_map(|method| {
        let examples = method["examples"].as_array().into_iter().flatten();
        examples.map(|example| example["params"].as_array().unwrap().len())
    });
    assert_eq!(
        told.sum::<usize>(),
        given,
        "an example names a parameter that the method has not"
    );
    assert!(count > 4);
}
