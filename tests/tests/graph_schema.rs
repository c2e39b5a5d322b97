//! The JSON Schema of the graph file, for editors: made here from the names and bounds of the model, kept in
//! `docs/graph.schema.json`, and held against what the reader of graph files accepts and refuses. With `BLESS=1` in the
//! environment, the file is written anew.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::collections::BTreeSet;

use hap::{
    AtMax, CircuitBreaker, FailedItems, Graph, IdentityPart, Limit, MAX_ATTEMPTS, MAX_CONDITION_BYTES,
    MAX_LOOP_ROUNDS, MAX_MAP_ITEMS, MAX_NODE_ID_BYTES, Map, Reducer, Retry, RetryOn, Unit, json,
};
use hap_tests::root;
use serde_json::{Map as Object, Value};

/// A field: its meaning, what it can be, and a value that it can have.
fn field(description: &str, schema: Value, example: Value) -> Value {
    let mut field = schema;
    let members = field.as_object_mut().unwrap();
    members.insert("description".to_owned(), description.into());
    members.insert("examples".to_owned(), json!([example]));
    field
}

/// A mapping with these fields and no others.
fn mapping(description: &str, fields: Value, more: Value) -> Value {
    let mut mapping = json!({
        "description": description, "type": "object", "additionalProperties": false, "properties": fields,
    });
    let members = mapping.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    mapping
}

