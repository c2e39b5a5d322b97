//! An agent's schemas are held against what it is given and what it returns, and against the graph when it is loaded.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::sync::Arc;

use hap::{
    Agent, Answer, BoxFuture, Call, Digest, FailureKind, Graph, Json, Manifest, Request, RunOutcome, Runtime,
    Usage,
};
use serde_json::{Value, json};

/// Returns its `params`.
struct Described(Manifest);

impl Agent for Described {
    fn manifest(&self) -> &Manifest {
        &self.0
    }

    fn digest(&self) -> Option<Digest> {
        None
    }

    fn invoke(&self, request: Request, _: Call) -> BoxFuture<'_, Answer> {
        let result = Ok(request.params.to_string());
        Box::pin(async move {
            Answer {
                result,
                usage: Usage::default(),
            }
        })
    }
}

fn runtime(agents: &[(&str, Value, Value)]) -> Runtime {
    let schema = |schema: &Value| (*schema != Value::Null).then(|| Json::from_value(schema).unwrap());
    let builder = agents.iter().fold(
        Runtime::builder().no_cache(),
        |builder, (name, context, output)| {
            let manifest = Manifest {
                context_schema: schema(context),
                output_schema: schema(output),
                ..Manifest::in_process(*name)
            };
            builder.agent(format!("t:{name}"), Arc::new(Described(manifest)))
        },
    );
    builder.build().unwrap()
}

async fn run(runtime: &Runtime, graph: &str, input: Value) -> RunOutcome {
    let graph = Graph::from_text("g.yaml", graph).unwrap();
    runtime.run(&graph, input).await.unwrap()
}

fn failure(outcome: &RunOutcome, node: &str) -> (FailureKind, String) {
    let (_, failure) = outcome.failures().find(|(id, _)| id.as_str() == node).unwrap();
    (failure.kind.clone(), failure.message.clone())
}

#[tokio::test]
async fn a_context_that_is_not_as_the_agent_wants_it_fails_the_node_before_the_agent_is_asked() {
    let wants = json!({"properties": {"n": {"type": "integer", "minimum": 1}}, "required": ["n"]});
    let runtime = runtime(&[("a", wants, Value::Null)]);
    let outcome = run(&runtime, "nodes: {a: {agent: 't:a'}}", json!({"n": 0})).await;
    let (kind, message) = failure(&outcome, "a");
    assert_eq!(kind, FailureKind::InvalidInput);
    assert!(message.contains("`/n`") && message.contains('0'), "{message}");
    assert_eq!(
        run(&runtime, "nodes: {a: {agent: 't:a'}}", json!({"n": 1}))
            .await
            .failures()
            .count(),
        0
    );
}

#[tokio::test]
async fn an_output_that_is_not_as_the_agent_promised_fails_the_node() {
    let gives = json!({"properties": {"n": {"type": "integer"}}, "required": ["n"]});
    let runtime = runtime(&[("a", Value::Null, gives)]);
    let outcome = run(&runtime, "nodes: {a: {agent: 't:a', params: {n: x}}}", json!({})).await;
    let (kind, message) = failure(&outcome, "a");
    assert_eq!(kind, FailureKind::InvalidOutput);
    assert!(message.contains("`/n`"), "{message}");
    assert!(outcome.get("n").is_none());
}

#[tokio::test]
async fn a_graph_whose_nodes_do_not_fit_together_is_refused_when_it_is_loaded() {
    let gives = json!({"type": "object", "properties": {"k": {"type": "string"}}, "required": ["k"],
                       "additionalProperties": false});
    let wants = json!({"properties": {"k": {"type": "integer"}}, "required": ["k"]});
    let runtime = runtime(&[("gives", Value::Null, gives), ("wants", wants, Value::Null)]);
    let text = "nodes:\n  a: {agent: 't:gives', next: b}\n  b: {agent: 't:wants'}\n";
    let graph = Graph::from_text("g.yaml", text).unwrap();
    let problems = runtime.load(&graph).await.err().unwrap().to_string();
    assert!(
        problems.contains("g.yaml:3:14: node `b`: agent `wants` wants `k` to be `integer`"),
        "{problems}"
    );

    // In a nested graph as well.
    let text = "nodes:\n  outer:\n    graph:\n      nodes:\n        a: {agent: 't:gives', next: b}\n        b: {agent: 't:wants'}\n";
    let graph = Graph::from_text("g.yaml", text).unwrap();
    let problems = runtime.load(&graph).await.err().unwrap().to_string();
    assert!(problems.contains("g.yaml:6:20: node `b`"), "{problems}");
}

#[tokio::test]
async fn what_neither_the_input_nor_a_node_provides_is_told_before_the_run() {
    let wants = json!({"properties": {"text": {"type": "string"}}, "required": ["text"]});
    let runtime = runtime(&[("a", wants, Value::Null)]);
    let graph = Graph::from_text("g.yaml", "nodes: {a: {agent: 't:a'}}").unwrap();
    let problems = runtime
        .run(&graph, json!({"txt": "x"}))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        problems.contains(
            "node `a`: agent `a` needs `text`, which neither the input nor any node before it provides"
        ),
        "{problems}"
    );
    assert!(problems.contains("the input has `txt`"), "{problems}");
}

#[tokio::test]
async fn a_schema_that_cannot_be_checked_is_told_and_the_agent_still_runs() {
    let runtime = runtime(&[("a", json!({"$ref": "https://example.com/schema"}), Value::Null)]);
    let graph = Graph::from_text("g.yaml", "nodes: {a: {agent: 't:a'}}").unwrap();
    let loaded = runtime.load(&graph).await.unwrap();
    let warnings = loaded.warnings().to_string();
    assert!(
        warnings.contains("the context schema of agent `a` is not checked"),
        "{warnings}"
    );
    assert_eq!(
        run(&runtime, "nodes: {a: {agent: 't:a'}}", json!({}))
            .await
            .failures()
            .count(),
        0
    );
}
