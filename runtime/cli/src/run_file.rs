//! The result of a run, read from what `hap run --json` printed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use crate::exit::Stop;
use crate::format;
use crate::terminal::Look;

/// The longest result that is read, in bytes.
const MAX_BYTES: u64 = 256 << 20;

/// What is told when a file is none.
const HINT: &str = "make one with `hap run GRAPH --json > result.json`";

/// What is known of a run.
#[derive(Debug, Deserialize)]
pub(crate) struct RunFile {
    /// How it ended.
    pub(crate) status: String,
    /// The whole time in microseconds.
    duration_us: u64,
    /// One record a node.
    #[serde(rename = "agent_metadata")]
    pub(crate) nodes: BTreeMap<String, Record>,
}

/// What is known of a node.
#[derive(Debug, Deserialize)]
pub(crate) struct Record {
    /// How it ended.
    pub(crate) status: Status,
    /// What took its place, where it was replaced.
    replaced_by: Option<String>,
    /// Why it did not run, where it was skipped.
    reason: Option<String>,
    /// The fallback that took its place.
    fallback: Option<String>,
    /// The node that it waited for.
    upstream: Option<String>,
    #[serde(default)]
    attempts: u32,
    start_us: Option<u64>,
    duration_us: Option<u64>,
    items: Option<Items>,
    rounds: Option<u32>,
    failure: Option<Kind>,
    /// The nodes of its graph.
    #[serde(default)]
    pub(crate) nodes: BTreeMap<String, Record>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct Items {
    done: u64,
    failed: u64,
}

#[derive(Debug, Deserialize)]
struct Kind {
    kind: String,
}

/// How a node ended; the worse, the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Status {
    /// It did not run.
    Skipped,
    /// It produced an output.
    Done,
    /// Something took the place of what it should have produced.
    Degraded,
    /// The run was cancelled.
    Cancelled,
    /// It reached a limit.
    Limited,
    /// It failed.
    Failed,
}

impl Status {
    /// All of them, with their names in results.
    pub(crate) const NAMES: [(&'static str, Status); 6] = [
        ("done", Status::Done),
        ("degraded", Status::Degraded),
        ("failed", Status::Failed),
        ("limited", Status::Limited),
        ("cancelled", Status::Cancelled),
        ("skipped", Status::Skipped),
    ];

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        let named = Status::NAMES.iter().find(|(_, status)| *status == self);
        named.map_or("", |(name, _)| name)
    }

    /// How it looks on a terminal.
    pub(crate) fn look(self) -> Option<Look> {
        match self {
            Status::Done => Some(Look::Good),
            Status::Degraded => Some(Look::Warning),
            Status::Failed | Status::Limited => Some(Look::Bad),
            Status::Cancelled | Status::Skipped => Some(Look::Dim),
        }
    }
}

impl RunFile {
    /// Reads a result from a file, or from standard input where `path` is `-`.
    pub(crate) fn read(path: &Path) -> Result<RunFile, Stop> {
        let name = match path.to_str() {
            Some("-") => "standard input".to_owned(),
            _ => format!("`{}`", path.display()),
        };
        let unreadable = |error: io::Error| {
            let stop = Stop::bad_input(format!("cannot read {name}: {error}"));
            stop.hint("name the result of a run, or `-` for standard input")
        };
        let bytes = match path.to_str() {
            Some("-") => take(io::stdin().lock()),
            _ => File::open(path).and_then(take),
        };
        let bytes = bytes.map_err(unreadable)?;
        if bytes.len() as u64 > MAX_BYTES {
            let limit = format::bytes(MAX_BYTES);
            return Err(Stop::bad_input(format!("{name} is longer than {limit}")).hint(HINT));
        }
        RunFile::parse(&name, &bytes)
    }

    fn parse(name: &str, bytes: &[u8]) -> Result<RunFile, Stop> {
        serde_json::from_slice(bytes)
            .map_err(|error| Stop::bad_input(format!("{name} is no result of a run: {error}")).hint(HINT))
    }

    /// The whole time.
    pub(crate) fn duration(&self) -> Duration {
        Duration::from_micros(self.duration_us)
    }
}

fn take(reader: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl Record {
    /// When it began, since the start of the run.
    pub(crate) fn start(&self) -> Option<Duration> {
        self.start_us.map(Duration::from_micros)
    }

    /// How long it took.
    pub(crate) fn duration(&self) -> Option<Duration> {
        self.start_us.and(self.duration_us).map(Duration::from_micros)
    }

    /// How it ended and how long it took, in a few words.
    pub(crate) fn words(&self) -> String {
        let mut words = vec![match (self.end(), self.duration()) {
            (Some(end), Some(time)) => format!("{} ({end}) {}", self.status.name(), format::duration(time)),
            (Some(end), None) => format!("{}: {end}", self.status.name()),
            (None, Some(time)) => format!("{} {}", self.status.name(), format::duration(time)),
            (None, None) => self.status.name().to_owned(),
        }];
        words.extend(self.counts());
        words.join(", ")
    }

    /// What was done more than once: items, rounds, attempts.
    pub(crate) fn counts(&self) -> Option<String> {
        if let Some(items) = self.items {
            let all = items.done.saturating_add(items.failed);
            return Some(match items.failed {
                0 => format::things(all as usize, "item"),
                failed => format!("{failed} of {} failed", format::things(all as usize, "item")),
            });
        }
        if let Some(rounds) = self.rounds {
            return Some(format::things(rounds as usize, "round"));
        }
        (self.attempts > 1 && self.nodes.is_empty())
            .then(|| format::things(self.attempts as usize, "attempt"))
    }

    fn end(&self) -> Option<String> {
        let of = |word: &str, node: &Option<String>| match node {
            Some(node) => format!("{word} {node}"),
            None => word.to_owned(),
        };
        match self.status {
            Status::Degraded => match self.replaced_by.as_deref()? {
                "node" => Some(of("by", &self.fallback)),
                by => Some(by.to_owned()),
            },
            Status::Skipped => match self.reason.as_deref()? {
                "upstream" => Some(of("upstream", &self.upstream)),
                reason => Some(reason.replace('-', " ")),
            },
            Status::Failed | Status::Limited => {
                let kind = &self.failure.as_ref()?.kind;
                (kind != self.status.name()).then(|| kind.clone())
            }
            Status::Done | Status::Cancelled => None,
        }
    }
}

#[cfg(test)]
pub(crate) fn run_file(text: &str) -> RunFile {
    RunFile::parse("a", text.as_bytes()).unwrap()
}

#[cfg(test)]
mod tests;