fn is(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

/// One of them, or a list of them.
fn one_or_more(item: &Value) -> Value {
    json!({ "anyOf": [item, { "type": "array", "items": item }] })
}

fn names<T>(names: &[(&'static str, T)]) -> Value {
    json!({ "enum": names.iter().map(|(name, _)| *name).collect::<Vec<_>>() })
}

fn whole(min: u64, max: u64) -> Value {
    json!({ "type": "integer", "minimum": min, "maximum": max })
}

fn with_default(mut schema: Value, default: Value) -> Value {
    schema
        .as_object_mut()
        .unwrap()
        .insert("default".to_owned(), default);
    schema
}

fn text() -> Value {
    json!({ "type": ["string", "number", "boolean"] })
}

fn condition() -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": MAX_CONDITION_BYTES })
}

fn schema() -> Value {
    let mut schema = is("graph");
    let top = schema.as_object_mut().unwrap();
    top.insert(
        "$schema".to_owned(),
        "https://json-schema.org/draft/2020-12/schema".into(),
    );
    top.insert("title".to_owned(), "HAP graph file".into());
    let span = json!({
        "description": "A whole number with ms, s, m or h.",
        "type": "string", "pattern": "^[0-9]+ ?(ms|s|m|h)$",
    });
    let name = format!("^[A-Za-z][A-Za-z0-9_-]{{0,{}}}$", MAX_NODE_ID_BYTES - 1);
    let defs = json!({
        "graph": graph(),
        "node": node(),
        "edge": edge(),
        "map": map(),
        "loop": repeated(),
        "retry": retry(),
        "circuit_breaker": breaker(),
        "on_failure": on_failure(),
        "defaults": defaults(),
        "grants": grants(),
        "budget": budget("What one attempt may spend.", &Limit::ALL),
        "run_budget": budget("What all attempts of a run may spend together.",
            &Limit::ALL.into_iter().filter(|limit| limit.adds_up()).collect::<Vec<_>>()),
        "span": span,
        "node_name": { "description": "The name of a node.", "type": "string", "pattern": name },
    });
    top.insert("$defs".to_owned(), defs);
    schema
}

fn graph() -> Value {
    let nodes = json!({ "anyOf": [
        { "type": "object", "minProperties": 1, "propertyNames": is("node_name"), "additionalProperties": is("node") },
        { "type": "array", "minItems": 1, "items": { "allOf": [is("node"), { "required": ["id"] }] } },
    ] });
    let reducers = json!({ "type": "object", "additionalProperties": names(&Reducer::NAMES) });
    let graphs = json!({ "type": "object", "additionalProperties": is("graph") });
    let entry = || one_or_more(&is("node_name"));
    let fields = json!({
        "name": field("What reports and drawings call the graph.", text(), json!("review")),
        "description": field("For people.", text(), json!("Reviews a document.")),
        "entry": field("Where the run begins; without it, at every node that nothing leads to.", entry(), json!(["a"])),
        "entry_node": field("The original HAP's name of `entry`.", entry(), json!("a")),
        "nodes": field("The nodes, in the order of declaration.", nodes, json!({ "a": { "agent": "d:x" } })),
        "reducers": field("How several writes to one key become one value.", reducers, json!({ "notes": "append" })),
        "graphs": field("Graphs that nodes name as their work.", graphs,
            json!({ "check": { "nodes": { "a": { "agent": "d:x" } } } })),
        "defaults": field("What nodes do about failures unless they say otherwise.", is("defaults"), json!({ "retry": 3 })),
        "budget": field("What an attempt of each node may spend.", is("budget"), json!({ "fuel": "1G" })),
        "run_budget": field("What all attempts of a run may spend together.", is("run_budget"), json!({ "fuel": "5G" })),
    });
    mapping(
        "A graph.",
        fields,
        json!({
            "required": ["nodes"], "not": { "required": ["entry", "entry_node"] },
        }),
    )
}

fn node() -> Value {
    let agent = || json!({ "type": "string", "minLength": 1 });
    let nested = json!({ "anyOf": [{ "type": "string", "minLength": 1 }, is("graph")] });
    let next = || one_or_more(&is("edge"));
    let keys = || one_or_more(&text());
    let fields = json!({
        "id": field("The node's name; where `nodes` is a mapping, its key says it.", is("node_name"), json!("a")),
        "agent": field("The agent: a path to a component, or `namespace:name[@version]`.", agent(), json!("review:split")),
        "agent_entrypoint": field("The original HAP's name of `agent`.", agent(), json!("review:split")),
        "agent_instance": field("Has no form in a file: null.", json!({ "const": null }), json!(null)),
        "graph": field("The graph that does the work in place of an agent: here, a name under `graphs`, or a file.",
            nested, json!("parts/clean.yaml")),
        "next": field("What comes after this node.", next(), json!(["b", { "to": "c", "when": "output.ok" }])),
        "next_nodes": field("The original HAP's name of `next`.", next(), json!(["b"])),
        "params": field("Settings, handed to the agent as they are.", json!({ "type": "object" }), json!({ "top": 5 })),
        "map": field("Does the work for each item of a list.", is("map"), json!({ "over": "pages", "as": "page" })),
        "loop": field("Does the work until a condition holds.", is("loop"),
            json!({ "until": "output.score >= 0.9", "max_rounds": 5 })),
        "reads": field("The context keys that the node gets; without it, all that it sees.", keys(), json!(["text"])),
        "writes": field("The context keys that its output may have; without it, any.", keys(), json!("summary")),
        "description": field("For people.", text(), json!("Splits the text.")),
        "grants": field("What the agent may use.", is("grants"), json!({ "resources": ["corpus/*"] })),
        "budget": field("What an attempt of this node may spend.", is("budget"), json!({ "wall-time": "2s" })),
        "retry": field("When a failed attempt is made again.", is("retry"), json!(3)),
        "circuit_breaker": field("When the agent is left alone because it keeps failing.", is("circuit_breaker"),
            json!({ "window": 10 })),
        "deadline": field("How long the node may take with all its attempts and waits.", is("span"), json!("10s")),
        "on_failure": field("What happens when the node fails for good.", is("on_failure"), json!("continue")),
    });
    let both = |one: &str, other: &str| json!({ "required": [one, other] });
    mapping(
        "A node.",
        fields,
        json!({
            "oneOf": [{ "required": ["agent"] }, { "required": ["agent_entrypoint"] }, { "required": ["graph"] }],
            "not": { "anyOf": [both("map", "loop"), both("next", "next_nodes")] },
            "dependentSchemas": { "graph": { "properties": {
                "params": { "maxProperties": 0 },
                "grants": { "properties": { "resources": { "maxItems": 0 }, "identity": { "maxItems": 0 } } },
                "circuit_breaker": false,
            } } },
        }),
    )
}

fn edge() -> Value {
    let fields = json!({
        "to": field("The node that the edge leads to.", is("node_name"), json!("b")),
        "when": field("The edge is taken when this CEL condition over `context` and `output` holds.", condition(),
            json!("output.score >= 0.9")),
        "else": field("The node that comes next when none of the conditions holds.", is("node_name"), json!("b")),
    });
    let edge = mapping(
        "An edge with a condition.",
        fields,
        json!({
            "oneOf": [{ "required": ["to"] }, { "required": ["else"] }],
            "not": { "required": ["when", "else"] },
        }),
    );
    json!({ "anyOf": [is("node_name"), edge] })
}

fn map() -> Value {
    let defaults = Map::new("", "");
    let key = || json!({ "type": ["string", "number", "boolean"], "minLength": 1 });
    let fields = json!({
        "over": field("The list: a context key, or keys with dots between them.", key(), json!("report.pages")),
        "as": field("The key under which the work sees its item.", key(), json!("page")),
        "into": field("The key under which the outputs are written; without it, the node's name.", text(), json!("seen")),
        "max_parallel": field("How many items are worked on at one time.", whole(1, 10_000), json!(4)),
        "max_items": field("The most items that the list may have.",
            with_default(whole(1, MAX_MAP_ITEMS), json!(defaults.max_items)), json!(100)),
        "failed_items": field("What becomes of items whose work fails. `null` is written in quotes.",
            with_default(names(&FailedItems::NAMES), json!("fail")), json!("skip")),
    });
    mapping(
        "The work is done for each item of a list.",
        fields,
        json!({ "required": ["over", "as"] }),
    )
}

fn repeated() -> Value {
    let fields = json!({
        "until": field("A CEL condition over `context`, `output` and `round` that ends the loop.", condition(),
            json!("round == 3")),
        "max_rounds": field("The most rounds.", whole(1, MAX_LOOP_ROUNDS.into()), json!(5)),
        "at_max": field("What happens when the condition does not hold after the last round.",
            with_default(names(&AtMax::NAMES), json!("fail")), json!("keep")),
    });
    mapping(
        "The work is done until a condition holds.",
        fields,
        json!({ "required": ["until", "max_rounds"] }),
    )
}

fn retry() -> Value {
    let defaults = Retry::default();
    let default =
        |span: std::time::Duration| with_default(is("span"), format!("{}ms", span.as_millis()).into());
    let number = |min: f64, max: f64, default: f64| json!({ "type": "number", "minimum": min, "maximum": max, "default": default });
    let kinds = json!({ "anyOf": [
        names(&RetryOn::NAMES), { "type": "array", "minItems": 1, "items": names(&RetryOn::NAMES) },
    ], "default": ["unavailable"] });
    let attempts = || with_default(whole(1, MAX_ATTEMPTS.into()), json!(defaults.attempts));
    let fields = json!({
        "attempts": field("How many attempts are made in all.", attempts(), json!(3)),
        "delay": field("The wait before the second attempt.", default(defaults.delay), json!("200ms")),
        "factor": field("By how much each wait is longer than the one before.",
            number(1.0, 100.0, defaults.factor), json!(2)),
        "max_delay": field("The longest wait.", default(defaults.max_delay), json!("1h")),
        "jitter": field("The share of each wait that is left to chance.", number(0.0, 1.0, defaults.jitter), json!(0.5)),
        "on": field("The failures after which it helps to try again.", kinds, json!(["unavailable", "timeout"])),
    });
    let retry = mapping("When a failed attempt is made again.", fields, json!({}));
    json!({ "anyOf": [attempts(), retry] })
}

fn breaker() -> Value {
    let defaults = CircuitBreaker::default();
    let open_for = format!("{}s", defaults.open_for.as_secs());
    let rate =
        json!({ "type": "number", "exclusiveMinimum": 0, "maximum": 1, "default": defaults.failure_rate });
    let fields = json!({
        "failure_rate": field("It opens when at least this share of the last calls failed.", rate, json!(0.5)),
        "window": field("How many calls are looked back at.",
            with_default(whole(1, 1000), json!(defaults.window)), json!(20)),
        "min_calls": field("It does not open before so many calls.",
            with_default(whole(1, 1000), json!(defaults.min_calls)), json!(10)),
        "open_for": field("How long it stays open before one call is let through to see.",
            with_default(is("span"), open_for.into()), json!("30s")),
    });
    mapping(
        "When an agent is left alone because it keeps failing.",
        fields,
        json!({}),
    )
}

fn on_failure() -> Value {
    let words = json!({ "enum": ["fail", "stop", "continue"], "default": "fail" });
    let fields = json!({
        "output": field("This value takes the place of the node's output.", json!({ "not": { "const": null } }), json!({ "k": 1 })),
        "node": field("This node, which stands apart from all edges, is run in its place.", is("node_name"), json!("spare")),
    });
    let other = mapping(
        "What takes the node's place.",
        fields,
        json!({ "minProperties": 1, "maxProperties": 1 }),
    );
    json!({ "anyOf": [words, other] })
}

fn defaults() -> Value {
    let on_failure = json!({ "allOf": [is("on_failure"), { "properties": { "node": false } }] });
    let fields = json!({
        "retry": field("When a failed attempt is made again.", is("retry"), json!(3)),
        "circuit_breaker": field("When an agent is left alone because it keeps failing.", is("circuit_breaker"), json!({})),
        "deadline": field("How long a node may take with all its attempts and waits.", is("span"), json!("10s")),
        "on_failure": field("What happens when a node fails for good.", on_failure, json!("continue")),
    });
    mapping(
        "What nodes do about failures unless they say otherwise.",
        fields,
        json!({}),
    )
}

fn grants() -> Value {
    let fields = json!({
        "resources": field("The documents that the agent may list and read: names, folders with `/*`, or `*`.",
            one_or_more(&json!({ "type": "string", "minLength": 1 })), json!(["corpus/*"])),
        "identity": field("What the agent may be told of who asked for the run.",
            one_or_more(&names(&IdentityPart::ALL)), json!(["user"])),
    });
    mapping("What an agent may use.", fields, json!({}))
}

fn budget(description: &str, limits: &[Limit]) -> Value {
    let limit = |limit: &Limit| {
        let (unit, units) = match limit.unit() {
            Unit::Bytes => ("Bytes", "B|KiB|MiB|GiB"),
            Unit::Milliseconds => ("Milliseconds", "ms|s|m"),
            Unit::Count => ("A count", "k|M|G"),
        };
        let value = json!({ "anyOf": [
            whole(1, limit.ceiling()),
            { "type": "string", "pattern": format!("^[0-9][0-9_]* ?({units})?$") },
        ] });
        let told = format!("{unit}; {} at most.", limit.show(limit.ceiling()));
        (limit.name().to_owned(), field(&told, value, json!(1)))
    };
    let fields: Object<String, Value> = limits.iter().map(limit).collect();
    mapping(description, fields.into(), json!({}))
}

/// The fields of a mapping of the schema.
fn fields<'a>(schema: &'a Value, name: &str) -> &'a Object<String, Value> {
    let def = &schema["$defs"][name];
    let mapping = [def]
        .into_iter()
        .chain(def["anyOf"].as_array().into_iter().flatten())
        .find(|part| part["properties"].is_object());
    mapping.unwrap()["properties"].as_object().unwrap()
}

