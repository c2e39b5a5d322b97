//! What components may ask for: told before they run, locked, and held.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use hap::{Graph, LoadedGraph, Lock, read_graph};
use hap_tests::{ECHO, builder, folder_of, wat_agent};

const LOGS: &str = r#"
(import "hap:agent/log@0.1.0" "write" (func $log (param i32 i32 i32 i32 i32 i32)))
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32) (call $ok_true))
"#;

fn load(graph: &Graph) -> LoadedGraph {
    let threads = tokio::runtime::Runtime::new().unwrap();
    threads.block_on(builder().build().unwrap().load(graph)).unwrap()
}

#[test]
fn a_lock_refuses_a_component_that_changed_or_wants_more() {
    let folder = folder_of(&[("a", wat_agent(ECHO).unwrap()), ("b", wat_agent(ECHO).unwrap())]).unwrap();
    let file = folder.path().join("g.yaml");
    std::fs::write(
        &file,
        "nodes:\n  a: {agent: a.wasm, next: b}\n  b: {agent: b.wasm}\n",
    )
    .unwrap();
    let graph = read_graph(&file).unwrap();
    assert_eq!(Lock::read(&file).unwrap(), None);
    std::fs::write(Lock::path_of(&file), Lock::of(&load(&graph)).to_text()).unwrap();
    let lock = Lock::read(&file).unwrap().unwrap();
    assert_eq!(lock, Lock::of(&load(&graph)));
    assert_eq!(lock.check(&load(&graph), "g.yaml"), Ok(()));

    let changed = ECHO.replace("(call $ok", "(nop) (call $ok");
    std::fs::write(folder.path().join("a.wasm"), wat_agent(&changed).unwrap()).unwrap();
    std::fs::write(folder.path().join("b.wasm"), wat_agent(LOGS).unwrap()).unwrap();
    let problems = lock.check(&load(&graph), "g.yaml").unwrap_err().to_string();
    assert!(
        problems.contains("g.yaml:2:14: node `a`: `a.wasm` changed: it was sha256:"),
        "{problems}"
    );
    assert!(
        problems.contains("node `b`: `b.wasm` wants more than when it was locked: hap:agent/log@0.1.0"),
        "{problems}"
    );

    std::fs::write(&file, "nodes: {c: {agent: ./a.wasm}}").unwrap();
    let problems = lock
        .check(&load(&read_graph(&file).unwrap()), "g.yaml")
        .unwrap_err()
        .to_string();
    assert!(
        problems.contains(
            "`./a.wasm` is not in the lock\n  hint: look at the change, then run `hap lock g.yaml`"
        ),
        "{problems}"
    );
}

#[test]
fn a_lock_that_is_none_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("g.yaml");
    for (text, expected) in [
        ("{", "no lock"),
        (r#"{"version": 9, "agents": {}}"#, "version 9"),
        (r#"{"version": 1, "agents": {}, "x": 1}"#, "unknown field"),
    ] {
        std::fs::write(Lock::path_of(&file), text).unwrap();
        let message = Lock::read(&file).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a_key_that_a_node_may_not_read_is_nowhere_in_its_memory() {
    // Looks through its whole memory for the secret, which it builds from two halves so that it does not hold it itself.
    let body = r#"
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (local $at i32) (local $end i32) (local $secret i64)
  ;; "SECRETKE" less one in its first byte, so that the constant is not what is looked for.
  (local.set $secret (i64.add (i64.const 0x454b544552434552) (i64.const 1)))
  (local.set $end (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 8)))
  (loop $next
    (if (i64.eq (i64.load align=1 (local.get $at)) (local.get $secret)) (then unreachable))
    (local.set $at (i32.add (local.get $at) (i32.const 1)))
    (br_if $next (i32.lt_u (local.get $at) (local.get $end))))
  (call $ok_true))"#;
    let folder = folder_of(&[("a", wat_agent(body).unwrap())]).unwrap();
    let source = folder.path().join("g.yaml").display().to_string();
    let run = |node: &str| {
        let graph = Graph::from_text(&source, &format!("nodes: {{a: {{agent: a.wasm{node}}}}}")).unwrap();
        // As it stands in memory, byte by byte: the constant above is little-endian.
        let secret = String::from_utf8(0x454b_5445_5243_4553_u64.to_le_bytes().to_vec()).unwrap();
        builder()
            .build()
            .unwrap()
            .run_blocking(&graph, hap::json!({"open": 1, "closed": secret}))
            .unwrap()
            .status
    };
    assert_eq!(run(", reads: [open]"), hap::RunStatus::Success);
    assert_eq!(
        run(""),
        hap::RunStatus::Error,
        "the same agent finds it when it may read it"
    );
}
