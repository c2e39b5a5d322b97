//! The sandbox through the runtime, with agents in WAT: what they may do, what they may not, and what is said of it.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::sync::{Arc, Mutex};

use hap::{
    Budget, Event, EventKind, EventSink, FailureKind, Graph, Limit, MemoryResources, NodeStatus, RunId,
    RunOutcome, RunStatus, Runtime, json,
};
use hap_tests::{ECHO, builder, component_of, folder_of, module_text, wat_agent};

const GRAPH: &str = "nodes: {a: {agent: a.wasm}}";

/// Runs one agent on an input, with a graph file of the caller's.
fn run_with(
    runtime: &Runtime,
    bytes: Vec<u8>,
    graph: &str,
    input: serde_json::Value,
) -> Result<RunOutcome, String> {
    let folder = folder_of(&[("a", bytes)]).unwrap();
    let source = folder.path().join("graph.yaml");
    let graph = Graph::from_text(&source.display().to_string(), graph).unwrap();
    runtime
        .run_blocking(&graph, input)
        .map_err(|error| error.to_string())
}

fn run(body: &str, input: serde_json::Value) -> RunOutcome {
    run_with(
        &builder().build().unwrap(),
        wat_agent(body).unwrap(),
        GRAPH,
        input,
    )
    .unwrap()
}

/// Why a component cannot be loaded.
fn refusal(bytes: Vec<u8>) -> String {
    run_with(&builder().build().unwrap(), bytes, GRAPH, json!({})).unwrap_err()
}

#[derive(Default)]
struct Collected(Mutex<Vec<Event>>);

