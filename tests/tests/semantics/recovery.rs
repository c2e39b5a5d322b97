//! Retries, deadlines, the time of a run and circuit breakers, on a clock that stands still until everybody waits.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use hap::{
    Agent, BreakerState, Breakers, Budget, Failure, FailureKind, Limit, MAX_ATTEMPTS, NodeRecord, NodeStatus,
    Run, RunOptions, RunOutcome, RunStatus,
};
use serde_json::json;
use tokio::time::Instant;

use crate::native::{members, native, options, served, status};

/// One call: when, by which name, and which attempt.
#[derive(Clone, Debug)]
struct Asked {
    at: Instant,
    operation: String,
    path: String,
    attempt: u32,
}

type Calls = Arc<Mutex<Vec<Asked>>>;

/// An agent that writes down when it is asked, and answers as `answer` says to each attempt.
fn asked(
    answer: impl Fn(&str, u32) -> Result<&'static str, FailureKind> + Send + Sync + 'static,
) -> (Arc<dyn Agent>, Calls) {
    let calls = Calls::default();
    let written = calls.clone();
    let (agent, _) = native(move |_, call| {
        let answer = answer(call.path.as_str(), call.attempt);
        written.lock().unwrap().push(Asked {
            at: Instant::now(),
            operation: call.operation_id(),
            path: call.path.to_string(),
            attempt: call.attempt,
        });
        async move {
            answer
                .map(str::to_owned)
                .map_err(|kind| Failure::new(kind, "as told"))
        }
    });
    (agent, calls)
}

const BUSY: FailureKind = FailureKind::Unavailable { retry_after: None };

async fn run(fields: &str, agent: &Arc<dyn Agent>, options: RunOptions) -> RunOutcome {
    let graph = served(&format!("nodes: {{a: {{agent: 't:a', {fields}}}}}"), agent);
    let input = members(&json!({"items": [1, 2]}));
    Run::start(graph, input, options).outcome().await
}

/// The attempts that the causes of node `a`'s failure were.
fn attempts_behind(outcome: &RunOutcome) -> Vec<u32> {
    let failure = record(outcome).failure.as_ref().unwrap();
    let attempts = failure.causes.iter();
    attempts
        .map(|cause| cause.origin.as_ref().unwrap().attempt)
        .collect()
}

/// The milliseconds between calls.
fn waits(calls: &Calls) -> Vec<u128> {
    let calls = calls.lock().unwrap();
    calls
        .windows(2)
        .map(|pair| (pair[1].at - pair[0].at).as_millis())
        .collect()
}

fn record(outcome: &RunOutcome) -> &NodeRecord {
    outcome.agent_metadata.values().next().unwrap()
}

fn kind(outcome: &RunOutcome) -> &FailureKind {
    &record(outcome).failure.as_ref().unwrap().kind
}

#[tokio::test(start_paused = true)]
async fn waits_grow_by_the_factor_up_to_the_longest() {
    let (agent, calls) = asked(|_, _| Err(BUSY));
    let retry = "retry: {attempts: 6, delay: 100ms, factor: 3, max_delay: 1s, jitter: 0}";
    let outcome = run(retry, &agent, options()).await;
    assert_eq!(waits(&calls), [100, 300, 900, 1000, 1000]);
    assert_eq!(
        (record(&outcome).attempts, status(&outcome, "a")),
        (6, &NodeStatus::Failed)
    );
}

