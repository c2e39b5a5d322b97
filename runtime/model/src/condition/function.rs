//! The functions that a condition can call: CEL's own, without those that read a clock or match patterns.

use cel::common::ast::CallExpr;

use super::ConditionError;
use crate::problem::{nearest, shown};

/// Functions that stand before their one argument.
const FUNCTIONS: [&str; 9] = [
    "bool", "bytes", "double", "dyn", "int", "size", "string", "type", "uint",
];

/// Functions that stand after a value, with the number of their arguments.
const METHODS: [(&str, usize); 4] = [("contains", 1), ("endsWith", 1), ("size", 0), ("startsWith", 1)];

/// What goes through lists. The parser puts something else in place of those that are written well.
pub(super) const LOOPS: [&str; 6] = ["all", "exists", "existsOne", "exists_one", "filter", "map"];

/// Names of kinds of values, as in `type(output.score) == double`.
pub(super) const TYPES: [&str; 10] = [
    "bool",
    "bytes",
    "double",
    "int",
    "list",
    "map",
    "null_type",
    "string",
    "type",
    "uint",
];

/// Whether there is such a function for as many arguments. Operators, which are calls to the parser, pass.
pub(super) fn check(call: &CallExpr) -> Result<(), ConditionError> {
    let name = call.func_name.as_str();
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    if !name.chars().all(is_name) {
        return Ok(());
    }
    let method = call.target.is_some();
    let wanted = if method {
        METHODS
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, count)| *count)
    } else {
        FUNCTIONS.contains(&name).then_some(1)
    };
    let given = call.args.len();
    match wanted {
        Some(wanted) if wanted == given => return Ok(()),
        Some(wanted) => {
            let message = format!("`{name}` takes {wanted} in its brackets, not {given}");
            return Err(ConditionError::new(message));
        }
        None => {}
    }
    if LOOPS.contains(&name) {
        let message =
            format!("`{name}` needs a list before it, and a name and an expression in its brackets");
        let example = format!("as in `context.items.{name}(item, item.score > 3)`");
        return Err(ConditionError::new(message).hint(example));
    }
    if name == "has" {
        let error = ConditionError::new("`has` takes one field");
        return Err(error.hint("as in `has(context.key)`"));
    }
    let error = ConditionError::new(format!("unknown function `{}`", shown(name)));
    let there: Vec<&str> = if method {
        METHODS.iter().map(|(name, _)| *name).chain(LOOPS).collect()
    } else {
        FUNCTIONS.into_iter().chain(["has"]).collect()
    };
    Err(error.hint(match nearest(name, there.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are: {}", there.join(", ")),
    }))
}
