//! What is told of nodes that do not fit together, and what is not.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use hap_model::{
    Agent, Answer, BoxFuture, Call, Digest, Edge, Graph, Json, Loop, Manifest, Map, Node, NodeAgent,
    NodeBody, OnFailure, Plan, PlanBody, PlanNode, Problem, Request, Usage,
};
use serde_json::{Value, json};

use super::check_flow;
use crate::loaded::LoadedGraph;

struct Described(Manifest);

impl Agent for Described {
    fn manifest(&self) -> &Manifest {
        &self.0
    }

    fn digest(&self) -> Option<Digest> {
        None
    }

    fn invoke(&self, _: Request, _: Call) -> BoxFuture<'_, Answer> {
        Box::pin(async {
            Answer {
                result: Ok("{}".to_owned()),
                usage: Usage::default(),
            }
        })
    }
}

fn agent(name: &str, context: Value, output: Value) -> Arc<dyn Agent> {
    let json = |schema: Value| (schema != Value::Null).then(|| Json::from_value(&schema).unwrap());
    Arc::new(Described(Manifest {
        context_schema: json(context),
        output_schema: json(output),
        ..Manifest::in_process(name)
    }))
}

/// Plans nodes with their agents, and joins both.
fn plan(nodes: Vec<(Node, Arc<dyn Agent>)>) -> LoadedGraph {
    let mut graph = Graph::new();
    for (mut node, agent) in nodes {
        node.body = NodeBody::Agent(NodeAgent::Instance(agent));
        graph.add_node(node);
    }
    let mut find = |_: &Plan, node: &PlanNode| match &node.body {
        PlanBody::Agent(NodeAgent::Instance(agent)) => Some(agent.clone()),
        _ => None,
    };
    LoadedGraph::new(Arc::new(Plan::new(&graph).unwrap()), &mut find).unwrap()
}

fn node(id: &str, next: &[&str]) -> Node {
    let any = NodeAgent::Instance(agent("any", Value::Null, Value::Null));
    Node::new(id, any).next(next.iter().copied())
}

fn messages(nodes: Vec<(Node, Arc<dyn Agent>)>, input: Option<&[&str]>) -> Vec<String> {
    let plan = plan(nodes);
    let input: Option<BTreeSet<Arc<str>>> = input.map(|keys| keys.iter().map(|key| (*key).into()).collect());
    let problems = check_flow(&plan, input.as_ref());
    problems
        .into_iter()
        .map(|Problem { message, .. }| message)
        .collect()
}

/// `a` gives `output`; `b` after it wants `context`.
fn pair(output: Value, context: Value) -> Vec<(Node, Arc<dyn Agent>)> {
    vec![
        (node("a", &["b"]), agent("giver", Value::Null, output)),
        (node("b", &[]), agent("taker", context, Value::Null)),
    ]
}

fn gives(kind: Value) -> Value {
    json!({"type": "object", "properties": {"k": {"type": kind}}, "required": ["k"], "additionalProperties": false})
}

fn wants(kind: Value) -> Value {
    json!({"properties": {"k": {"type": kind}}})
}

#[test]
fn a_value_of_another_type_is_told_with_both_nodes() {
    assert_eq!(
        messages(
            pair(gives(json!("string")), wants(json!(["integer", "null"]))),
            None
        ),
        [
            "node `b`: agent `taker` wants `k` to be `null` or `integer`, and node `a` before it writes `string`"
        ]
    );
    for (given, wanted) in [("integer", "number"), ("number", "integer"), ("null", "null")] {
        assert!(messages(pair(gives(json!(given)), wants(json!(wanted))), None).is_empty());
    }
    let referred = json!({"properties": {"k": {"$ref": "#/$defs/k"}}, "$defs": {"k": {"type": "array"}}});
    assert_eq!(messages(pair(gives(json!("string")), referred), None).len(), 1);
}