#[tokio::test(start_paused = true)]
async fn attempts_are_numbered_and_share_their_operation() {
    let (agent, calls) = asked(|_, attempt| if attempt < 3 { Err(BUSY) } else { Ok(r#"{"k":1}"#) });
    let outcome = run("retry: 5", &agent, options()).await;
    assert_eq!(outcome.status, RunStatus::Success);
    let calls = calls.lock().unwrap();
    let attempts: Vec<u32> = calls.iter().map(|asked| asked.attempt).collect();
    assert_eq!(attempts, [1, 2, 3]);
    assert!(calls.iter().all(|asked| asked.operation == calls[0].operation));
    assert_eq!(record(&outcome).attempts, 3);
}

#[tokio::test(start_paused = true)]
async fn every_item_is_retried_by_itself_under_a_name_of_its_own() {
    let (agent, calls) = asked(|path, attempt| match (path, attempt) {
        ("a[0]", 1) | ("a[1]", 1 | 2) => Err(BUSY),
        _ => Ok("{}"),
    });
    let outcome = run(
        "retry: {attempts: 3, jitter: 0}, map: {over: items, as: item}",
        &agent,
        options(),
    )
    .await;
    assert_eq!(outcome.status, RunStatus::Success);
    let mut told: Vec<(String, u32)> = calls
        .lock()
        .unwrap()
        .iter()
        .map(|asked| (asked.path.clone(), asked.attempt))
        .collect();
    told.sort();
    let expected = [("a[0]", 1), ("a[0]", 2), ("a[1]", 1), ("a[1]", 2), ("a[1]", 3)];
    assert_eq!(told, expected.map(|(path, attempt)| (path.to_owned(), attempt)));
    let calls = calls.lock().unwrap();
    let operations: std::collections::BTreeSet<&str> =
        calls.iter().map(|asked| asked.operation.as_str()).collect();
    assert_eq!(operations.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_says_when_to_come_back_is_heard() {
    let retry = "retry: {attempts: 2, delay: 100ms, max_delay: 1s, jitter: 0}";
    for (says, waited) in [(5_000, 5_000), (700, 700), (50, 100)] {
        let after = Some(Duration::from_millis(says));
        let (agent, calls) = asked(move |_, _| Err(FailureKind::Unavailable { retry_after: after }));
        run(retry, &agent, options()).await;
        assert_eq!(waits(&calls), [waited]);
    }
}

#[tokio::test(start_paused = true)]
async fn chance_takes_its_share_of_a_wait_and_comes_from_the_seed() {
    let waited = |seed| async move {
        let (agent, calls) = asked(|_, _| Err(BUSY));
        let retry = "retry: {attempts: 9, delay: 1s, factor: 1, jitter: 0.5}";
        run(
            retry,
            &agent,
            RunOptions {
                seed: Some(seed),
                ..options()
            },
        )
        .await;
        waits(&calls)
    };
    let first = waited(1).await;
    assert!(first.iter().all(|wait| (500..=1001).contains(wait)), "{first:?}");
    assert!(first.iter().any(|wait| wait != &first[0]), "{first:?}");
    assert_eq!(waited(1).await, first);
    assert_ne!(waited(2).await, first);
}

#[tokio::test(start_paused = true)]
async fn only_failures_that_another_attempt_can_mend_are_retried() {
    let all = "retry: {attempts: 2, delay: 1ms, on: [unavailable, timeout, trap, invalid-output]}";
    for (kind, settings, attempts) in [
        (FailureKind::Failed, all, 1),
        (FailureKind::InvalidInput, all, 1),
        (FailureKind::Trap, all, 2),
        (BUSY, all, 2),
        (FailureKind::Trap, "retry: 2", 1),
        (BUSY, "retry: {attempts: 2, on: trap}", 1),
    ] {
        let told = kind.clone();
        let (agent, calls) = asked(move |_, _| Err(told.clone()));
        let outcome = run(settings, &agent, options()).await;
        assert_eq!(calls.lock().unwrap().len(), attempts, "{kind:?}");
        assert_eq!(record(&outcome).attempts as usize, attempts);
    }
}

#[tokio::test(start_paused = true)]
async fn attempts_share_the_budget_of_the_run() {
    let (agent, calls) = asked(|_, _| Ok(r#"{"k":"0123456789"}"#));
    let fields = "writes: [other], retry: {attempts: 9, delay: 1ms, on: [invalid-output]}";
    let run_budget = Budget::unlimited().with(Limit::Output, 50);
    let outcome = run(
        fields,
        &agent,
        RunOptions {
            run_budget,
            ..options()
        },
    )
    .await;
    // Two outputs of 18 bytes fit, and not the third.
    assert_eq!(calls.lock().unwrap().len(), 3);
    assert_eq!(status(&outcome, "a"), &NodeStatus::Limited);
    assert!(matches!(
        kind(&outcome),
        FailureKind::Limit {
            limit: Limit::Output,
            ..
        }
    ));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_a_wait_and_counts_all_attempts() {
    let (agent, calls) = asked(|_, _| Err(BUSY));
    let start = Instant::now();
    let fields = "deadline: 3s, retry: {attempts: 9, delay: 2s, factor: 1, jitter: 0}, on_failure: continue";
    let outcome = run(fields, &agent, options()).await;
    // The second attempt is made after two seconds, and none after four.
    assert_eq!(waits(&calls), [2000]);
    assert!(start.elapsed() <= Duration::from_secs(3));
    assert_eq!(kind(&outcome), &FailureKind::Deadline);
    assert_eq!(outcome.status, RunStatus::Partial);
    assert_eq!(attempts_behind(&outcome), [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn every_attempt_of_as_many_as_may_be_is_in_the_chain() {
    let (agent, calls) = asked(|_, _| Err(BUSY));
    let retry = format!("retry: {{attempts: {MAX_ATTEMPTS}, delay: 1ms, max_delay: 1ms, jitter: 0}}");
    let outcome = run(&retry, &agent, options()).await;
    assert_eq!(calls.lock().unwrap().len(), MAX_ATTEMPTS as usize);
    let earlier: Vec<u32> = (1..MAX_ATTEMPTS).collect();
    assert_eq!(attempts_behind(&outcome), earlier);
    let failure = record(&outcome).failure.as_ref().unwrap();
    let own = failure.origin.as_ref().unwrap();
    for cause in &failure.causes {
        let origin = cause.origin.as_ref().unwrap();
        assert_eq!((&*cause.message, &cause.kind), ("as told", &BUSY));
        assert_eq!((&origin.node, &origin.agent), (&own.node, &own.agent));
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_a_call_and_items_and_rounds() {
    for repeat in [
        "",
        ", map: {over: items, as: item}",
        ", loop: {until: 'round > 5', max_rounds: 9}",
    ] {
        let (agent, alive) = native(|_, _| async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            Ok("{}".to_owned())
        });
        let start = Instant::now();
        let budget = Budget::default().with(Limit::WallTime, 60_000);
        let fields = format!("deadline: 1500ms{repeat}");
        let outcome = run(&fields, &agent, RunOptions { budget, ..options() }).await;
        assert_eq!(start.elapsed().as_millis() / 10, 150);
        assert_eq!(kind(&outcome), &FailureKind::Deadline);
        assert_eq!(alive.load(std::sync::atomic::Ordering::SeqCst), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_of_the_run_ends_a_wait() {
    let (agent, calls) = asked(|_, _| Err(BUSY));
    let start = Instant::now();
    let run_budget = Budget::unlimited().with(Limit::WallTime, 5_000);
    let retry = "retry: {attempts: 2, delay: 60s, max_delay: 60s, jitter: 0}, on_failure: continue";
    let outcome = run(
        retry,
        &agent,
        RunOptions {
            run_budget,
            ..options()
        },
    )
    .await;
    assert_eq!(
        (outcome.status, calls.lock().unwrap().len()),
        (RunStatus::Timeout, 1)
    );
    assert_eq!(start.elapsed().as_millis() / 10, 500);
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_keeps_failing_is_left_alone_by_all_runs_and_asked_again_later() {
    let well = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let mends = well.clone();
    let (agent, calls) = asked(
        move |_, _| match mends.load(std::sync::atomic::Ordering::SeqCst) {
            true => Ok("{}"),
            false => Err(BUSY),
        },
    );
    let breakers = Breakers::default();
    let ask = || {
        let options = RunOptions {
            breakers: breakers.clone(),
            ..options()
        };
        let breaker = "circuit_breaker: {failure_rate: 0.5, window: 4, min_calls: 3, open_for: 10s}";
        run(breaker, &agent, options)
    };
    let state = || breakers.report()[0].state;
    for calls_before in 0..3 {
        assert_eq!(calls.lock().unwrap().len(), calls_before);
        assert_eq!(kind(&ask().await), &BUSY);
    }
    assert_eq!(state(), BreakerState::Open);
    // Open: nobody asks it, and everybody is told how long.
    tokio::time::advance(Duration::from_secs(4)).await;
    let outcome = ask().await;
    assert!(
        matches!(kind(&outcome), FailureKind::CircuitOpen { retry_after } if retry_after.as_secs_f64().round() == 6.0)
    );
    assert_eq!(calls.lock().unwrap().len(), 3);
    // Half open: one call is let through; it fails, so it is left alone again.
    tokio::time::advance(Duration::from_secs(7)).await;
    assert_eq!(kind(&ask().await), &BUSY);
    assert_eq!((state(), calls.lock().unwrap().len()), (BreakerState::Open, 4));
    assert!(matches!(kind(&ask().await), FailureKind::CircuitOpen { .. }));
    // And the next succeeds, so that all are let through.
    tokio::time::advance(Duration::from_secs(11)).await;
    well.store(true, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(ask().await.status, RunStatus::Success);
    assert_eq!(state(), BreakerState::Closed);
    assert_eq!(ask().await.status, RunStatus::Success);
    assert_eq!(calls.lock().unwrap().len(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_retry_outlasts_an_open_circuit_breaker() {
    let (agent, calls) = asked(|path, attempt| {
        if path == "a" && attempt > 1 {
            Ok("{}")
        } else {
            Err(BUSY)
        }
    });
    let fields = "circuit_breaker: {failure_rate: 0.5, window: 1, min_calls: 1, open_for: 10s}, retry: {attempts: 3, delay: 1s, jitter: 0}";
    let outcome = run(fields, &agent, options()).await;
    // The second attempt is refused, and told to come back when the breaker lets a call through.
    let attempts: Vec<u32> = calls.lock().unwrap().iter().map(|asked| asked.attempt).collect();
    assert_eq!((waits(&calls), attempts), (vec![10_000], vec![1, 3]));
    assert_eq!(outcome.status, RunStatus::Success);
}

#[tokio::test(start_paused = true)]
async fn runs_of_one_runtime_share_its_breakers() {
    let (agent, calls) = asked(|_, _| Err(BUSY));
    let runtime = hap_tests::builder().agent("t:a", agent).build().unwrap();
    let text = "nodes: {a: {agent: 't:a', circuit_breaker: {window: 2, min_calls: 2}}}";
    let graph = hap::Graph::from_text("g.yaml", text).unwrap();
    for _ in 0..4 {
        runtime.run(&graph, "{}").await.unwrap();
    }
    assert_eq!(calls.lock().unwrap().len(), 2);
    let report = runtime.circuit_breakers();
    assert_eq!(
        (report.len(), report[0].state, report[0].failed, report[0].calls),
        (1, BreakerState::Open, 2, 2)
    );
}
