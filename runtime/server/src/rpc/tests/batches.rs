//! Batches: order, bounds, and what one call can do to another.
//!
//! What must stay true: the answers of a batch stand in the order of its requests.

use super::{Seen, Settings, answer, answer_text, block_on, service};
use crate::rpc::{Call, Context, Id, MethodSpec, Methods, NoParams, Params};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

fn batch(calls: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", calls.into_iter().collect::<Vec<_>>().join(","))
}

fn request(method: &str, params: &str, id: usize) -> String {
    format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{params},"id":{id}}}"#)
}

/// A service whose one method counts how many of its calls run at once.
#[derive(Clone, Default)]
struct Gauge(Arc<(AtomicUsize, AtomicUsize)>);

struct Inside(Gauge);

impl Context for Gauge {}

impl Gauge {
    fn enter(&self) -> Inside {
        let now = self.0.0.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.1.fetch_max(now, Ordering::SeqCst);
        Inside(self.clone())
    }

    fn now(&self) -> usize {
        self.0.0.load(Ordering::SeqCst)
    }

    fn most(&self) -> usize {
        self.0.1.load(Ordering::SeqCst)
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn sleeper(settings: Settings, time: Duration) -> Methods<Gauge> {
    let mut methods = Methods::new(settings);
    methods
        .register(
            MethodSpec::new("sleep"),
            move |gauge: Gauge, NoParams {}| async move {
                let _inside = gauge.enter();
                tokio::time::sleep(time).await;
                Ok(())
            },
        )
        .unwrap();
    methods
}

#[test]
fn answers_stand_in_the_order_of_the_requests() {
    let calls = (0..50).map(|id| match id % 3 {
        0 => request("echo", &format!("[{id}]"), id),
        1 => request("get_data", "[]", id),
        _ => request("nothing", "[]", id),
    });
    let answers = answer(&batch(calls));
    let ids: Vec<_> = answers
        .as_array()
        .unwrap()
        .iter()
        .map(|answer| answer["id"].clone())
        .collect();
    assert_eq!(ids, (0..50).map(Value::from).collect::<Vec<_>>());
}

#[test]
fn calls_run_side_by_side_up_to_the_bound() {
    for (bound, expected) in [(3, 3), (8, 8), (0, 1), (100, 20)] {
        let settings = Settings {
            concurrency: bound,
            ..Settings::default()
        };
        let (methods, gauge) = (sleeper(settings, Duration::from_millis(1)), Gauge::default());
        let message = batch((0..20).map(|id| request("sleep", "[]", id)));
        let answers = block_on(methods.handle(gauge.clone(), message.as_bytes())).unwrap();
        assert_eq!(serde_json::from_slice::<Vec<Value>>(&answers).unwrap().len(), 20);
        assert_eq!((gauge.most(), gauge.now()), (expected, 0));
    }
}

#[test]
fn dropping_the_future_ends_the_calls_at_once() {
    let (methods, gauge) = (
        sleeper(Settings::default(), Duration::from_secs(600)),
        Gauge::default(),
    );
    let message = batch((0..5).map(|id| request("sleep", "[]", id)));
    block_on(async {
        let handling = methods.handle(gauge.clone(), message.as_bytes());
        assert!(
            tokio::time::timeout(Duration::from_millis(5), handling)
                .await
                .is_err()
        );
    });
    assert_eq!((gauge.most(), gauge.now()), (5, 0));
}

#[test]
fn a_future_that_handles_can_be_sent_to_another_thread() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let methods = service(Settings::default());
    drop(is_send(methods.handle(Seen::default(), b"[]")));
    let call = Call {
        id: Some(Id::null()),
        method: "m".into(),
        params: Params::None,
    };
    drop(is_send(methods.handle_call(Seen::default(), call)));
}

#[test]
fn too_many_calls_are_refused_as_one_and_none_is_run() {
    let methods = service(Settings {
        batch: 3,
        ..Settings::default()
    });
    let handle = |count| {
        let seen = Seen::default();
        let message = batch((0..count).map(|id| request("echo", "[1]", id)));
        let answer = block_on(methods.handle(seen.clone(), message.as_bytes())).unwrap();
        (
            serde_json::from_slice::<Value>(&answer).unwrap(),
            seen.list().len(),
        )
    };
    assert_eq!(handle(3).1, 3);
    let (refused, run) = handle(4);
    assert_eq!(run, 0);
    assert_eq!(refused["error"]["code"], -32600);
    assert_eq!(refused["id"], Value::Null);
    assert_eq!(refused["error"]["data"]["limit"], 3);
    assert!(
        refused["error"]["data"]["hint"]
            .as_str()
            .unwrap()
            .contains("send several")
    );
}

#[test]
fn a_panic_leaves_the_other_calls_alone() {
    let message = batch([
        request("echo", "[1]", 1),
        request("panic", "[]", 2),
        request("echo", "[3]", 3),
    ]);
    let answers = answer(&message);
    assert_eq!(answers[0]["result"], 1);
    assert_eq!(answers[1]["error"]["code"], -32603);
    assert_eq!(answers[2]["result"], 3);
}

#[test]
fn results_that_no_longer_fit_are_errors_and_small_ones_still_come() {
    let methods = service(Settings {
        answer_bytes: 1000,
        concurrency: 1,
        ..Settings::default()
    });
    let long = format!("[\"{}\"]", "x".repeat(600));
    let message = batch([
        request("echo", &long, 1),
        request("echo", &long, 2),
        request("echo", "[3]", 3),
    ]);
    let seen = Seen::default();
    let answers = block_on(methods.handle(seen.clone(), message.as_bytes())).unwrap();
    let answers: Value = serde_json::from_slice(&answers).unwrap();
    assert_eq!(seen.list().len(), 3);
    assert_eq!(answers[0]["result"].as_str().unwrap().len(), 600);
    assert_eq!(answers[1]["error"]["code"], 1011);
    assert_eq!(answers[1]["id"], 2);
    assert_eq!(answers[2]["result"], 3);
}

#[test]
fn responses_in_a_batch_are_passed_over() {
    let response = r#"{"jsonrpc":"2.0","result":1,"id":1}"#.to_owned();
    assert_eq!(answer_text(&batch([response.clone()])), None);
    let answers = answer(&batch([response, request("echo", "[2]", 1)]));
    assert_eq!(answers, json!([{"jsonrpc": "2.0", "result": 2, "id": 1}]));
}

#[test]
fn two_requests_with_one_id_get_two_answers() {
    let answers = answer(&batch([request("echo", "[1]", 7), request("echo", "[2]", 7)]));
    assert_eq!(answers[0]["result"], 1);
    assert_eq!(answers[1]["result"], 2);
}
