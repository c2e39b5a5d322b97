//! The reader and the writer over streams.
//!
//! What must stay true: nothing is lost or mixed when futures are dropped.

use super::{Seen, Settings, block_on, service};
use crate::rpc::{FrameLimits, FrameReader, Framing, PeerFraming, SendError, writer};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader, duplex};
use tokio::time::timeout;

const LIMITS: FrameLimits = FrameLimits {
    message: 200,
    header: 100,
};

/// What a server sends for what a client sends, over buffers that hold only a few bytes.
async fn converse(input: &str) -> String {
    let (mut client_in, server_in) = duplex(5);
    let (server_out, mut client_out) = duplex(7);
    let peer = PeerFraming::detect();
    let mut reader = FrameReader::new(BufReader::with_capacity(3, server_in), LIMITS, peer.clone());
    let (sender, writing) = writer(server_out, peer, 1000);
    let methods = service(Settings::default());
    let serve = async move {
        loop {
            let answer = match reader.next().await {
                Ok(Some(message)) => methods.handle(Seen::default(), &message).await,
                Ok(None) => return,
                Err(error) => error.answer(),
            };
            if let Some(answer) = answer {
                sender.send(answer).await.unwrap();
            }
        }
    };
    let talk = async move {
        // A server that gives up does not read to the end.
        let _ = client_in.write_all(input.as_bytes()).await;
        drop(client_in);
    };
    let mut output = String::new();
    let (_, _, written, read) = tokio::join!(serve, talk, writing, client_out.read_to_string(&mut output));
    written.unwrap();
    read.unwrap();
    output
}

const REQUEST: &str = r#"{"jsonrpc":"2.0","method":"get_data","id":1}"#;
const ANSWER: &str = r#"{"jsonrpc":"2.0","result":["hello",5],"id":1}"#;

#[test]
fn a_peer_is_answered_in_the_framing_it_uses() {
    let output = block_on(converse(&format!("{REQUEST}\n{REQUEST}\n")));
    assert_eq!(output, format!("{ANSWER}\n{ANSWER}\n"));
    let output = block_on(converse(&format!(
        "Content-Length: {}\r\n\r\n{REQUEST}",
        REQUEST.len()
    )));
    assert_eq!(
        output,
        format!("Content-Length: {}\r\n\r\n{ANSWER}", ANSWER.len())
    );
}

#[test]
fn a_line_that_is_too_long_is_answered_and_the_conversation_goes_on() {
    let output = block_on(converse(&format!("[{}]\n{REQUEST}\n", "1".repeat(300))));
    let (first, second) = output.split_once('\n').unwrap();
    assert!(first.contains("1011"), "{first}");
    assert_eq!(second, format!("{ANSWER}\n"));
}

#[test]
fn an_invalid_header_is_answered_and_ends_the_conversation() {
    let output = block_on(converse(&format!("Content-Length: x\r\n\r\n{REQUEST}\n")));
    assert!(
        output.starts_with("Content-Length: ") && output.contains("-32700"),
        "{output}"
    );
    assert!(!output.contains("hello"));
}

#[test]
fn a_read_that_is_dropped_half_way_loses_nothing() {
    block_on(async {
        let (mut client, server) = duplex(100);
        let mut reader = FrameReader::new(BufReader::new(server), LIMITS, PeerFraming::detect());
        for part in ["{\"a\"", ":", "1}"] {
            client.write_all(part.as_bytes()).await.unwrap();
            assert!(timeout(Duration::from_millis(2), reader.next()).await.is_err());
        }
        client.write_all(b"\n").await.unwrap();
        assert_eq!(reader.next().await.unwrap().unwrap(), b"{\"a\":1}");
    });
}

#[test]
fn messages_are_not_mixed_even_when_their_senders_are_dropped() {
    let output = block_on(async {
        let (out, mut client) = duplex(3);
        let (sender, writing) = writer(out, PeerFraming::known(Framing::Lines), 300);
        let senders = async move {
            let mut tasks = tokio::task::JoinSet::new();
            for number in 0..40 {
                let sender = sender.clone();
                let text = format!("[{}]", number.to_string().repeat(20)).into_bytes();
                let patience = Duration::from_micros(if number % 2 == 0 { 1 } else { 10_000_000 });
                tasks.spawn(async move { timeout(patience, sender.send(text)).await.is_ok() });
            }
            drop(sender);
            tasks.join_all().await.into_iter().filter(|sent| *sent).count()
        };
        let mut output = String::new();
        let (sent, written, read) = tokio::join!(senders, writing, client.read_to_string(&mut output));
        written.unwrap();
        read.unwrap();
        assert_eq!(output.lines().count(), sent);
        assert!(sent >= 20);
        output
    });
    for line in output.lines() {
        let digits = line.trim_matches(['[', ']']);
        let number = &digits[..digits.len() / 20];
        assert_eq!(line, format!("[{}]", number.repeat(20)));
    }
}

#[test]
fn what_waits_to_be_written_is_bounded_and_a_message_larger_than_the_queue_still_goes() {
    block_on(async {
        let (out, mut client) = duplex(10_000);
        let (sender, writing) = writer(out, PeerFraming::detect(), 200);
        sender.send(vec![b'1'; 1000]).await.unwrap();
        let second = tokio::time::timeout(Duration::from_millis(2), sender.send(b"2".to_vec())).await;
        assert!(second.is_err(), "the queue is full");
        let send = async move {
            sender.send(b"3".to_vec()).await.unwrap();
            drop(sender);
        };
        let mut output = String::new();
        let (_, written, read) = tokio::join!(send, writing, client.read_to_string(&mut output));
        written.unwrap();
        read.unwrap();
        assert_eq!(output, format!("{}\n3\n", "1".repeat(1000)));
    });
}

#[test]
fn senders_are_told_when_the_peer_has_gone_even_while_they_wait() {
    block_on(async {
        let (out, client) = duplex(10);
        drop(client);
        let (sender, writing) = writer(out, PeerFraming::detect(), 100);
        sender.send(vec![b'1'; 100]).await.unwrap();
        let (written, waiting) = tokio::join!(async { writing.await.is_err() }, sender.send(b"2".to_vec()));
        assert!(written);
        assert_eq!(waiting, Err(SendError));
        assert!(sender.is_closed());
    });
}
