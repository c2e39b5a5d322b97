//! What an attempt spent is told for every limit, by the limit's name.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::sync::Arc;

use hap::{Budget, FailureKind, Graph, Limit, MemoryResources, RunOutcome, RuntimeBuilder, Usage, json};
use hap_tests::{ECHO, builder, built_agents, folder_of, wat_agent};
use serde_json::Value;

fn run(builder: RuntimeBuilder, bytes: Vec<u8>, input: Value) -> RunOutcome {
    let folder = folder_of(&[("a", bytes)]).unwrap();
    let source = folder.path().join("g.yaml").display().to_string();
    let text = "nodes: {a: {agent: a.wasm, grants: {resources: ['*']}}}";
    let graph = Graph::from_text(&source, text).unwrap();
    builder.build().unwrap().run_blocking(&graph, input).unwrap()
}

fn of(outcome: &RunOutcome) -> Usage {
    outcome.agent_metadata.values().next().unwrap().usage.clone()
}

/// What an agent with this body spent. It must not fail.
fn usage(body: &str) -> Usage {
    usage_with(builder(), body)
}

fn usage_with(builder: RuntimeBuilder, body: &str) -> Usage {
    let outcome = run(builder, wat_agent(body).unwrap(), json!({}));
    assert!(
        outcome.failures().next().is_none(),
        "{:?}",
        outcome.failures().next()
    );
    of(&outcome)
}

/// The same, of the test agent that does what its params say.
fn scripted(steps: Value) -> Usage {
    let graph = json!({"nodes": {"a": {"agent": "test:scripted", "params": {"steps": steps}}}});
    let graph = Graph::from_text("g.json", &graph.to_string()).unwrap();
    let runtime = builder().agents_dir(built_agents().unwrap()).build().unwrap();
    let outcome = runtime.run_blocking(&graph, "{}").unwrap();
    assert!(
        outcome.failures().next().is_none(),
        "{:?}",
        outcome.failures().next()
    );
    of(&outcome)
}

fn limit_of(outcome: &RunOutcome) -> (Limit, u64, u64) {
    let (_, failure) = outcome.failures().next().unwrap();
    let told = match failure.kind {
        FailureKind::Limit { limit, allowed, used } => Ok((limit, allowed, used)),
        _ => Err(failure.to_string()),
    };
    told.unwrap()
}

#[test]
fn the_report_has_every_limit_by_name_but_real_time() {
    let outcome = run(builder(), wat_agent(ECHO).unwrap(), json!({"k": 1}));
    let report = serde_json::to_value(&outcome).unwrap();
    let usage = report["agent_metadata"]["a"]["usage"].as_object().unwrap();
    let counted: Vec<&str> = Limit::ALL
        .into_iter()
        .filter(|limit| *limit != Limit::WallTime)
        .map(Limit::name)
        .collect();
    let told = |name: &&str| usage.get(*name).is_some_and(Value::is_u64);
    assert!(
        counted.iter().all(told) && usage.len() == counted.len(),
        "{usage:?}"
    );
    assert!(report["agent_metadata"]["a"]["duration_us"].is_u64());
}

/// An agent with further core instances behind it, all of one empty module.
fn with_instances(more: usize) -> Vec<u8> {
    let agent = wasmprinter::print_bytes(wat_agent(ECHO).unwrap()).unwrap();
    let instances = "(core instance (instantiate $empty))\n".repeat(more);
    let open = agent.trim_end().strip_suffix(')').unwrap();
    wat::parse_str(format!("{open}\n(core module $empty)\n{instances})")).unwrap()
}

#[test]
fn core_instances_are_counted() {
    let alone = of(&run(builder(), with_instances(0), json!({})));
    assert!((1..5).contains(&alone.instances), "{}", alone.instances);
    let more = of(&run(builder(), with_instances(17), json!({})));
    assert_eq!(more.instances, alone.instances + 17);
    assert_eq!((more.memories, more.tables), (alone.memories, alone.tables));
    // As many as there may be, in a pool with no place for more.
    let full = usize::try_from(64 - alone.instances).unwrap();
    let full = run(builder().max_instances(1), with_instances(full), json!({}));
    assert_eq!(of(&full).instances, 64);
}

