//! The registry of methods, and the way of one message through it.
//!
//! What must stay true: nothing a handler does, a panic included, reaches beyond the answer to its own call;
//! the calls live inside the future that `handle` returns, so that dropping it ends them all at once.

use super::error::nearest;
use super::{Call, Incoming, Item, Limits, MethodSpec, Outcome, RegisterError, Response, RpcError};
use super::{batch, bind, parse};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, to_raw_value};
use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::Poll;

/// What the dispatcher allows.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How many calls of one batch run at the same time.
    pub concurrency: usize,
    /// How many calls, notifications and responses a batch may have.
    pub batch: usize,
    /// How many bytes the results of a message may have, all calls of a batch together.
    pub answer_bytes: usize,
    /// How deep a message may be nested.
    pub depth: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            concurrency: 8,
            batch: 100,
            answer_bytes: 16 << 20,
            depth: 64,
        }
    }
}

type Running = Pin<Box<dyn Future<Output = Outcome> + Send>>;

type Run<C> = Box<dyn Fn(C, &str) -> Running + Send + Sync>;

/// A method: what it says about itself, and how it is run with the text of its parameters by name.
struct Method<C> {
    spec: MethodSpec,
    run: Run<C>,
}

/// The methods that a server has. `C` is what a handler is told about the caller and the connection.
pub struct Methods<C> {
    settings: Settings,
    methods: Vec<Method<C>>,
    /// Every name and alias, and the place of its method in `methods`.
    names: HashMap<&'static str, usize>,
}

impl<C: Clone + Send + 'static> Default for Methods<C> {
    fn default() -> Self {
        Self::new(Settings::default())
    }
}

impl<C: Clone + Send + 'static> Methods<C> {
    /// No methods yet.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            methods: Vec::new(),
            names: HashMap::new(),
        }
    }

    /// Adds a method. The handler gets the parameters as an object with the names that the spec has.
    pub fn register<P, R, F, Fut>(&mut self, spec: MethodSpec, handler: F) -> Result<(), RegisterError>
    where
        P: DeserializeOwned,
        R: Serialize,
        F: Fn(C, P) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, RpcError>> + Send + 'static,
    {
        spec.check()?;
        // Checked as a whole before anything is changed, so that a refusal leaves no half of a method.
        let mut names = self.names.clone();
        for name in spec.names() {
            if names.insert(name, self.methods.len()).is_some() {
                return Err(RegisterError::Taken(name));
            }
        }
        self.names = names;
        let run = move |context, params: &str| -> Running {
            match bind::read(params) {
                Ok(params) => {
                    let running = handler(context, params);
                    Box::pin(async move { result_text(&running.await?) })
                }
                Err(error) => Box::pin(std::future::ready(Err(error))),
            }
        };
        self.methods.push(Method {
            spec,
            run: Box::new(run),
        });
        Ok(())
    }

    /// What the methods say about themselves, in the order in which they were registered.
    pub fn specs(&self) -> impl Iterator<Item = &MethodSpec> {
        self.methods.iter().map(|method| &method.spec)
    }

    /// What the dispatcher allows.
    pub fn settings(&self) -> Settings {
        self.settings
    }

    /// Reads a message by this dispatcher's limits, for a transport that routes responses itself.
    pub fn parse(&self, bytes: &[u8]) -> Incoming {
        parse(
            bytes,
            Limits {
                depth: self.settings.depth,
                batch: self.settings.batch,
            },
        )
    }

    /// Runs what stands in a message and gives the message to answer with, if there is to be one.
    ///
    /// Notifications have come to their end when this does. Dropping the future ends all calls.
    pub async fn handle(&self, context: C, bytes: &[u8]) -> Option<Vec<u8>> {
        let incoming = self.parse(bytes);
        self.handle_incoming(context, incoming).await
    }

    /// The same for a message that has been read already. Responses in it are passed over: answering one
    /// could start an exchange of errors that never ends.
    pub async fn handle_incoming(&self, context: C, incoming: Incoming) -> Option<Vec<u8>> {
        let start = |call| self.handle_call(context.clone(), call);
        self.handle_each(incoming, start).await
    }

    /// The same for a transport that has something to do at each call: `start` makes a call's future, of all calls
    /// of a batch before the first is run.
    pub async fn handle_each<F>(
        &self,
        incoming: Incoming,
        mut start: impl FnMut(Call) -> F,
    ) -> Option<Vec<u8>>
    where
        F: Future<Output = Option<Response>> + Send,
    {
        match incoming {
            Incoming::Single(Item::Call(call)) => Some(start(call).await?.to_bytes()),
            Incoming::Single(Item::Refused(refusal)) => Some(Response::from(refusal).to_bytes()),
            Incoming::Single(Item::Response(_)) => None,
            Incoming::Batch(items) => batch::run(self.settings, items, start).await,
        }
    }

    /// Runs one call, for a transport that sends more than one answer. None for a notification.
    pub async fn handle_call(&self, context: C, call: Call) -> Option<Response> {
        let Call { id, method, params } = call;
        let outcome = match self.find(&method) {
            Ok(found) => {
                guarded(async {
                    let params = bind::bind(&found.spec, &params)?;
                    (found.run)(context, &params).await
                })
                .await
            }
            Err(error) => Err(error),
        };
        let limit = self.settings.answer_bytes;
        let outcome = outcome.and_then(|result| match result.get().len() {
            length if length > limit => Err(RpcError::too_large("the result", limit)),
            _ => Ok(result),
        });
        Some(Response { id: id?, outcome })
    }

    fn find(&self, name: &str) -> Result<&Method<C>, RpcError> {
        self.names
            .get(name)
            .and_then(|place| self.methods.get(*place))
            .ok_or_else(|| {
                let nearest = nearest(name, self.specs().map(|spec| spec.name));
                RpcError::method_not_found(name, nearest)
            })
    }
}

/// A result as JSON. A type that cannot be written is a defect of its handler.
fn result_text(result: &impl Serialize) -> Result<Box<RawValue>, RpcError> {
    to_raw_value(result).map_err(|_| RpcError::internal().hint("the result cannot be written as JSON"))
}

/// The outcome of a call, also when it panics.
///
/// Handlers share no state through here, and what the panicking call held is dropped with it, so nothing half
/// changed is seen again: hence `AssertUnwindSafe`. The panic hook has reported it by then; a peer is told no
/// more than that it happened, since the text of a panic may quote anything.
async fn guarded(call: impl Future<Output = Outcome>) -> Outcome {
    let mut call = pin!(call);
    poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(context)));
        polled.unwrap_or_else(|_| Poll::Ready(Err(RpcError::internal())))
    })
    .await
}
