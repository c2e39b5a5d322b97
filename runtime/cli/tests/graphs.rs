//! Graphs that route, map, loop, nest and recover, on the command line: checked, run and drawn with what became of them.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// What a run of it makes: `fetch` falls back, `log` is done without, `each` loses an item, and `single` is not taken.
const FEATURES: &str = r#"
name: Features
graphs:
  check:
    name: Check
    nodes:
      look: {agent: 'AGENT', params: {steps: [{emit: {size: 12}}]}, next: [{to: judge, when: output.size > 10}]}
      judge: {agent: 'AGENT', params: {steps: [{emit: {sure: true}}]}, loop: {until: output.sure, max_rounds: 5}}
nodes:
  fetch:
    agent: 'AGENT'
    params: {steps: [{fail: {case: failed, message: "the archive\e[2J is closed"}}]}
    on_failure: {node: cached}
    next: triage
  cached: {agent: 'AGENT', params: {steps: [{emit: {documents: [a, b, c]}}]}}
  triage:
    agent: 'AGENT'
    params: {steps: [{emit: {kind: list}}]}
    next: [{to: each, when: output.kind == "list"}, {else: single}, log]
  each: {graph: check, map: {over: documents, as: document}, next: brief}
  single: {graph: check, next: brief}
  log: {agent: 'AGENT', params: {steps: [{fail: {case: invalid-input, message: nothing to log}}]}, on_failure: continue}
  brief:
    graph: {nodes: {write: {agent: 'AGENT', params: {steps: [{emit: {words: 90}}]}}}}
    loop: {until: output.words < 100, max_rounds: 3}
"#;

/// A node of a graph in the graph fails for good after three attempts.
const FAILS: &str = r#"
nodes:
  outer:
    graph:
      nodes:
        inner:
          graph:
            nodes:
              ask:
                agent: 'AGENT'
                retry: {attempts: 3, delay: 1ms, on: [trap]}
                params: {steps: [{print: asking}, {panic: "out of luck"}]}
  each:
    agent: 'AGENT'
    map: {over: list, as: item}
    params: {steps: [{fail: {case: failed, message: "not this one"}}]}
"#;

fn scripted() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/agents/test/scripted.wasm");
    if path.is_file() {
        return Some(path);
    }
    // Through the handle: what the macro prints is captured when the test passes.
    let _ = writeln!(
        std::io::stderr(),
        "skipped: build the test agents with `cargo xtask agents`"
    );
    None
}

/// A folder with that graph as `g.yaml`, where the agent has been built.
fn project(graph: &str) -> Option<tempfile::TempDir> {
    let agent = scripted()?;
    let folder = tempfile::tempdir().unwrap();
    let text = graph.replace("AGENT", &agent.display().to_string());
    fs::write(folder.path().join("g.yaml"), text).unwrap();
    Some(folder)
}

fn hap(folder: &Path, arguments: &[&str], input: &str) -> (i32, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_hap"))
        .current_dir(folder)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads no input may end before it is written.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let stderr = text(output.stderr);
    assert!(
        !stderr.contains('\x1b') && !stderr.contains("panicked at runtime"),
        "{stderr}"
    );
    (output.status.code().unwrap(), text(output.stdout), stderr)
}

#[track_caller]
fn expect(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
}

#[test]
fn a_partial_run_tells_what_was_replaced_by_what_and_is_drawn() {
    let Some(folder) = project(FEATURES) else { return };
    let folder = folder.path();
    let (code, result, told) = hap(folder, &["run", "g.yaml", "--json", "--verbose"], "");
    assert_eq!(code, 3, "{told}");
    expect(
        &told,
        &[
            "warning: node `fetch` failed, and its fallback `cached` took its place\n  because: failed: the archive [2J is closed\n",
            "warning: node `log` failed, and the run went on without its output\n  because: invalid-input: nothing to log\n",
            "warning: the run is partial: 2 degraded, 4 done, 1 skipped\n",
            "degraded: `cached` in its place",
            "done, 3 items",
            "done, 1 round",
            "brief/write",
        ],
    );
    let outcome: Value = serde_json::from_str(&result).unwrap();
    let nodes = &outcome["agent_metadata"];
    assert_eq!(outcome["status"], "partial");
    assert_eq!(nodes["fetch"]["replaced_by"], "node");
    assert_eq!(nodes["fetch"]["failure"]["origin"]["node"], "fetch");
    assert_eq!(nodes["each"]["items"]["done"], 3);
    assert_eq!(nodes["brief"]["rounds"], 1);
    assert_eq!(nodes["brief"]["nodes"]["write"]["status"], "done");
    fs::write(folder.join("r.json"), &result).unwrap();

    let (code, drawn, _) = hap(folder, &["show", "g.yaml", "--run", "r.json"], "");
    assert_eq!(code, 0);
    expect(
        &drawn,
        &[
            "Features: 7 nodes, 6 edges, 4 layers\nrun: partial in ",
            "degraded (by cached) ",
            "⇢ cached  fallback",
            "→ each    when output.kind == \"list\"",
            "→ single  else",
            "skipped: not taken",
            "×N over documents",
            "in the place of others that fail\n  ─ cached ",
            "graph Check, the work of each, single: 2 nodes",
        ],
    );
    let (code, piped, _) = hap(folder, &["show", "g.yaml", "--run", "-"], &result);
    assert_eq!((code, piped), (0, drawn));
    let show = |format: &str| {
        hap(
            folder,
            &["show", "g.yaml", "--run", "r.json", "--format", format],
            "",
        )
    };
    expect(
        &show("mermaid").1,
        &["]:::degraded\n", "subgraph g1[", "classDef skipped "],
    );
    expect(
        &show("svg").1,
        &[
            "<g class=\"node degraded\"",
            "<g class=\"node skipped\"",
            "class=\"frame\"",
        ],
    );
    let (_, timeline, _) = show("timeline");
    expect(
        &timeline,
        &[
            "<title>Features: partial in ",
            ">fetch</text>",
            ">write</text>",
            "3 items</text>",
        ],
    );
    assert!(
        !timeline.contains("<script") && timeline.ends_with("</svg>\n"),
        "{timeline}"
    );
}

