//! Errors of each kind, exceptions, and outputs that are none.

use std::time::Duration;

use hap::FailureKind;
use serde_json::{Value, json};

use super::{Named, Outcome};
use crate::kit::{Kit, With, same};

const MESSAGE: &str = "as asked: \u{e9} \u{1f600} \"quoted\"";

pub(super) fn checks(kit: &Kit) -> Vec<Named<'_>> {
    vec![
        (
            "error-kinds",
            "an error of each kind arrives with its message",
            Box::pin(kinds(kit)),
        ),
        (
            "error-details",
            "details of an error arrive",
            Box::pin(details(kit)),
        ),
        (
            "retry-after",
            "the delay of `unavailable` arrives",
            Box::pin(retry_after(kit)),
        ),
        (
            "exception",
            "an uncaught exception tells its message and place",
            Box::pin(exception(kit)),
        ),
        (
            "bad-context",
            "a context that does not fit is `invalid-input`",
            Box::pin(bad_context(kit)),
        ),
        (
            "bad-output",
            "an output that is no JSON fails, and says where",
            Box::pin(bad_output(kit)),
        ),
        (
            "never",
            "what is never settled ends with an error",
            Box::pin(never(kit)),
        ),
    ]
}

async fn kinds(kit: &Kit) -> Outcome {
    for kind in ["invalid-input", "unavailable", "failed"] {
        let answer = kit
            .ask(
                "fail",
                json!({ "kind": kind, "message": MESSAGE }),
                With::default(),
            )
            .await?;
        answer.ended_as(&[kind])?;
        let failure = answer.failure()?;
        if failure.message != MESSAGE {
            return Err(format!("{kind}: the message came as `{}`", failure.message).into());
        }
        if let Some(details) = answer.details().filter(|details| !details.is_null()) {
            return Err(format!("{kind}: details that nobody gave: {details}").into());
        }
    }
    Ok(String::new())
}

async fn details(kit: &Kit) -> Outcome {
    let details = json!({ "path": "a.b", "list": [1, 2.5, null], "text": "\u{1f600}" });
    let arguments = json!({ "kind": "failed", "message": MESSAGE, "details": details });
    let answer = kit.ask("fail", arguments, With::default()).await?;
    answer.ended_as(&["failed"])?;
    same("details", &details, &answer.details().unwrap_or(Value::Null))?;
    Ok(String::new())
}

async fn retry_after(kit: &Kit) -> Outcome {
    for delay in [None, Some(1500)] {
        let mut arguments = json!({ "kind": "unavailable", "message": MESSAGE });
        if let (Some(delay), Some(object)) = (delay, arguments.as_object_mut()) {
            object.insert("retry_after_ms".to_owned(), delay.into());
        }
        let answer = kit.ask("fail", arguments, With::default()).await?;
        let expected = delay.map(Duration::from_millis);
        match answer.failure()?.kind {
            FailureKind::Unavailable { retry_after } if retry_after == expected => {}
            ref other => return Err(format!("expected a delay of {expected:?}, came {other:?}").into()),
        }
    }
    Ok(String::new())
}

async fn exception(kit: &Kit) -> Outcome {
    let answer = kit
        .ask("throw", json!({ "message": MESSAGE }), With::default())
        .await?;
    let ended = answer.ended_as(&["failed", "trap"])?;
    let message = &answer.failure()?.message;
    if !message.contains(MESSAGE) {
        return Err(format!("the message is not in `{message}`").into());
    }
    let Some(place) = place(message) else {
        return Err(format!("no place `FILE:LINE` in `{message}`").into());
    };
    Ok(format!("{ended}, at {place}"))
}

/// The first `FILE:LINE` in a text.
fn place(text: &str) -> Option<&str> {
    let words = text.split(|c: char| c.is_whitespace() || "()[]<>\"'`,".contains(c));
    words.into_iter().find(|word| {
        let mut parts = word.split(':');
        let (file, line) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        file.contains('.') && !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit())
    })
}

async fn bad_context(kit: &Kit) -> Outcome {
    for context in [
        json!({}),
        json!({ "do": 5 }),
        json!({ "do": "no-such-behaviour" }),
    ] {
        let answer = kit.call(&context, With::default()).await?;
        answer
            .ended_as(&["invalid-input"])
            .map_err(|error| format!("{context}: {error}"))?;
    }
    Ok(String::new())
}

async fn bad_output(kit: &Kit) -> Outcome {
    let answer = kit.ask("bad-output", json!({}), With::default()).await?;
    let ended = answer.ended_as(&["failed", "invalid-output"])?;
    Ok(format!("{ended}: {}", answer.failure()?.message))
}

async fn never(kit: &Kit) -> Outcome {
    let answer = kit.ask("never", json!({}), With::default()).await?;
    answer.ended_as(&["failed"])?;
    Ok(answer.failure()?.message.clone())
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn places_are_found_in_the_messages_of_several_languages() {
        for (text, found) in [
            ("panicked at src/lib.rs:12:5: boom", Some("src/lib.rs:12:5:")),
            ("boom (agent.py:7)", Some("agent.py:7")),
            (
                "Error: boom\n    at f (src/agent.js:3:9)",
                Some("src/agent.js:3:9"),
            ),
            ("boom at 12:30", None),
            ("a: b", None),
        ] {
            assert_eq!(place(text), found, "{text}");
        }
    }
}
