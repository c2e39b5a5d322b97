//! The schemas of tools. What an agent's manifest says is passed on; a graph takes what the nodes take with which it
//! begins.

use hap::{Body, Json, LoadedGraph, Manifest, NodeIndex, PlanRepeat};
use rmcp::model::JsonObject;
use serde_json::{Value, json};

/// The schema of an agent's input.
pub(super) fn agent_input(manifest: &Manifest) -> JsonObject {
    let schema = manifest.context_schema.as_ref().and_then(object);
    let mut schema = schema.unwrap_or_default();
    // A context is always an object, and MCP wants it said.
    schema.insert("type".to_owned(), "object".into());
    schema
}

/// The schema of an agent's output, where it promises an object.
pub(super) fn agent_output(manifest: &Manifest) -> Option<JsonObject> {
    let schema = object(manifest.output_schema.as_ref()?)?;
    (schema.get("type") == Some(&Value::from("object"))).then_some(schema)
}

fn object(schema: &Json) -> Option<JsonObject> {
    schema.to().ok()
}

/// The schema of a graph's input: that of its first node's agent. A graph that begins with several nodes takes the
/// properties of all of them. Further keys are for the nodes that come later, so they are always allowed, unless one
/// node sees all of the input and its agent allows none.
pub(super) fn graph_input(graph: &LoadedGraph) -> JsonObject {
    let mut first = first_agents(graph);
    if let [(manifest, true)] = first.as_slice() {
        return agent_input(manifest);
    }
    let mut all = json!({ "type": "object", "properties": {}, "required": [] });
    for (manifest, _) in first.drain(..) {
        add(&mut all, agent_input(manifest));
    }
    match all {
        Value::Object(schema) => schema,
        _ => JsonObject::new(),
    }
}

/// The agents of the nodes that nothing leads to, and whether each sees all of the input. Nodes that repeat their
/// work or have a graph for it see something else first.
fn first_agents(graph: &LoadedGraph) -> Vec<(&Manifest, bool)> {
    let plan = graph.plan();
    let nodes = plan.nodes().iter().enumerate();
    let first = nodes.filter_map(|(number, node)| {
        let index = NodeIndex(u32::try_from(number).ok()?);
        let is_first = plan.predecessors(index).is_empty() && matches!(node.repeat, PlanRepeat::Once);
        let Body::Agent(agent) = graph.body(index) else {
            return None;
        };
        is_first.then(|| (agent.agent().manifest(), node.reads.is_none()))
    });
    first.collect()
}

/// Adds the properties of one schema to the schema of all. What two agents describe differently is any value.
fn add(all: &mut Value, schema: JsonObject) {
    for group in ["properties", "$defs"] {
        let Some(Value::Object(own)) = schema.get(group) else {
            continue;
        };
        for (key, described) in own {
            let place = &mut all[group][key];
            if !place.is_null() && place != described {
                *place = json!({});
            } else {
                *place = described.clone();
            }
        }
    }
    if let (Some(Value::Array(own)), Some(required)) =
        (schema.get("required"), all["required"].as_array_mut())
    {
        for key in own.iter().filter(|key| key.is_string()) {
            if !required.contains(key) {
                required.push(key.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(schema: Value) -> Manifest {
        let mut manifest = Manifest::in_process("a");
        manifest.context_schema = Some(Json::from_value(&schema).unwrap());
        manifest.output_schema = manifest.context_schema.clone();
        manifest
    }

    #[test]
    fn an_agents_schema_is_passed_on_whole() {
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "$defs": { "a": { "$anchor": "x", "type": "string" } },
            "properties": { "a": { "$ref": "#/$defs/a" } },
            "if": { "required": ["a"] }, "then": {}, "else": {},
            "additionalProperties": false,
        });
        assert_eq!(Value::Object(agent_input(&manifest(schema.clone()))), schema);
        assert_eq!(
            agent_output(&manifest(schema.clone())).map(Value::Object),
            Some(schema)
        );
    }

    #[test]
    fn what_is_no_object_is_an_open_one_for_input_and_none_for_output() {
        for schema in [json!(true), json!({})] {
            assert_eq!(
                agent_input(&manifest(schema.clone())).get("type"),
                Some(&json!("object"))
            );
            assert_eq!(agent_output(&manifest(schema)), None);
        }
        assert_eq!(agent_output(&manifest(json!({ "type": "string" }))), None);
        assert_eq!(agent_output(&Manifest::in_process("a")), None);
    }

    #[test]
    fn what_two_nodes_want_differently_is_any_value() {
        let mut all = json!({ "type": "object", "properties": {}, "required": [] });
        for kind in ["string", "number"] {
            let schema = json!({ "properties": { "a": { "type": kind }, kind: {} }, "required": ["a"] });
            add(&mut all, agent_input(&manifest(schema)));
        }
        assert_eq!(
            all,
            json!({ "type": "object", "properties": { "a": {}, "string": {}, "number": {} }, "required": ["a"] })
        );
    }
}