impl EventSink for Collected {
    fn event(&self, _: &RunId, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

impl Collected {
    fn logged(&self) -> Vec<String> {
        let events = self.0.lock().unwrap();
        let log = |event: &Event| match &event.kind {
            EventKind::NodeLog { record, .. } => Some(format!("{} {}", record.level, record.message)),
            _ => None,
        };
        events.iter().filter_map(log).collect()
    }
}

#[test]
fn an_agent_sees_the_context_and_its_output_is_merged() {
    let outcome = run(ECHO, json!({"text": "Grüße 😀", "n": 1}));
    assert_eq!(outcome.status, RunStatus::Success);
    assert_eq!(outcome.get("text").unwrap().as_str(), "\"Grüße 😀\"");
    let usage = &outcome.agent_metadata.values().next().unwrap().usage;
    assert!(usage.fuel > 0 && usage.memory_bytes == 2 * 65536 && usage.output_bytes == usage.input_bytes - 2);
}

#[test]
fn the_same_request_costs_the_same_fuel_and_gives_the_same_bytes() {
    let bytes = |outcome: RunOutcome| {
        let mut value = serde_json::to_value(&outcome).unwrap();
        let object = value.as_object_mut().unwrap();
        object.remove("run_id");
        object.remove("duration_us");
        let node = object["agent_metadata"]["a"].as_object_mut().unwrap();
        node.remove("start_us");
        node.remove("duration_us");
        value.to_string()
    };
    assert_eq!(
        bytes(run(ECHO, json!({"x": [1, 2.50]}))),
        bytes(run(ECHO, json!({"x": [1, 2.50]})))
    );
}

#[test]
fn errors_of_the_contract_arrive_with_their_case() {
    let error = |case: u32| {
        let body = format!(
            r#"(data (i32.const 100) "no such thing")
            (func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
              (call $error (i32.const {case}) (i32.const 100) (i32.const 13)))"#
        );
        let outcome = run(&body, json!({}));
        assert_eq!(outcome.status, RunStatus::Error);
        let (_, failure) = outcome.failures().next().unwrap();
        assert_eq!(failure.message, "no such thing");
        failure.kind.clone()
    };
    assert_eq!(error(0), FailureKind::InvalidInput);
    assert_eq!(error(1), FailureKind::Unavailable { retry_after: None });
    assert_eq!(error(2), FailureKind::Failed);
}

#[test]
fn the_context_survives_a_failed_node() {
    let outcome = run(
        "(func (export \"hap:agent/agent@0.1.0#invoke\") (param i32 i32 i32 i32) (result i32) unreachable)",
        json!({"k": 1}),
    );
    assert_eq!(outcome.status, RunStatus::Error);
    assert_eq!(outcome.get("k").unwrap().as_str(), "1");
    let (_, failure) = outcome.failures().next().unwrap();
    assert_eq!(failure.kind, FailureKind::Trap);
    assert!(!failure.backtrace.is_empty());
}

/// Reads a clock and randomness in two ways and returns the eight bytes of each as text.
const PROBE: &str = r#"
(import "wasi:clocks/monotonic-clock@0.2.6" "now" (func $now (result i64)))
(import "wasi:random/random@0.2.6" "get-random-u64" (func $random (result i64)))
(func $digits (param $at i32) (param $n i64)
  (local $i i32)
  (loop $next
    (i32.store8 (i32.add (local.get $at) (local.get $i)) (i32.add (i32.const 97) (i32.wrap_i64 (i64.and (local.get $n) (i64.const 15)))))
    (local.set $n (i64.shr_u (local.get $n) (i64.const 4)))
    (local.set $i (i32.add (local.get $i) (i32.const 1)))
    (br_if $next (i32.lt_u (local.get $i) (i32.const 16)))))
(data (i32.const 1024) "{\"v\":\"0123456789abcdef0123456789abcdef0123456789abcdef\"}")
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (drop (call $now))
  (call $digits (i32.const 1030) (call $now))
  (call $digits (i32.const 1046) (call $random))
  (call $digits (i32.const 1062) (call $random))
  (call $ok (i32.const 1024) (i32.const 56)))
"#;

/// A WAT agent that imports WASI: the contract's world does not have it, so the world is written out.
fn wasi_agent(body: &str) -> Vec<u8> {
    let mut module = wat::parse_str(module_text(body)).unwrap();
    let (mut resolve, _) = hap_tests::contract().unwrap();
    let wasi = resolve.push_str("wasi.wit", WASI).unwrap();
    let world = resolve.select_world(&[wasi], Some("probe")).unwrap();
    wit_component::embed_component_metadata(
        &mut module,
        &resolve,
        world,
        wit_component::StringEncoding::UTF8,
    )
    .unwrap();
    wit_component::ComponentEncoder::default()
        .module(&module)
        .unwrap()
        .validate(true)
        .encode()
        .unwrap()
}

const WASI: &str = "
package test:probe;
world probe {
  import wasi:clocks/monotonic-clock@0.2.6;
  import wasi:random/random@0.2.6;
  import wasi:cli/environment@0.2.6;
  import wasi:filesystem/preopens@0.2.6;
  export hap:agent/agent@0.1.0;
}
package wasi:clocks@0.2.6 { interface monotonic-clock { now: func() -> u64; } }
package wasi:random@0.2.6 { interface random { get-random-u64: func() -> u64; get-random-bytes: func(len: u64) -> list<u8>; } }
package wasi:cli@0.2.6 { interface environment { get-environment: func() -> list<tuple<string, string>>; get-arguments: func() -> list<string>; } }
package wasi:filesystem@0.2.6 {
  interface types { resource descriptor; }
  interface preopens { use types.{descriptor}; get-directories: func() -> list<tuple<descriptor, string>>; }
}
";

#[test]
fn clocks_and_randomness_are_the_same_for_the_same_seed_only() {
    let agent = wasi_agent(PROBE);
    let probe = |seed: u64| {
        let runtime = builder().repeatable(5, seed).build().unwrap();
        let outcome = run_with(&runtime, agent.clone(), GRAPH, json!({})).unwrap();
        outcome
            .get("v")
            .unwrap_or_else(|| panic!("{:?}", outcome.failures().next()))
            .to::<String>()
            .unwrap()
    };
    let (first, again, other) = (probe(1), probe(1), probe(2));
    assert_eq!(first, again);
    assert_eq!(first[..16], other[..16], "the clock does not depend on the seed");
    assert_ne!(first[16..], other[16..]);
    assert_ne!(first[16..32], first[32..], "randomness advances");
}

#[test]
fn the_world_of_an_agent_is_empty() {
    // Each of these returns the address of a pointer and a length; all lengths must be zero.
    let body = r#"
      (import "wasi:cli/environment@0.2.6" "get-environment" (func $environment (param i32)))
      (import "wasi:cli/environment@0.2.6" "get-arguments" (func $arguments (param i32)))
      (import "wasi:filesystem/preopens@0.2.6" "get-directories" (func $directories (param i32)))
      (func $empty (param i32) (if (i32.load offset=4 (local.get 0)) (then unreachable)))
      (func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
        (call $environment (i32.const 2048)) (call $empty (i32.const 2048))
        (call $arguments (i32.const 2048)) (call $empty (i32.const 2048))
        (call $directories (i32.const 2048)) (call $empty (i32.const 2048))
        (call $ok_true))"#;
    let outcome = run_with(&builder().build().unwrap(), wasi_agent(body), GRAPH, json!({})).unwrap();
    assert_eq!(
        outcome.status,
        RunStatus::Success,
        "{:?}",
        outcome.failures().next()
    );
}

#[test]
fn a_slot_that_another_agent_used_is_clean() {
    // Fills most of its memory with a secret.
    let writer = ";; pages: 64\n(func (export \"hap:agent/agent@0.1.0#invoke\") (param i32 i32 i32 i32) (result i32)\n\
        (memory.fill (i32.const 16384) (i32.const 0x5a) (i32.const 4000000)) (call $ok_true))";
    // Looks for any byte that is not zero where nothing of its own lies.
    let reader = ";; pages: 64\n(func (export \"hap:agent/agent@0.1.0#invoke\") (param i32 i32 i32 i32) (result i32) (local $at i32)\n\
        (local.set $at (i32.const 16384))\n\
        (loop $next (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then unreachable))\n\
          (local.set $at (i32.add (local.get $at) (i32.const 8)))\n\
          (br_if $next (i32.lt_u (local.get $at) (i32.const 4190000))))\n\
        (call $ok_true))";
    let folder = folder_of(&[
        ("w", wat_agent(writer).unwrap()),
        ("r", wat_agent(reader).unwrap()),
    ])
    .unwrap();
    for allocation in [hap::Allocation::Pool, hap::Allocation::detect()] {
        // One slot, so that the reader gets the writer's.
        let runtime = builder().max_instances(1).allocation(allocation).build().unwrap();
        let source = folder.path().join("g.yaml").display().to_string();
        let nodes: String = (0..20)
            .map(|n| format!("  w{n}: {{agent: w.wasm, next: r{n}}}\n  r{n}: {{agent: r.wasm}}\n"))
            .collect();
        let outcome = runtime
            .run_blocking(
                &Graph::from_text(&source, &format!("nodes:\n{nodes}")).unwrap(),
                "{}",
            )
            .unwrap();
        assert_eq!(
            outcome.status,
            RunStatus::Success,
            "{:?}",
            outcome.failures().next()
        );
        assert_eq!(outcome.execution_path.len(), 40);
    }
}

const LOGGER: &str = r#"
(import "hap:agent/log@0.1.0" "write" (func $log (param i32 i32 i32 i32 i32 i32)))
(import "hap:agent/progress@0.1.0" "report" (func $report (param i32 i32 i32)))
(data (i32.const 100) "\1b[31mred\0a\07")
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (call $log (i32.const 2) (i32.const 100) (i32.const 10) (i32.const 0) (i32.const 0) (i32.const 0))
  (call $report (i32.const 1) (i32.const 0x3f000000) (i32.const 0))
  (call $ok_true))
