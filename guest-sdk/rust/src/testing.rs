//! A fake host, so that agents can be tested natively with `cargo test`. Absent on WebAssembly.
//!
//! A [`Host`] is installed for the current thread while it runs something, so tests can run in parallel.
//!
//! ```
//! # use hap_guest::{Context, Result, log, progress, resources};
//! # #[derive(serde::Deserialize, schemars::JsonSchema)]
//! # struct Input { name: String }
//! # #[derive(serde::Serialize, schemars::JsonSchema)]
//! # struct Output { words: usize }
//! #[hap_guest::agent]
//! fn count(input: Input, cx: &Context) -> Result<Output> {
//!     log::info(format!("attempt {}", cx.attempt()));
//!     let text = resources::read_to_string(&input.name)?;
//!     progress::fraction(1.0);
//!     Ok(Output { words: text.split_whitespace().count() })
//! }
//!
//! use hap_guest::testing::Host;
//! use serde_json::json;
//!
//! let host = Host::new().attempt(2).resource("a.txt", "one two");
//! let call = host.invoke::<CountAgent>(json!({ "name": "a.txt" }), json!({}));
//! assert_eq!(call.result.unwrap(), json!({ "words": 2 }));
//! assert_eq!(call.records[0].message, "attempt 2");
//! ```

pub(crate) mod imports;

use crate::{Agent, Context, Error, Result, glue, log::Level, progress::Update};
use serde_json::Value;
use std::{cell::RefCell, collections::BTreeMap, time::Duration};

thread_local! {
    /// The host that the functions of this crate talk to on this thread.
    static CURRENT: RefCell<State> = RefCell::new(State::default());
}

#[derive(Default)]
struct State {
    host: Host,
    records: Vec<Record>,
    updates: Vec<Update>,
}

/// What the fake host answers. Every value can be set; the default is a first attempt without limits.
#[derive(Debug, Clone)]
pub struct Host {
    run_id: String,
    node: String,
    operation_id: String,
    attempt: u32,
    remaining: Option<Duration>,
    is_cancelled: bool,
    request_id: Option<String>,
    session_id: Option<String>,
    user: Option<String>,
    scopes: Vec<String>,
    resources: BTreeMap<String, Vec<u8>>,
}

/// What came of something that ran against the fake host.
#[derive(Debug)]
pub struct Call<T> {
    /// What it returned.
    pub result: T,
    /// What it logged, in order.
    pub records: Vec<Record>,
    /// The progress it reported, in order.
    pub updates: Vec<Update>,
}

/// One log record.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The level it was written with.
    pub level: Level,
    /// The text for people.
    pub message: String,
    /// The fields, where it has any.
    pub fields: Option<Value>,
}

/// Invokes an agent as a default [`Host`] would, and keeps its result alone.
///
/// # Errors
///
/// What the agent answers, or that the context is not what it accepts.
pub fn invoke<A: Agent>(context: Value, params: Value) -> Result<Value> {
    Host::new().invoke::<A>(context, params).result
}

impl Host {
    /// A first attempt of node `node` in run `run`, without limits or resources.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets [`Context::run_id`].
    #[must_use]
    pub fn run_id(mut self, id: &str) -> Self {
        self.run_id = id.to_owned();
        self
    }

    /// Sets [`Context::node`].
    #[must_use]
    pub fn node(mut self, node: &str) -> Self {
        self.node = node.to_owned();
        self
    }

    /// Sets [`Context::operation_id`].
    #[must_use]
    pub fn operation_id(mut self, id: &str) -> Self {
        self.operation_id = id.to_owned();
        self
    }

    /// Sets [`Context::attempt`].
    #[must_use]
    pub fn attempt(mut self, attempt: u32) -> Self {
        self.attempt = attempt;
        self
    }

    /// Sets [`Context::remaining`].
    #[must_use]
    pub fn remaining(mut self, time: Duration) -> Self {
        self.remaining = Some(time);
        self
    }

    /// Makes [`Context::is_cancelled`] true.
    #[must_use]
    pub fn cancelled(mut self) -> Self {
        self.is_cancelled = true;
        self
    }

    /// Sets what [`identity::request_id`](crate::identity::request_id) tells.
    #[must_use]
    pub fn request_id(mut self, id: &str) -> Self {
        self.request_id = Some(id.to_owned());
        self
    }

    /// Sets what [`identity::session_id`](crate::identity::session_id) tells.
    #[must_use]
    pub fn session_id(mut self, id: &str) -> Self {
        self.session_id = Some(id.to_owned());
        self
    }

    /// Sets what [`identity::user`](crate::identity::user) and [`identity::scopes`](crate::identity::scopes) tell.
    #[must_use]
    pub fn user(mut self, user: &str, scopes: &[&str]) -> Self {
        self.user = Some(user.to_owned());
        self.scopes = scopes.iter().map(ToString::to_string).collect();
        self
    }

    /// Grants a document.
    #[must_use]
    pub fn resource(mut self, name: &str, content: impl Into<Vec<u8>>) -> Self {
        self.resources.insert(name.to_owned(), content.into());
        self
    }

    /// Invokes an agent through JSON, just as a real host does.
    #[must_use]
    pub fn invoke<A: Agent>(self, context: Value, params: Value) -> Call<Result<Value>> {
        self.run(params, |cx| {
            let output = glue::serve::<A>(&context.to_string(), cx)?;
            serde_json::from_str(&output).map_err(Error::from)
        })
    }

    /// Runs anything that takes a [`Context`], for example an agent's function or a part of it.
    #[must_use]
    pub fn run<T>(self, params: Value, body: impl FnOnce(&Context) -> T) -> Call<T> {
        CURRENT.set(State {
            host: self,
            ..State::default()
        });
        let result = body(&Context::new(params.to_string()));
        let State { records, updates, .. } = CURRENT.take();
        Call {
            result,
            records,
            updates,
        }
    }
}

impl Default for Host {
    fn default() -> Self {
        Self {
            run_id: "run".to_owned(),
            node: "node".to_owned(),
            operation_id: "run/node".to_owned(),
            attempt: 1,
            remaining: None,
            is_cancelled: false,
            request_id: None,
            session_id: None,
            user: None,
            scopes: Vec::new(),
            resources: BTreeMap::new(),
        }
    }
}
