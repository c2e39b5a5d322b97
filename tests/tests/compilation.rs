//! Compiling strangers' components in a process of its own: it works, and it is bounded.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use hap::{ChildCompiler, Compilation, Graph, RunStatus, Runtime};
use hap_tests::{ECHO, builder, built_agents, folder_of, wat_agent};

fn child() -> ChildCompiler {
    ChildCompiler {
        program: PathBuf::from(env!("CARGO_BIN_EXE_compile-child")),
        arguments: Vec::new(),
        time: Duration::from_secs(60),
        memory_bytes: 4 << 30,
    }
}

fn run(runtime: &Runtime, bytes: Vec<u8>) -> Result<RunStatus, String> {
    let folder = folder_of(&[("a", bytes)]).unwrap();
    let source = folder.path().join("g.yaml").display().to_string();
    let graph = Graph::from_text(&source, "nodes: {a: {agent: a.wasm}}").unwrap();
    runtime
        .run_blocking(&graph, r#"{"text":"x"}"#)
        .map(|outcome| outcome.status)
        .map_err(|error| error.to_string())
}

fn runtime(child: ChildCompiler) -> Runtime {
    builder()
        .compilation(Compilation::ChildProcess(child))
        .build()
        .unwrap()
}

/// A component whose functions are many and long.
fn slow_to_compile() -> Vec<u8> {
    let mut body = ECHO.to_owned();
    for function in 0..400 {
        writeln!(body, "(func $f{function} (param i32) (result i32) (local.get 0)").unwrap();
        for step in 0..2000 {
            writeln!(
                body,
                "(i32.mul (i32.const {})) (i32.xor (i32.const {step}))",
                step * 7 + function
            )
            .unwrap();
        }
        writeln!(body, ")").unwrap();
    }
    wat_agent(&body).unwrap()
}

#[test]
fn a_child_process_compiles_what_this_process_runs() {
    let runtime = runtime(child());
    assert_eq!(run(&runtime, wat_agent(ECHO).unwrap()), Ok(RunStatus::Success));
    let real = std::fs::read(built_agents().unwrap().join("test/echo.wasm")).unwrap();
    assert_eq!(run(&runtime, real), Ok(RunStatus::Success));
}

#[test]
fn an_invalid_component_is_told_in_the_compilers_words() {
    let truncated = wat_agent(ECHO).unwrap()[..200].to_vec();
    let message = run(&runtime(child()), truncated).unwrap_err();
    assert!(
        message.contains("the component is invalid") && message.contains("offset"),
        "{message}"
    );
}

#[test]
fn compilation_that_takes_too_long_is_ended_and_not_tried_again() {
    let bytes = slow_to_compile();
    let folder = tempfile::tempdir().unwrap();
    let begun = folder.path().join("begun");
    let quick = runtime(ChildCompiler {
        time: Duration::from_millis(200),
        arguments: vec![begun.clone().into()],
        ..child()
    });
    // The second time is answered from memory.
    for _ in 0..2 {
        let message = run(&quick, bytes.clone()).unwrap_err();
        assert!(
            message.contains("could not be compiled within 0.2 s"),
            "{message}"
        );
    }
    assert_eq!(std::fs::read_to_string(begun).unwrap(), "begun\n");
}

#[test]
fn compilation_in_this_process_is_not_waited_for_longer_than_it_may_take() {
    let runtime = builder()
        .compile_time(Duration::from_millis(200))
        .build()
        .unwrap();
    let bytes = slow_to_compile();
    let told = |message: String| message.contains("could not be compiled within 0.2 s: it took longer");
    assert!(run(&runtime, bytes.clone()).is_err_and(told));
    // The second time is answered from memory: compiled again, it would be told that the first, which is under way still,
    // holds it up.
    assert!(run(&runtime, bytes).is_err_and(told));
    // Nobody waits for it, and others are compiled beside it.
    let loaded = run(&builder().build().unwrap(), wat_agent(ECHO).unwrap());
    assert_eq!(loaded, Ok(RunStatus::Success));
}

#[test]
fn compilation_that_takes_too_much_memory_is_ended() {
    let message = run(
        &runtime(ChildCompiler {
            memory_bytes: 48 << 20,
            ..child()
        }),
        slow_to_compile(),
    )
    .unwrap_err();
    assert!(
        message.contains("could not be compiled within") || message.contains("the compiler process failed"),
        "{message}"
    );
}

#[test]
fn a_compiler_that_is_not_there_is_an_error() {
    let message = run(
        &runtime(ChildCompiler {
            program: "/nowhere/hap".into(),
            ..child()
        }),
        wat_agent(ECHO).unwrap(),
    )
    .unwrap_err();
    assert!(message.contains("cannot start `/nowhere/hap`"), "{message}");
}

#[test]
fn a_component_over_the_size_limit_is_refused_before_it_is_read_in() {
    let runtime = builder().max_component_bytes(1000).build().unwrap();
    let message = run(&runtime, wat_agent(ECHO).unwrap()).unwrap_err();
    assert!(message.contains("1000 are allowed"), "{message}");
}
