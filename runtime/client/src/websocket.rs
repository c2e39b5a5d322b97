//! A server over a WebSocket: many calls at a time on one connection, and the events of runs as they happen. A call can be
//! cancelled without losing its answer.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::stream::{self, SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use hyper::header::AUTHORIZATION;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::tls::Connected;
use crate::{Calling, Client, ClientError, EventStream, HttpClient, RunEvent, message};

/// How many messages may wait to be written.
const MAX_WAITING: usize = 64;

/// How many events of a run may wait to be read; of more, the reader is told how many it missed.
const MAX_EVENTS: usize = 4096;

/// How long a server may be silent; it asks every 30 s whether the client is there.
const SILENCE: Duration = Duration::from_secs(120);

type Socket = WebSocketStream<Box<dyn Connected>>;

/// Calls a server over one WebSocket. Cheap to clone; the connection is closed with the last clone.
#[derive(Clone)]
pub struct WebSocketClient(Arc<Open>);

struct Open {
    shared: Arc<Shared>,
    outgoing: mpsc::Sender<String>,
    timeout: Duration,
    task: JoinHandle<()>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What the task that reads shares with the calls.
#[derive(Default)]
struct Shared {
    next: AtomicU64,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    calls: HashMap<u64, oneshot::Sender<String>>,
    runs: HashMap<String, Reader>,
    /// Why nothing comes any more.
    closed: Option<String>,
}

/// Where the events of a run go.
struct Reader {
    events: mpsc::Sender<RunEvent>,
    missed: u64,
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets a call whose answer nobody waits for any more, and asks the server to cancel it.
struct Call<'a> {
    open: &'a Open,
    id: u64,
}

impl Call<'_> {
    fn cancellation(&self) -> String {
        json!({ "jsonrpc": "2.0", "method": "$/cancelRequest", "params": { "id": self.id } }).to_string()
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if self.open.shared.waiting().calls.remove(&self.id).is_some() {
            // Where too much waits to be written, the server learns it when the connection ends.
            let _ = self.open.outgoing.try_send(self.cancellation());
        }
    }
}

impl HttpClient {
    /// Opens a WebSocket to the same server, as the same caller.
    ///
    /// # Errors
    /// When it cannot be reached or does not let the caller in; [`ClientError::Status`] where something on the way does not
    /// know WebSockets.
    pub async fn websocket(&self) -> Result<WebSocketClient, ClientError> {
        let opened = tokio::time::timeout(SILENCE, self.upgraded()).await;
        let socket = opened.unwrap_or(Err(ClientError::Timeout(SILENCE)))?;
        let shared = Arc::new(Shared::default());
        let (outgoing, messages) = mpsc::channel(MAX_WAITING);
        let task = tokio::spawn(converse(socket, messages, shared.clone()));
        Ok(WebSocketClient(Arc::new(Open {
            shared,
            outgoing,
            timeout: self.timeout,
            task,
        })))
    }

    async fn upgraded(&self) -> Result<Socket, ClientError> {
        let broken = |error: Error| ClientError::Broken(error.to_string());
        let address = format!("ws://{}{}/rpc", self.authority, self.base);
        let mut request = address.into_client_request().map_err(broken)?;
        if let Some(token) = self.authorization()? {
            request.headers_mut().insert(AUTHORIZATION, token);
        }
        let stream = self.connect().await?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(self.max_bytes))
            .max_frame_size(Some(self.max_bytes));
        let opened = tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await;
        match opened {
            Ok((socket, _)) => Ok(socket),
            Err(Error::Http(response)) => {
                let told = response.body().as_deref().map(message::result);
                Err(match told {
                    Some(Err(error @ ClientError::Server(_))) => error,
                    _ => ClientError::Status(response.status().as_u16()),
                })
            }
            Err(error) => Err(broken(error)),
        }
    }
}

impl WebSocketClient {
    /// Calls a method. When `stop` is ready, the server is asked to cancel the call, and its answer is waited for all the
    /// same: of an execution, it is how the run ended.
    ///
    /// # Errors
    /// As [`Client::call_raw`].
    pub async fn call_until(
        &self,
        method: &str,
        params: &RawValue,
        stop: impl Future<Output = ()>,
    ) -> Result<Box<RawValue>, ClientError> {
        let id = self.0.shared.next.fetch_add(1, Ordering::Relaxed);
        let (answered, mut answer) = oneshot::channel();
        {
            let mut waiting = self.0.shared.waiting();
            if let Some(why) = &waiting.closed {
                return Err(ClientError::Broken(why.clone()));
            }
            waiting.calls.insert(id, answered);
        }
        let call = Call { open: &self.0, id };
        self.send(message::request_text(id, method, params)?).await?;
        let text = tokio::select! {
            text = &mut answer => text,
            () = stop => {
                self.send(call.cancellation()).await?;
                answer.await
            }
        };
        match text {
            Ok(text) => message::result(text.as_bytes()),
            Err(_) => Err(self.broken()),
        }
    }

    async fn send(&self, text: String) -> Result<(), ClientError> {
        self.0.outgoing.send(text).await.map_err(|_| self.broken())
    }

    fn broken(&self) -> ClientError {
        let closed = self.0.shared.waiting().closed.clone();
        ClientError::Broken(closed.unwrap_or_else(|| "it was closed".to_owned()))
    }

