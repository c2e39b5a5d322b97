//! The decoder: both framings, in chunks of any size, and streams that are wrong.
//!
//! What must stay true: how a stream is cut into chunks makes no difference.

use crate::rpc::{Decoder, FrameError, FrameLimits, Framing};
use proptest::prelude::*;

const LIMITS: FrameLimits = FrameLimits {
    message: 40,
    header: 120,
};

/// All that comes out of a stream that arrives in chunks of these sizes, in turn.
pub(super) fn decode(stream: &[u8], sizes: &[usize]) -> (Vec<Result<String, String>>, Option<Framing>) {
    let mut decoder = Decoder::new(LIMITS);
    let mut out = Vec::new();
    let show = |found: Result<Vec<u8>, FrameError>| {
        found
            .map(|message| message.escape_ascii().to_string())
            .map_err(|error| error.to_string())
    };
    let (mut rest, mut sizes) = (stream, sizes.iter().cycle());
    while !rest.is_empty() && !decoder.is_closed() {
        let (mut chunk, after) = rest.split_at((*sizes.next().unwrap()).clamp(1, rest.len()));
        rest = after;
        while !chunk.is_empty() && !decoder.is_closed() {
            let (taken, found) = decoder.feed(chunk);
            assert!(taken > 0 || found.is_some(), "the decoder stands still");
            chunk = &chunk[taken..];
            out.extend(found.map(show));
        }
    }
    out.extend(decoder.finish().transpose().map(show));
    assert!(decoder.finish().unwrap().is_none());
    (out, decoder.framing())
}

#[track_caller]
fn check(stream: &str, framing: Option<Framing>, expected: &[Result<&str, &str>]) {
    for size in [1, 2, 3, 7, 1000] {
        let (out, told) = decode(stream.as_bytes(), &[size]);
        let out: Vec<_> = out
            .iter()
            .map(|one| one.as_deref().map_err(String::as_str))
            .collect();
        assert_eq!(out, expected, "in chunks of {size}");
        assert_eq!(told, framing);
    }
}

const LINES: Option<Framing> = Some(Framing::Lines);
const LENGTH: Option<Framing> = Some(Framing::ContentLength);

