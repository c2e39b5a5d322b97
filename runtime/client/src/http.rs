//! A server over HTTP/1.1, with TLS or without, a connection a call. Answers are bounded in size and time.

use std::collections::VecDeque;
use std::env;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream;
use hap_server::auth::Secret;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, Uri};
use hyper_util::rt::TokioIo;
use serde_json::value::RawValue;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::sse::Parser;
use crate::tls::{Authorities, Connected};
use crate::{Calling, Client, ClientError, EventStream, RunEvent, message};

/// The variable of the environment that holds a token.
pub const TOKEN_VARIABLE: &str = "HAP_TOKEN";

/// The variable of the environment that holds the trace that a command is part of.
const TRACE_VARIABLE: &str = "TRACEPARENT";

/// How long a connection may take to be made.
const CONNECT_TIME: Duration = Duration::from_secs(10);

/// How long a stream of events may be silent; a server says every 15 s that it is there.
const SILENCE: Duration = Duration::from_secs(90);

/// The largest answer, in bytes, unless it is set otherwise.
const MAX_ANSWER_BYTES: usize = 64 << 20;

/// How long a call may take, unless it is set otherwise: a little more than a server lets a graph take.
const CALL_TIME: Duration = Duration::from_secs(3700);

/// Calls a server over HTTP. Cheap to clone.
#[derive(Clone)]
pub struct HttpClient {
    /// `HOST:PORT`.
    pub(crate) authority: String,
    host: String,
    port: u16,
    /// What stands before `/rpc`, without a `/` at its end.
    pub(crate) base: String,
    /// Whose certificates are believed, where TLS is spoken.
    tls: Option<Authorities>,
    token: Option<Arc<Secret>>,
    pub(crate) trace: Option<HeaderValue>,
    pub(crate) timeout: Duration,
    pub(crate) max_bytes: usize,
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("HttpClient");
        shown.field("authority", &self.authority).finish_non_exhaustive()
    }
}

