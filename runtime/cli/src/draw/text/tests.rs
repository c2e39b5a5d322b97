//! What the text drawing shows of each feature, and of text that wants to be obeyed.

use super::super::{Drawing, drawing, samples};

fn text(drawing: &Drawing) -> String {
    let lines: Vec<String> = super::text(drawing).into_iter().map(|line| line.text).collect();
    lines.join("\n")
}

#[test]
fn layers_stand_below_each_other_with_their_edges() {
    let drawing = drawing(
        "name: Review\nentry: split\nnodes:\n  split: {agent: 'r:split', next: [terms, dates, brief]}\n  \
         terms: {agent: agents/terms.wasm, next: brief}\n  dates: {agent: 'r:dates', next: brief}\n  \
         brief: {agent: 'r:brief'}\n  old: {agent: 'r:old', next: brief}\n",
    );
    let expected = "\
Review: 5 nodes, 6 edges, 3 layers

1 ─ split  r:split            → terms, dates, brief

2 ┌ terms  agents/terms.wasm  → brief
  └ dates  r:dates            → brief

3 ─ brief  r:brief

never run: the entry does not lead to
  ─ old    r:old              → brief";
    assert_eq!(text(&drawing), expected);
}

#[test]
fn many_targets_continue_on_further_lines() {
    let drawing = drawing(
        "nodes:\n  a: {agent: 'x:a', next: [b, c, d, e, f]}\n  b: {agent: 'x:b'}\n  c: {agent: 'x:c'}\n  \
         d: {agent: 'x:d'}\n  e: {agent: 'x:e'}\n  f: {agent: 'x:f'}\n",
    );
    let text = text(&drawing);
    assert!(
        text.contains("1 ─ a  x:a  → b, c, d, e,\n              f\n"),
        "{text}"
    );
}

#[test]
fn every_feature_of_a_graph_is_drawn() {
    let expected = "\
Features: 8 nodes, 7 edges, 5 layers
defaults: 3 attempts · deadline 1 m 00 s

1 ─ fetch    x:fetch         → triage
                             ⇢ cached  fallback
      5 attempts (unavailable, timeout)

2 ─ triage   x:triage        → log
                             → each     when size(context.documents) > 0
                             → nothing  else
      breaker opens for 30.00 s

3 ┌ each     graph check     → brief
      ×N over documents, 4 at one time, failed items left out
  ├ nothing  x:nothing       → again
      on failure: stop the run
  └ log      x:log
      deadline 500.0 ms

4 ─ again    graph check     → brief
      on failure: go on without

5 ─ brief    graph (nested)
      ↻ until output.words < 100, at most 3

in the place of others that fail
  ─ cached   x:cached
      on failure: {\"documents\":[]}

graph Check, the work of each, again: 2 nodes, 1 edge, 2 layers

1 ─ look   x:look   → judge  when context.size > 10

2 ─ judge  x:judge
      ↻ until output.sure, at most 5, then kept

graph, the work of brief: 1 node, 0 edges, 1 layer

1 ─ write  x:write
      ×N over r.parts";
    assert_eq!(text(&drawing(samples::FEATURES)), expected);
}

#[test]
fn conditions_stand_on_one_line_and_steer_nothing() {
    let condition = "output.x == \\\"\\e[2J\\u202e\\\"\\n  || output.y";
    let drawing = drawing(&format!(
        "nodes:\n  a: {{agent: 'x:a', next: [{{to: b, when: \"{condition}\"}}]}}\n  b: {{agent: 'x:b'}}\n"
    ));
    let text = text(&drawing);
    assert!(
        text.contains("→ b  when output.x == \" [2J\" || output.y\n"),
        "{text:?}"
    );
    let long = format!("output.x == \"{}\"", "y".repeat(500));
    let drawing = super::super::drawing(&format!(
        "nodes:\n  a: {{agent: 'x:a', next: [{{to: b, when: '{long}'}}]}}\n  b: {{agent: 'x:b'}}\n"
    ));
    assert!(
        super::text(&drawing)
            .iter()
            .all(|line| line.text.chars().count() < 100)
    );
}
