//! YAML text as a tree in which everything knows its place. JSON is read the same way, because JSON is YAML.
//!
//! Anchors, aliases and tags are refused: a graph is data that people read, and an alias can make a small file
//! into a huge value. Nesting and size are bounded.

use granit_parser::{Event, Parser, ScalarStyle, Span};

use crate::json::{self, Json};
use crate::problem::{Place, Problem, shown};

/// The longest graph file, in bytes: room for some hundred thousand nodes.
pub(crate) const MAX_FILE_BYTES: usize = 64 << 20;

/// The deepest nesting, below what the parser itself allows.
const MAX_DEPTH: usize = 100;

/// A value and where it stands.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) place: Place,
    pub(crate) value: Value,
}

/// A YAML value. Scalars keep their text, because numbers are passed on as they were written.
#[derive(Debug)]
pub(crate) enum Value {
    /// A plain scalar that is neither quoted nor a string: its JSON text (`null`, `true`, `1.5`).
    Scalar(String),
    /// A string.
    Text(String),
    /// A list.
    List(Vec<Tree>),
    /// Keys with their places, in the order of the file. No key stands twice.
    Map(Vec<(String, Place, Tree)>),
}

impl Tree {
    /// What kind of value it is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Scalar(text) if text == "null" => "nothing",
            Value::Scalar(text) if text == "true" || text == "false" => "a boolean",
            Value::Scalar(_) => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }

    /// Whether it is `null`, or nothing at all.
    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(text) if text == "null")
    }

    /// The members of a mapping; none of anything else.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&str, Place, &Tree)> {
        let members = match &self.value {
            Value::Map(members) => members.as_slice(),
            _ => &[],
        };
        members
            .iter()
            .map(|(key, place, value)| (key.as_str(), *place, value))
    }

    /// The value as JSON text.
    pub(crate) fn to_json(&self) -> Json {
        let mut out = String::new();
        self.push_json(&mut out);
        Json::trusted(out)
    }

    fn push_json(&self, out: &mut String) {
        match &self.value {
            Value::Scalar(text) => out.push_str(text),
            Value::Text(text) => json::push_string(out, text),
            Value::List(items) => json::push_list(out, '[', ']', items, |out, item| item.push_json(out)),
            Value::Map(members) => json::push_list(out, '{', '}', members, |out, (key, _, value)| {
                json::push_string(out, key);
                out.push(':');
                value.push_json(out);
            }),
        }
    }
}

/// Reads `text`, which must hold one document.
///
/// # Errors
/// One problem: the first place where the text is not what this module reads, or every key that stands twice.
pub(crate) fn parse(text: &str) -> Result<Tree, Vec<Problem>> {
    if text.len() > MAX_FILE_BYTES {
        let message = format!(
            "the file is {} bytes long; {MAX_FILE_BYTES} are allowed",
            text.len()
        );
        return Err(vec![
            Problem::error(None, message).hint("split the graph, or build it in Rust"),
        ]);
    }
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let step = match event {
            Ok((event, span)) => builder.event(event, place(&span)),
            Err(error) => {
                let marker = error.marker();
                let at = Place {
                    line: marker.line() as u32,
                    column: marker.col() as u32 + 1,
                };
                Err(Problem::error(
                    Some(at),
                    format!("this is not YAML: {}", error.info()),
                ))
            }
        };
        if let Err(problem) = step {
            builder.problems.push(problem);
            return Err(builder.problems);
        }
    }
    match builder.root {
        _ if !builder.problems.is_empty() => Err(builder.problems),
        Some(tree) => Ok(tree),
        None => Err(vec![
            Problem::error(None, "the file is empty").hint("a graph needs at least `nodes:`"),
        ]),
    }
}

fn place(span: &Span) -> Place {
    Place {
        line: span.start.line() as u32,
        column: span.start.col() as u32 + 1,
    }
}

/// A list or mapping that is still open.
enum Open {
    List(Place, Vec<Tree>),
    Map {
        place: Place,
        members: Vec<(String, Place, Tree)>,
        seen: std::collections::HashMap<String, Place>,
        key: Option<(String, Place)>,
    },
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    root: Option<Tree>,
    problems: Vec<Problem>,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, place: Place) -> Result<(), Problem> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                refuse_properties(anchor, tag.is_some(), place)?;
                self.add(Tree {
                    place,
                    value: scalar(&text, style),
                })
            }
            Event::SequenceStart(_, anchor, tag) => {
                refuse_properties(anchor, tag.is_some(), place)?;
                self.push(Open::List(place, Vec::new()), place)
            }
            Event::MappingStart(_, anchor, tag) => {
                refuse_properties(anchor, tag.is_some(), place)?;
                let open = Open::Map {
                    place,
                    members: Vec::new(),
                    seen: Default::default(),
                    key: None,
                };
                self.push(open, place)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let tree = match self.open.pop() {
                    Some(Open::List(place, items)) => Tree {
                        place,
                        value: Value::List(items),
                    },
                    Some(Open::Map { place, members, .. }) => Tree {
                        place,
                        value: Value::Map(members),
                    },
                    None => return Ok(()),
                };
                self.add(tree)
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => Err(properties_refused(place)),
            _ => Ok(()),
        }
    }

    fn push(&mut self, open: Open, place: Place) -> Result<(), Problem> {
        if self.open.len() >= MAX_DEPTH {
            return Err(Problem::error(
                Some(place),
                format!("this is nested deeper than {MAX_DEPTH} levels"),
            ));
        }
        if let Some(Open::Map { key: None, .. }) = self.open.last() {
            return Err(Problem::error(
                Some(place),
                "a key must be text, not a list or a mapping",
            ));
        }
        self.open.push(open);
        Ok(())
    }

    /// Keeps a problem after which reading can go on.
    fn tell(problems: &mut Vec<Problem>, problem: Problem) {
        // Who gets them tells no more than a thousand.
        if problems.len() <= 1000 {
            problems.push(problem);
        }
    }

    fn add(&mut self, tree: Tree) -> Result<(), Problem> {
        match self.open.last_mut() {
            None if self.root.is_some() => {
                return Err(Problem::error(Some(tree.place), "a second document begins here")
                    .hint("a graph file holds one document: remove the `---` and what follows"));
            }
            None => self.root = Some(tree),
            Some(Open::List(_, items)) => items.push(tree),
            Some(Open::Map {
                members, seen, key, ..
            }) => match key.take() {
                Some((name, place)) => members.push((name, place, tree)),
                None => {
                    let (Value::Text(name) | Value::Scalar(name)) = tree.value else {
                        return Ok(());
                    };
                    if let Some(first) = seen.get(&name) {
                        let message = format!(
                            "`{}` stands here again; it stood in line {} before",
                            shown(&name),
                            first.line
                        );
                        Builder::tell(
                            &mut self.problems,
                            Problem::error(Some(tree.place), message).hint("rename or remove one"),
                        );
                    }
                    seen.insert(name.clone(), tree.place);
                    *key = Some((name, tree.place));
                }
            },
        }
        Ok(())
    }
}

