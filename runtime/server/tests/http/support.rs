//! A server on a loopback port, agents whose end the tests decide, and a client of a few lines.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hap::{Runtime, RuntimeBuilder};
use hap_server::{Server, Settings, Traces};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

pub(crate) use crate::actors::{Gate, Table};
use crate::described;

/// Longer than anything here takes.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// The folder of the built agents.
pub(crate) fn agents() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/agents/test")
}

/// Waits until something is so.
pub(crate) async fn until(mut is_so: impl FnMut() -> bool) {
    tokio::time::timeout(LONG, async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("it never came to be");
}

/// A server under test.
pub(crate) struct Running {
    pub(crate) server: Server,
    pub(crate) port: u16,
    pub(crate) gate: Arc<Gate>,
    stop: Option<oneshot::Sender<()>>,
    pub(crate) serving: tokio::task::JoinHandle<std::io::Result<()>>,
}

pub(crate) struct Setup {
    pub(crate) auth: Table,
    pub(crate) settings: Settings,
    pub(crate) agents: Vec<PathBuf>,
    pub(crate) graphs: Vec<PathBuf>,
    pub(crate) runtime: fn(RuntimeBuilder) -> RuntimeBuilder,
    /// Whether the folders are read before the server listens.
    pub(crate) refresh: bool,
    /// Where traces are sent.
    pub(crate) traces: Option<Traces>,
}

impl Default for Setup {
    fn default() -> Setup {
        Setup {
            auth: Table::default().with("root", "acme", "admin"),
            settings: Settings {
                calls_per_second: 100_000,
                calls_at_once: 100_000,
                ..Settings::default()
            },
            agents: Vec::new(),
            graphs: Vec::new(),
            runtime: |builder| builder,
            refresh: true,
            traces: None,
        }
    }
}

/// The runtime of the tests: components are compiled once for all of them.
pub(crate) fn builder() -> RuntimeBuilder {
    Runtime::builder().cache_dir(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("components"))
}

impl Setup {
    pub(crate) async fn start(self) -> Running {
        let gate = Gate::new();
        let mut builder = (self.runtime)(builder())
            .agent("t:gate", gate.clone())
            .agent_fn("t:echo", |context| Ok(json!({ "echo": context })))
            .agent_fn("t:fail", |_| Err("no".into()));
        for folder in &self.agents {
            builder = builder.agents_dir(folder);
        }
        let mut server =
            Server::builder(builder.build().unwrap(), Arc::new(self.auth)).settings(self.settings);
        for folder in self.agents {
            server = server.agents_dir(folder);
        }
        for folder in self.graphs {
            server = server.graphs_dir(folder);
        }
        if let Some(traces) = self.traces {
            server = server.traces(traces);
        }
        let server = server.build().await.unwrap();
        if self.refresh {
            server.refresh().await;
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (stop, stopped) = oneshot::channel();
        let served = server.clone();
        let serving = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            served.serve(listener, stopped).await
        });
        Running {
            server,
            port,
            gate,
            stop: Some(stop),
            serving,
        }
    }
}

/// What a server answered.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("{} {:?}", self.head, String::from_utf8_lossy(&self.body)))
    }
}

impl Running {
    pub(crate) fn stop(&mut self) {
        let _ = self.stop.take().unwrap().send(());
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).await.unwrap()
    }

    /// Sends a request with these header lines, and reads the whole answer.
    pub(crate) async fn send(&self, line: &str, headers: &str, body: &[u8]) -> Reply {
        let mut stream = self.connect().await;
        let head = format!(
            "{line} HTTP/1.1\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        // The server may refuse before it has read everything.
        let _ = stream.write_all(body).await;
        read_reply(stream).await
    }

    pub(crate) async fn post(&self, token: &str, body: impl AsRef<[u8]>) -> Reply {
        let headers = format!("host: localhost\r\nauthorization: Bearer {token}\r\n");
        self.send("POST /rpc", &headers, body.as_ref()).await
    }

    pub(crate) async fn get(&self, token: &str, path: &str) -> Reply {
        let headers = format!("host: localhost\r\nauthorization: Bearer {token}\r\n");
        self.send(&format!("GET {path}"), &headers, b"").await
    }

    /// Calls a method and gives its whole answer.
    pub(crate) async fn answer(&self, token: &str, method: &str, params: Value) -> Value {
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let answer = self.post(token, call.to_string()).await.json();
        described::check(method, &answer);
        answer
    }

    /// Calls a method that must succeed.
    pub(crate) async fn call(&self, method: &str, params: Value) -> Value {
        let mut answer = self.answer("root", method, params).await;
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].take()
    }

    /// Calls a method that must fail, and gives its error.
    pub(crate) async fn error(&self, method: &str, params: Value) -> Value {
        let mut answer = self.answer("root", method, params).await;
        assert!(answer.get("result").is_none(), "{method}: {answer}");
        answer["error"].take()
    }

    /// Creates a graph of one node.
    pub(crate) async fn graph(&self, name: &str, agent: &str) {
        let graph = json!({ "nodes": { "only": { "agent": agent } } });
        self.call("graph/create", json!({ "name": name, "graph": graph }))
            .await;
    }

    /// Starts a run of the graph that waits at the gate.
    pub(crate) async fn gated(&self) -> String {
        let started = self
            .call("graph/execute", json!({ "name": "gate", "detached": true }))
            .await;
        started["run_id"].as_str().unwrap().to_owned()
    }

    /// Waits until a run has ended.
    pub(crate) async fn ended(&self, run: &str) -> Value {
        for _ in 0..2000 {
            let told = self.call("run/get", json!({ "run": run })).await;
            if told["status"] != "running" {
                return told;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("run {run} never ended");
    }
}

/// Reads until the server closes, and takes the answer apart.
pub(crate) async fn read_reply(mut stream: TcpStream) -> Reply {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(LONG, stream.read_to_end(&mut bytes)).await;
    let _ = read.expect("the server neither answered nor closed");
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let Some((head, _)) = text.split_once("\r\n\r\n") else {
        return Reply {
            status: 0,
            head: text,
            body: Vec::new(),
        };
    };
    let start = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    let mut body = bytes[start..].to_vec();
    if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        body = unchunked(&body);
    }
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or(0);
    Reply {
        status,
        head: head.to_owned(),
        body,
    }
}

fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = bytes.windows(2).position(|two| two == b"\r\n") {
        let size = std::str::from_utf8(&bytes[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        let rest = &bytes[end + 2..];
        if size == 0 || rest.len() < size + 2 {
            break;
        }
        whole.extend_from_slice(&rest[..size]);
        bytes = &rest[size + 2..];
    }
    whole
}
