//! What is wrong with a graph, told all at once: each problem with its place in the file and its remedy.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

/// A place in a graph file. Both count from 1; the column counts characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Place {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Whether a problem stops the graph from running.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The graph cannot run.
    Error,
    /// The graph runs, but probably not as meant.
    Warning,
}

/// One thing that is wrong, where, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Error or warning.
    pub severity: Severity,
    /// Where in the file, if the graph came from one.
    pub place: Option<Place>,
    /// The file, where it is not the one that the [`Problems`] are about: that of a nested graph.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Arc<str>>,
    /// What is wrong, naming the thing.
    pub message: String,
    /// What would mend it.
    pub hint: Option<String>,
}

impl Problem {
    /// An error at `place`.
    pub fn error(place: Option<Place>, message: impl Into<String>) -> Problem {
        Problem {
            severity: Severity::Error,
            place,
            source: None,
            message: one_line(&message.into()),
            hint: None,
        }
    }

    /// A warning at `place`.
    pub fn warning(place: Option<Place>, message: impl Into<String>) -> Problem {
        Problem {
            severity: Severity::Warning,
            ..Problem::error(place, message)
        }
    }

    /// The same problem with a remedy.
    pub fn hint(mut self, hint: impl Into<String>) -> Problem {
        self.hint = Some(one_line(&hint.into()));
        self
    }
}

/// The problems of one graph that are told; the others are counted. A small file can have very many.
const MAX_PROBLEMS: usize = 1000;

/// Everything that is wrong with one graph, in the order of its file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Problems {
    source: Option<Arc<str>>,
    list: Vec<Problem>,
    /// How many errors are not in the list.
    left_out: usize,
}

impl Problems {
    /// An empty list about the file called `source` (`None` for a graph built in Rust).
    pub fn new(source: Option<Arc<str>>) -> Problems {
        Problems {
            source,
            list: Vec::new(),
            left_out: 0,
        }
    }

    /// Adds one. After the first thousand, errors are only counted.
    pub fn push(&mut self, problem: Problem) {
        if self.list.len() < MAX_PROBLEMS {
            self.list.push(problem);
        } else if problem.severity == Severity::Error {
            self.left_out += 1;
        }
    }

    /// Adds all of `other`, which may be about another file.
    pub fn extend(&mut self, other: Problems) {
        let elsewhere = other.source.filter(|source| self.source.as_ref() != Some(source));
        for mut problem in other.list {
            problem.source = problem.source.or_else(|| elsewhere.clone());
            self.push(problem);
        }
        self.left_out += other.left_out;
    }

    /// Whether one of them stops the graph from running.
    pub fn has_errors(&self) -> bool {
        self.left_out > 0
            || self
                .list
                .iter()
                .any(|problem| problem.severity == Severity::Error)
    }

    /// `Ok(value)` when nothing here is an error, else these problems sorted by place.
    pub fn into_result<T>(mut self, value: T) -> Result<T, Problems> {
        if !self.has_errors() {
            return Ok(value);
        }
        self.sort();
        Err(self)
    }

    /// Sorts by place; problems without one come last, in the order in which they were found.
    pub fn sort(&mut self) {
        let place = |problem: &Problem| {
            problem
                .place
                .map_or((u32::MAX, 0), |place| (place.line, place.column))
        };
        self.list
            .sort_by(|a, b| (&a.source, place(a)).cmp(&(&b.source, place(b))));
    }

    /// The problems one by one.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.list.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.list.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            match (problem.source.as_ref().or(self.source.as_ref()), problem.place) {
                (Some(source), Some(place)) => write!(f, "{source}:{place}: ")?,
                (Some(source), None) => write!(f, "{source}: ")?,
                (None, Some(place)) => write!(f, "line {place}: ")?,
                (None, None) => {}
            }
            if problem.severity == Severity::Warning {
                write!(f, "warning: ")?;
            }
            write!(f, "{}", problem.message)?;
            if let Some(hint) = &problem.hint {
                write!(f, "\n  hint: {hint}")?;
            }
        }
        if self.left_out > 0 {
            write!(f, "\nand {} more errors", self.left_out)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// A text of a stranger's as messages quote it: short, on one line, and without what a terminal would obey.
pub(crate) fn shown(text: &str) -> String {
    crate::failure::sanitize(text, 120).replace(['\n', '\t'], " ")
}

/// A message, whatever it quotes: on one line, without what a terminal would obey, and of bounded length.
fn one_line(text: &str) -> String {
    crate::failure::sanitize(text, 4 << 10).replace(['\n', '\t'], " ")
}

/// The candidate nearest to `name`, if one is near enough to be a misspelling of it.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Comparing costs the product of the lengths, and names come from strangers.
    if name.len() > 200 {
        return None;
    }
    candidates
        .into_iter()
        .take(10_000)
        // Names whose lengths differ by more than the distance allowed below cannot be near.
        .filter(|candidate| candidate.len().abs_diff(name.len()) <= 1 + candidate.len().min(name.len()) / 4)
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len().min(name.len()) / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_print_with_file_place_and_hint() {
        let mut problems = Problems::new(Some("g.yaml".into()));
        problems.push(Problem::warning(None, "node `x` is never run").hint("remove it"));
        problems.push(Problem::error(
            Some(Place { line: 3, column: 7 }),
            "unknown field `agnet`",
        ));
        let text = problems.into_result(()).unwrap_err().to_string();
        assert_eq!(
            text,
            "g.yaml:3:7: unknown field `agnet`\ng.yaml: warning: node `x` is never run\n  hint: remove it"
        );
    }

    #[test]
    fn only_near_names_are_suggested() {
        assert_eq!(nearest("agnet", ["agent", "next"]), Some("agent"));
        assert_eq!(nearest("colour", ["agent", "next"]), None);
    }
}
