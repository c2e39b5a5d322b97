//! The second example graph on its mailbox, through the runtime: routes, a map, a loop, a nested graph, reducers, retries
//! and a fallback, on real components, with the report that was checked by hand.

use std::fs;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use hap::{
    Event, EventKind, EventSink, FolderResources, NodeId, NodeStatus, Replacement, RunId, RunStatus, Runtime,
    json, read_graph,
};
use hap_tests::{built_agents, root};
use serde_json::Value;

#[derive(Default)]
struct Collected(Mutex<Vec<Event>>);

impl EventSink for Collected {
    fn event(&self, _: &RunId, event: &Event) {
        let mut events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        events.push(event.clone());
    }
}

/// The attempts at a node for which `node-started` was told, by the node's path.
fn attempts(events: &[Event], path: &str) -> u32 {
    let started = events.iter().filter_map(|event| match &event.kind {
        EventKind::NodeStarted { node, attempt } if node.as_str() == path => Some(*attempt),
        _ => None,
    });
    started.max().unwrap_or(0)
}

/// How a node ended, by its path.
fn ended<'e>(events: &'e [Event], path: &str) -> Option<&'e NodeStatus> {
    events.iter().find_map(|event| match &event.kind {
        EventKind::NodeFinished { node, status, .. } if node.as_str() == path => Some(status),
        _ => None,
    })
}

#[test]
fn the_triage_recovers_and_reports_what_was_checked_by_hand() {
    let examples = root().join("guest-examples");
    let mailbox = fs::read_to_string(examples.join("documents/inbox.mbox")).unwrap();
    let report = fs::read_to_string(examples.join("expected/triage.md")).unwrap();
    // The components are compiled for the first run alone.
    let cache = tempfile::tempdir().unwrap();
    for threads in [1, 8] {
        let sink = Arc::new(Collected::default());
        let documents = FolderResources::open(examples.join("documents/support")).unwrap();
        let runtime = Runtime::builder()
            .repeatable(1_700_000_000_000_000_000, 7)
            .cache_dir(cache.path().join("compiled"))
            .agents_dir(built_agents().unwrap())
            .max_parallel(NonZeroUsize::new(threads).unwrap())
            .resources(Arc::new(documents))
            .event_sink(sink.clone())
            .build()
            .unwrap();
        let graph = read_graph(examples.join("triage.yaml")).unwrap();
        let outcome = runtime
            .run_blocking(&graph, json!({ "mailbox": mailbox }))
            .unwrap();

        // One look-up is never answered, and one message is encrypted.
        let failure = outcome.failures().next();
        assert_eq!(outcome.status, RunStatus::Partial, "{failure:?}");
        let path: Vec<&str> = outcome.execution_path.iter().map(|id| id.as_str()).collect();
        assert_eq!(path, ["split", "handle", "report"]);
        let handled = &outcome.agent_metadata[&NodeId::new("handle").unwrap()];
        let by = Replacement::Items { failed: 1 };
        assert_eq!(handled.status, NodeStatus::Degraded { by });
        let cases: Vec<Value> = outcome.get("cases").unwrap().to().unwrap();
        assert_eq!((cases.len(), &cases[11]), (26, &Value::Null));

        // Seen at the third attempt, at the first, and never.
        let events = sink.0.lock().unwrap();
        assert_eq!(attempts(&events, "handle[4]/customer"), 3);
        assert_eq!(ended(&events, "handle[4]/customer"), Some(&NodeStatus::Done));
        assert_eq!(cases[4]["customer"]["name"], "Tomasz Zieliński");
        assert_eq!(attempts(&events, "handle[0]/customer"), 1);
        assert_eq!(attempts(&events, "handle[17]/customer"), 4);
        assert!(matches!(
            ended(&events, "handle[17]/customer"),
            Some(NodeStatus::Degraded { by: Replacement::Node { node } }) if node.as_str() == "guess"
        ));
        assert_eq!(ended(&events, "handle[17]/guess"), Some(&NodeStatus::Done));
        assert_eq!(cases[17]["tags"], json!(["owner-guessed"]));

        // The routes of spam, and of what no condition holds for.
        assert_eq!(ended(&events, "handle[3]/links"), Some(&NodeStatus::Done));
        assert_eq!(ended(&events, "handle[22]/gist"), Some(&NodeStatus::Done));
        for unanswered in [3, 22] {
            let draft = ended(&events, &format!("handle[{unanswered}]/draft"));
            assert!(matches!(draft, Some(NodeStatus::Skipped { .. })), "{draft:?}");
        }
        // The classifier, the trace and the directory add to the urgency.
        assert_eq!(
            (&cases[0]["urgency"], &cases[12]["urgency"]),
            (&json!(33), &json!(55))
        );
        let rounds = |event: &&Event| matches!(&event.kind, EventKind::RoundFinished { node, .. } if node.as_str() == "handle[0]/polish");
        assert!(events.iter().filter(rounds).count() > 1);

        let found: String = outcome.get("report").unwrap().to().unwrap();
        assert!(found == report, "not as in expected/triage.md:\n{found}");
    }
}

#[test]
fn real_messages_that_nobody_wrote_for_it_are_all_handled() {
    let examples = root().join("guest-examples");
    let mailbox = fs::read_to_string(examples.join("documents/history.mbox")).unwrap();
    let documents = FolderResources::open(examples.join("documents/support")).unwrap();
    let runtime = Runtime::builder()
        .no_cache()
        .agents_dir(built_agents().unwrap())
        .resources(Arc::new(documents))
        .build()
        .unwrap();
    let graph = read_graph(examples.join("triage.yaml")).unwrap();
    let outcome = runtime
        .run_blocking(&graph, json!({ "mailbox": mailbox }))
        .unwrap();
    assert_eq!(
        outcome.status,
        RunStatus::Success,
        "{:?}",
        outcome.failures().next()
    );
    let items = outcome.agent_metadata["handle"].items.unwrap();
    assert_eq!((items.done, items.failed), (30, 0));
    let report: String = outcome.get("report").unwrap().to().unwrap();
    for subject in mailbox.lines().filter_map(|line| line.strip_prefix("Subject: ")) {
        assert!(report.contains(subject), "{subject}");
    }
}