fn refuse_properties(anchor: usize, tagged: bool, place: Place) -> Result<(), Problem> {
    if anchor == 0 && !tagged {
        Ok(())
    } else {
        Err(properties_refused(place))
    }
}

fn properties_refused(place: Place) -> Problem {
    Problem::error(
        Some(place),
        "anchors (`&x`), aliases (`*x`) and tags (`!x`) are not read",
    )
    .hint("write the value out; put a text that begins with one of these characters in quotes")
}

/// Resolves a scalar as the core schema of YAML 1.2 does.
fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::Text(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Scalar("null".to_owned()),
        "true" | "True" | "TRUE" => return Value::Scalar("true".to_owned()),
        "false" | "False" | "FALSE" => return Value::Scalar("false".to_owned()),
        _ => {}
    }
    match number(text) {
        Some(number) => Value::Scalar(number),
        None => Value::Text(text.to_owned()),
    }
}

/// The JSON spelling of a YAML number; `None` when it is text. `.inf` and `.nan` have none and stay text.
fn number(text: &str) -> Option<String> {
    let first = *text.as_bytes().first()?;
    if !(first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.')) {
        return None;
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            return u64::from_str_radix(digits, radix)
                .ok()
                .map(|number| number.to_string());
        }
    }
    if serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok() {
        return Some(text.to_owned());
    }
    // `+1`, `.5`, `1.` and `007` are numbers in YAML but not in JSON.
    let digits = |c: char| c.is_ascii_digit();
    let allowed = text
        .chars()
        .all(|c| digits(c) || matches!(c, '+' | '-' | '.' | 'e' | 'E'));
    if !allowed || !text.contains(digits) {
        return None;
    }
    if let Ok(integer) = text.parse::<i128>() {
        return Some(integer.to_string());
    }
    let float = text.parse::<f64>().ok().filter(|float| float.is_finite())?;
    serde_json::to_string(&float).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> String {
        parse(text).unwrap().to_json().as_str().to_owned()
    }

    fn problems(text: &str) -> Vec<String> {
        let show = |p: Problem| {
            format!(
                "{}: {}",
                p.place.map(|at| at.to_string()).unwrap_or_default(),
                p.message
            )
        };
        parse(text).unwrap_err().into_iter().map(show).collect()
    }

    #[test]
    fn yaml_scalars_become_json_as_the_core_schema_says() {
        assert_eq!(
            json("[1, 1.50, +1, .5, 0x1F, 007, true, ~, null, yes, '1', 1e3, .inf, 1.2.3, '', 2026-11-20]"),
            r#"[1,1.50,1,0.5,31,7,true,null,null,"yes","1",1e3,".inf","1.2.3","","2026-11-20"]"#
        );
        assert_eq!(
            json("a: |\n  x\n  y\nb: {c: [d]}"),
            r#"{"a":"x\ny\n","b":{"c":["d"]}}"#
        );
    }

    #[test]
    fn json_is_read_as_yaml() {
        let text = "{\n\t\"a\\u00e9\": [1, \"x/y\\/z\\n\", null],\n\t\"smile\": \"\\ud83d\\ude00\"\n}";
        assert_eq!(json(text), "{\"aé\":[1,\"x/y/z\\n\",null],\"smile\":\"😀\"}");
    }

    #[test]
    fn every_repeated_key_is_told_with_both_places() {
        assert_eq!(
            problems("a: 1\nb: 2\na: 3\nc: {d: 1, d: 2}\n"),
            [
                "3:1: `a` stands here again; it stood in line 1 before",
                "4:11: `d` stands here again; it stood in line 4 before"
            ]
        );
    }

    #[test]
    fn what_is_not_read_is_refused_with_its_place() {
        assert!(problems("a: &x 1\nb: *x")[0].contains("anchors"));
        assert!(problems("a: !!str 1")[0].contains("tags"));
        assert!(problems("a: [1, 2\nb: }")[0].contains("not YAML"));
        assert!(problems("a: 1\n---\nb: 2")[0].contains("second document"));
        assert!(problems("")[0].contains("empty"));
        assert!(problems("[a]: 1")[0].contains("key must be text"));
        // The scanner's own bound comes first for brackets, ours for dashes.
        assert_eq!(problems(&"[".repeat(10_000)).len(), 1);
        assert!(problems(&"- ".repeat(200))[0].contains("nested"));
    }
}
