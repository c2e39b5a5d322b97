//! What agents and graphs are called as tools: in an alphabet that every client takes, and so that each name says
//! which one is meant.
//!
//! A graph keeps its name, an agent's stands behind `agent__`; the colon of `namespace:name` is written `__`, and
//! what else is no letter, digit, `-` or single `_` as its number, `_-2e-` for a dot. `graph__` stands before a graph
//! whose name would look like one of these prefixes. So the agent `review:gist` is `agent__review__gist`, and the
//! graph `hello` is `hello`.
//!
//! What must stay true: no two have one name, and a name has one spelling.

use std::fmt::Write as _;

use crate::runs::Subject;

/// The longest name that the clients in use take; what would be longer is no tool.
const MAX_NAME: usize = 64;

const AGENT: &str = "agent__";
const GRAPH: &str = "graph__";

/// The name of an agent or graph as a tool; `None` when it would be too long.
pub(crate) fn tool_name(subject: &Subject) -> Option<String> {
    let name = match subject {
        Subject::Agent(name) => format!("{AGENT}{}", encoded(name)),
        Subject::Graph(name) => {
            let name = encoded(name);
            let prefix = if name.starts_with(AGENT) || name.starts_with(GRAPH) {
                GRAPH
            } else {
                ""
            };
            format!("{prefix}{name}")
        }
    };
    (!subject.name().is_empty() && name.len() <= MAX_NAME).then_some(name)
}

/// What a tool's name means; `None` when no tool has such a name.
pub(crate) fn subject(tool: &str) -> Option<Subject> {
    let subject = match (tool.strip_prefix(AGENT), tool.strip_prefix(GRAPH)) {
        (Some(agent), _) => Subject::Agent(decoded(agent)?),
        (_, Some(graph)) => Subject::Graph(decoded(graph)?),
        _ => Subject::Graph(decoded(tool)?),
    };
    // Of several spellings that could be read as one name, only that counts which is told.
    (tool_name(&subject).as_deref() == Some(tool)).then_some(subject)
}

fn encoded(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    let mut characters = name.chars().peekable();
    while let Some(c) = characters.next() {
        let plain_follows = characters.peek().is_some_and(char::is_ascii_alphanumeric);
        match c {
            ':' => text.push_str("__"),
            '_' if plain_follows => text.push('_'),
            c if c.is_ascii_alphanumeric() || c == '-' => text.push(c),
            // Writing to a `String` cannot fail.
            c => drop(write!(text, "_-{:x}-", u32::from(c))),
        }
    }
    text
}

fn decoded(text: &str) -> Option<String> {
    let mut name = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("__") {
            name.push(':');
            rest = after;
        } else if let Some(after) = rest.strip_prefix("_-") {
            let (number, after) = after.split_once('-')?;
            name.push(char::from_u32(u32::from_str_radix(number, 16).ok()?)?);
            rest = after;
        } else {
            name.push(c);
            rest = rest.get(c.len_utf8()..)?;
        }
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_read_as_people_would_write_them() {
        for (subject, tool) in [
            (Subject::Agent("review:gist".into()), "agent__review__gist"),
            (Subject::Agent("data_analyzer".into()), "agent__data_analyzer"),
            (Subject::Graph("hello".into()), "hello"),
            (Subject::Graph("team:weekly-report".into()), "team__weekly-report"),
            (Subject::Graph("v1.2".into()), "v1_-2e-2"),
            (Subject::Graph("agent:x".into()), "graph__agent__x"),
            (Subject::Graph("graph:x".into()), "graph__graph__x"),
        ] {
            assert_eq!(tool_name(&subject).as_deref(), Some(tool));
            assert_eq!(super::subject(tool), Some(subject));
        }
    }

    #[test]
    fn no_name_has_a_second_spelling() {
        for tool in [
            "",
            "graph__hello",
            "_-68-ello",
            "a b",
            "a_",
            "_",
            "_-",
            "_-zz-",
            "agent__",
            "a.b",
            "é",
        ] {
            assert_eq!(subject(tool), None, "{tool}");
        }
        assert_eq!(tool_name(&Subject::Graph("a".repeat(MAX_NAME + 1))), None);
        assert_eq!(tool_name(&Subject::Graph(String::new())), None);
    }

    proptest! {
        #[test]
        fn every_name_comes_back(name in "[a_:.x-]{1,8}|\\PC{1,6}", agent: bool) {
            let subject = if agent { Subject::Agent(name) } else { Subject::Graph(name) };
            let Some(tool) = tool_name(&subject) else { return Ok(()) };
            prop_assert!(tool.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-'), "{tool}");
            prop_assert_eq!(super::subject(&tool), Some(subject));
        }
    }
}
