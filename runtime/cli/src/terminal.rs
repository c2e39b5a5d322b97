//! Everything that the command prints. Results go to stdout, words for people to stderr.
//!
//! What comes from graphs and agents is freed of control characters where a terminal would obey them. A reader that is
//! gone (`hap … | head`) is no error.

use std::env;
use std::io::{self, ErrorKind, IsTerminal, Write};

use hap::json;
use serde::Serialize;

use crate::exit::Stop;
use crate::time;

/// Where the command prints to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    stdout_is_terminal: bool,
    stderr_is_terminal: bool,
    /// Whether stdout shows colours.
    stdout_colour: bool,
    /// Whether stderr does.
    colour: bool,
    /// Whether stderr is a log of JSON lines.
    is_log: bool,
}

/// A line of a result, and how it looks on a terminal.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// The text.
    pub(crate) text: String,
    look: Option<Look>,
}

impl Line {
    /// A line that looks like that.
    pub(crate) fn new(look: Option<Look>, text: impl Into<String>) -> Line {
        let text = text.into();
        Line { text, look }
    }

    /// A line without a look of its own.
    pub(crate) fn plain(text: impl Into<String>) -> Line {
        Line::new(None, text)
    }
}

/// How a piece of text looks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Look {
    /// Names and headings.
    Bold,
    /// What matters less.
    Dim,
    /// What went wrong.
    Bad,
    /// What may be wrong.
    Warning,
    /// What went well.
    Good,
}

impl Look {
    /// The parameters of the escape sequence that switches it on.
    fn sgr(self) -> &'static str {
        match self {
            Look::Bold => "1",
            Look::Dim => "2",
            Look::Bad => "1;31",
            Look::Warning => "1;33",
            Look::Good => "1;32",
        }
    }
}

impl Terminal {
    /// The terminal, or pipes, that this process was started with.
    pub(crate) fn detect() -> Terminal {
        let stderr_is_terminal = io::stderr().is_terminal();
        let refused = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = env::var_os("TERM").is_some_and(|value| value == "dumb");
        let stdout_is_terminal = io::stdout().is_terminal();
        Terminal {
            stdout_is_terminal,
            stderr_is_terminal,
            stdout_colour: stdout_is_terminal && !refused && !dumb,
            colour: stderr_is_terminal && !refused && !dumb,
            is_log: false,
        }
    }

    /// The same with stderr as a log: everything that is told there is a JSON object on a line of its own.
    pub(crate) fn as_log(self) -> Terminal {
        Terminal { is_log: true, ..self }
    }

    /// Whether stderr is a log.
    pub(crate) fn is_log(&self) -> bool {
        self.is_log
    }

    /// Whether a person watches stderr.
    pub(crate) fn is_watched(&self) -> bool {
        self.stderr_is_terminal
    }

    /// Prints a result and a newline to stdout.
    pub(crate) fn print(&self, text: &str) -> Result<(), Stop> {
        let cleaned;
        let text = if self.stdout_is_terminal {
            cleaned = clean(text);
            &cleaned
        } else {
            text
        };
        write_out(text)
    }

    /// Prints lines of a result to stdout, in colours where it shows them.
    pub(crate) fn print_lines(&self, lines: &[Line]) -> Result<(), Stop> {
        let lines: Vec<String> = lines.iter().map(|line| self.painted(line)).collect();
        write_out(&lines.join("\n"))
    }

    /// A line as stdout is given it.
    fn painted(&self, line: &Line) -> String {
        match line.look {
            Some(look) if self.stdout_colour => paint(look, &clean(&line.text)),
            _ if self.stdout_is_terminal => clean(&line.text),
            _ => line.text.clone(),
        }
    }

    /// Prints lines to stderr that are [clean] and may be [painted](Terminal::paint). That nobody can read them changes
    /// nothing.
    pub(crate) fn tell(&self, lines: &str) {
        if self.is_log {
            return self.log("info", &json!({ "event": "message", "message": lines }));
        }
        self.write(lines);
    }

    /// Writes one thing that happened to stderr, as a line of JSON. `what` is an object.
    pub(crate) fn log(&self, level: &str, what: &impl Serialize) {
        #[derive(Serialize)]
        struct Line<'a, T> {
            time: String,
            level: &'a str,
            #[serde(flatten)]
            what: &'a T,
        }
        let time = time::now_text();
        // An object of texts and numbers always has a JSON form.
        self.write(&serde_json::to_string(&Line { time, level, what }).unwrap_or_default());
    }

    fn write(&self, lines: &str) {
        let mut stderr = io::stderr().lock();
        let _ = stderr
            .write_all(lines.as_bytes())
            .and_then(|()| stderr.write_all(b"\n"));
    }

    /// Tells why the command stopped.
    pub(crate) fn stop(&self, stop: &Stop) {
        if let Some(problems) = &stop.problems {
            self.tell(&clean(&problems.to_string()));
        }
        self.error(&stop.message, stop.hint.as_deref());
    }

    /// Tells an error and its remedy.
    pub(crate) fn error(&self, message: &str, hint: Option<&str>) {
        self.labelled("error", Look::Bad, message, hint);
    }

    /// Tells a warning and its remedy.
    pub(crate) fn warning(&self, message: &str, hint: Option<&str>) {
        self.labelled("warning", Look::Warning, message, hint);
    }

    fn labelled(&self, label: &str, look: Look, message: &str, hint: Option<&str>) {
        if self.is_log {
            let what = json!({ "event": "message", "message": message, "hint": hint });
            return self.log(label, &what);
        }
        let label = self.paint(look, &format!("{label}:"));
        self.tell(&format!("{label} {}", clean(message)));
        if let Some(hint) = hint {
            self.tell(&format!("  {} {}", self.paint(Look::Bold, "hint:"), clean(hint)));
        }
    }

    /// `text` in that look where stderr shows colours.
    pub(crate) fn paint(&self, look: Look, text: &str) -> String {
        if self.colour {
            paint(look, text)
        } else {
            text.to_owned()
        }
    }
}

fn paint(look: Look, text: &str) -> String {
    format!("\x1b[{}m{text}\x1b[0m", look.sgr())
}

/// Writes a result and a newline to stdout.
fn write_out(text: &str) -> Result<(), Stop> {
    let mut stdout = io::stdout().lock();
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.write_all(b"\n"))
        .and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Stop::internal(format!(
            "cannot write to standard output: {error}"
        ))),
        _ => Ok(()),
    }
}

/// The text without what a terminal would obey.
pub(crate) fn clean(text: &str) -> String {
    hap::sanitize(text, usize::MAX)
}

/// The text without what a terminal would obey, on one line.
pub(crate) fn clean_line(text: &str) -> String {
    let words: Vec<String> = clean(text).split_whitespace().map(str::to_owned).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_cannot_steer_the_terminal() {
        assert_eq!(clean("a\x1b[2Jb\u{9b}31mc"), "a [2Jb 31mc");
        assert_eq!(clean_line("two\nlines\tand \x07 more"), "two lines and more");
    }

    #[test]
    fn colours_are_for_terminals_only() {
        let terminal = |colour| Terminal {
            stdout_is_terminal: colour,
            stderr_is_terminal: colour,
            stdout_colour: colour,
            colour,
            is_log: false,
        };
        assert_eq!(terminal(false).paint(Look::Bad, "x"), "x");
        assert_eq!(terminal(true).paint(Look::Bad, "x"), "\x1b[1;31mx\x1b[0m");
        let line = Line::new(Some(Look::Good), "x\x1b[2J");
        assert_eq!(terminal(true).painted(&line), "\x1b[1;32mx [2J\x1b[0m");
    }
}
