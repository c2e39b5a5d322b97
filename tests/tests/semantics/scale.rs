//! Twenty thousand of everything: nodes in a row, nodes side by side, items and rounds.

use std::sync::Arc;

use hap::{Agent, Run, RunOutcome, RunStatus};
use serde_json::{Value, json};

use crate::native::{members, native, options, served};

const MANY: usize = 20_000;

/// Answers with one more than it finds under `n`, or with its item.
fn counting() -> Arc<dyn Agent> {
    let (agent, _) = native(|request, _| async move {
        let context: Value = request.context.to().unwrap();
        let answer = match context.get("item") {
            Some(item) => json!({ "got": item }),
            None => json!({"n": context["n"].as_u64().unwrap_or(0) + 1}),
        };
        Ok(answer.to_string())
    });
    agent
}

fn run(graph: &str, input: &Value) -> RunOutcome {
    let threads = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let graph = served(graph, &counting());
    threads.block_on(async { Run::start(graph, members(input), options()).outcome().await })
}

#[test]
fn a_long_chain_hands_its_value_on_to_the_end() {
    let link = |n: usize| format!("  n{n}: {{agent: 't:a', reads: [n], next: n{}}}\n", n + 1);
    let links: String = (1..MANY).map(link).collect();
    let outcome = run(
        &format!("nodes:\n{links}  n{MANY}: {{agent: 't:a', reads: [n]}}\n"),
        &json!({}),
    );
    assert_eq!(outcome.status, RunStatus::Success);
    assert_eq!(outcome.get("n").unwrap().as_str(), MANY.to_string());
    assert_eq!(outcome.execution_path.len(), MANY);
}

#[test]
fn many_nodes_side_by_side_all_add_up() {
    let middle: String = (0..MANY)
        .map(|n| format!("  n{n}: {{agent: 't:a', reads: [], next: last}}\n"))
        .collect();
    let names: Vec<String> = (0..MANY).map(|n| format!("n{n}")).collect();
    let names = names.join(", ");
    let text = format!(
        "reducers: {{n: sum}}\nnodes:\n  first: {{agent: 't:a', next: [{names}]}}\n{middle}  last: {{agent: 't:a', reads: [n]}}\n"
    );
    let outcome = run(&text, &json!({}));
    assert_eq!(outcome.status, RunStatus::Success);
    // The last one adds what it saw and one more.
    assert_eq!(
        outcome.get("n").unwrap().as_str(),
        (2 * (MANY + 1) + 1).to_string()
    );
}

#[test]
fn many_items_come_back_in_their_order() {
    let items: Vec<usize> = (0..MANY).collect();
    let text = format!("nodes: {{a: {{agent: 't:a', map: {{over: items, as: item, max_items: {MANY}}}}}}}");
    let outcome = run(&text, &json!({ "items": items }));
    assert_eq!(outcome.status, RunStatus::Success);
    let got: Vec<Value> = items.iter().map(|item| json!({ "got": item })).collect();
    assert_eq!(outcome.get("a").unwrap().to::<Value>().unwrap(), Value::from(got));
}

#[test]
fn as_many_rounds_as_there_may_be_are_done() {
    let text =
        "nodes: {a: {agent: 't:a', reads: [n], loop: {until: 'output.n >= 10000', max_rounds: 10000}}}";
    let outcome = run(text, &json!({"n": 0}));
    assert_eq!(outcome.status, RunStatus::Success);
    assert_eq!(outcome.get("n").unwrap().as_str(), "10000");
}