#[test]
fn events_tell_of_items_rounds_and_graphs_in_the_graph() {
    let Some(folder) = project(FEATURES) else { return };
    let (code, events, _) = hap(folder.path(), &["run", "g.yaml", "--events"], "");
    assert_eq!(code, 3);
    let lines: Vec<Value> = events
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for (event, node) in [
        ("item-finished", "each"),
        ("node-started", "each[2]/look"),
        ("round-finished", "brief"),
        ("node-finished", "brief#1/write"),
        ("node-finished", "cached"),
    ] {
        assert!(
            lines
                .iter()
                .any(|line| line["event"] == event && line["node"] == node),
            "{event} of {node} is missing in:\n{events}"
        );
    }
    assert_eq!(lines.last().unwrap()["outcome"]["status"], "partial");
}

#[test]
fn a_failure_tells_the_whole_chain() {
    let Some(folder) = project(FAILS) else { return };
    let input = ["run", "g.yaml", "--set", "list=[1,2]", "--verbose"];
    let (code, _, told) = hap(folder.path(), &input, "");
    assert_eq!(code, 1, "{told}");
    expect(
        &told,
        &[
            "outer/inner/ask info: attempt 1 failed, the next in ",
            "error: node `outer` failed (nested-graph): ",
            "\n  caused by:\n    `outer/inner`, graph",
            "\n      `outer/inner/ask`, scripted, attempt 3: trap: ",
            "\n        backtrace:\n          0: ",
            "\n        last log:\n          info: (stdout) asking\n",
            "\n        attempt 1: trap: ",
            "error: node `each` failed (items): 2 of 2 items failed, item 0 first\n",
            "\n    `each[0]`, scripted, attempt 1: failed: not this one\n      details: {\"why\":\"scripted\"}\n",
            "failed: items, 0 of 2 items",
            "error: the run failed: 2 failed\n",
        ],
    );
}

#[test]
fn a_check_tells_the_plan_of_every_graph() {
    let Some(folder) = project(FEATURES) else { return };
    let (code, told, stderr) = hap(folder.path(), &["check", "g.yaml"], "");
    assert_eq!(code, 0, "{stderr}");
    expect(
        &told,
        &[
            "g.yaml: fine, 7 nodes and 6 edges in 4 layers",
            "\n\nlongest path, 4 nodes\n  fetch → triage → each → brief\n",
            "\n\nconditions\n  triage → each  when output.kind == \"list\"\n  triage → single  else\n",
            "\n\nfallbacks\n  fetch → cached\n",
            "\n  documents  read by each\n",
            "\n\ngraph Check, the work of each, single: 2 nodes and 1 edge in 2 layers, at most 1 at one time\n\n  order\n    1  look\n",
            "\n\nagents and what they may ask for\n",
        ],
    );
    let (_, json, _) = hap(folder.path(), &["check", "g.yaml", "--json"], "");
    let report: Value = serde_json::from_str(&json).unwrap();
    let plan = &report["plan"];
    assert_eq!(plan["critical_path"][3], "brief");
    assert_eq!(plan["conditions"][0]["when"], "output.kind == \"list\"");
    assert_eq!(plan["fallbacks"]["fetch"], "cached");
    assert_eq!(
        plan["graphs"][0]["work_of"],
        serde_json::json!(["each", "single"])
    );
    assert_eq!(
        plan["graphs"][0]["layers"],
        serde_json::json!([["look"], ["judge"]])
    );
    assert_eq!(plan["keys"]["known"]["documents"]["read_by"][0], "each");
    assert_eq!(plan["agents"]["brief/write"]["name"], "scripted");
}