#[test]
fn what_may_come_from_elsewhere_is_no_problem() {
    let optional =
        json!({"type": "object", "properties": {"k": {"type": "string"}}, "additionalProperties": false});
    // The input may have it.
    assert!(messages(pair(optional.clone(), wants(json!("null"))), None).is_empty());
    assert!(messages(pair(optional.clone(), wants(json!("null"))), Some(&["k"])).is_empty());
    assert_eq!(messages(pair(optional, wants(json!("null"))), Some(&[])).len(), 1);
    // A node without schema and `writes` may write it.
    let mut nodes = pair(gives(json!("string")), wants(json!("null")));
    nodes.push((node("c", &["b"]), agent("any", Value::Null, Value::Null)));
    assert!(messages(nodes, None).is_empty());
    // One that writes something else cannot.
    let mut nodes = pair(gives(json!("string")), wants(json!("null")));
    nodes.push((
        node("c", &["b"]).writes(["other"]),
        agent("any", Value::Null, Value::Null),
    ));
    assert_eq!(messages(nodes, None).len(), 1);
    // A node that is not before it does not count.
    let mut nodes = pair(gives(json!("string")), wants(json!("null")));
    nodes.push((node("c", &[]), agent("any", Value::Null, Value::Null)));
    assert_eq!(messages(nodes, None).len(), 1);
    // A later writer makes it fit.
    let mut nodes = pair(gives(json!("string")), wants(json!("null")));
    nodes[0].0 = node("a", &["c"]);
    nodes.push((
        node("c", &["b"]),
        agent("mend", Value::Null, gives(json!("null"))),
    ));
    assert!(messages(nodes, None).is_empty());
    // The node does not read it.
    let mut nodes = pair(gives(json!("string")), wants(json!("null")));
    nodes[1].0 = node("b", &[]).reads(["other"]);
    assert!(messages(nodes, None).is_empty());
}

#[test]
fn an_output_that_is_no_object_goes_under_the_nodes_name() {
    let wanted = json!({"properties": {"a": {"type": "object"}}, "required": ["a"]});
    assert_eq!(
        messages(pair(json!({"type": "string"}), wanted.clone()), Some(&[])).len(),
        1
    );
    assert!(
        messages(
            pair(json!({"type": ["array"]}), json!({"required": ["a"]})),
            Some(&[])
        )
        .is_empty()
    );
    assert_eq!(
        messages(pair(gives(json!("null")), json!({"required": ["a"]})), Some(&[])).len(),
        1
    );
}

#[test]
fn a_key_that_nobody_provides_is_told_when_the_input_is_known() {
    let needs = json!({"required": ["k"]});
    let closed = json!({"type": "object", "properties": {"other": {}}, "additionalProperties": false});
    let told = "node `b`: agent `taker` needs `k`, which neither the input nor any node before it provides";
    assert_eq!(
        messages(pair(closed.clone(), needs.clone()), Some(&["x"])),
        [told]
    );
    assert!(messages(pair(closed.clone(), needs.clone()), None).is_empty());
    assert!(messages(pair(closed, needs.clone()), Some(&["k"])).is_empty());
    assert!(messages(pair(Value::Null, needs.clone()), Some(&[])).is_empty());
    assert!(messages(pair(gives(json!("null")), needs.clone()), Some(&[])).is_empty());
    // With a type as well, and through several nodes.
    let typed = json!({"required": ["k"], "properties": {"k": {"type": "string"}}});
    let mut nodes = pair(Value::Null, typed);
    nodes[0].0 = node("a", &["b"]).writes(["other"]);
    assert_eq!(messages(nodes, Some(&[])), [told]);
    let first = vec![(node("b", &[]), agent("taker", needs, Value::Null))];
    assert_eq!(messages(first, Some(&[])), [told]);
}

#[test]
fn reads_that_leave_out_what_is_needed_are_told_without_an_input() {
    let mut nodes = pair(Value::Null, json!({"required": ["k", "l"]}));
    nodes[1].0 = node("b", &[]).reads(["l"]);
    assert_eq!(
        messages(nodes, None),
        ["node `b`: agent `taker` needs `k`, which is not in the node's `reads`"]
    );
}