    /// Subscribes to a run's events.
    async fn subscribe(&self, run: &str, from: u64) -> Result<Reading, ClientError> {
        let (events, reader) = mpsc::channel(MAX_EVENTS);
        {
            let mut waiting = self.0.shared.waiting();
            if waiting.runs.contains_key(run) {
                let why = "the events of this run are read on this connection already";
                return Err(ClientError::Answer(why.to_owned()));
            }
            waiting.runs.insert(run.to_owned(), Reader { events, missed: 0 });
        }
        let reading = Reading {
            client: self.clone(),
            run: run.to_owned(),
            events: reader,
        };
        let params = message::raw(&json!({ "run": run, "after": from }))?;
        self.call_until("run/subscribe", &params, std::future::pending())
            .await?;
        Ok(reading)
    }
}

/// A subscription, which ends when this is dropped.
struct Reading {
    client: WebSocketClient,
    run: String,
    events: mpsc::Receiver<RunEvent>,
}

impl Drop for Reading {
    fn drop(&mut self) {
        if self.client.0.shared.waiting().runs.remove(&self.run).is_some() {
            let text =
                json!({ "jsonrpc": "2.0", "method": "run/unsubscribe", "params": { "run": self.run } });
            // Where too much waits to be written, the events come and are dropped.
            let _ = self.client.0.outgoing.try_send(text.to_string());
        }
    }
}

impl Client for WebSocketClient {
    fn call_raw<'a>(&'a self, method: &'a str, params: Box<RawValue>) -> Calling<'a, Box<RawValue>> {
        Box::pin(async move {
            let call = self.call_until(method, &params, std::future::pending());
            let answer = tokio::time::timeout(self.0.timeout, call).await;
            answer.unwrap_or(Err(ClientError::Timeout(self.0.timeout)))
        })
    }

    /// The events of a run, of which one stream at a time can be had on one connection. A reader that is slow is told how
    /// many it missed; it slows neither the run nor the calls.
    fn events(&self, run: &str, from: u64) -> EventStream {
        let (client, run) = (self.clone(), run.to_owned());
        Box::pin(stream::try_unfold(None, move |reading| {
            let (client, run) = (client.clone(), run.clone());
            async move {
                let mut reading = match reading {
                    Some(reading) => reading,
                    None => client.subscribe(&run, from).await?,
                };
                match reading.events.recv().await {
                    Some(event) => Ok(Some((event, Some(reading)))),
                    None if client.0.shared.waiting().closed.is_some() => Err(client.broken()),
                    None => Ok(None),
                }
            }
        }))
    }
}

/// What a server sends: an answer, or a notification.
#[derive(Deserialize)]
struct Incoming {
    id: Option<u64>,
    params: Option<Notice>,
}

#[derive(Deserialize)]
struct Notice {
    run: String,
    number: Option<u64>,
    event: Option<Box<RawValue>>,
    missed: Option<u64>,
}

/// Reads and writes until the server closes or every client is gone.
async fn converse(socket: Socket, messages: mpsc::Receiver<String>, shared: Arc<Shared>) {
    let (sink, stream) = socket.split();
    let why = tokio::select! {
        why = read(stream, &shared) => why,
        why = write(sink, messages) => why,
    };
    let mut waiting = shared.waiting();
    waiting.closed = Some(why);
    // Whoever waits learns it from this.
    waiting.calls.clear();
    waiting.runs.clear();
}

async fn write(mut sink: SplitSink<Socket, Message>, mut messages: mpsc::Receiver<String>) -> String {
    while let Some(text) = messages.recv().await {
        if let Err(error) = sink.send(Message::text(text)).await {
            return error.to_string();
        }
    }
    "every client is gone".to_owned()
}

async fn read(mut stream: SplitStream<Socket>, shared: &Shared) -> String {
    loop {
        match tokio::time::timeout(SILENCE, stream.next()).await {
            Err(_) => return format!("the server said nothing for {} seconds", SILENCE.as_secs()),
            Ok(None) => return "the server closed it".to_owned(),
            Ok(Some(Err(error))) => return error.to_string(),
            Ok(Some(Ok(Message::Text(text)))) => shared.take(text.as_str()),
            Ok(Some(Ok(Message::Close(Some(frame))))) if !frame.reason.is_empty() => {
                return format!("the server closed it: {}", frame.reason);
            }
            Ok(Some(Ok(_))) => {}
        }
    }
}

impl Shared {
    fn take(&self, text: &str) {
        // What cannot be read is for nobody here.
        let Ok(incoming) = serde_json::from_str::<Incoming>(text) else {
            return;
        };
        let mut waiting = self.waiting();
        match incoming {
            Incoming { id: Some(id), .. } => {
                if let Some(call) = waiting.calls.remove(&id) {
                    let _ = call.send(text.to_owned());
                }
            }
            Incoming {
                params: Some(notice), ..
            } => waiting.notice(notice),
            Incoming { .. } => {}
        }
    }
}

impl Waiting {
    fn notice(&mut self, notice: Notice) {
        let Some(reader) = self.runs.get_mut(&notice.run) else {
            return;
        };
        let event = match notice {
            Notice {
                number: Some(number),
                event: Some(event),
                ..
            } => RunEvent::Event { number, event },
            Notice {
                missed: Some(missed), ..
            } => {
                reader.missed += missed;
                return;
            }
            // It has ended. The reader gets what waits, and then its end.
            Notice { run, .. } => {
                self.runs.remove(&run);
                return;
            }
        };
        reader.offer(event);
    }
}

impl Reader {
    /// Hands an event on, or counts it where the reader is too slow. One place is left for the last count.
    fn offer(&mut self, event: RunEvent) {
        let needed = 2 + usize::from(self.missed > 0);
        if self.events.capacity() < needed {
            self.missed += 1;
            return;
        }
        self.tell_missed();
        let _ = self.events.try_send(event);
    }

    fn tell_missed(&mut self) {
        if self.missed > 0 {
            let _ = self.events.try_send(RunEvent::Missed(self.missed));
            self.missed = 0;
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.tell_missed();
    }
}
