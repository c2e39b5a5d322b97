//! What agents may ask for, on the command line: checked, compared, locked, and compiled apart.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use hap_hostile::{ECHO, wat_agent};

const READS: &str = r#"
(import "hap:agent/resources@0.1.0" "list" (func $list (param i32)))
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32) (call $ok_true))
"#;

fn hap(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(env!("CARGO_BIN_EXE_hap"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

/// A graph of one node beside its agent.
fn project(agent: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.wasm"), wat_agent(agent).unwrap()).unwrap();
    fs::write(folder.path().join("g.yaml"), "nodes: {a: {agent: a.wasm}}\n").unwrap();
    folder
}

#[test]
fn a_strict_check_fails_where_an_agent_asks_for_more_than_is_granted() {
    let folder = project(READS);
    assert_eq!(hap(folder.path(), &["check", "g.yaml", "--no-cache"]).0, 0);
    let (code, _, stderr) = hap(folder.path(), &["check", "g.yaml", "--no-cache", "--strict"]);
    assert_eq!(code, 1, "{stderr}");
    for expected in ["node `a`", "`hap:agent/resources@0.1.0`", "grants: {resources:"] {
        assert!(stderr.contains(expected), "{stderr}");
    }
    fs::write(
        folder.path().join("g.yaml"),
        "nodes: {a: {agent: a.wasm, grants: {resources: ['x/*']}}}\n",
    )
    .unwrap();
    assert_eq!(
        hap(folder.path(), &["check", "g.yaml", "--no-cache", "--strict"]).0,
        0
    );
}

#[test]
fn a_run_with_a_lock_refuses_what_changed() {
    let folder = project(ECHO);
    let run = |more: &[&str]| {
        hap(
            folder.path(),
            &[&["run", "g.yaml", "--no-cache", "--set", "k=1"], more].concat(),
        )
    };
    let (code, _, stderr) = run(&["--locked"]);
    assert!(
        code == 2 && stderr.contains("hap lock g.yaml"),
        "{code}: {stderr}"
    );
    assert_eq!(hap(folder.path(), &["lock", "g.yaml", "--no-cache"]).0, 0);
    assert_eq!(run(&["--locked"]).0, 0);
    fs::write(folder.path().join("a.wasm"), wat_agent(READS).unwrap()).unwrap();
    let (code, stdout, stderr) = run(&[]);
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert!(
        stderr.contains("wants more than when it was locked: hap:agent/resources@0.1.0"),
        "{stderr}"
    );
}

#[test]
fn two_versions_are_compared_by_what_they_want() {
    let folder = project(ECHO);
    fs::write(folder.path().join("b.wasm"), wat_agent(READS).unwrap()).unwrap();
    let (code, stdout, _) = hap(
        folder.path(),
        &["inspect", "b.wasm", "--diff", "a.wasm", "--no-cache"],
    );
    assert_eq!(code, 0);
    assert!(
        stdout.contains("wants more:\n  + hap:agent/resources@0.1.0  asks to read documents"),
        "{stdout}"
    );
    let (_, stdout, _) = hap(
        folder.path(),
        &["inspect", "a.wasm", "--diff", "b.wasm", "--no-cache", "--json"],
    );
    let json: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(json["wants_more"], serde_json::json!([]));
    assert_eq!(
        json["wants_less"],
        serde_json::json!(["hap:agent/resources@0.1.0"])
    );
}

#[test]
fn components_of_strangers_are_compiled_in_a_process_of_its_own() {
    let folder = project(ECHO);
    let (code, stdout, stderr) = hap(
        folder.path(),
        &[
            "run",
            "g.yaml",
            "--no-cache",
            "--isolate-compile",
            "--set",
            "k=1",
            "--get",
            "k",
        ],
    );
    assert_eq!((code, stdout.as_str()), (0, "1\n"), "{stderr}");
    fs::write(folder.path().join("a.wasm"), &wat_agent(ECHO).unwrap()[..300]).unwrap();
    let (code, _, stderr) = hap(
        folder.path(),
        &["run", "g.yaml", "--no-cache", "--isolate-compile"],
    );
    assert!(
        code == 2 && stderr.contains("the component is invalid"),
        "{code}: {stderr}"
    );
}

#[test]
fn budgets_are_set_for_nodes_and_for_the_run() {
    let folder = project(ECHO);
    let run = |more: &[&str]| hap(folder.path(), &[&["run", "g.yaml", "--no-cache"], more].concat());
    let (code, _, stderr) = run(&["--budget", "fuel=10,memory=1MiB"]);
    assert!(
        code == 1 && stderr.contains("limit `fuel` reached"),
        "{code}: {stderr}"
    );
    let (code, _, stderr) = run(&["--run-budget", "fuel=10"]);
    assert!(
        code == 1 && stderr.contains("all that the run's budget had left"),
        "{code}: {stderr}"
    );
    let (code, _, stderr) = run(&["--budget", "fule=10"]);
    assert!(
        code == 2 && stderr.contains("did you mean `fuel`?"),
        "{code}: {stderr}"
    );
}