#[test]
fn large_plans_and_hostile_schemas_take_little_time() {
    let properties = |count: usize, kind: &str| -> serde_json::Map<String, Value> {
        (0..count)
            .map(|n| (format!("key{n}"), json!({"type": kind})))
            .collect()
    };
    let giver = agent(
        "giver",
        Value::Null,
        json!({"type": "object", "properties": properties(1500, "string"), "additionalProperties": false}),
    );
    let names: Vec<String> = (0..1500).map(|n| format!("key{n}")).collect();
    let taker = agent(
        "taker",
        json!({"properties": properties(1500, "null"), "required": names}),
        json!({"type": "object", "additionalProperties": false}),
    );
    let willing = agent(
        "willing",
        json!({"required": names}),
        json!({"type": "object", "additionalProperties": false}),
    );
    let count = 100_000;
    let chain = |taker: &Arc<dyn Agent>| {
        let nodes = (0..count).map(|n| {
            let next = if n + 1 < count {
                vec![format!("n{}", n + 1)]
            } else {
                Vec::new()
            };
            let node = Node::new(format!("n{n}"), NodeAgent::Instance(giver.clone())).next(next);
            (node, if n % 2 == 0 { giver.clone() } else { taker.clone() })
        });
        plan(nodes.collect())
    };
    let wrong = chain(&taker);
    let start = Instant::now();
    assert_eq!(check_flow(&wrong, Some(&BTreeSet::new())).len(), 100);
    println!("{count} nodes, 1500 keys, all wrong: {:?}", start.elapsed());
    let start = Instant::now();
    // The input may have every key, for no node is certain to write any.
    assert!(check_flow(&wrong, None).is_empty());
    println!("{count} nodes, 1500 keys, types alone: {:?}", start.elapsed());
    let fine = chain(&willing);
    let start = Instant::now();
    assert!(check_flow(&fine, Some(&BTreeSet::new())).is_empty());
    println!("{count} nodes, 1500 keys, all fine: {:?}", start.elapsed());
}

#[test]
fn nodes_whose_output_may_be_another_than_their_agents_are_taken_to_write_anything() {
    let spoilt = || pair(gives(json!("string")), wants(json!("null")));
    assert_eq!(messages(spoilt(), None).len(), 1);
    let changes: [fn(Node) -> Node; 3] = [
        |node| node.repeat(Map::new("list", "item")),
        |node| node.repeat(Loop::new("true", 3)),
        |node| node.on_failure(OnFailure::Continue),
    ];
    for change in changes {
        let mut nodes = spoilt();
        nodes[0].0 = change(nodes[0].0.clone());
        assert!(messages(nodes, None).is_empty());
        let mut nodes = spoilt();
        nodes[1].0 = change(nodes[1].0.clone());
        assert!(messages(nodes, None).is_empty());
    }
}

#[test]
fn behind_a_condition_a_key_may_still_come_from_the_input() {
    let mut nodes = pair(gives(json!("string")), wants(json!("null")));
    nodes[0].0 = node("a", &[]).next([Edge::when("b", "output.k == \"x\"")]);
    assert!(messages(nodes.clone(), None).is_empty());
    assert_eq!(messages(nodes, Some(&[])).len(), 1);
}

#[test]
fn a_condition_on_what_the_agent_never_returns_is_told() {
    let routed = |condition: &str, output: Value| {
        let mut nodes = pair(output, Value::Null);
        nodes[0].0 = node("a", &[]).next([Edge::when("b", condition)]);
        messages(nodes, None)
    };
    assert_eq!(
        routed("output.kk == 1", gives(json!("integer"))),
        [
            "node `a`: the condition `output.kk == 1` of an edge reads `output.kk`, which its agent never returns"
        ]
    );
    assert!(routed("output.k == 1", gives(json!("integer"))).is_empty());
    assert!(routed("output.kk == 1", json!({"properties": {"k": {}}})).is_empty());
}
