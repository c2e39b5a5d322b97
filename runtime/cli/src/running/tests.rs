//! What the live view knows of work that is under way.

use super::*;
use hap::{Failure, FailureKind, NodeId, NodeStatus};
use std::sync::Arc;

fn path(name: &str) -> NodePath {
    NodePath::from(&NodeId::new(name).unwrap())
}

fn started(node: NodePath, attempt: u32) -> EventKind {
    EventKind::NodeStarted { node, attempt }
}

fn finished(node: NodePath) -> EventKind {
    EventKind::NodeFinished {
        node,
        status: NodeStatus::Done,
        fuel: 0,
        memory_bytes: 0,
        duration: Duration::ZERO,
        failure: None,
    }
}

fn failure() -> Arc<Failure> {
    Arc::new(Failure::new(FailureKind::Failed, "no"))
}

fn told(running: &Running, now: Instant) -> Vec<String> {
    let line = |line: &Line| format!("{} {}", line.place(), line.words(now));
    running.lines().map(line).collect()
}

#[test]
fn items_and_rounds_share_the_line_of_their_node() {
    let now = Instant::now();
    let mut running = Running::default();
    let (each, inner) = (path("each"), NodeId::new("in").unwrap());
    let mut tell = |kind: EventKind| {
        running.event(&kind, now);
        told(&running, now)
    };
    tell(started(each.item(0).child(&inner), 1));
    tell(started(each.item(1).child(&inner), 1));
    tell(finished(each.item(1).child(&inner)));
    for (item, failure) in [(1, None), (0, Some(failure()))] {
        tell(EventKind::ItemFinished {
            node: each.clone(),
            item,
            items: 3,
            failure,
        });
    }
    // What happens to a map within an item is not told.
    tell(EventKind::ItemFinished {
        node: each.item(2).child(&inner),
        item: 8,
        items: 9,
        failure: None,
    });
    let polish = path("polish");
    tell(started(polish.round(1), 1));
    let lines = tell(EventKind::RoundFinished {
        node: polish.clone(),
        round: 1,
        last: false,
    });
    assert_eq!(
        lines,
        ["each 0.0 s · 2 of 3 items · 1 failed", "polish 0.0 s · round 2"]
    );
    let nested = tell(started(path("sub").child(&inner).round(3), 1));
    assert_eq!(nested.last().unwrap(), "sub/in 0.0 s · round 3");
    tell(finished(each));
    tell(finished(polish));
    assert!(tell(finished(path("sub").child(&inner))).is_empty());
}

#[test]
fn the_wait_for_another_attempt_is_told_and_counts_down() {
    let now = Instant::now();
    let mut running = Running::default();
    running.event(&started(path("a"), 1), now);
    let retrying = EventKind::NodeRetrying {
        node: path("a"),
        attempt: 1,
        delay: Duration::from_millis(1200),
        failure: failure(),
    };
    running.event(&retrying, now);
    assert_eq!(told(&running, now), ["a 0.0 s · attempt 2 in 1.2 s"]);
    let later = now + Duration::from_secs(1);
    assert_eq!(told(&running, later), ["a 1.0 s · attempt 2 in 0.2 s"]);
    running.event(&started(path("a"), 2), now);
    let progress = EventKind::NodeProgress {
        node: path("a"),
        progress: Progress::Status("half\x1b[2J\nway".to_owned()),
    };
    running.event(&progress, now);
    assert_eq!(told(&running, now), ["a 0.0 s · attempt 2 · half [2J way"]);
}
