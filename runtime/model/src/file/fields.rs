//! Taking a mapping of a graph file apart: each field once, by any of its names, with the unknown ones told.

use crate::graph::Located;
use crate::problem::{Place, Problem, Problems, nearest, shown};

use super::tree::{Tree, Value};

/// A mapping whose fields are being taken.
pub(crate) struct Fields<'a> {
    /// What the mapping is, for messages: "the graph", "node `a`".
    what: String,
    place: Place,
    is_mapping: bool,
    members: Vec<(&'a str, Place, &'a Tree)>,
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// The fields of `tree`, which must be a mapping; else a problem is told and there are none.
    pub(crate) fn of(tree: &'a Tree, what: impl Into<String>, problems: &mut Problems) -> Fields<'a> {
        let what = what.into();
        let members = match &tree.value {
            Value::Map(members) => members
                .iter()
                .map(|(key, place, value)| (key.as_str(), *place, value))
                .collect(),
            _ => {
                problems.push(Problem::error(
                    Some(tree.place),
                    format!("{what} must be a mapping, not {}", tree.kind()),
                ));
                Vec::new()
            }
        };
        Fields {
            what,
            place: tree.place,
            is_mapping: matches!(tree.value, Value::Map(_)),
            members,
            known: Vec::new(),
        }
    }

    /// Whether there is a mapping at all; else that was told.
    pub(crate) fn is_mapping(&self) -> bool {
        self.is_mapping
    }

    /// Where the mapping stands.
    pub(crate) fn place(&self) -> Place {
        self.place
    }

    /// Takes the field that has one of `names`; the first is its own, the others are the original HAP's.
    pub(crate) fn take(&mut self, names: &[&'static str], problems: &mut Problems) -> Option<&'a Tree> {
        self.take_or_null(names, problems).filter(|tree| !tree.is_null())
    }

    /// As [`Fields::take`], for fields to which `null` means something.
    pub(crate) fn take_or_null(
        &mut self,
        names: &[&'static str],
        problems: &mut Problems,
    ) -> Option<&'a Tree> {
        self.known.extend(names);
        let mut found: Option<(&str, &'a Tree)> = None;
        let mut rest = Vec::with_capacity(self.members.len());
        for (key, place, value) in self.members.drain(..) {
            match found {
                _ if !names.contains(&key) => rest.push((key, place, value)),
                None => found = Some((key, value)),
                Some((first, _)) => {
                    problems.push(
                        Problem::error(
                            Some(place),
                            format!("`{}` and `{}` are one field", shown(key), shown(first)),
                        )
                        .hint("keep one"),
                    );
                }
            }
        }
        self.members = rest;
        found.map(|(_, value)| value)
    }

    /// Takes a text.
    pub(crate) fn text(&mut self, names: &[&'static str], problems: &mut Problems) -> Option<Located> {
        let tree = self.take(names, problems)?;
        located(tree, names.first().copied().unwrap_or_default(), problems)
    }

    /// Takes a list of texts; a single text is a list of one.
    pub(crate) fn texts(&mut self, names: &[&'static str], problems: &mut Problems) -> Option<Vec<Located>> {
        let tree = self.take(names, problems)?;
        let name = names.first().copied().unwrap_or_default();
        match &tree.value {
            Value::List(items) => Some(
                items
                    .iter()
                    .filter_map(|item| located(item, name, problems))
                    .collect(),
            ),
            _ => Some(located(tree, name, problems).into_iter().collect()),
        }
    }

    /// Tells every field that was not taken.
    pub(crate) fn finish(self, problems: &mut Problems) {
        for (key, place, _) in &self.members {
            let problem = Problem::error(
                Some(*place),
                format!("{} has no field `{}`", self.what, shown(key)),
            );
            problems.push(match nearest(key, self.known.iter().copied()) {
                Some(near) => problem.hint(format!("did you mean `{near}`?")),
                None => problem.hint(format!("its fields are {}", self.known.join(", "))),
            });
        }
    }
}

/// `tree` as text with its place, or a problem.
pub(crate) fn located(tree: &Tree, name: &str, problems: &mut Problems) -> Option<Located> {
    match &tree.value {
        Value::Text(text) => Some(Located {
            text: text.clone(),
            place: Some(tree.place),
        }),
        // A node called `1` or a version `1.0` is meant as text; whether it is a good name is told elsewhere.
        Value::Scalar(text) if text != "null" => Some(Located {
            text: text.clone(),
            place: Some(tree.place),
        }),
        _ => {
            problems.push(Problem::error(
                Some(tree.place),
                format!("`{}` must be text, not {}", shown(name), tree.kind()),
            ));
            None
        }
    }
}
