//! A connection that carries more than one message each way: a WebSocket, or a pair of streams. Its calls run side by side
//! and can be cancelled, and it is told what happens in the runs that it is subscribed to.
//!
//! What must stay true: dropping the futures of [`Connection::work`] and the connection leaves nothing behind; a peer that
//! does not read makes its own calls and subscriptions wait, and no run.

mod calls;
mod subscriptions;

use std::future::{Future, ready};
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, watch};

use crate::auth::Principal;
use crate::inner::Inner;
use crate::methods::Caller;
use crate::rpc::{Call, Code, Id, Incoming, Item, MessageSender, Response, RpcError};
use crate::runs::RunEntry;
use calls::Calls;
use subscriptions::Subscriptions;

/// The method that cancels a call, as the Language Server Protocol names it.
pub(crate) const CANCEL: &str = "$/cancelRequest";

/// A connection.
pub(crate) struct Connection {
    server: Arc<Inner>,
    sender: MessageSender,
    calls: Calls,
    subscriptions: Subscriptions,
}

/// What a handler may do with the connection that its call came over.
#[derive(Clone)]
pub(crate) struct OnConnection {
    connection: Arc<Connection>,
    cancelled: watch::Receiver<bool>,
}

impl Connection {
    /// A connection whose messages go to `sender`.
    pub(crate) fn new(server: Arc<Inner>, sender: MessageSender) -> Arc<Connection> {
        let subscriptions = Subscriptions::new(server.settings.max_subscriptions_per_connection);
        Arc::new(Connection {
            server,
            sender,
            calls: Calls::default(),
            subscriptions,
        })
    }

    /// Works on a message and sends what is to be answered. Dropping the future ends its calls. They can be cancelled from
    /// now on, and not only once the future is polled.
    pub(crate) fn work(
        self: &Arc<Connection>,
        principal: &Arc<Principal>,
        incoming: Incoming,
    ) -> impl Future<Output = ()> + Send + use<> {
        let begun: Vec<_> = calls(&incoming)
            .map(|call| self.calls.begin(call.id.as_ref()))
            .collect();
        let connection = self.clone();
        let caller = Caller::new(self.server.clone(), principal.clone());
        async move {
            let mut begun = begun.into_iter();
            let start = |call| {
                // As many as there are calls.
                let (number, cancelled) = begun.next().unwrap_or_else(|| connection.calls.begin(None));
                let caller = caller.clone().on(OnConnection {
                    connection: connection.clone(),
                    cancelled,
                });
                connection.run(number, caller, call)
            };
            let methods = &connection.server.methods;
            let answer = methods.handle_each(&caller, incoming, start).await;
            connection.send(answer).await;
        }
    }

    async fn run(&self, number: u64, caller: Caller, call: Call) -> Option<Response> {
        let response = self.server.methods.handle_call(caller, call).await;
        self.calls.end(number);
        response
    }

    /// Answers every request in a message with an error.
    pub(crate) async fn refuse(&self, principal: &Arc<Principal>, incoming: Incoming, error: RpcError) {
        let caller = Caller::new(self.server.clone(), principal.clone());
        let refused = |call: Call| ready(call.id.map(|id| Response::error(id, error.clone())));
        let answer = self.server.methods.handle_each(&caller, incoming, refused).await;
        self.send(answer).await;
    }

    /// Sends an answer, if there is one.
    pub(crate) async fn send(&self, answer: Option<Vec<u8>>) {
        if let Some(answer) = answer {
            // A peer that is gone needs no answer.
            let _ = self.sender.send(answer).await;
        }
    }

    /// How many runs it is subscribed to, for whoever waits until there are none.
    pub(crate) fn subscribed(&self) -> watch::Receiver<usize> {
        self.subscriptions.count()
    }
}

/// The calls in a message, in their order.
fn calls(incoming: &Incoming) -> impl Iterator<Item = &Call> {
    let items = match incoming {
        Incoming::Single(item) => std::slice::from_ref(item),
        Incoming::Batch(items) => items,
    };
    items.iter().filter_map(|item| match item {
        Item::Call(call) => Some(call),
        _ => None,
    })
}

/// Whether a message is a notification that cancels a call. It takes no place among the calls, so that it is heard when there
/// are as many as may be.
pub(crate) fn cancels(incoming: &Incoming) -> bool {
    matches!(incoming, Incoming::Single(Item::Call(call)) if call.method == CANCEL && call.is_notification())
}

impl OnConnection {
    /// Ready when the peer has asked to cancel this call. Safe to cancel.
    pub(crate) async fn cancelled(&self) {
        let mut cancelled = self.cancelled.clone();
        if cancelled.wait_for(|cancelled| *cancelled).await.is_err() {
            // Whoever could ask is gone, and drops the call.
            std::future::pending().await
        }
    }

    /// Asks the call with this id to stop; tells whether there is one.
    pub(crate) fn cancel(&self, id: &Id) -> bool {
        self.connection.calls.cancel(id)
    }

    /// A place for one more subscription.
    ///
    /// # Errors
    /// When the connection has as many as it may.
    pub(crate) fn subscription(&self) -> Result<OwnedSemaphorePermit, RpcError> {
        self.connection.subscriptions.place()
    }

    /// Sends the events of `run` from number `from` on, until it ends or [`OnConnection::unsubscribe`] is called; a
    /// subscription to the same run is replaced. The receiver is closed when nothing more comes.
    pub(crate) fn subscribe(
        &self,
        place: OwnedSemaphorePermit,
        run: Arc<RunEntry>,
        from: u64,
    ) -> watch::Receiver<()> {
        let Connection {
            subscriptions,
            sender,
            ..
        } = &*self.connection;
        subscriptions.add(place, run, from, sender.clone())
    }

    /// Sends no more events of that run; tells whether any would have come.
    pub(crate) fn unsubscribe(&self, run: &str) -> bool {
        self.connection.subscriptions.remove(run)
    }
}

/// Why a call cannot be had over this transport.
pub(crate) fn not_here() -> RpcError {
    RpcError::of(Code::MethodNotFound).hint(
        "it needs a connection that stays: a WebSocket or standard streams; over HTTP, read `/runs/RUN/events` or `run/events`",
    )
}
