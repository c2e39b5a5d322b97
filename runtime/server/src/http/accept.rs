//! One connection: TLS where the server has a certificate, then HTTP/1.1, with a bound on everything that a client may take
//! its time with.

use std::io;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::server::TlsStream;

use super::serve::Stopping;
use super::write_time::WriteTime;
use crate::settings::Settings;
use crate::tls::Tls;

/// The first byte of every TLS connection: a record of the kind "handshake" (RFC 8446, section 5.1).
const HANDSHAKE: u8 = 22;

/// What a client is told that speaks HTTP where TLS is spoken.
const SPEAK_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: 41\r\n\
    connection: close\r\n\r\nthis port speaks TLS: call it `https://`\n";

/// How much of such a client's request is read, in bytes, so that it reads the answer.
const MAX_UNREAD: u64 = 64 << 10;

/// How connections are served.
#[derive(Clone)]
pub(super) struct Accepting {
    http: http1::Builder,
    tls: Option<Tls>,
    handshake_time: Duration,
    write_time: Duration,
    stopping: watch::Receiver<Stopping>,
}

impl Accepting {
    pub(super) fn new(settings: &Settings, stopping: &watch::Sender<Stopping>) -> Accepting {
        let mut http = http1::Builder::new();
        // Not hyper-util's builder, which tells the versions apart: it waits for the first bytes without a bound.
        http.timer(TokioTimer::new())
            .header_read_timeout(settings.header_time)
            .max_headers(settings.max_headers)
            .max_header_size(settings.max_header_bytes);
        Accepting {
            http,
            tls: settings.tls.clone(),
            handshake_time: settings.handshake_time,
            write_time: settings.write_time,
            stopping: stopping.subscribe(),
        }
    }

    /// Serves one connection to its end. That it breaks is the client's affair.
    pub(super) async fn serve(self, stream: TcpStream, router: Router) {
        let Some(tls) = &self.tls else {
            let stream = WriteTime::new(stream, self.write_time);
            return self.http(stream, router).await;
        };
        let agreed = tokio::time::timeout(self.handshake_time, self.handshake(tls, stream)).await;
        if let Ok(Ok(Some(stream))) = agreed {
            self.http(stream, router).await;
        }
    }

    /// Agrees on TLS; nothing with a client that speaks something else, which has been told then.
    async fn handshake(
        &self,
        tls: &Tls,
        mut stream: TcpStream,
    ) -> io::Result<Option<TlsStream<WriteTime<TcpStream>>>> {
        let mut first = [0];
        if stream.peek(&mut first).await? == 1 && first != [HANDSHAKE] {
            stream.write_all(SPEAK_TLS).await?;
            stream.shutdown().await?;
            // What is closed with something unread in it takes the answer with it.
            tokio::io::copy(&mut stream.take(MAX_UNREAD), &mut tokio::io::sink()).await?;
            return Ok(None);
        }
        let stream = WriteTime::new(stream, self.write_time);
        tls.acceptor().accept(stream).await.map(Some)
    }

    async fn http(&self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, router: Router) {
        let service = TowerToHyperService::new(router);
        let mut stopping = self.stopping.clone();
        // One that comes while the last runs end has one answer, and has still to say what it asks for.
        let is_late = *stopping.borrow() != Stopping::No;
        let mut http = self.http.clone();
        let connection = http
            .keep_alive(!is_late)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection.with_upgrades());
        let is_over = |stopping: &Stopping| match stopping {
            Stopping::No => false,
            Stopping::WhenDone => !is_late,
            Stopping::Now => true,
        };
        tokio::select! {
            _ = connection.as_mut() => return,
            // The server never goes before its connections are told.
            _ = stopping.wait_for(is_over) => {}
        }
        connection.as_mut().graceful_shutdown();
        let _ = connection.await;
    }
}