/// A connection, closed when this is dropped: so the server learns that nobody waits any more.
struct Connection(JoinHandle<()>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl HttpClient {
    /// Calls the server at `address`, such as `http://127.0.0.1:8480` or `https://hap.example.com`.
    ///
    /// # Errors
    /// [`ClientError::Address`] when it is none.
    pub fn new(address: &str) -> Result<HttpClient, ClientError> {
        let wrong = |why| ClientError::Address {
            address: address.to_owned(),
            why,
        };
        let uri: Uri = address.parse().map_err(|_| wrong("it cannot be read"))?;
        let (tls, port) = match uri.scheme_str() {
            Some("http") => (None, 80),
            Some("https") => (Some(Authorities::default()), 443),
            _ => return Err(wrong("it does not begin with `http://` or `https://`")),
        };
        let authority = uri.authority().ok_or_else(|| wrong("it has no host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("users and passwords do not belong there: give a token"));
        }
        if uri.query().is_some() {
            return Err(wrong("it has a query"));
        }
        Ok(HttpClient {
            authority: authority.to_string(),
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: authority.port_u16().unwrap_or(port),
            base: uri.path().trim_end_matches('/').to_owned(),
            tls,
            token: None,
            trace: None,
            timeout: CALL_TIME,
            max_bytes: MAX_ANSWER_BYTES,
        })
    }

    /// Believes the authorities of a file, in PEM, instead of those that the platform knows. Without TLS, it has no effect.
    ///
    /// # Errors
    /// [`ClientError::Authorities`] when the file cannot be used.
    pub fn authorities_file(mut self, path: impl AsRef<Path>) -> Result<HttpClient, ClientError> {
        let authorities = Authorities::of_file(path.as_ref())?;
        self.tls = self.tls.map(|_| authorities);
        Ok(self)
    }

    /// Shows this token.
    pub fn token(mut self, token: Secret) -> HttpClient {
        self.token = Some(Arc::new(token));
        self
    }

    /// Shows the token of the environment's variable [`TOKEN_VARIABLE`], where there is one.
    pub fn token_from_env(self) -> HttpClient {
        match env::var(TOKEN_VARIABLE) {
            Ok(token) if !token.trim().is_empty() => self.token(Secret::new(token.trim().to_owned())),
            _ => self,
        }
    }

    /// Makes the calls part of a trace: `traceparent` is the header of W3C Trace Context. What is no header is left out.
    pub fn traceparent(mut self, traceparent: &str) -> HttpClient {
        self.trace = HeaderValue::from_str(traceparent).ok();
        self
    }

    /// As [`HttpClient::traceparent`], with the variable `TRACEPARENT` of the environment, where there is one.
    pub fn traceparent_from_env(self) -> HttpClient {
        match env::var(TRACE_VARIABLE) {
            Ok(traceparent) => self.traceparent(traceparent.trim()),
            Err(_) => self,
        }
    }

    /// Changes how long a call may take: an hour and some unless given.
    pub fn timeout(mut self, timeout: Duration) -> HttpClient {
        self.timeout = timeout;
        self
    }

    /// Changes how large an answer may be, in bytes: 64 MiB unless given.
    pub fn max_answer_bytes(mut self, bytes: usize) -> HttpClient {
        self.max_bytes = bytes;
        self
    }

    pub(crate) async fn connect(&self) -> Result<Box<dyn Connected>, ClientError> {
        let failed = |source| ClientError::Connect {
            address: self.authority.clone(),
            source,
        };
        let connecting = async {
            let stream = TcpStream::connect((self.host.as_str(), self.port)).await;
            let stream = stream.map_err(failed)?;
            match &self.tls {
                None => Ok(Box::new(stream) as Box<dyn Connected>),
                Some(tls) => tls.agree(&self.host, stream, &self.authority).await,
            }
        };
        let connected = tokio::time::timeout(CONNECT_TIME, connecting).await;
        connected.unwrap_or_else(|_| Err(failed(io::ErrorKind::TimedOut.into())))
    }

    /// The header with the token, where there is one.
    pub(crate) fn authorization(&self) -> Result<Option<HeaderValue>, ClientError> {
        let Some(token) = &self.token else {
            return Ok(None);
        };
        let value = HeaderValue::try_from(format!("Bearer {}", token.expose()));
        let mut value = value.map_err(|_| ClientError::Token)?;
        value.set_sensitive(true);
        Ok(Some(value))
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        header: (HeaderName, String),
        body: Vec<u8>,
    ) -> Result<(Response<Incoming>, Connection), ClientError> {
        let broken = |error: hyper::Error| ClientError::Broken(error.to_string());
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header(HOST, self.authority.as_str())
            .header(header.0, header.1)
            .header(ACCEPT, "application/json, text/event-stream");
        if let Some(token) = self.authorization()? {
            request = request.header(AUTHORIZATION, token);
        }
        if let Some(trace) = &self.trace {
            request = request.header("traceparent", trace);
        }
        let request = request
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| ClientError::Answer(error.to_string()))?;
        let stream = TokioIo::new(self.connect().await?);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(stream)
            .await
            .map_err(broken)?;
        let connection = Connection(tokio::spawn(async move {
            // That it breaks is told to whoever waits for the answer.
            let _ = connection.await;
        }));
        let response = sender.send_request(request).await.map_err(broken)?;
        Ok((response, connection))
    }

    /// A whole body, within the bound.
    async fn body(&self, response: Response<Incoming>) -> Result<Bytes, ClientError> {
        let body = Limited::new(response.into_body(), self.max_bytes).collect().await;
        let body = body.map_err(|error| match error.downcast::<hyper::Error>() {
            Ok(error) => ClientError::Broken(error.to_string()),
            Err(_) => ClientError::TooLarge(self.max_bytes),
        })?;
        Ok(body.to_bytes())
    }

    /// The error in an answer that is none of 200.
    async fn refused(&self, response: Response<Incoming>) -> ClientError {
        let status = response.status().as_u16();
        match self.body(response).await.map(|body| message::result(&body)) {
            Ok(Err(error @ ClientError::Server(_))) => error,
            _ => ClientError::Status(status),
        }
    }

    async fn exchange(&self, method: &str, params: &RawValue) -> Result<Box<RawValue>, ClientError> {
        let body = message::request(method, params)?;
        let json = (CONTENT_TYPE, "application/json".to_owned());
        let (response, _connection) = self.send(Method::POST, "/rpc", json, body).await?;
        if !response.status().is_success() {
            return Err(self.refused(response).await);
        }
        message::result(&self.body(response).await?)
    }
}

impl Client for HttpClient {
    fn call_raw<'a>(&'a self, method: &'a str, params: Box<RawValue>) -> Calling<'a, Box<RawValue>> {
        Box::pin(async move {
            let exchange = self.exchange(method, &params);
            let answer = tokio::time::timeout(self.timeout, exchange).await;
            answer.unwrap_or(Err(ClientError::Timeout(self.timeout)))
        })
    }

    fn events(&self, run: &str, from: u64) -> EventStream {
        let reading = Reading {
            client: self.clone(),
            run: run.to_owned(),
            from,
            open: None,
            parser: Parser::new(self.max_bytes),
            waiting: VecDeque::new(),
        };
        Box::pin(stream::try_unfold(reading, |mut reading| async move {
            Ok(reading.event().await?.map(|event| (event, reading)))
        }))
    }
}

/// Where a reader of events stands.
struct Reading {
    client: HttpClient,
    run: String,
    from: u64,
    open: Option<(Incoming, Connection)>,
    parser: Parser,
    waiting: VecDeque<RunEvent>,
}

impl Reading {
    async fn event(&mut self) -> Result<Option<RunEvent>, ClientError> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Ok(Some(event));
            }
            let (body, _) = match &mut self.open {
                Some(open) => open,
                None => self.open.insert(open(&self.client, &self.run, self.from).await?),
            };
            let frame = tokio::time::timeout(SILENCE, body.frame()).await;
            match frame.map_err(|_| ClientError::Timeout(SILENCE))? {
                None => return Ok(None),
                Some(frame) => {
                    let frame = frame.map_err(|error| ClientError::Broken(error.to_string()))?;
                    if let Ok(piece) = frame.into_data() {
                        self.parser.feed(&piece, &mut self.waiting)?;
                    }
                }
            }
        }
    }
}

async fn open(client: &HttpClient, run: &str, from: u64) -> Result<(Incoming, Connection), ClientError> {
    if run.is_empty()
        || !run
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    {
        return Err(ClientError::Answer("this is no id of a run".to_owned()));
    }
    let header = match from.checked_sub(1) {
        Some(last) => (HeaderName::from_static("last-event-id"), last.to_string()),
        None => (hyper::header::CACHE_CONTROL, "no-store".to_owned()),
    };
    let (response, connection) = client
        .send(Method::GET, &format!("/runs/{run}/events"), header, Vec::new())
        .await?;
    if !response.status().is_success() {
        return Err(client.refused(response).await);
    }
    Ok((response.into_body(), connection))
}