#[test]
fn one_message_a_line() {
    check("{\"a\":1}\n[2]\n", LINES, &[Ok(r#"{\"a\":1}"#), Ok("[2]")]);
}

#[test]
fn empty_lines_and_carriage_returns_are_tolerated() {
    check(
        "\r\n \n\t{}\r\n\r\n[]\r\n  \r\n",
        LINES,
        &[Ok("{}\\r"), Ok("[]\\r")],
    );
}

#[test]
fn the_last_line_needs_no_line_break() {
    check("{}\n[1]", LINES, &[Ok("{}"), Ok("[1]")]);
    check("  ", None, &[]);
    check("", None, &[]);
}

#[test]
fn a_line_that_is_no_json_is_still_a_message_to_be_refused() {
    check(
        "hello\nconnect\ncon",
        LINES,
        &[Ok("hello"), Ok("connect"), Ok("con")],
    );
}

#[test]
fn a_line_may_begin_like_a_header_without_being_one() {
    check("con", LINES, &[Ok("con")]);
    check("cont\n{}", LINES, &[Ok("cont"), Ok("{}")]);
}

#[test]
fn a_line_that_is_too_long_is_told_once_and_the_next_one_is_read() {
    let long = "x".repeat(41);
    let error = Err("a message is longer than 40 bytes");
    check(
        &format!("{long}\n{{}}\n{long}{long}\n[]"),
        LINES,
        &[error, Ok("{}"), error, Ok("[]")],
    );
    check(&format!("{{}}\n{long}"), LINES, &[Ok("{}"), error]);
    check(&"y".repeat(40), LINES, &[Ok(&"y".repeat(40))]);
}

#[test]
fn messages_with_a_length() {
    check(
        "Content-Length: 2\r\n\r\n{}Content-Length: 5\r\n\r\n[\n\n1]",
        LENGTH,
        &[Ok("{}"), Ok("[\\n\\n1]")],
    );
}

#[test]
fn headers_are_read_as_tolerantly_as_is_safe() {
    check(
        "\r\n content-LENGTH:2\n\n{}\r\nContent-Type: application/vscode-jsonrpc; charset=utf8\r\n\
         Content-Length:  0002 \r\nX-Other: a:b\r\n\r\n[]\n",
        LENGTH,
        &[Ok("{}"), Ok("[]")],
    );
}

#[test]
fn a_length_of_nothing_is_an_empty_message() {
    check(
        "Content-Length: 0\r\n\r\nContent-Length: 2\r\n\r\n{}",
        LENGTH,
        &[Ok(""), Ok("{}")],
    );
}

#[test]
fn headers_that_say_nothing_usable_end_the_stream() {
    let after = "\r\n\r\n{}Content-Length: 2\r\n\r\n{}";
    for (header, problem) in [
        ("Content-Length: -1", "`Content-Length` is not a number"),
        ("Content-Length: +1", "`Content-Length` is not a number"),
        ("Content-Length: 1 2", "`Content-Length` is not a number"),
        ("Content-Length:", "`Content-Length` is not a number"),
        (
            "Content-Length: 99999999999999999999999",
            "`Content-Length` is not a number",
        ),
        (
            "Content-Length: 2\r\nContent-Length: 2",
            "`Content-Length` stands there twice",
        ),
        ("Content-Type: text/plain", "`Content-Length` is missing"),
        (
            "Content-Type: text/plain; charset=latin1",
            "the charset must be utf-8",
        ),
        ("Content-Nothing", "there is no colon"),
    ] {
        let problem = format!("invalid header: {problem}");
        check(&format!("{header}{after}"), LENGTH, &[Err(&problem)]);
    }
    let long = format!("Content-Length: 2\r\nX: {}", "x".repeat(120));
    check(
        &format!("{long}{after}"),
        LENGTH,
        &[Err("invalid header: the headers are too long")],
    );
    check(
        &long.repeat(2),
        LENGTH,
        &[Err("invalid header: the headers are too long")],
    );
}

#[test]
fn a_body_that_is_announced_too_long_ends_the_stream_before_it_is_read() {
    check(
        "Content-Length: 41\r\n\r\n{}",
        LENGTH,
        &[Err("a message is longer than 40 bytes")],
    );
}

#[test]
fn an_end_inside_a_message_is_told() {
    let truncated = Err("the stream ended inside a message");
    check("Content-Length: 3\r\n\r\n{}", LENGTH, &[truncated]);
    check("Content-Length: 2\r\n", LENGTH, &[truncated]);
    check("Content-Length: 2\r\n\r\n{}Conte", LENGTH, &[Ok("{}"), truncated]);
}

#[test]
fn the_framing_does_not_change_after_the_first_message() {
    check(
        "{}\nContent-Length: 2\n",
        LINES,
        &[Ok("{}"), Ok("Content-Length: 2")],
    );
    check(
        "Content-Length: 2\r\n\r\n{}{}\n",
        LENGTH,
        &[Ok("{}"), Err("invalid header: there is no colon")],
    );
}

#[test]
fn line_breaks_inside_a_message_become_spaces_in_lines_only() {
    let message = b"{\n\"a\\n\":\r\n1}".to_vec();
    assert_eq!(Framing::Lines.encode(message.clone()), b"{ \"a\\n\":  1}\n");
    assert_eq!(
        Framing::ContentLength.encode(message),
        b"Content-Length: 12\r\n\r\n{\n\"a\\n\":\r\n1}"
    );
}

#[test]
fn every_error_that_the_peer_can_read_has_an_answer() {
    let too_long = FrameError::TooLong {
        limit: 5,
        fatal: false,
    };
    assert!(!too_long.is_fatal());
    assert!(
        String::from_utf8(too_long.answer().unwrap())
            .unwrap()
            .contains("1011")
    );
    assert!(FrameError::Header("x").is_fatal());
    assert!(
        String::from_utf8(FrameError::Header("x").answer().unwrap())
            .unwrap()
            .contains("-32700")
    );
    assert!(FrameError::Truncated.answer().is_some());
    assert!(FrameError::Io(std::io::Error::other("gone")).answer().is_none());
}

proptest! {
    #[test]
    fn what_is_framed_is_found_however_it_is_cut(
        messages in prop::collection::vec("\\{[a-z\\n ]{0,30}\\}", 1..8),
        sizes in prop::collection::vec(1_usize..20, 1..6),
        lines in any::<bool>(),
    ) {
        let framing = if lines { Framing::Lines } else { Framing::ContentLength };
        let stream: Vec<u8> =
            messages.iter().flat_map(|message| framing.encode(message.clone().into_bytes())).collect();
        let expected: Vec<Result<String, String>> = messages
            .iter()
            .map(|message| if lines { message.replace('\n', " ") } else { message.clone() })
            .map(|message| Ok(message.as_bytes().escape_ascii().to_string()))
            .collect();
        prop_assert_eq!(decode(&stream, &sizes), (expected, Some(framing)));
    }

    #[test]
    fn any_bytes_give_the_same_however_they_are_cut(
        stream in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            "(Content-Length: ?[0-9]{1,2}|\r?\n|\\{\\}|[a-z:]{0,50}){0,12}".prop_map(String::into_bytes),
        ],
        sizes in prop::collection::vec(1_usize..20, 1..6),
    ) {
        prop_assert_eq!(decode(&stream, &sizes), decode(&stream, &[usize::MAX]));
    }
}