/// The mappings of a graph file.
const MAPPINGS: [&str; 12] = [
    "graph",
    "node",
    "edge",
    "map",
    "loop",
    "retry",
    "circuit_breaker",
    "on_failure",
    "defaults",
    "grants",
    "budget",
    "run_budget",
];

/// A graph in which a mapping of that kind has that field, and what else it needs.
fn graph_with(kind: &str, name: &str, value: &Value) -> String {
    let needed = match (kind, name) {
        ("node", "agent" | "agent_entrypoint" | "graph") | ("edge", "else") => json!({}),
        ("node", _) => json!({ "agent": "d:x" }),
        ("edge", _) => json!({ "to": "b" }),
        ("map", _) => json!({ "over": "pages", "as": "page" }),
        ("loop", _) => json!({ "until": "true", "max_rounds": 3 }),
        ("circuit_breaker", _) => json!({ "window": 1000 }),
        ("graph", _) => json!({ "nodes": { "a": { "agent": "d:x" } } }),
        _ => json!({}),
    };
    let mut mapping = needed;
    mapping
        .as_object_mut()
        .unwrap()
        .insert(name.to_owned(), value.clone());
    let node = |field: &str, value: Value| json!({ "nodes": { "a": { "agent": "d:x", field: value } } });
    let graph = match kind {
        "graph" => mapping,
        "node" => json!({ "nodes": { "a": mapping } }),
        "edge" => node("next", json!([mapping])),
        "defaults" | "run_budget" => json!({ "nodes": { "a": { "agent": "d:x" } }, kind: mapping }),
        _ => node(kind, mapping),
    };
    graph.to_string()
}