"#;

#[test]
fn log_records_arrive_in_order_and_without_escapes() {
    let sink = Arc::new(Collected::default());
    let runtime = builder().event_sink(sink.clone()).build().unwrap();
    run_with(&runtime, wat_agent(LOGGER).unwrap(), GRAPH, json!({})).unwrap();
    assert_eq!(sink.logged(), ["info  [31mred\n "]);
    let events = sink.0.lock().unwrap();
    let names: Vec<String> = events.iter().map(ToString::to_string).collect();
    assert!(
        names[0].starts_with("run ") && names[1] == "a: started" && names[3] == "a: 50 %",
        "{names:?}"
    );
    assert_eq!(names[4..], ["a: done", "run finished: success"]);
    assert!(
        events
            .iter()
            .enumerate()
            .all(|(index, event)| event.sequence == index as u64)
    );
}

#[test]
fn resources_are_read_within_grants_only() {
    let body = |name: &str| {
        format!(
            r#"
      (import "hap:agent/resources@0.1.0" "open" (func $open (param i32 i32 i32)))
      (import "hap:agent/resources@0.1.0" "[method]reader.read" (func $read (param i32 i32 i32)))
      (data (i32.const 100) "{name}")
      (func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
        (call $open (i32.const 100) (i32.const {length}) (i32.const 2048))
        (if (i32.load8_u (i32.const 2048)) (then (return (call $error (i32.const 2) (i32.const 100) (i32.const {length})))))
        (call $read (i32.load (i32.const 2052)) (i32.const 100) (i32.const 2064))
        (call $ok (i32.load offset=4 (i32.const 2064)) (i32.load offset=8 (i32.const 2064))))"#,
            length = name.len()
        )
    };
    let documents = MemoryResources::default()
        .with("corpus/a", r#"{"doc":"a"}"#)
        .with("secret/b", r#"{"doc":"b"}"#);
    let runtime = builder().resources(Arc::new(documents)).build().unwrap();
    let granted = "nodes: {a: {agent: a.wasm, grants: {resources: ['corpus/*']}}}";
    let open = |name: &str, graph: &str| {
        run_with(&runtime, wat_agent(&body(name)).unwrap(), graph, json!({})).unwrap()
    };
    assert_eq!(open("corpus/a", granted).get("doc").unwrap().as_str(), "\"a\"");
    assert_eq!(open("corpus/a", GRAPH).status, RunStatus::Error);
    for name in [
        "secret/b",
        "corpus/../secret/b",
        "corpus/%2e%2e/secret/b",
        "corpus/none",
        "Corpus/a",
        "corpus//a",
    ] {
        assert_eq!(open(name, granted).status, RunStatus::Error, "{name}");
    }
}

#[test]
fn what_is_no_component_is_told_by_what_it_is() {
    let truncated = wat_agent(ECHO).unwrap()[..200].to_vec();
    for (bytes, expected) in [
        (b"".to_vec(), "the file is empty"),
        (b"\0asm\x01\0\0\0".to_vec(), "core WebAssembly module"),
        (b"(component)".to_vec(), "WebAssembly text"),
        (b"#!/bin/sh\necho hello\n".to_vec(), "text file"),
        (
            b"\x7fELF\x02\x01\x01\0\0\0".to_vec(),
            "not a WebAssembly component",
        ),
        (b"\0asm\x0d".to_vec(), "cut off"),
        (truncated, "the component is invalid"),
        (
            wat::parse_str("(component)").unwrap(),
            "does not export `hap:agent/agent`",
        ),
    ] {
        let message = refusal(bytes);
        assert!(message.contains(expected), "{message}");
        assert!(message.contains("a.wasm"), "{message}");
    }
}

#[test]
fn imports_that_are_not_served_are_named_with_what_is() {
    let unknown = wat::parse_str(r#"(component (import "acme:weather/forecast@1.2.0" (instance)))"#).unwrap();
    let message = refusal(unknown);
    assert!(
        message.contains("`acme:weather/forecast@1.2.0`") && message.contains("hap:agent@0.1.0"),
        "{message}"
    );
    let later = wat::parse_str(r#"(component (import "hap:agent/log@0.2.0" (instance)))"#).unwrap();
    let message = refusal(later);
    assert!(
        message.contains("built against hap:agent 0.2.0") && message.contains("SDK of version 0.1"),
        "{message}"
    );
    let wrong =
        wat::parse_str(r#"(component (import "hap:agent/log@0.1.0" (instance (export "shout" (func)))))"#)
            .unwrap();
    let message = refusal(wrong);
    assert!(
        message.contains("shout") || message.contains("does not export"),
        "{message}"
    );
}

#[test]
fn an_export_of_another_type_is_refused_in_words() {
    let module = component_of(&module_text(ECHO)).unwrap();
    let text = r#"(component
      (core module $m (func (export "f")))
      (core instance $i (instantiate $m))
      (func $f (canon lift (core func $i "f")))
      (instance $agent (export "describe" (func $f)) (export "invoke" (func $f)))
      (export "hap:agent/agent@0.1.0" (instance $agent)))"#;
    assert!(!module.is_empty());
    let message = refusal(wat::parse_str(text).unwrap());
    assert!(message.contains("describe"), "{message}");
}

#[test]
fn a_host_function_that_panics_fails_its_node_and_nothing_else() {
    let runtime = builder()
        .agent_fn("t:panics", |_| panic!("a fault of the host"))
        .agent_fn("t:works", |_| Ok(json!({"works": true})))
        .build()
        .unwrap();
    let graph = Graph::from_text(
        "g",
        "nodes: {a: {agent: 't:panics', next: c}, b: {agent: 't:works'}, c: {agent: 't:works'}}",
    )
    .unwrap();
    let outcome = runtime.run_blocking(&graph, "{}").unwrap();
    let status = |name: &str| {
        outcome
            .agent_metadata
            .iter()
            .find(|(id, _)| id.as_str() == name)
            .unwrap()
            .1
            .status
            .clone()
    };
    assert_eq!((status("a"), status("b")), (NodeStatus::Failed, NodeStatus::Done));
    assert!(matches!(status("c"), NodeStatus::Skipped { .. }));
    let (_, failure) = outcome.failures().next().unwrap();
    assert_eq!(failure.kind, FailureKind::Internal);
    assert!(failure.message.contains("a fault of the host"));
}

#[test]
fn a_budget_of_the_graph_or_node_lowers_and_never_raises() {
    let body = ";; pages: 40\n(func (export \"hap:agent/agent@0.1.0#invoke\") (param i32 i32 i32 i32) (result i32) (call $ok_true))";
    let with = |runtime: Budget, graph: &str| {
        run_with(
            &builder().budget(runtime).build().unwrap(),
            wat_agent(body).unwrap(),
            graph,
            json!({}),
        )
        .unwrap()
    };
    let low = Budget::default().with(Limit::Memory, 1 << 20);
    let raise = "budget: {memory: 64MiB}\nnodes: {a: {agent: a.wasm, budget: {memory: 64MiB}}}";
    let lower = "nodes: {a: {agent: a.wasm, budget: {memory: 1MiB}}}";
    for outcome in [with(low, raise), with(Budget::default(), lower)] {
        let (_, failure) = outcome.failures().next().unwrap();
        assert_eq!(
            failure.kind,
            FailureKind::Limit {
                limit: Limit::Memory,
                allowed: 1 << 20,
                used: 40 * 65536
            }
        );
    }
    assert_eq!(with(Budget::default(), GRAPH).status, RunStatus::Success);
}

/// An agent with further core instances behind it, all of one empty module.
fn many_instances(count: usize) -> Vec<u8> {
    let agent = wasmprinter::print_bytes(wat_agent(ECHO).unwrap()).unwrap();
    let instances = "(core instance (instantiate $empty))\n".repeat(count);
    let open = agent.trim_end().strip_suffix(')').unwrap();
    wat::parse_str(format!("{open}\n(core module $empty)\n{instances})")).unwrap()
}

#[test]
fn the_number_of_instances_is_limited_by_name() {
    let message = refusal(many_instances(100));
    assert!(message.contains("instances"), "{message}");
    let few = Budget::default().with(Limit::Instances, 5);
    let outcome = run_with(
        &builder().budget(few).build().unwrap(),
        many_instances(10),
        GRAPH,
        json!({}),
    )
    .unwrap();
    let (_, failure) = outcome.failures().next().unwrap();
    assert_eq!(
        failure.kind,
        FailureKind::Limit {
            limit: Limit::Instances,
            allowed: 5,
            used: 11
        }
    );
}

#[test]
fn what_a_node_is_given_is_limited_too() {
    let little = "nodes: {a: {agent: a.wasm, budget: {input: 1KiB}}}";
    let input = json!({ "k": "x".repeat(2000) });
    let outcome = run_with(
        &builder().build().unwrap(),
        wat_agent(ECHO).unwrap(),
        little,
        input,
    )
    .unwrap();
    let (_, failure) = outcome.failures().next().unwrap();
    let (context, params) = (r#"{"k":""}"#.len() + 2000, "{}".len());
    let used = (context + params) as u64;
    assert_eq!(
        failure.kind,
        FailureKind::Limit {
            limit: Limit::Input,
            allowed: 1024,
            used
        }
    );
}
