//! What a terminal is told of a failed node, whole.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::fs;
use std::path::Path;
use std::process::Command;

use hap_hostile::wat_agent;
use serde_json::Value;

const FAILS: &str = r#"
(data (i32.const 4096) "no pages left\1b[2J")
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (call $error (i32.const 2) (i32.const 4096) (i32.const 13)))
"#;

const LOOPS: &str = r#"
(import "hap:agent/log@0.1.0" "write" (func $log (param i32 i32 i32 i32 i32 i32)))
(data (i32.const 4096) "page 1")
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (call $log (i32.const 3) (i32.const 4096) (i32.const 6) (i32.const 0) (i32.const 0) (i32.const 0))
  (loop $for_ever (br $for_ever))
  unreachable)
"#;

fn hap(folder: &Path, arguments: &[&str]) -> (String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_hap"))
        .current_dir(folder)
        .args(["run", "g.yaml", "--no-cache"])
        .args(arguments)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr))
}

fn project(agent: &str, graph: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.wasm"), wat_agent(agent).unwrap()).unwrap();
    fs::write(folder.path().join("g.yaml"), graph).unwrap();
    folder
}

/// What is told, with the real time of the node, which differs from run to run, as `TIME`.
fn told(folder: &Path) -> String {
    let (_, stderr) = hap(folder, &[]);
    let line = |line: &str| match line.split_once(", time ") {
        Some((before, time)) => {
            assert!(
                time.ends_with(" µs") || time.ends_with(" ms") || time.ends_with(" s"),
                "{time}"
            );
            format!("{before}, time TIME\n")
        }
        None => format!("{line}\n"),
    };
    stderr.lines().map(line).collect()
}

/// The beginning of the component's digest, as the run's JSON has it.
fn digest(folder: &Path) -> String {
    let (stdout, _) = hap(folder, &["--json"]);
    let outcome: Value = serde_json::from_str(&stdout).unwrap();
    let digest = outcome["agent_metadata"]["a"]["digest"].as_str().unwrap();
    digest.split_at("sha256:".len() + 12).0.to_owned()
}

#[test]
fn a_node_that_says_that_it_failed() {
    let folder = project(FAILS, "nodes: {a: {agent: a.wasm, next: b}, b: {agent: a.wasm}}");
    let digest = digest(folder.path());
    assert_eq!(
        told(folder.path()),
        format!(
            "error: node `a` failed: no pages left\n  \
               agent: test-agent ({digest}), attempt 1\n  \
               used: fuel 63, memory 128.0 KiB, time TIME\n\
             error: the run failed: 1 failed, 1 skipped\n"
        )
    );
}

#[test]
fn a_node_that_reached_a_limit() {
    let folder = project(
        LOOPS,
        "nodes: {a: {agent: a.wasm, budget: {fuel: 1M, memory: 1MiB}}}",
    );
    let digest = digest(folder.path());
    let told = told(folder.path());
    // The places of the functions depend on the tool that makes the component.
    let (before, backtrace) = told.split_once("  backtrace:\n").unwrap();
    let (_, after) = backtrace.split_once("  last log:\n").unwrap();
    assert_eq!(
        format!("{before}  last log:\n{after}"),
        format!(
            "error: node `a` failed: limit `fuel` reached: 1000000 of 1000000 used\n  \
               agent: test-agent ({digest}), attempt 1\n  \
               used: fuel 1.0 M, memory 128.0 KiB, time TIME\n  \
               hint: raise `budget.fuel` of the node, the graph and the runtime if the agent is to be trusted\n  \
               last log:\n    \
                 warn: page 1\n\
             error: the run failed: 1 limited\n"
        )
    );
}

#[test]
fn a_node_that_could_not_begin() {
    // Both write `k`, and `a` cannot see two values of it: so there was no attempt, and nothing was used.
    let writes = r#"(data (i32.const 4096) "{\"k\":1}{\"k\":2}")
      (func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32) (param $params i32) (param $length i32) (result i32)
        (call $ok
          (if (result i32) (i32.gt_u (local.get $length) (i32.const 2)) (then (i32.const 4096)) (else (i32.const 4103)))
          (i32.const 7)))"#;
    let graph = "nodes: {l: {agent: a.wasm, next: a, params: {x: 1}}, r: {agent: a.wasm, next: a}, a: {agent: a.wasm}}";
    let folder = project(writes, graph);
    let digest = digest(folder.path());
    let problem = "node `l` and node `r` ran at the same time and wrote different values to `k`";
    let hint = "  hint: lead one to the other, write different keys, or add `reducers: {k: append}`";
    assert_eq!(
        told(folder.path()),
        format!(
            "error: node `a` failed (write-conflict): {problem}\n  \
               agent: test-agent ({digest})\n\
             {hint}\n\
             error: write-conflict: {problem}\n\
             {hint}\n\
             error: the run failed: 2 done, 1 failed\n"
        )
    );
}
