//! What is told of a failed node, and what one agent's misbehaviour does not do to others.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::path::Path;
use std::sync::Arc;

use hap::{
    BoxFuture, Budget, Failure, FailureKind, Graph, Limit, NodeStatus, ResourceEntry, ResourceError,
    ResourceProvider, RunOutcome, RuntimeBuilder,
};
use hap_tests::{builder, built_agents, contract, folder_of, module_text, wat_agent};
use wit_component::{ComponentEncoder, StringEncoding};

fn run(builder: RuntimeBuilder, bytes: Vec<u8>, node: &str) -> RunOutcome {
    let folder = folder_of(&[("a", bytes)]).unwrap();
    let source = folder.path().join("g.yaml").display().to_string();
    let graph = Graph::from_text(&source, &format!("nodes: {{a: {{agent: a.wasm{node}}}}}")).unwrap();
    builder.build().unwrap().run_blocking(&graph, "{}").unwrap()
}

fn failure(outcome: &RunOutcome) -> &Failure {
    outcome.failures().next().unwrap().1
}

const DEEP: &str = r#"
(func $inner (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0)))
(func $outer (result i32) (call $inner (i32.const 0)))
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32) (call $outer))
"#;

#[test]
fn a_trap_tells_the_functions_that_led_to_it_innermost_first() {
    let outcome = run(builder(), wat_agent(DEEP).unwrap(), "");
    let frames = failure(&outcome).backtrace.join("\n");
    let position = |name: &str| {
        frames
            .find(name)
            .unwrap_or_else(|| panic!("no `{name}` in:\n{frames}"))
    };
    assert!(position("inner") < position("outer"));
}

#[test]
fn a_trap_tells_source_lines_where_the_component_carries_them() {
    let text = module_text(DEEP);
    let mut parser = wat::Parser::new();
    let mut module = parser
        .generate_dwarf(wat::GenerateDwarf::Full)
        .parse_str(Some(Path::new("agent.wat")), &text)
        .unwrap();
    let (resolve, package) = contract().unwrap();
    let world = resolve.select_world(&[package], Some("guest")).unwrap();
    wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    let component = ComponentEncoder::default()
        .module(&module)
        .unwrap()
        .validate(true)
        .encode()
        .unwrap();
    let outcome = run(builder(), component, "");
    let line = 1 + text
        .lines()
        .position(|line| line.contains("$inner (param"))
        .unwrap();
    let frames = failure(&outcome).backtrace.join("\n");
    assert!(
        frames.contains(&format!("agent.wat:{line}")),
        "no line {line} in:\n{frames}"
    );
}

#[test]
fn a_failure_tells_the_last_calls_to_the_host_and_what_came_of_them() {
    let body = r#"
      (import "hap:agent/resources@0.1.0" "open" (func $open (param i32 i32 i32)))
      (data (i32.const 100) "secret/\1b[2Jx")
      (func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
        (call $open (i32.const 100) (i32.const 12) (i32.const 2048))
        unreachable)"#;
    let outcome = run(builder(), wat_agent(body).unwrap(), "");
    let calls = &failure(&outcome).last_calls;
    assert_eq!(calls.len(), 1);
    assert_eq!(
        (&*calls[0].function, calls[0].subject.as_str(), &*calls[0].result),
        ("hap:agent/resources.open", "secret/ [2Jx", "not granted")
    );
    let told = &failure(&outcome).last_log[0];
    assert_eq!(told.source, hap::LogSource::Host);
    assert!(
        told.message
            .starts_with("was refused to read `secret/ [2Jx`: node `a` does not grant it"),
        "{}",
        told.message
    );
}

#[test]
fn a_resource_provider_that_panics_fails_its_node_and_leaves_the_process_serving() {
    struct Panics;
    impl ResourceProvider for Panics {
        fn list(&self) -> BoxFuture<'_, Result<Vec<ResourceEntry>, ResourceError>> {
            Box::pin(async { Ok(Vec::new()) })
        }
        fn read<'a>(&'a self, _: &'a str, _: u64, _: u32) -> BoxFuture<'a, Result<Vec<u8>, ResourceError>> {
            Box::pin(async { panic!("the provider has a fault") })
        }
    }
    let opens = r#"
      (import "hap:agent/resources@0.1.0" "open" (func $open (param i32 i32 i32)))
      (data (i32.const 100) "x")
      (func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
        (call $open (i32.const 100) (i32.const 1) (i32.const 2048))
        (call $ok_true))"#;
    // Once more on the same slots: what the panic left behind must not be in the way.
    for _ in 0..3 {
        let builder = builder().resources(Arc::new(Panics)).max_instances(1);
        let outcome = run(builder, wat_agent(opens).unwrap(), ", grants: {resources: ['*']}");
        assert_eq!(failure(&outcome).kind, FailureKind::Internal);
        assert!(failure(&outcome).message.contains("the provider has a fault"));
    }
}

#[test]
fn the_rate_of_log_records_is_limited_where_it_is_set() {
    let body = r#"
      (import "hap:agent/log@0.1.0" "write" (func $log (param i32 i32 i32 i32 i32 i32)))
      (func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32) (local $n i32)
        (loop $more
          (call $log (i32.const 2) (i32.const 64) (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 0))
          (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (br_if $more (i32.lt_u (local.get $n) (i32.const 200))))
        (call $ok_true))"#;
    let outcome = run(builder(), wat_agent(body).unwrap(), "");
    assert_eq!(outcome.status, hap::RunStatus::Success);
    let outcome = run(
        builder().budget(Budget::default().with(Limit::LogRate, 50)),
        wat_agent(body).unwrap(),
        "",
    );
    assert_eq!(
        failure(&outcome).kind,
        FailureKind::Limit {
            limit: Limit::LogRate,
            allowed: 50,
            used: 51
        }
    );
}

#[test]
fn an_agent_that_is_called_very_often_waits_for_itself_and_not_in_front_of_others() {
    // Two places in all, one of them for each agent: the sleeper's hundred calls can hold one.
    let builder = builder()
        .agents_dir(built_agents().unwrap())
        .max_instances(2)
        .max_parallel(200.try_into().unwrap());
    let many: String = (0..100)
        .map(|n| format!("  s{n}: {{agent: 'test:scripted', params: {{steps: [{{sleep-ms: 3}}]}}}}\n"))
        .collect();
    let text = format!("nodes:\n{many}  other: {{agent: 'test:echo'}}\n");
    let outcome = builder
        .build()
        .unwrap()
        .run_blocking(&Graph::from_text("g", &text).unwrap(), r#"{"text":"x"}"#)
        .unwrap();
    let record = |name: &str| {
        outcome
            .agent_metadata
            .iter()
            .find(|(id, _)| id.as_str() == name)
            .unwrap()
            .1
            .clone()
    };
    assert!(
        outcome
            .agent_metadata
            .values()
            .all(|record| record.status == NodeStatus::Done)
    );
    let end = |name: &str| record(name).start.unwrap() + record(name).duration.unwrap();
    let earlier = (0..100).filter(|n| end(&format!("s{n}")) < end("other")).count();
    assert!(earlier < 50, "{earlier} of the sleeper's calls went before");
}
