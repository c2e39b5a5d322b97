//! Drawings of graphs in several files, and results that cannot be drawn, on the command line.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

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
fn what_is_no_result_of_the_graph_is_bad_input() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("g.yaml"), "nodes: {a: {agent: ./a.wasm}}").unwrap();
    let show = |input: &str| hap(folder, &["show", "g.yaml", "--run", "-"], input);
    let result = |nodes: &str| format!(r#"{{"status":"success","duration_us":1,"agent_metadata":{nodes}}}"#);
    for (input, expected) in [
        (String::new(), "error: standard input is no result of a run: EOF"),
        (
            "\u{1b}[2J".to_owned(),
            "error: standard input is no result of a run: expected value at line 1",
        ),
        (
            r#"{"agent_metadata":7}"#.to_owned(),
            "invalid type: integer `7`, expected a map",
        ),
        (
            result(r#"{"b\u001b[2J":{"status":"done"}}"#),
            "error: standard input is the result of another graph: the graph has no node `b [2J`",
        ),
        (result("{}"), "it tells nothing of node `a`"),
        (result(r#"{"a":{"status":"\u001b[2J"}}"#), "unknown variant"),
    ] {
        let (code, stdout, stderr) = show(&input);
        assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
        expect(&stderr, &[expected, "hint: "]);
    }
    let (code, _, stderr) = hap(folder, &["show", "g.yaml", "--run", "none.json"], "");
    assert_eq!(code, 2);
    expect(&stderr, &["error: cannot read `none.json`", "hint: "]);
    let (code, _, stderr) = hap(folder, &["show", "g.yaml", "--format", "timeline"], "");
    assert_eq!(code, 2);
    expect(
        &stderr,
        &[
            "draws a run, and there is none",
            "hint: name its result with `--run`",
        ],
    );
    fs::File::create(folder.join("huge.json"))
        .unwrap()
        .set_len(300 << 20)
        .unwrap();
    let (code, _, stderr) = hap(folder, &["show", "g.yaml", "--run", "huge.json"], "");
    assert_eq!(code, 2);
    expect(&stderr, &["`huge.json` is longer than 256.0 MiB"]);
}

#[test]
fn graphs_in_other_files_are_drawn_once_and_called_by_their_files() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(
        folder.join("g.yaml"),
        "nodes: {a: {graph: ./inner.yaml, next: b}, b: {graph: ./inner.yaml}}",
    )
    .unwrap();
    fs::write(folder.join("inner.yaml"), "nodes: {c: {agent: ./c.wasm}}").unwrap();
    let (code, drawn, _) = hap(folder, &["show", "g.yaml"], "");
    let expected = "\
g.yaml: 2 nodes, 1 edge, 2 layers

1 ─ a  graph ./inner.yaml  → b

2 ─ b  graph ./inner.yaml

graph ./inner.yaml, the work of a, b: 1 node, 0 edges, 1 layer

1 ─ c  ./c.wasm
";
    assert_eq!((code, drawn.as_str()), (0, expected));
}