fn read(text: &str) -> Result<(), String> {
    let read = Graph::from_text("g.json", text);
    read.map(drop).map_err(|problems| problems.to_string())
}

#[test]
fn the_schema_that_is_kept_is_the_one_that_is_made() {
    let path = root().join("docs/graph.schema.json");
    let made = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    assert!(
        made == kept,
        "docs/graph.schema.json is not what is made: run this test with BLESS=1"
    );
}

#[test]
fn the_schema_has_the_fields_that_the_reader_knows() {
    let schema = schema();
    for kind in MAPPINGS {
        // The reader lists its fields when it gets one that resembles none.
        let told = read(&graph_with(kind, "qqqqqqqqqqqqqqqq", &json!(1))).unwrap_err();
        let list = ["its fields are ", "the limits are "]
            .iter()
            .find_map(|start| told.split_once(start))
            .map(|(_, rest)| rest.lines().next().unwrap_or_default());
        let known: BTreeSet<&str> = list
            .unwrap_or_else(|| panic!("{kind}: {told}"))
            .split(", ")
            .collect();
        let own: BTreeSet<&str> = fields(&schema, kind).keys().map(String::as_str).collect();
        match kind {
            "run_budget" => assert!(own.is_subset(&known)),
            _ => assert_eq!(own, known, "{kind}"),
        }
        for limit in known.difference(&own) {
            let told = read(&graph_with(kind, limit, &json!(1))).unwrap_err();
            assert!(told.contains("so a run's budget cannot hold it"), "{told}");
        }
    }
}

