//! Tests of the module as a whole, and a small service that they share.
//!
//! What must stay true: the service has the methods of the specification's examples, so that those can be
//! compared word for word.

mod batches;
mod codes;
mod dispatching;
mod framing;
mod messages;
mod properties;
mod specification;
mod streams;

use super::{Context, MethodSpec, Methods, NoParams, ParamSpec, RpcError, Settings};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use std::future::Future;
use std::sync::{Arc, Mutex};

/// What the handlers have seen, in order.
#[derive(Clone, Default)]
pub(super) struct Seen(Arc<Mutex<Vec<String>>>);

impl Context for Seen {}

impl Seen {
    pub(super) fn add(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }

    pub(super) fn list(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

#[derive(Deserialize)]
struct Subtract {
    minuend: i64,
    subtrahend: i64,
}

#[derive(Deserialize)]
struct Sum {
    a: i64,
    b: i64,
    c: i64,
}

#[derive(Deserialize)]
struct Update {
    list: Option<Vec<Option<i64>>>,
}

#[derive(Deserialize)]
struct Echo {
    value: Box<RawValue>,
}

pub(super) const SUBTRACT: MethodSpec =
    MethodSpec::new("subtract").params(&[ParamSpec::required("minuend"), ParamSpec::required("subtrahend")]);

pub(super) fn service(settings: Settings) -> Methods<Seen> {
    const THREE: &[ParamSpec] = &[
        ParamSpec::required("a"),
        ParamSpec::required("b"),
        ParamSpec::required("c"),
    ];
    const LIST: &[ParamSpec] = &[ParamSpec::optional("list")];
    const VALUE: &[ParamSpec] = &[ParamSpec::required("value")];
    let mut methods = Methods::new(settings);
    methods
        .register(SUBTRACT, |_, Subtract { minuend, subtrahend }| async move {
            Ok(minuend - subtrahend)
        })
        .unwrap();
    let sum = MethodSpec::new("sum").params(THREE);
    methods
        .register(sum, |_, Sum { a, b, c }| async move { Ok(a + b + c) })
        .unwrap();
    let get_data = MethodSpec::new("get_data").aliases(&["data.get"]);
    methods
        .register(get_data, |_, NoParams {}| async { Ok(("hello", 5)) })
        .unwrap();
    methods
        .register(
            MethodSpec::new("update").params(LIST),
            |seen: Seen, Update { list }| async move {
                seen.add(format!("update {list:?}"));
                Ok(())
            },
        )
        .unwrap();
    methods
        .register(
            MethodSpec::new("echo").params(VALUE),
            |seen: Seen, Echo { value }| async move {
                seen.add(format!("echo {value}"));
                tokio::task::yield_now().await;
                Ok(value)
            },
        )
        .unwrap();
    methods
        .register(MethodSpec::new("panic"), |seen: Seen, NoParams {}| async move {
            seen.add("panic");
            tokio::task::yield_now().await;
            if seen.list().len() < usize::MAX {
                panic!("a secret");
            }
            Ok(())
        })
        .unwrap();
    methods
        .register(MethodSpec::new("fail"), |_, NoParams {}| async {
            Err::<(), _>(RpcError::new(super::Code::NotFound, "there is no such run").with("run", "r1"))
        })
        .unwrap();
    methods
}

pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap()
        .block_on(future)
}

/// The answer of a fresh service to one message, as text.
pub(super) fn answer_text(message: &str) -> Option<String> {
    let answer = block_on(service(Settings::default()).handle(Seen::default(), message.as_bytes()));
    answer.map(|bytes| String::from_utf8(bytes).unwrap())
}

/// The same, read; null if there is no answer.
pub(super) fn answer(message: &str) -> Value {
    answer_text(message).map_or(Value::Null, |text| serde_json::from_str(&text).unwrap())
}
