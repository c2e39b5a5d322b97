//! Server-sent events, as far as a HAP server sends them (HTML standard, section 9.2).

use std::collections::VecDeque;

use serde_json::value::RawValue;

use crate::{ClientError, RunEvent};

/// Reads events out of the pieces of a stream.
pub(crate) struct Parser {
    /// What has come of the line that has not ended.
    line: Vec<u8>,
    id: Option<u64>,
    name: String,
    data: String,
    /// The most bytes of one event.
    limit: usize,
}

impl Parser {
    pub(crate) fn new(limit: usize) -> Parser {
        Parser {
            line: Vec::new(),
            id: None,
            name: String::new(),
            data: String::new(),
            limit,
        }
    }

    /// Takes the next piece; whole events are added to `events`.
    ///
    /// # Errors
    /// When an event is too large or cannot be read.
    pub(crate) fn feed(&mut self, piece: &[u8], events: &mut VecDeque<RunEvent>) -> Result<(), ClientError> {
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            if self.line.len() + self.data.len() + part.len() > self.limit {
                return Err(ClientError::TooLarge(self.limit));
            }
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                let text = String::from_utf8_lossy(&line);
                self.take_line(text.trim_end_matches(['\n', '\r']), events)?;
            }
        }
        Ok(())
    }

    fn take_line(&mut self, line: &str, events: &mut VecDeque<RunEvent>) -> Result<(), ClientError> {
        if line.is_empty() {
            return self.event(events);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => self.id = value.parse().ok(),
            "event" => value.clone_into(&mut self.name),
            "data" => {
                if !self.data.is_empty() {
                    self.data.push('\n');
                }
                self.data.push_str(value);
            }
            // Comments keep the connection alive; other fields are for browsers.
            _ => {}
        }
        Ok(())
    }

    fn event(&mut self, events: &mut VecDeque<RunEvent>) -> Result<(), ClientError> {
        let (data, name) = (std::mem::take(&mut self.data), std::mem::take(&mut self.name));
        if data.is_empty() {
            return Ok(());
        }
        let unreadable = |what: &str| ClientError::Answer(format!("an event of the run has no {what}"));
        events.push_back(if name == "missed" {
            RunEvent::Missed(data.parse().map_err(|_| unreadable("number"))?)
        } else {
            RunEvent::Event {
                number: self.id.ok_or_else(|| unreadable("number"))?,
                event: RawValue::from_string(data).map_err(|_| unreadable("JSON"))?,
            }
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: &[&[u8]], limit: usize) -> Result<Vec<String>, ClientError> {
        let (mut parser, mut events) = (Parser::new(limit), VecDeque::new());
        for piece in pieces {
            parser.feed(piece, &mut events)?;
        }
        let text = |event: &RunEvent| match event {
            RunEvent::Event { number, event } => format!("{number} {}", event.get()),
            RunEvent::Missed(count) => format!("missed {count}"),
        };
        Ok(events.iter().map(text).collect())
    }

    const STREAM: &[u8] = b":\n\nevent: missed\ndata: 3\n\nid: 3\r\ndata: {\"a\":1}\r\n\r\nid: 4\ndata: {\n\
                            data: \"b\":2}\n\nid: 5\ndata: {}";

    #[test]
    fn events_are_read_however_they_are_cut() {
        let whole = read(&[STREAM], 1000).unwrap();
        assert_eq!(whole, ["missed 3", "3 {\"a\":1}", "4 {\n\"b\":2}"]);
        for at in 0..STREAM.len() {
            let (before, behind) = STREAM.split_at(at);
            assert_eq!(read(&[before, behind], 1000).unwrap(), whole, "{at}");
        }
    }

    #[test]
    fn what_is_too_large_or_no_event_is_refused() {
        assert!(matches!(read(&[STREAM], 5), Err(ClientError::TooLarge(5))));
        assert!(read(&[b"data: {}\n\n"], 100).is_err());
        assert!(read(&[b"id: 1\ndata: {\n\n"], 100).is_err());
    }
}
