//! Agents written with the Rust SDK, built from `tests/guests`, in the real sandbox: what their authors take for granted
//! works, and nothing else does.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use hap::{
    Event, EventKind, EventSink, FailureKind, FolderResources, Graph, Level, LogSource, MemoryResources,
    NodeStatus, RunId, RunOutcome, RunStatus, RuntimeBuilder, json,
};
use hap_tests::{builder, built_agents};
use serde_json::Value;

fn graph(nodes: &[(&str, Value)]) -> Graph {
    let node = |(name, steps): &(&str, Value)| {
        format!(
            "  {name}: {{agent: 'test:scripted', params: {{steps: {steps}}}, grants: {{resources: ['open/*']}}}}\n"
        )
    };
    Graph::from_text(
        "graph.yaml",
        &format!("nodes:\n{}", nodes.iter().map(node).collect::<String>()),
    )
    .unwrap()
}

fn run_on(builder: RuntimeBuilder, steps: Value, input: Value) -> RunOutcome {
    let runtime = builder.agents_dir(built_agents().unwrap()).build().unwrap();
    runtime.run_blocking(&graph(&[("a", steps)]), input).unwrap()
}

fn run(steps: Value) -> RunOutcome {
    run_on(builder(), steps, json!({}))
}

fn failure(outcome: &RunOutcome) -> &hap::Failure {
    outcome.failures().next().unwrap().1
}

#[derive(Default)]
struct Collected(Mutex<Vec<Event>>);

impl EventSink for Collected {
    fn event(&self, _: &RunId, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

#[test]
fn numbers_and_unicode_survive_unchanged() {
    let input = json!({"big": 9007199254740993_i64, "text": "naïve 😀 \u{0}\u{7f}", "half": 0.5});
    let outcome = run_on(builder(), json!([{"see": "seen"}]), input.clone());
    assert_eq!(outcome.get("seen").unwrap().to::<Value>().unwrap(), input);
}

#[test]
fn errors_arrive_with_their_case_details_and_delay() {
    let outcome = run(json!([{"fail": {"case": "unavailable", "message": "busy"}}]));
    assert_eq!(
        failure(&outcome).kind,
        FailureKind::Unavailable {
            retry_after: Some(Duration::from_millis(1500))
        }
    );
    let outcome = run(json!([{"fail": {"case": "failed", "message": "no"}}]));
    assert_eq!(
        (&failure(&outcome).kind, failure(&outcome).message.as_str()),
        (&FailureKind::Failed, "no")
    );
    assert_eq!(
        failure(&outcome).details.as_ref().unwrap().as_str(),
        r#"{"why":"scripted"}"#
    );
    let outcome = run(json!([{"dance": 1}]));
    assert_eq!(failure(&outcome).kind, FailureKind::InvalidInput);
    assert!(
        failure(&outcome).message.contains("dance"),
        "{}",
        failure(&outcome).message
    );
}

#[test]
fn a_panic_arrives_with_its_message_and_place() {
    let outcome = run(json!([{"panic": "the sky fell"}]));
    let failure = failure(&outcome);
    assert_eq!(failure.kind, FailureKind::Trap);
    assert!(
        failure.message.contains("the sky fell") && failure.message.contains("src/lib.rs:"),
        "{}",
        failure.message
    );
    assert_eq!(
        failure
            .last_log
            .iter()
            .filter(|record| record.message.contains("the sky fell"))
            .count(),
        1,
        "told once"
    );
}

#[test]
fn what_is_printed_becomes_log_records() {
    let sink = Arc::new(Collected::default());
    let steps = json!([{"print": "out"}, {"print-error": "err"}, {"log": "logged"}, {"progress": 0.25}]);
    run_on(builder().event_sink(sink.clone()), steps, json!({}));
    let events = sink.0.lock().unwrap();
    let record = |event: &Event| match &event.kind {
        EventKind::NodeLog { record, .. } => Some((record.level, record.source, record.message.clone())),
        _ => None,
    };
    let records: Vec<_> = events.iter().filter_map(record).collect();
    assert_eq!(
        records,
        [
            (Level::Info, LogSource::Stdout, "out".to_owned()),
            (Level::Warn, LogSource::Stderr, "err".to_owned()),
            (Level::Info, LogSource::Log, "logged".to_owned())
        ]
    );
    assert!(events.iter().any(|event| event.to_string() == "a: 25 %"));
}

#[test]
fn an_agents_world_is_virtual_and_empty() {
    let probe = |seed| {
        run_on(
            builder().repeatable(1_600_000_000_000_000_000, seed),
            json!([{"sleep-ms": 5}, {"probe": "p"}]),
            json!({}),
        )
    };
    let value = |outcome: &RunOutcome| outcome.get("p").unwrap().to::<Value>().unwrap();
    let first = probe(1);
    let seen = value(&first);
    assert_eq!(seen["unix_seconds"], 1_600_000_000);
    assert_eq!((&seen["variables"], &seen["arguments"]), (&json!(0), &json!(0)));
    for door in ["root", "file", "connects", "resolves"] {
        assert_eq!(seen[door], false, "{door}");
    }
    assert_eq!(
        (&seen["node"], &seen["attempt"], &seen["operation"]),
        (&json!("a"), &json!(1), &json!(true))
    );
    let usage = |outcome: &RunOutcome| outcome.agent_metadata.values().next().unwrap().usage.clone();
    let again = probe(1);
    assert_eq!((value(&again), usage(&again)), (seen.clone(), usage(&first)));
    assert_ne!(value(&probe(2))["random"], seen["random"]);
}

#[test]
fn memory_and_time_are_limited_by_name() {
    let outcome = run(json!([{"allocate": 300 << 20}]));
    assert!(
        matches!(
            failure(&outcome).kind,
            FailureKind::Limit {
                limit: hap::Limit::Memory,
                ..
            }
        ),
        "{}",
        failure(&outcome)
    );
    let budget = hap::Budget::default().with(hap::Limit::WallTime, 50);
    let outcome = run_on(builder().budget(budget), json!([{"sleep-ms": 60_000}]), json!({}));
    assert_eq!(
        failure(&outcome).kind,
        FailureKind::Limit {
            limit: hap::Limit::WallTime,
            allowed: 50,
            used: 50
        }
    );
    assert!(
        outcome.agent_metadata.values().next().unwrap().usage.fuel > 0,
        "what was spent is told"
    );
}

#[test]
fn granted_documents_are_read_whole_and_others_do_not_exist() {
    let documents = || {
        MemoryResources::default()
            .with("open/long", "é".repeat(1_000_000))
            .with("closed/x", "x")
    };
    let read = |name: &str| {
        run_on(
            builder().resources(Arc::new(documents())),
            json!([{"read": {"name": name, "key": "k"}}]),
            json!({}),
        )
    };
    assert_eq!(
        read("open/long")
            .get("k")
            .unwrap()
            .to::<String>()
            .unwrap()
            .chars()
            .count(),
        1_000_000
    );
    assert_eq!(read("closed/x").status, RunStatus::Error);
}

#[test]
fn documents_of_a_folder_are_read_whole_and_links_lead_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("open")).unwrap();
    let long = "é".repeat(1_500_000);
    std::fs::write(folder.path().join("open/long"), &long).unwrap();
    std::fs::write(folder.path().join("closed"), "x").unwrap();
    std::os::unix::fs::symlink("../closed", folder.path().join("open/link")).unwrap();
    let read = |name: &str| {
        let documents = FolderResources::open(folder.path()).unwrap();
        run_on(
            builder().resources(Arc::new(documents)),
            json!([{"read": {"name": name, "key": "k"}}]),
            json!({}),
        )
    };
    assert_eq!(read("open/long").get("k").unwrap().to::<String>().unwrap(), long);
    for name in ["closed", "open/link", "open/none", "open"] {
        assert_eq!(read(name).status, RunStatus::Error, "{name}");
    }
}

