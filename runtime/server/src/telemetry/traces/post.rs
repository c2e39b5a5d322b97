//! Sending a batch of spans: one request, a connection each, bounded in time and in what is read of the answer.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{HOST, HeaderValue};
use hyper_util::rt::TokioIo;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use tokio::net::TcpStream;
use tokio::runtime::Handle;

/// How long one batch may take.
const TIME: Duration = Duration::from_secs(10);

/// How much of an answer is read, in bytes.
const MAX_ANSWER_BYTES: usize = 64 << 10;

/// How many batches were sent.
#[derive(Debug, Default)]
pub(super) struct Exports {
    sent: AtomicU64,
    failed: AtomicU64,
}

impl Exports {
    /// How many were taken, and how many were not.
    pub(super) fn counts(&self) -> (u64, u64) {
        (
            self.sent.load(Ordering::Relaxed),
            self.failed.load(Ordering::Relaxed),
        )
    }
}

/// Sends requests on a tokio runtime, for the thread of the SDK, which has none.
pub(super) struct Post {
    /// `HOST:PORT`.
    authority: String,
    runtime: Handle,
    exports: Arc<Exports>,
}

impl Post {
    /// Sends to the host of `endpoint`.
    ///
    /// # Errors
    /// Why that cannot be sent to.
    pub(super) fn new(endpoint: &str) -> Result<(Post, Arc<Exports>), String> {
        let uri: hyper::Uri = endpoint.parse().map_err(|_| "it is no address")?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => {
                return Err(
                    "TLS is not spoken there: send to a collector on this machine, by `http://`".to_owned(),
                );
            }
            _ => return Err("it does not begin with `http://`".to_owned()),
        }
        let host = uri
            .host()
            .filter(|host| !host.is_empty())
            .ok_or("it has no host")?;
        let authority = format!("{host}:{}", uri.port_u16().unwrap_or(80));
        let runtime = Handle::try_current().map_err(|error| error.to_string())?;
        let exports = Arc::<Exports>::default();
        let post = Post {
            authority,
            runtime,
            exports: exports.clone(),
        };
        Ok((post, exports))
    }
}

impl fmt::Debug for Post {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Post")
            .field("authority", &self.authority)
            .finish_non_exhaustive()
    }
}

impl HttpClient for Post {
    fn send_bytes<'a, 'b>(
        &'a self,
        request: Request<Bytes>,
    ) -> hap::BoxFuture<'b, Result<Response<Bytes>, HttpError>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async move {
            let answer = self.runtime.spawn(send(self.authority.clone(), request)).await;
            let answer = answer.map_err(HttpError::from).and_then(|answer| answer);
            let taken = answer.as_ref().is_ok_and(|answer| answer.status().is_success());
            let counter = if taken {
                &self.exports.sent
            } else {
                &self.exports.failed
            };
            counter.fetch_add(1, Ordering::Relaxed);
            answer
        })
    }
}

async fn send(authority: String, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    tokio::time::timeout(TIME, exchange(&authority, request)).await?
}

async fn exchange(authority: &str, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let stream = TcpStream::connect(authority).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let (mut head, body) = request.into_parts();
    head.headers.insert(HOST, HeaderValue::from_str(authority)?);
    let path = head
        .uri
        .path_and_query()
        .map_or("/", |path| path.as_str())
        .parse()?;
    head.uri = path;
    let request = Request::from_parts(head, Full::new(body));
    let answered = async {
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = Limited::new(body, MAX_ANSWER_BYTES).collect().await?.to_bytes();
        Ok(Response::from_parts(head, body))
    };
    let mut answered = std::pin::pin!(answered);
    tokio::select! {
        answer = &mut answered => answer,
        // The connection has ended: what came until then is the answer, or there is none.
        ended = connection => match ended {
            Ok(()) => answered.await,
            Err(error) => Err(error.into()),
        },
    }
}
