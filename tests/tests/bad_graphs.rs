//! Graph files that are wrong: each is refused as early as it can be known, with its place and a remedy. What shows only
//! in a run, since it depends on values, fails the node in the run.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::path::Path;

use hap::{Error, Graph, Plan, Problems, RunOutcome, Runtime, json, read_graph};
use hap_tests::{builder, root};
use serde_json::Value;

/// All that is told of a text before any agent is looked for.
fn problems(text: &str) -> Option<Problems> {
    Graph::from_text("g.yaml", text)
        .and_then(|graph| Plan::new(&graph))
        .err()
}

/// Each graph of `bad_graphs/refused.txt` is refused with what stands below it. With `BLESS=1` in the environment, the
/// file is written anew.
#[test]
fn what_is_wrong_is_told_with_its_place_and_a_remedy() {
    let path = root().join("tests/tests/bad_graphs/refused.txt");
    let file = std::fs::read_to_string(&path).unwrap();
    let mut told = Vec::new();
    for case in file.trim_end().split("\n\n") {
        let text: Vec<&str> = case.lines().filter(|line| !line.starts_with('!')).collect();
        let mut lines: Vec<String> = text.iter().map(|line| (*line).to_owned()).collect();
        if !case.starts_with('#') {
            let problems = problems(&text.join("\n")).unwrap_or_default().to_string();
            lines.extend(problems.lines().map(|line| format!("! {line}")));
        }
        told.push(lines.join("\n"));
    }
    let told = told.join("\n\n") + "\n";
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &told).unwrap();
    }
    for (told, expected) in told.split("\n\n").zip(file.split("\n\n")) {
        assert_eq!(told, expected);
        assert!(
            told.starts_with('#') || told.contains("\n! "),
            "this is not refused: {told}"
        );
    }
}

/// A graph in which graphs are nested so deep, in one text.
fn nested(levels: usize) -> String {
    let inner = "{nodes: {x: {agent: 'd:x'}}}".to_owned();
    (0..levels).fold(inner, |inner, _| format!("{{nodes: {{x: {{graph: {inner}}}}}}}"))
}

/// The same, with a name for each.
fn named(levels: usize) -> String {
    let between: String = (1..levels)
        .map(|level| format!("  g{level}: {{nodes: {{x: {{graph: g{}}}}}}}\n", level + 1))
        .collect();
    format!("graphs:\n{between}  g{levels}: {{nodes: {{x: {{agent: 'd:x'}}}}}}\nnodes: {{x: {{graph: g1}}}}")
}

#[test]
fn graphs_are_nested_sixteen_deep_at_most() {
    assert_eq!(problems(&nested(16)), None);
    assert_eq!(problems(&named(16)), None);
    let deep = problems(&nested(17)).unwrap().to_string();
    let expected = "g.yaml:1:341: graphs are nested more than 16 levels deep\n  hint: put the inner graphs side by side under `graphs` and name them";
    assert!(deep.ends_with(expected), "{deep}");
    let told = problems(&named(17)).unwrap().to_string();
    assert_eq!(
        told,
        "g.yaml:17:28: node `x`: graphs are nested more than 16 levels deep\n  hint: let one graph do the work of several levels"
    );
}

#[test]
fn a_condition_is_of_bounded_length() {
    let text = |length| {
        let condition = format!("true || {}", "true || ".repeat(length) + "true");
        format!("nodes: {{a: {{agent: 'd:x', next: [{{to: b, when: '{condition}'}}]}}, b: {{agent: 'd:x'}}}}")
    };
    let told = problems(&text(260)).unwrap().to_string();
    let expected = "g.yaml:1:48: node `a`: the condition of the edge to `b`: it is longer than 2000 bytes\n  hint: let an agent work out part of it and write the result";
    assert_eq!(told, expected);
}

/// Names and contents of files.
type Files<'a> = &'a [(&'a str, &'a [u8])];

/// The problems of `main.yaml`, with the folder of all files as `DIR`.
fn file_problems(files: Files<'_>) -> String {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    let error = read_graph(folder.path().join("main.yaml")).unwrap_err();
    told(&error, folder.path())
}

fn told(error: &Error, folder: &Path) -> String {
    error.to_string().replace(folder.to_str().unwrap(), "DIR")
}

