//! The registry of methods, and the way of one message through it.
//!
//! What must stay true: nothing a handler does, a panic included, reaches beyond the answer to its own call;
//! the calls live inside the future that `handle` returns, so that dropping it ends them all at once.

use super::error::nearest;
use super::{
    Call, Id, Incoming, Item, Limits, MethodSpec, Outcome, Refusal, RegisterError, Response, RpcError,
};
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

/// Reads the parameters and gives the call that waits to be run, or says what is wrong with them.
type Run<C> = Box<dyn Fn(C, &str) -> Result<Running, RpcError> + Send + Sync>;

/// A method: what it says about itself, and how it is run with the text of its parameters by name.
struct Method<C> {
    spec: MethodSpec,
    run: Run<C>,
}

/// What a handler is told about the caller and the connection; it also decides which calls are let in, and hears of those
/// that are not run.
pub trait Context: Clone + Send + Sync + 'static {
    /// Lets a call in before anything of it is looked at, and gives the context that it runs with. `id` is none for a
    /// notification, and for something in the place of a call that is none.
    ///
    /// # Errors
    /// What the call is answered with when it is not let in.
    fn admit(&self, id: Option<&Id>) -> Result<Self, RpcError> {
        let _ = id;
        Ok(self.clone())
    }

    /// Is told of what was not run: a call that was not let in, has parameters that do not fit or names no method, or
    /// something that is no call. `method` is the one that it names, if there is one, and `written` how it was named.
    fn not_run(&self, method: Option<&'static str>, written: &str, error: &RpcError) {
        let _ = (method, written, error);
    }
}

impl Context for () {}

/// The methods that a server has.
pub struct Methods<C> {
    settings: Settings,
    methods: Vec<Method<C>>,
    /// Every name and alias, and the place of its method in `methods`.
    names: HashMap<&'static str, usize>,
}

impl<C: Context> Default for Methods<C> {
    fn default() -> Self {
        Self::new(Settings::default())
    }
}

impl<C: Context> Methods<C> {
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
        let run = move |context, params: &str| -> Result<Running, RpcError> {
            let running = handler(context, bind::read(params)?);
            Ok(Box::pin(async move { result_text(&running.await?) }))
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
        self.handle_each(&context, incoming, start).await
    }

    /// The same for a transport that has something to do at each call: `start` makes a call's future, of all calls
    /// of a batch before the first is run.
    pub async fn handle_each<F>(
        &self,
        context: &C,
        incoming: Incoming,
        mut start: impl FnMut(Call) -> F,
    ) -> Option<Vec<u8>>
    where
        F: Future<Output = Option<Response>> + Send,
    {
        match incoming {
            Incoming::Single(Item::Call(call)) => Some(start(call).await?.to_bytes()),
            Incoming::Single(Item::Refused(refusal)) => Some(self.refuse(context, refusal).to_bytes()),
            Incoming::Single(Item::Response(_)) => None,
            Incoming::Batch(items) => batch::run(self, context, items, start).await,
        }
    }

    /// Runs one call, for a transport that sends more than one answer. None for a notification.
    pub async fn handle_call(&self, context: C, call: Call) -> Option<Response> {
        let outcome = guarded(self.outcome(&context, &call)).await;
        let limit = self.settings.answer_bytes;
        let outcome = outcome.and_then(|result| match result.get().len() {
            length if length > limit => Err(RpcError::too_large("the result", limit)),
            _ => Ok(result),
        });
        Some(Response {
            id: call.id?,
            outcome,
        })
    }

    async fn outcome(&self, context: &C, call: &Call) -> Outcome {
        let ready = context.admit(call.id.as_ref()).and_then(|context| {
            let found = self.find(&call.method)?;
            let params = bind::bind(&found.spec, &call.params)?;
            (found.run)(context, &params)
        });
        match ready {
            Ok(running) => running.await,
            Err(error) => {
                let known = self.named(&call.method).map(|method| method.spec.name);
                context.not_run(known, &call.method, &error);
                Err(error)
            }
        }
    }

    /// The answer to something that is no call. It counts as one, so that nobody can send any number of them.
    pub(super) fn refuse(&self, context: &C, refusal: Refusal) -> Response {
        let Refusal { id, error } = refusal;
        let error = context.admit(None).err().unwrap_or(error);
        context.not_run(None, "", &error);
        Response::error(id, error)
    }

    fn named(&self, name: &str) -> Option<&Method<C>> {
        self.names.get(name).and_then(|place| self.methods.get(*place))
    }

    fn find(&self, name: &str) -> Result<&Method<C>, RpcError> {
        self.named(name).ok_or_else(|| {
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
