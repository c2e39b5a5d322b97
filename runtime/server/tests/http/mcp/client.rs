//! A client of MCP of a few lines: what it sends stands in the tests, and what comes back is read message by message.

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::support::{LONG, Reply, Running};

/// The versions that the tests speak.
pub(crate) const OLD: &str = "2025-11-25";
pub(crate) const NEW: &str = "2026-07-28";

/// One caller of `/mcp`.
pub(crate) struct McpClient<'a> {
    server: &'a Running,
    token: String,
    pub(crate) session: Option<String>,
    /// The event behind which a stream goes on.
    pub(crate) last_event: Option<String>,
    /// The trace that its requests belong to.
    pub(crate) traceparent: Option<String>,
}

/// An answer that is read as it comes.
pub(crate) struct Stream {
    pub(crate) head: String,
    reader: BufReader<TcpStream>,
}

impl Stream {
    /// The next message; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        let read = async {
            loop {
                let mut line = String::new();
                if self.reader.read_line(&mut line).await.ok()? == 0 {
                    return None;
                }
                let data = line.trim_end().strip_prefix("data:").map(str::trim);
                if let Some(message) = data.and_then(|data| serde_json::from_str(data).ok()) {
                    return Some(message);
                }
            }
        };
        tokio::time::timeout(LONG, read).await.expect("no message came")
    }

    /// The next event's id.
    pub(crate) async fn id(&mut self) -> String {
        let read = async {
            loop {
                let mut line = String::new();
                assert!(
                    self.reader.read_line(&mut line).await.unwrap() > 0,
                    "there was no id"
                );
                if let Some(id) = line.strip_prefix("id:") {
                    return id.trim().to_owned();
                }
            }
        };
        tokio::time::timeout(LONG, read).await.expect("no id came")
    }

    /// All messages until the end.
    pub(crate) async fn rest(&mut self) -> Vec<Value> {
        let mut messages = Vec::new();
        while let Some(message) = self.next().await {
            messages.push(message);
        }
        messages
    }
}

impl<'a> McpClient<'a> {
    /// A client without a session.
    pub(crate) fn new(server: &'a Running, token: &str) -> McpClient<'a> {
        McpClient {
            server,
            token: token.to_owned(),
            session: None,
            last_event: None,
            traceparent: None,
        }
    }

    /// A client with a session.
    pub(crate) async fn initialized(server: &'a Running, token: &str) -> McpClient<'a> {
        let mut client = McpClient::new(server, token);
        let reply = client.initialize().await;
        assert_eq!(reply.status, 200, "{}", reply.head);
        client.session = session(&reply.head);
        assert!(client.session.is_some(), "{}", reply.head);
        let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        assert_eq!(client.post(&ready).await.status, 202);
        client
    }

    pub(crate) async fn initialize(&self) -> Reply {
        let params = json!({
            "protocolVersion": OLD, "capabilities": {}, "clientInfo": { "name": "test", "version": "1" },
        });
        self.post(&json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params }))
            .await
    }

    fn headers(&self, version: &str, message: &Value) -> String {
        let session = self
            .session
            .iter()
            .map(|id| format!("mcp-session-id: {id}\r\n"))
            .collect::<String>();
        let last = self.last_event.iter();
        let last = last
            .map(|id| format!("last-event-id: {id}\r\n"))
            .collect::<String>();
        let trace = self.traceparent.iter();
        let trace = trace
            .map(|trace| format!("traceparent: {trace}\r\n"))
            .collect::<String>();
        let method = message["method"].as_str().unwrap_or_default();
        let named = message["params"]["name"]
            .as_str()
            .or(message["params"]["uri"].as_str());
        let named = named
            .map(|name| format!("mcp-name: {name}\r\n"))
            .unwrap_or_default();
        format!(
            "host: localhost\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
             accept: application/json, text/event-stream\r\nmcp-protocol-version: {version}\r\n\
             mcp-method: {method}\r\n{named}{session}{last}{trace}",
            self.token
        )
    }

    /// Sends a message of the version with sessions, and reads the whole answer.
    pub(crate) async fn post(&self, message: &Value) -> Reply {
        let headers = self.headers(OLD, message);
        self.server
            .send("POST /mcp", &headers, message.to_string().as_bytes())
            .await
    }

    /// Sends a request without a body.
    pub(crate) async fn bare(&self, method: &str) -> Reply {
        self.server
            .send(&format!("{method} /mcp"), &self.headers(OLD, &Value::Null), b"")
            .await
    }

    /// Sends a message, and reads no answer.
    pub(crate) async fn send(&self, version: &str, line: &str, message: &Value) -> TcpStream {
        let body = match message {
            Value::Null => String::new(),
            message => message.to_string(),
        };
        let head = format!(
            "{line} HTTP/1.1\r\n{}content-length: {}\r\nconnection: close\r\n\r\n{body}",
            self.headers(version, message),
            body.len()
        );
        let mut stream = self.server.connect().await;
        stream.write_all(head.as_bytes()).await.unwrap();
        stream
    }

    /// Sends a message, and reads the answer as it comes.
    pub(crate) async fn open(&self, version: &str, line: &str, message: &Value) -> Stream {
        let mut stream = self.send(version, line, message).await;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        Stream {
            head,
            reader: BufReader::new(stream),
        }
    }

    /// Makes a call within the session, and gives its answer.
    pub(crate) async fn ask(&self, method: &str, params: Value) -> Value {
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let reply = self.post(&message).await;
        answer(&reply).unwrap_or_else(|| {
            panic!(
                "{method}: {} {:?}",
                reply.head,
                String::from_utf8_lossy(&reply.body)
            )
        })
    }

    /// Makes a call of the version without sessions, and gives its answer.
    pub(crate) async fn ask_new(&self, method: &str, params: Value) -> Value {
        let message = new_message(method, params);
        let headers = self.headers(NEW, &message);
        let reply = self
            .server
            .send("POST /mcp", &headers, message.to_string().as_bytes())
            .await;
        answer(&reply).unwrap_or_else(|| {
            panic!(
                "{method}: {} {:?}",
                reply.head,
                String::from_utf8_lossy(&reply.body)
            )
        })
    }
}

/// A request of the version without sessions: it says about itself what a session would know.
pub(crate) fn new_message(method: &str, mut params: Value) -> Value {
    let own = json!({
        "io.modelcontextprotocol/protocolVersion": NEW,
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    for (key, value) in own.as_object().unwrap() {
        params["_meta"][key] = value.clone();
    }
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })
}

/// The session that an answer's headers name.
pub(crate) fn session(head: &str) -> Option<String> {
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    let mut ids = lines.filter(|(name, _)| name.eq_ignore_ascii_case("mcp-session-id"));
    ids.next().map(|(_, id)| id.trim().to_owned())
}

/// The answer to request 1 in a reply, be it JSON or a stream.
fn answer(reply: &Reply) -> Option<Value> {
    let text = String::from_utf8_lossy(&reply.body);
    let lines = text
        .lines()
        .map(|line| line.strip_prefix("data:").unwrap_or(line));
    let mut messages = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
    messages.find(|message| message["id"] == 1 || message["id"] == 0)
}