#[test]
fn a_cancelled_agent_may_return_early() {
    let threads = tokio::runtime::Runtime::new().unwrap();
    let runtime = builder().agents_dir(built_agents().unwrap()).build().unwrap();
    threads.block_on(async {
        let graph = graph(&[
            ("a", json!([{"until-cancelled": null}])),
            ("b", json!([{"emit": {"k": 1}}])),
        ]);
        let loaded = runtime.load(&graph).await.unwrap();
        let options = hap::RunOptions {
            cancel_grace: Duration::from_secs(60),
            ..runtime.run_options().clone()
        };
        let mut run = runtime.start_with(&loaded, "{}", options).unwrap();
        let canceller = run.canceller();
        let mut left = 2;
        while let Some(event) = run.next_event().await {
            left -= usize::from(matches!(event.kind, EventKind::NodeStarted { .. }));
            if left == 0 {
                canceller.cancel();
            }
        }
        let outcome = run.outcome().await;
        // It was not dropped: it returned in its own words.
        assert_eq!(failure(&outcome).message, "stopped early, as asked");
        assert_eq!(outcome.get("k").unwrap().as_str(), "1");
    });
}

#[test]
fn a_computing_agent_does_not_hold_up_the_others() {
    // One worker thread: the sleeper can only end if the computing guest gives way.
    let threads = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let spin = hap_tests::wat_agent("(func (export \"hap:agent/agent@0.1.0#invoke\") (param i32 i32 i32 i32) (result i32) (loop $for_ever (br $for_ever)) unreachable)").unwrap();
    let folder = hap_tests::folder_of(&[("spin", spin)]).unwrap();
    let text = "nodes: {spin: {agent: spin.wasm, budget: {wall-time: 400ms}}, b: {agent: 'test:scripted', params: {steps: [{sleep-ms: 1}]}, next: c}, c: {agent: 'test:scripted'}}";
    let graph = Graph::from_text(&folder.path().join("g.yaml").display().to_string(), text).unwrap();
    let runtime = builder()
        .agents_dir(built_agents().unwrap())
        .budget(hap::Budget::default().with(hap::Limit::Fuel, 1 << 50))
        .build()
        .unwrap();
    let outcome = threads.block_on(runtime.run(&graph, "{}")).unwrap();
    let record = |name: &str| {
        outcome
            .agent_metadata
            .iter()
            .find(|(id, _)| id.as_str() == name)
            .unwrap()
            .1
            .clone()
    };
    assert_eq!(
        (record("spin").status, record("c").status),
        (NodeStatus::Limited, NodeStatus::Done)
    );
    let end = |name: &str| record(name).start.unwrap() + record(name).duration.unwrap();
    assert!(end("c") < end("spin"), "the others ended while it still computed");
}