#[test]
fn files_of_nested_graphs_are_read_with_the_graph() {
    let naming = |file: &str| format!("nodes: {{a: {{graph: {file}}}}}").into_bytes();
    let cases: &[(Files<'_>, &str)] = &[
        (
            &[("main.yaml", &naming("main.yaml"))],
            "DIR/main.yaml:1:20: node `a`: a graph includes itself: DIR/main.yaml -> DIR/main.yaml\n  \
             hint: use `loop` to do work again",
        ),
        (
            &[
                ("main.yaml", &naming("b.yaml")),
                ("b.yaml", &naming("./main.yaml")),
            ],
            "DIR/b.yaml:1:20: node `a`: a graph includes itself: DIR/main.yaml -> DIR/b.yaml -> DIR/./main.yaml\n  \
             hint: use `loop` to do work again",
        ),
        (
            &[("main.yaml", &naming("missing.yaml"))],
            "DIR/main.yaml:1:20: node `a`: cannot read `DIR/missing.yaml`: No such file or directory (os error 2)\n  \
             hint: name a graph file, relative to the folder of this one",
        ),
        (
            &[("main.yaml", &naming("../."))],
            "DIR/main.yaml:1:20: node `a`: cannot read `DIR/../.`: Is a directory (os error 21)\n  \
             hint: name a graph file, relative to the folder of this one",
        ),
        (
            &[("main.yaml", &naming("b.yaml")), ("b.yaml", b"\xff")],
            "DIR/main.yaml:1:20: node `a`: cannot read `DIR/b.yaml`: it is not UTF-8 text\n  \
             hint: name a graph file, relative to the folder of this one",
        ),
        (
            &[("main.yaml", &naming("b.yaml")), ("b.yaml", b"nodes: [")],
            "DIR/b.yaml:1:8: this is not YAML: unclosed bracket '['",
        ),
        (
            &[("main.yaml", b"\xff")],
            "cannot read `DIR/main.yaml`: it is not UTF-8 text",
        ),
        (
            &[],
            "cannot read `DIR/main.yaml`: No such file or directory (os error 2)",
        ),
    ];
    for (files, expected) in cases {
        assert_eq!(file_problems(files), *expected);
    }
}

#[test]
fn problems_of_files_are_told_together() {
    let told = file_problems(&[
        ("main.yaml", b"nodes: {a: {graph: b.yaml}, c: {graph: c.yaml}}"),
        ("b.yaml", b"nodes: {a: {agnet: x}}"),
    ]);
    for part in [
        "DIR/b.yaml:1:13: node `a` has no field `agnet`",
        "cannot read `DIR/c.yaml`",
    ] {
        assert!(told.contains(part), "{told}");
    }
}

/// A runtime whose agent `d:x` returns what the context has under `out`, and fails where that is nothing.
fn runtime() -> Runtime {
    let returns = |context: Value| match context.get("out") {
        Some(out) => Ok(out.clone()),
        None => Err("nothing to return".into()),
    };
    builder().agent_fn("d:x", returns).build().unwrap()
}

fn run(text: &str, input: Value) -> RunOutcome {
    let graph = Graph::from_text("g.yaml", text).unwrap();
    runtime().run_blocking(&graph, input).unwrap()
}

/// What the run tells of its failed nodes.
fn failures(text: &str, input: Value) -> String {
    let outcome = run(text, input);
    let told = outcome.failures().map(|(node, failure)| {
        let hint = failure.hint.as_ref().map(|hint| format!("\n  hint: {hint}"));
        format!("{node}: {failure}{}", hint.unwrap_or_default())
    });
    told.collect::<Vec<_>>().join("\n")
}

/// What happens when a node with an edge under `condition` returns `output`.
fn after(condition: &str, output: Value) -> String {
    let text = format!(
        "nodes: {{a: {{agent: 'd:x', next: [{{to: b, when: '{condition}'}}]}}, b: {{agent: 'd:x'}}}}"
    );
    failures(&text, json!({ "out": output }))
}

#[test]
fn a_condition_without_an_answer_fails_its_node() {
    let cases = [
        (
            "output.n",
            "a: condition: the condition `output.n` of an edge: it gives an int, not true or false\n  \
             hint: compare it with something: `==`, `!=`, `<`, `>`, `in`",
        ),
        (
            "output.scroe > 1",
            "a: condition: the condition `output.scroe > 1` of an edge: there is no key `scroe`\n  \
             hint: `has(output.scroe)` tells whether there is one: `has(output.scroe) && …`",
        ),
        (
            "context.scroe > 1",
            "a: condition: the condition `context.scroe > 1` of an edge: there is no key `scroe`\n  \
             hint: `has(context.scroe)` tells whether there is one: `has(context.scroe) && …`",
        ),
        (
            "10 / output.n > 1",
            "a: condition: the condition `10 / output.n > 1` of an edge: it divides by zero\n  \
             hint: test first: `n != 0 && total / n > 3`",
        ),
        (
            "10 % output.n > 1",
            "a: condition: the condition `10 % output.n > 1` of an edge: it divides by zero\n  \
             hint: test first: `n != 0 && total / n > 3`",
        ),
        (
            "output.list[3] > 1",
            "a: condition: the condition `output.list[3] > 1` of an edge: a list has no item 3\n  \
             hint: items count from 0; `size(list) > n` tells whether there is an item n",
        ),
    ];
    for (condition, expected) in cases {
        assert_eq!(after(condition, json!({"n": 0, "list": [1]})), expected);
    }
    assert_eq!(after("10.0 / output.x > 1.0", json!({"x": 0.0})), "");
}

#[test]
fn a_map_goes_over_a_list_that_is_not_too_long() {
    const HINT: &str =
        "\n  hint: name a key that holds a list; it must be in the node's `reads`, where there are any";
    let text = "nodes: {a: {agent: 'd:x', map: {over: docs.all, as: out}}}";
    let cases = [
        (json!({}), "which is not there"),
        (json!({"docs": []}), "which is not there"),
        (json!({"docs": {"every": []}}), "which is not there"),
        (json!({"docs": {"all": {}}}), "which is an object"),
        (json!({"docs": {"all": "abc"}}), "which is a string"),
        (json!({"docs": {"all": null}}), "which is null"),
    ];
    for (input, expected) in cases {
        let expected = format!("a: not-a-list: the map goes over `docs.all`, {expected}{HINT}");
        assert_eq!(failures(text, input), expected);
    }
    let many = |count: usize| json!({"docs": {"all": vec![0; count]}});
    assert_eq!(failures(text, many(10_000)), "");
    for count in [10_001, 1_000_000] {
        let expected = format!(
            "a: not-a-list: the map goes over `docs.all`, which has {count} items of 10000 allowed\n  \
             hint: raise `map.max_items`, or shorten the list first"
        );
        assert_eq!(failures(text, many(count)), expected);
    }
}

#[test]
fn a_loop_that_does_not_end_well_fails_its_node() {
    let until = |condition: &str| {
        let text = format!("nodes: {{a: {{agent: 'd:x', loop: {{until: '{condition}', max_rounds: 3}}}}}}");
        failures(&text, json!({"out": {"n": 1}}))
    };
    assert_eq!(
        until("output.n > 1"),
        "a: loop-bound: `output.n > 1` did not hold after 3 rounds\n  \
         hint: raise `loop.max_rounds`, or set `loop.at_max` to `keep`"
    );
    assert_eq!(
        until("round"),
        "a: condition: the loop's `until`: it gives an int, not true or false\n  \
         hint: compare it with something: `==`, `!=`, `<`, `>`, `in`"
    );
    assert_eq!(
        until("1 / (round - 2) > 3"),
        "a: condition: the loop's `until`: it divides by zero\n  hint: test first: `n != 0 && total / n > 3`"
    );
}

#[test]
fn a_value_that_its_reducer_cannot_take_is_refused() {
    let text = "reducers: {n: sum, l: append, o: merge}\nnodes: {a: {agent: 'd:x'}}";
    let cases = [
        (
            json!({"n": "text"}),
            "`n` is a string, and its reducer `sum` needs a number",
        ),
        (
            json!({"l": {}}),
            "`l` is an object, and its reducer `append` needs a list",
        ),
        (
            json!({"o": null}),
            "`o` is null, and its reducer `merge` needs an object",
        ),
    ];
    for (output, expected) in cases {
        let expected = format!("a: invalid-output: the output's {expected}");
        assert_eq!(failures(text, json!({ "out": output })), expected);
    }
    let graph = Graph::from_text("g.yaml", text).unwrap();
    let error = runtime().run_blocking(&graph, json!({"n": []})).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the input cannot be used: its `n` is a list, and the key's reducer `sum` needs a number"
    );
}
