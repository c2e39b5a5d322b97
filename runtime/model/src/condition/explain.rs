//! What the parser and the evaluator complain of, in words for people.

use cel::objects::Value;
use cel::{ExecutionError, ParseError};

use super::ConditionError;
use super::check::Facts;
use crate::problem::shown;

/// Why the text could not be parsed.
pub(super) fn parse(source: &str, errors: &[ParseError]) -> ConditionError {
    let Some(error) = errors.iter().find(|error| error.pos.0 > 0) else {
        let words = errors.first().map_or_else(String::new, |error| shown(&error.msg));
        return ConditionError::new(format!("it cannot be parsed: {words}"));
    };
    let offset = offset(source, error.pos);
    let rest = source.get(offset..).unwrap_or_default();
    let word: String = rest
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    let token = match rest.chars().next() {
        None => None,
        Some(sign) if word.is_empty() => Some(sign.to_string()),
        Some(_) => Some(shown(&word)),
    };
    let told = |message: String| ConditionError::at(source, offset, message);
    let Some(token) = token else {
        return told("something is missing at the end".to_owned());
    };
    if error.msg.contains("has() macro") {
        let error = ConditionError::new("`has` takes one field");
        return error.hint("as in `has(context.key)`");
    }
    if error.msg.starts_with("reserved identifier") {
        return told(format!("`{token}` is a reserved word"));
    }
    if error.msg.contains("int literal") || error.msg.contains("double literal") {
        return told(format!("`{token}` is no number, or too large for one"));
    }
    if error.msg.contains("unsupported syntax") {
        return told("`?` cannot stand there".to_owned())
            .hint("a condition of its own is `test ? value : other`");
    }
    let error = told(format!("unexpected `{token}`"));
    match token.to_ascii_lowercase().as_str() {
        "and" => error.hint("and is written `&&`"),
        "or" => error.hint("or is written `||`"),
        "not" => error.hint("not is written `!`"),
        "is" => error.hint("`==` tells whether two values are equal"),
        _ => error,
    }
}

/// The byte at which the parser's line and column (in bytes) are.
fn offset(source: &str, (line, column): (isize, isize)) -> usize {
    let line = usize::try_from(line).unwrap_or(1).saturating_sub(1);
    let before: usize = source.split_inclusive('\n').take(line).map(str::len).sum();
    let mut offset = (before + usize::try_from(column).unwrap_or(1).saturating_sub(1)).min(source.len());
    while !source.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// Why the evaluation failed.
pub(super) fn execution(error: &ExecutionError, facts: &Facts) -> ConditionError {
    match error {
        ExecutionError::NoSuchKey(key) => no_such_key(key, facts),
        ExecutionError::NoSuchOverload(error) => overload(error.function(), error.argument_types()),
        ExecutionError::UnsupportedBinaryOperator(operator, left, right) => {
            overload(operator, &[kind(left).to_owned(), kind(right).to_owned()])
        }
        ExecutionError::ValuesNotComparable(left, right) => ConditionError::new(format!(
            "{} and {} cannot be compared",
            article(kind(left)),
            article(kind(right))
        )),
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            ConditionError::new("it divides by zero").hint("test first: `n != 0 && total / n > 3`")
        }
        ExecutionError::Overflow(operator, left, _) => {
            let sign = symbol(operator);
            let error = ConditionError::new(format!(
                "the result of `{sign}` is too large for {}",
                article(kind(left))
            ));
            error.hint("`double(value)` holds larger numbers, less exactly")
        }
        ExecutionError::IndexOutOfBounds(index) => {
            let index = match index {
                Value::Int(index) => index.to_string(),
                Value::UInt(index) => index.to_string(),
                other => kind(other).to_owned(),
            };
            let error = ConditionError::new(format!("a list has no item {index}"));
            error.hint("items count from 0; `size(list) > n` tells whether there is an item n")
        }
        ExecutionError::UnexpectedType { got, want } if want == "iterable" => {
            ConditionError::new(format!("{} has no items to go through", article(got)))
        }
        ExecutionError::UnexpectedType { got, want } => ConditionError::new(format!(
            "there is {}, where {} is needed",
            article(got),
            article(want)
        )),
        ExecutionError::UndeclaredReference(name) => {
            ConditionError::new(format!("`{}` has no value here", shown(name)))
        }
        ExecutionError::FunctionError { function, message } => {
            ConditionError::new(format!("`{}` failed: {}", shown(function), shown(message)))
        }
        ExecutionError::UnsupportedKeyType(value) => {
            ConditionError::new(format!("{} cannot be a key", article(kind(value))))
        }
        ExecutionError::DuplicateKey(_) => ConditionError::new("a map in it has one key twice"),
        ExecutionError::UnsupportedIndex(index, value) => {
            overload("_[_]", &[kind(value).into(), kind(index).into()])
        }
        // The others quote whole values in their words.
        _ => ConditionError::new("it computes with a value that does not fit"),
    }
}

