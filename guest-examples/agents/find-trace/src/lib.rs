//! Finds the error, the first frames, the versions and the system in a bug report.
//!
//! It knows the traces of Rust, Python, Java, .NET and Node.js by their form.

use hap_guest::Result;
use regex_lite::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many frames are kept: enough to see which part of the program it was.
const FRAMES: usize = 3;
/// Functions that are in every trace of a panic and say nothing.
const NOISE: [&str; 4] = [
    "rust_begin_unwind",
    "core::panicking",
    "std::panicking",
    "<computed>",
];

/// A bug report.
#[derive(Deserialize, JsonSchema)]
pub struct Input {
    /// What its sender wrote.
    pub text: String,
}

/// What was found.
#[derive(Serialize, JsonSchema)]
pub struct Output {
    /// The technical part of the report.
    pub bug: Bug,
    /// For filing: `trace`, and the system.
    pub tags: Vec<String>,
    /// What a trace adds: it can be worked on at once.
    pub urgency: u32,
}

/// The technical part of a bug report.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Bug {
    /// The line that names the error.
    pub error: Option<String>,
    /// The first functions of the trace, the innermost first.
    pub frames: Vec<String>,
    /// Versions of the form 1.2.3, each once.
    pub versions: Vec<String>,
    /// Operating systems with their versions, each once.
    pub systems: Vec<String>,
}

/// Finds the error, the first frames, the versions and the system in a bug report.
#[hap_guest::agent(read_only, idempotent)]
pub fn find_trace(input: Input) -> Result<Output> {
    let text = input.text.as_str();
    let frames = frames(text)?;
    let systems = all(
        text,
        r"\b(?:Ubuntu|Debian|Fedora|Windows|macOS|Android|iOS)(?: \d+(?:\.\d+)?)?|\blinux[ -]\w+",
    )?;
    let mut tags = Vec::new();
    if !frames.is_empty() {
        tags.push("trace".to_owned());
    }
    let name = |system: &String| system.split([' ', '-']).next().unwrap_or_default().to_lowercase();
    for system in systems.iter().map(name) {
        if !tags.contains(&system) {
            tags.push(system);
        }
    }
    let urgency = if frames.is_empty() { 0 } else { 3 };
    let bug = Bug {
        error: error(text)?,
        frames,
        versions: all(text, r"\b\d+\.\d+\.\d+\b")?,
        systems,
    };
    Ok(Output { bug, tags, urgency })
}

/// All that matches, each once, in the order of the text.
fn all(text: &str, pattern: &str) -> Result<Vec<String>> {
    let mut found: Vec<String> = Vec::new();
    for place in Regex::new(pattern)?.find_iter(text) {
        if !found.iter().any(|known| known == place.as_str()) {
            found.push(place.as_str().to_owned());
        }
    }
    Ok(found)
}

fn error(text: &str) -> Result<Option<String>> {
    let panic = Regex::new(r"panicked at [^\n]*\n([^\n]+)")?;
    if let Some(message) = panic.captures(text).and_then(|found| found.get(1)) {
        return Ok(Some(message.as_str().trim().to_owned()));
    }
    let line =
        Regex::new(r"(?m)^.*(?:[A-Za-z.](?:Error|Exception)\b|\bError: |\bERROR\b|\berror [A-Z]{2}-\d).*$")?;
    // A line with a type of error says more than one of a log that mentions an error.
    let named = Regex::new(r"[A-Za-z.](?:Error|Exception)\b|\bError: ")?;
    let lines: Vec<&str> = line.find_iter(text).map(|found| found.as_str().trim()).collect();
    let best = lines.iter().find(|line| named.is_match(line)).or(lines.first());
    Ok(best.map(|line| (*line).to_owned()))
}

fn frames(text: &str) -> Result<Vec<String>> {
    // Java, .NET and Node.js write `at function(…)`, Rust `12: path::function`, Python `File "…", line 3, in f`.
    let frame = Regex::new(
        r#"(?m)^\s*(?:at ([^\s(]+) ?\(.*|\d+: (\w+(?:::[\w<>{}]+)*)|File "[^"]+", line \d+, in (\S+))\s*$"#,
    )?;
    let mut is_python = false;
    let mut frames = Vec::new();
    for found in frame.captures_iter(text) {
        is_python |= found.get(3).is_some();
        let name = [1, 2, 3].into_iter().find_map(|group| found.get(group));
        frames.extend(name.map(|name| name.as_str().to_owned()));
    }
    if is_python {
        // Python writes the innermost last.
        frames.reverse();
    }
    frames.retain(|frame| !NOISE.iter().any(|noise| frame.contains(noise)));
    frames.truncate(FRAMES);
    Ok(frames)
}

#[cfg(test)]
mod tests {
    use super::{Bug, Input, find_trace};

    fn bug(text: &str) -> Bug {
        find_trace(Input {
            text: text.to_owned(),
        })
        .expect("any text is fine")
        .bug
    }

    #[test]
    fn traces_of_five_languages() {
        for (text, error, frames) in [
            (
                "thread 'x' panicked at src/a.rs:1:2:\nno index\n   0: rust_begin_unwind\n   1: core::panicking::panic\n   2: app::load\n",
                "no index",
                &["app::load"][..],
            ),
            (
                "Traceback:\n  File \"/a.py\", line 9, in <module>\n    f()\n  File \"/a.py\", line 3, in f\nValueError: bad",
                "ValueError: bad",
                &["f", "<module>"],
            ),
            (
                "ERROR no\njava.io.IOException: full\n\tat a.B.c(B.java:3)\n",
                "java.io.IOException: full",
                &["a.B.c"],
            ),
            (
                "System.Exception: denied\r\n   at A.B(String p)\r\n",
                "System.Exception: denied",
                &["A.B"],
            ),
            (
                "Error: EMFILE\n    at Object.watch (node:fs:1:2)\n    at F.<computed> (x)\n",
                "Error: EMFILE",
                &["Object.watch"],
            ),
        ] {
            let found = bug(text);
            assert_eq!(found.error.as_deref(), Some(error));
            assert_eq!(found.frames, frames, "{text}");
        }
    }

    #[test]
    fn versions_and_systems_are_told_once() {
        let found = bug("4.2.1 on Windows 11, before 4.1.9; Windows 11 and linux-arm64, 4.2.1. IP 10.1");
        assert_eq!(found.versions, ["4.2.1", "4.1.9"]);
        assert_eq!(found.systems, ["Windows 11", "linux-arm64"]);
    }

    #[test]
    fn tags_and_urgency_follow() {
        let output = find_trace(Input {
            text: "Windows 10, windows: at A.b()\nWindows 11".to_owned(),
        });
        let output = output.expect("any text is fine");
        assert_eq!((output.tags, output.urgency), (vec!["windows".to_owned()], 0));
        let output = find_trace(Input {
            text: " at A.b()".to_owned(),
        })
        .expect("any text is fine");
        assert_eq!((output.tags, output.urgency), (vec!["trace".to_owned()], 3));
    }

    #[test]
    fn any_text_is_fine() {
        for text in [
            "",
            "meet at noon (or later)",
            "0: x",
            "\u{0}",
            &"at ".repeat(10_000),
        ] {
            let _ = bug(text);
        }
        assert_eq!(
            bug("shows error KB-2113 \"no root\"").error.as_deref(),
            Some("shows error KB-2113 \"no root\"")
        );
    }
}