#[test]
fn instances_of_a_component_within_a_component_count_each_time() {
    let agent = wasmprinter::print_bytes(wat_agent(ECHO).unwrap()).unwrap();
    let open = agent.trim_end().strip_suffix(')').unwrap();
    let inner = "(component $inner (core module $m) (core instance (instantiate $m)) (core instance (instantiate $m)))";
    let text = format!("{open}\n{inner}\n(instance (instantiate $inner))\n(instance (instantiate $inner)))");
    let nested = of(&run(builder(), wat::parse_str(text).unwrap(), json!({})));
    let alone = of(&run(builder(), with_instances(0), json!({})));
    assert_eq!(nested.instances, alone.instances + 4);
}

#[test]
fn instances_are_held_against_the_budget_before_any_is_made() {
    let few = Budget::default().with(Limit::Instances, 5);
    let outcome = run(builder().budget(few), with_instances(10), json!({}));
    let told = of(&outcome);
    assert_eq!(limit_of(&outcome), (Limit::Instances, 5, told.instances));
    assert!(told.instances > 10 && told.fuel == 0);
}

/// Opens and drops documents, as many as `$open` and `$drop` are called.
fn opens(calls: &str) -> String {
    format!(
        r#"
        (import "hap:agent/resources@0.1.0" "open" (func $resource-open (param i32 i32 i32)))
        (import "hap:agent/resources@0.1.0" "[resource-drop]reader" (func $drop (param i32)))
        (data (i32.const 100) "corpus/a")
        (func $open (result i32)
          (call $resource-open (i32.const 100) (i32.const 8) (i32.const 2048))
          (if (i32.load8_u (i32.const 2048)) (then unreachable))
          (i32.load (i32.const 2052)))
        (func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
          (local $a i32) (local $b i32)
          {calls}
          (call $ok_true))"#
    )
}

#[test]
fn the_most_handles_that_were_open_at_one_time_are_told() {
    let documents = || builder().resources(Arc::new(MemoryResources::default().with("corpus/a", "x")));
    let handles = |calls: &str| usage_with(documents(), &opens(calls)).handles;
    let open_two = "(local.set $a (call $open)) (local.set $b (call $open))";
    let drop_two = "(call $drop (local.get $a)) (call $drop (local.get $b))";
    assert_eq!(handles(""), 0);
    assert_eq!(handles(open_two), 2);
    assert_eq!(
        handles(&format!("{open_two} {drop_two} {open_two} {drop_two}")),
        2
    );
    assert_eq!(
        handles(&format!("{open_two} (call $drop (local.get $a)) {open_two}")),
        3
    );
    let few = documents().budget(Budget::default().with(Limit::Handles, 2));
    let outcome = run(few, wat_agent(&opens(&open_two.repeat(2))).unwrap(), json!({}));
    assert_eq!(limit_of(&outcome), (Limit::Handles, 2, 3));
    assert_eq!(of(&outcome).handles, 2);
}

#[test]
fn handles_that_a_component_holds_of_its_own_resources_are_told() {
    let makes = |count: u32, dropped: u32| {
        let drops = "(call $drop (call $new (i32.const 7)))".repeat(dropped as usize);
        let keeps = "(drop (call $new (i32.const 7)))".repeat(count as usize);
        format!(
            r#"
            ;; resource: yes
            (import "[export]test:owned/things" "[resource-new]thing" (func $new (param i32) (result i32)))
            (import "[export]test:owned/things" "[resource-drop]thing" (func $drop (param i32)))
            (func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
              {drops} {keeps}
              (call $ok_true))"#
        )
    };
    let allowed = |limit| builder().budget(Budget::default().with(Limit::Handles, limit));
    for (kept, dropped) in [(0, 0), (0, 5), (1, 0), (2, 3), (7, 0), (10, 0)] {
        let told = usage_with(allowed(10), &makes(kept, dropped)).handles;
        assert_eq!(told, u64::from(kept), "{kept} kept, {dropped} dropped");
    }
    let outcome = run(allowed(10), wat_agent(&makes(11, 0)).unwrap(), json!({}));
    assert_eq!(limit_of(&outcome), (Limit::Handles, 10, 11));
    assert_eq!(of(&outcome).handles, 10);
}

#[test]
fn handles_of_wasi_count_too() {
    assert!(scripted(json!([{"sleep-ms": 1}])).handles >= 2);
    assert_eq!(scripted(json!([{"emit": {}}])).handles, 0);
}

