//! A WebSocket to the server under test.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::support::{LONG, Running};

pub(crate) struct Socket {
    pub(crate) stream: WebSocketStream<TcpStream>,
    /// What came and was not asked for yet.
    waiting: Vec<Value>,
}

impl Running {
    pub(crate) async fn socket(&self) -> Socket {
        self.try_socket(&[("authorization", "Bearer root")])
            .await
            .unwrap()
    }

    /// Opens a WebSocket with these headers; the status where the server says no.
    pub(crate) async fn try_socket(&self, headers: &[(&'static str, &str)]) -> Result<Socket, u16> {
        let address = format!("ws://localhost:{}/rpc", self.port);
        let mut request = address.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let opened = tokio_tungstenite::client_async(request, self.connect().await);
        match tokio::time::timeout(LONG, opened).await.unwrap() {
            Ok((stream, _)) => Ok(Socket {
                stream,
                waiting: Vec::new(),
            }),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }
}

impl Socket {
    pub(crate) async fn send(&mut self, message: impl std::fmt::Display) {
        self.stream
            .send(Message::text(message.to_string()))
            .await
            .unwrap();
    }

    /// Sends a request.
    pub(crate) async fn ask(&mut self, id: u64, method: &str, params: Value) {
        self.send(json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))
            .await;
    }

    pub(crate) async fn cancel(&mut self, id: u64) {
        self.send(json!({ "jsonrpc": "2.0", "method": "$/cancelRequest", "params": { "id": id } }))
            .await;
    }

    /// The next message, whatever it is.
    pub(crate) async fn raw(&mut self) -> Option<Result<Message, Error>> {
        tokio::time::timeout(LONG, self.stream.next())
            .await
            .expect("nothing came")
    }

    async fn arrived(&mut self) -> Value {
        loop {
            match self.raw().await {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(text.as_str()).unwrap(),
                Some(Ok(Message::Ping(_))) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The next JSON message.
    pub(crate) async fn next(&mut self) -> Value {
        match self.waiting.is_empty() {
            true => self.arrived().await,
            false => self.waiting.remove(0),
        }
    }

    /// The answer with this id. What else comes waits for [`Socket::next`].
    pub(crate) async fn answer(&mut self, id: u64) -> Value {
        let known = self.waiting.iter().position(|message| message["id"] == id);
        if let Some(known) = known {
            return self.waiting.remove(known);
        }
        loop {
            let message = self.arrived().await;
            if message["id"] == id {
                return message;
            }
            self.waiting.push(message);
        }
    }

    /// Calls a method and gives its whole answer.
    pub(crate) async fn call(&mut self, id: u64, method: &str, params: Value) -> Value {
        self.ask(id, method, params).await;
        self.answer(id).await
    }

    /// The code with which the server closes; nothing where it does so without a word. What else comes is passed over.
    pub(crate) async fn closed(&mut self) -> Option<u16> {
        loop {
            match self.raw().await {
                Some(Ok(Message::Close(Some(frame)))) => return Some(frame.code.into()),
                Some(Ok(Message::Close(None)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }
}