fn no_such_key(key: &str, facts: &Facts) -> ConditionError {
    let owner = facts.uses.iter().find(|(_, used)| used.keys.contains(key));
    let plain = key.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let key = shown(key);
    let error = ConditionError::new(format!("there is no key `{key}`"));
    let name = owner.map_or("value", |(name, _)| name);
    error.hint(if plain {
        format!("`has({name}.{key})` tells whether there is one: `has({name}.{key}) && …`")
    } else {
        format!("`\"{key}\" in {name}` tells whether there is one")
    })
}

/// What to say of an operator or function that does not take values of these kinds.
fn overload(function: &str, kinds: &[String]) -> ConditionError {
    let sign = symbol(function);
    let told: Vec<String> = kinds.iter().map(|kind| article(kind)).collect();
    if let ("." | "[]", [value, ..]) = (sign, told.as_slice()) {
        let what = if sign == "." { "fields" } else { "such items" };
        return ConditionError::new(format!("{value} has no {what}"));
    }
    let error = ConditionError::new(format!("`{}` does not take {}", shown(sign), told.join(" and ")));
    let number = |kind: &String| matches!(kind.as_str(), "int" | "uint" | "double");
    match kinds {
        [left, right] if number(left) && number(right) => {
            error.hint("an int and a double are only computed with after `double(value)` or `int(value)`")
        }
        [left, right]
            if [left, right].into_iter().any(|kind| kind == "string")
                && matches!(sign, "+" | "<" | "<=" | ">" | ">=") =>
        {
            error.hint("`string(value)` makes text, `int(text)` and `double(text)` make numbers")
        }
        [left, right] if sign == "in" && left == "string" && right == "string" => {
            error.hint("`text.contains(\"part\")` looks into text; `in` looks into lists and for keys")
        }
        _ => error,
    }
}

/// How an operator is written.
fn symbol(function: &str) -> &str {
    match function {
        "add" => "+",
        "sub" => "-",
        "mul" => "*",
        "div" => "/",
        "rem" => "%",
        "@in" => "in",
        "_._" => ".",
        "_[_]" => "[]",
        "negate" => "-",
        _ => {
            let bare = function.trim_matches('_');
            if bare.is_empty() { function } else { bare }
        }
    }
}

/// The name of a kind of value behind its article.
fn article(kind: &str) -> String {
    match kind {
        "null_type" | "null" => "null".to_owned(),
        "int" | "iterable" | "opaque" => format!("an {kind}"),
        _ => format!("a {}", shown(kind)),
    }
}

/// CEL's name of the kind of a value.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "bool",
        Value::Int(_) => "int",
        Value::UInt(_) => "uint",
        Value::Float(_) => "double",
        Value::String(_) => "string",
        Value::Bytes(_) => "bytes",
        Value::List(_) => "list",
        Value::Map(_) => "map",
        Value::Null => "null_type",
        _ => "value of another kind",
    }
}

/// What to say of a result that is neither true nor false.
pub(super) fn not_boolean(value: &Value) -> ConditionError {
    let error = ConditionError::new(format!("it gives {}, not true or false", article(kind(value))));
    error.hint("compare it with something: `==`, `!=`, `<`, `>`, `in`")
}