#[test]
fn the_reader_accepts_the_examples_of_the_schema() {
    let schema = schema();
    for kind in MAPPINGS {
        for (name, field) in fields(&schema, kind) {
            for example in field["examples"].as_array().unwrap() {
                assert_eq!(
                    read(&graph_with(kind, name, example)),
                    Ok(()),
                    "{kind}.{name}: {example}"
                );
            }
            for word in field["enum"].as_array().into_iter().flatten() {
                assert_eq!(
                    read(&graph_with(kind, name, word)),
                    Ok(()),
                    "{kind}.{name}: {word}"
                );
            }
        }
    }
    for word in ["fail", "stop", "continue"] {
        assert_eq!(read(&graph_with("node", "on_failure", &json!(word))), Ok(()));
    }
}

#[test]
fn the_bounds_of_the_schema_are_those_of_the_reader() {
    let schema = schema();
    let mut count = 0;
    for kind in MAPPINGS {
        for (name, field) in fields(&schema, kind) {
            let bounds = [field, &field["anyOf"][0]];
            let Some(bounds) = bounds.into_iter().find(|part| part["maximum"].is_number()) else {
                continue;
            };
            let accepts = |value: Value| read(&graph_with(kind, name, &value)).is_ok();
            let told = format!("{kind}.{name}");
            let max = &bounds["maximum"];
            assert!(accepts(max.clone()), "{told}");
            let more = max
                .as_u64()
                .map_or_else(|| json!(max.as_f64().unwrap() + 0.1), |max| json!(max + 1));
            assert!(!accepts(more), "{told}");
            match (&bounds["minimum"], &bounds["exclusiveMinimum"]) {
                (Value::Number(min), _) => {
                    assert!(accepts(json!(min)), "{told}");
                    assert!(!accepts(json!(min.as_f64().unwrap() - 1.0)), "{told}");
                    assert!(!accepts(json!(-1)), "{told}");
                }
                (_, Value::Number(min)) => assert!(!accepts(json!(min)), "{told}"),
                _ => panic!("{told} has no lower bound"),
            }
            count += 1;
        }
    }
    assert!(count > 25, "{count}");
}
