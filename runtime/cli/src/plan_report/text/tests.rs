//! What `hap check` tells of a plan.

use super::*;
use hap::{Graph, Plan};

fn told(text: &str) -> String {
    let plan = Plan::new(&Graph::from_text("g.yaml", text).unwrap()).unwrap();
    let mut lines = Vec::new();
    for graph in graphs(&plan) {
        lines.push(format!("{}: {}", graph.work_of.join(" and "), size(&graph)));
        push_graph(&mut lines, &graph, "  ");
    }
    lines.join("\n")
}

#[test]
fn every_feature_is_told() {
    let text = "
reducers: {notes: append}
graphs: {check: {name: Check, nodes: {look: {agent: 'x:look', writes: [seen], next: [{to: judge, when: context.seen}]},
  judge: {agent: 'x:judge', reads: [seen]}}}}
nodes:
  fetch: {agent: 'x:fetch', writes: [documents, kind], on_failure: {node: cached}, next: triage}
  cached: {agent: 'x:cached', writes: [documents]}
  triage: {agent: 'x:triage', reads: [kind], next: [{to: each, when: 'context.kind == \"list\" && output.ok'}, {else: log}]}
  each: {graph: check, map: {over: documents, as: document, into: checked}, next: brief}
  log: {agent: 'x:log', writes: [notes]}
  brief: {graph: check, reads: [checked], loop: {until: 'context.checked > 3', max_rounds: 2}}";
    let expected = "\
: 6 nodes and 4 edges in 4 layers, at most 2 at one time

  order
    1  fetch
    2  triage
    3  each, log
    4  brief

  longest path, 4 nodes
    fetch → triage → each → brief

  conditions
    triage → each  when context.kind == \"list\" && output.ok
    triage → log  else

  done again
    brief  until `context.checked > 3`, at most 2 rounds
    each  for each item of `documents`, at most 10000

  fallbacks
    fetch → cached

  keys, `?` for any
    checked    read by brief; written by each; decides at brief
    documents  read by each; written by fetch, cached
    kind       read by triage; written by fetch; decides at triage
    notes      written by log; reduced by append
    ?          read by fetch, each, log, cached; written by triage, brief
each and brief: 2 nodes and 1 edge in 2 layers, at most 1 at one time

  order
    1  look
    2  judge

  longest path, 2 nodes
    look → judge

  conditions
    look → judge  when context.seen

  keys, `?` for any
    seen  read by judge; written by look; decides at look
    ?     read by look; written by judge";
    let told = told(text);
    assert_eq!(told, expected);
}

#[test]
fn long_lists_are_cut_and_hostile_conditions_steer_nothing() {
    let chain: Vec<String> = (0..40)
        .map(|n| format!("  n{n}: {{agent: 'x:a', writes: [k{n}], next: [{{to: n{}, when: \"output.k{n} == '\\e[2J'\"}}]}}", n + 1))
        .collect();
    let told = told(&format!(
        "nodes:\n{}\n  n40: {{agent: 'x:a'}}\n",
        chain.join("\n")
    ));
    for part in [
        "longest path, 41 nodes\n    n0 → n1 → n2 → n3 → n4 → n5 → … 29 more nodes … → n35",
        "n0 → n1  when output.k0 == ' [2J'\n",
        "… and 10 more\n",
        "… and 10 more keys\n    ?    read by n0,",
    ] {
        assert!(told.contains(part), "{part} is missing in {told}");
    }
    assert!(!told.contains('\x1b'));
}