/// Logs so many bytes, with two bytes of fields.
fn logs(bytes: u32, times: u32) -> String {
    format!(
        r#";; pages: 4
        (import "hap:agent/log@0.1.0" "write" (func $log (param i32 i32 i32 i32 i32 i32)))
        (data (i32.const 4096) "{{}}")
        (func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32) (local $n i32)
          (memory.fill (i32.const 65536) (i32.const 0x61) (i32.const {bytes}))
          (loop $more
            (call $log (i32.const 2) (i32.const 65536) (i32.const {bytes}) (i32.const 1) (i32.const 4096) (i32.const 2))
            (local.set $n (i32.add (local.get $n) (i32.const 1)))
            (br_if $more (i32.lt_u (local.get $n) (i32.const {times}))))
          (call $ok_true))"#
    )
}

#[test]
fn the_most_that_a_host_call_took_over_is_told() {
    assert_eq!(usage(ECHO).host_call_bytes, 0);
    let two = usage(&logs(1000, 2));
    assert_eq!((two.host_call_bytes, two.log_bytes), (1002, 2004));
    let documents = builder().resources(Arc::new(MemoryResources::default().with("corpus/a", "x")));
    let opened = usage_with(documents, &opens("(drop (call $open))"));
    assert_eq!(opened.host_call_bytes, "corpus/a".len() as u64);
    let printed = scripted(json!([{"print": "x".repeat(99)}, {"print-error": "y"}, {"log": "z".repeat(50)}]));
    assert_eq!(printed.host_call_bytes, 100);
    let status = r#"
      (import "hap:agent/progress@0.1.0" "report" (func $report (param i32 i32 i32)))
      (func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
        (call $report (i32.const 0) (i32.const 64) (i32.const 30))
        (call $ok_true))"#;
    assert_eq!(usage(status).host_call_bytes, 30);
}

#[test]
fn text_that_a_host_call_takes_over_is_held_to_its_limit_exactly() {
    let low = || builder().budget(Budget::default().with(Limit::HostCallBytes, 1000));
    assert_eq!(usage_with(low(), &logs(998, 1)).host_call_bytes, 1000);
    let outcome = run(low(), wat_agent(&logs(999, 1)).unwrap(), json!({}));
    assert_eq!(limit_of(&outcome), (Limit::HostCallBytes, 1000, 1001));
}

#[test]
fn the_keys_and_levels_of_the_output_are_told() {
    let shape = |input: Value| {
        let usage = of(&run(builder(), wat_agent(ECHO).unwrap(), input));
        (usage.output_keys, usage.json_depth)
    };
    assert_eq!(shape(json!({})), (0, 1));
    assert_eq!(shape(json!({"a": 1, "b": [[{"c": 2}]], "d": "[["})), (3, 4));
    let low = |limit| builder().budget(Budget::default().with(limit, 2));
    let deep = run(low(Limit::JsonDepth), wat_agent(ECHO).unwrap(), json!({}));
    assert_eq!(of(&deep).json_depth, 1);
    let emits = r#"(data (i32.const 4096) "{\"a\":[[1]],\"b\":2,\"c\":3}")
        (func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
          (call $ok (i32.const 4096) (i32.const 23)))"#;
    for limit in [Limit::JsonDepth, Limit::OutputKeys] {
        let outcome = run(low(limit), wat_agent(emits).unwrap(), json!({}));
        assert_eq!(limit_of(&outcome), (limit, 2, 3));
        assert!(of(&outcome).by_limit().contains(&(limit, 3)));
    }
}

#[test]
fn an_agent_of_the_host_program_has_the_keys_and_levels_told_too() {
    let runtime = builder()
        .agent_fn("t:list", |_| Ok(json!([[1], 2])))
        .build()
        .unwrap();
    let graph = Graph::from_text("g", "nodes: {a: {agent: 't:list'}}").unwrap();
    let usage = of(&runtime.run_blocking(&graph, "{}").unwrap());
    assert_eq!((usage.output_keys, usage.json_depth), (0, 2));
}

#[test]
fn the_most_records_within_a_second_are_told_where_they_are_limited() {
    assert_eq!(usage(&logs(1, 20)).log_rate, 0);
    let watched = || builder().budget(Budget::default().with(Limit::LogRate, 50));
    let most = usage_with(watched(), &logs(1, 20)).log_rate;
    assert!((1..=20).contains(&most), "{most}");
    let outcome = run(watched(), wat_agent(&logs(1, 200)).unwrap(), json!({}));
    assert_eq!(limit_of(&outcome), (Limit::LogRate, 50, 51));
    assert_eq!(of(&outcome).log_rate, 51);
}
