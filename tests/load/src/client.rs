//! A client of a few lines: HTTP/1.1 on one connection, which is kept. It can also misbehave.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One connection.
pub(crate) struct Connection {
    stream: TcpStream,
    token: String,
    /// What was read and belongs to the next answer.
    rest: Vec<u8>,
    calls: u64,
    port: u16,
    used: Instant,
}

/// After how long unused a connection is made anew: the server closes those that lie idle.
const IDLE: Duration = Duration::from_millis(500);

/// What a call came to.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Its result.
    Result(Value),
    /// The code and the message of its error.
    Error(i64, String),
}

impl Connection {
    /// Connects to the server on this port of the loopback interface.
    ///
    /// # Errors
    /// When nobody listens there.
    pub(crate) async fn open(port: u16, token: &str) -> Result<Connection> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        Ok(Connection {
            stream,
            token: token.to_owned(),
            rest: Vec::new(),
            calls: 0,
            port,
            used: Instant::now(),
        })
    }

    /// Calls a method and reads the whole answer.
    ///
    /// # Errors
    /// When the connection breaks, or the answer is not one.
    pub(crate) async fn call(&mut self, method: &str, params: Value) -> Result<Answer> {
        if self.used.elapsed() > IDLE {
            *self = Connection::open(self.port, &self.token).await?;
        }
        self.calls += 1;
        let call = json!({"jsonrpc": "2.0", "id": self.calls, "method": method, "params": params});
        self.send(call.to_string().as_bytes()).await?;
        let (_, body) = self.read().await?;
        self.used = Instant::now();
        let mut answer: Value = serde_json::from_slice(&body).context("the answer is not JSON")?;
        if let Some(error) = answer.get("error") {
            let code = error.get("code").and_then(Value::as_i64).unwrap_or_default();
            return Ok(Answer::Error(code, error.to_string()));
        }
        ensure!(
            answer.get("id") == Some(&json!(self.calls)),
            "the answer is another's: {answer}"
        );
        match answer.get_mut("result") {
            Some(result) => Ok(Answer::Result(result.take())),
            None => bail!("neither result nor error: {answer}"),
        }
    }

    /// Sends a request to `/rpc` and reads nothing.
    ///
    /// # Errors
    /// When the connection breaks.
    pub(crate) async fn send(&mut self, body: &[u8]) -> Result<()> {
        let head = format!(
            "POST /rpc HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n\r\n",
            self.token,
            body.len()
        );
        self.write(&[head.as_bytes(), body].concat()).await
    }

    /// Asks for a run's events as a stream, and reads nothing.
    ///
    /// # Errors
    /// When the connection breaks.
    pub(crate) async fn watch(&mut self, run: &str) -> Result<()> {
        let head = format!(
            "GET /runs/{run}/events HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\r\n",
            self.token
        );
        self.write(head.as_bytes()).await
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// When the connection breaks.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.stream.write_all(bytes).await?)
    }

    /// Reads one answer: its status and its body.
    ///
    /// # Errors
    /// When the connection ends before the answer does.
    pub(crate) async fn read(&mut self) -> Result<(u16, Vec<u8>)> {
        let end = loop {
            if let Some(at) = self.rest.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            self.more().await?;
        };
        let head = String::from_utf8_lossy(self.rest.get(..end).unwrap_or_default()).to_ascii_lowercase();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.with_context(|| format!("no status: {head}"))?;
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(Ok(0), |length| length.trim().parse())?;
        while self.rest.len() < end + length {
            self.more().await?;
        }
        let left = self.rest.split_off(end + length);
        let body = std::mem::replace(&mut self.rest, left).split_off(end);
        Ok((status, body))
    }

    async fn more(&mut self) -> Result<()> {
        let read = self.stream.read_buf(&mut self.rest).await?;
        ensure!(
            read > 0,
            "the connection was closed after {} bytes of an answer",
            self.rest.len()
        );
        Ok(())
    }
}

impl Answer {
    /// The result of a call that must succeed.
    ///
    /// # Errors
    /// When it did not.
    pub(crate) fn result(self) -> Result<Value> {
        match self {
            Answer::Result(result) => Ok(result),
            Answer::Error(_, told) => bail!("the call failed: {told}"),
        }
    }
}
