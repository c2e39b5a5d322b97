//! What a parsed condition names, and whether it may.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators};

use super::function::{LOOPS, TYPES};
use super::scan::Name;
use super::{ConditionError, function};
use crate::problem::{nearest, shown};

/// How deep the tree may be. One level costs the evaluator 40 KiB of stack where cel is built without
/// optimisation, and less than a quarter of that where it is built with.
const MAX_DEPTH: usize = 20;

/// `all`, `exists`, `map` and the like inside each other. Each multiplies the work by the length of a list.
const MAX_LOOPS: usize = 2;

/// What a condition reads of a variable.
#[derive(Debug, Default)]
pub(super) struct Use {
    /// Whether it reads more than what `keys` tells.
    pub(super) whole: bool,
    pub(super) keys: BTreeSet<Arc<str>>,
    /// The keys of which it asks whether they are there.
    pub(super) tested: BTreeSet<Arc<str>>,
}

/// What is known of a condition before it is evaluated.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) uses: BTreeMap<&'static str, Use>,
    /// How many loops there are.
    pub(super) loops: usize,
    /// How many of them are inside each other.
    pub(super) nested_loops: usize,
    /// What is read again for each item of a list: a variable and its key, or the whole of it.
    pub(super) repeated: BTreeSet<(&'static str, Option<Arc<str>>)>,
}

struct Check<'a> {
    source: &'a str,
    names: &'a [Name<'a>],
    variables: &'a [&'static str],
    /// The names of the items of the loops around.
    items: Vec<&'a str>,
    loops: usize,
    /// Whether the variable that comes next is only gone through, not copied.
    ranging: bool,
    facts: Facts,
}

/// What `tree`, parsed from `source`, reads.
pub(super) fn check(
    source: &str,
    names: &[Name<'_>],
    tree: &IdedExpr,
    variables: &[&'static str],
) -> Result<Facts, ConditionError> {
    let mut check = Check {
        source,
        names,
        variables,
        items: Vec::new(),
        loops: 0,
        ranging: false,
        facts: Facts::default(),
    };
    check.expr(tree, 0)?;
    Ok(check.facts)
}

/// What an expression gives whose text shows that it is no boolean.
pub(super) fn never_boolean(tree: &IdedExpr) -> Option<&'static str> {
    match &tree.expr {
        Expr::Literal(LiteralValue::Boolean(_)) => None,
        Expr::Literal(LiteralValue::String(_)) => Some("a text"),
        Expr::Literal(LiteralValue::Null) => Some("null"),
        Expr::Literal(LiteralValue::Bytes(_)) => Some("bytes"),
        Expr::Literal(_) => Some("a number"),
        Expr::List(_) => Some("a list"),
        Expr::Map(_) => Some("a map"),
        Expr::Call(call) => match call.func_name.as_str() {
            // Of texts and lists the sum is one.
            operators::ADD => Some("a sum"),
            operators::SUBSTRACT
            | operators::MULTIPLY
            | operators::DIVIDE
            | operators::MODULO
            | operators::NEGATE
            | "size"
            | "int"
            | "uint"
            | "double" => Some("a number"),
            "string" => Some("a text"),
            _ => None,
        },
        _ => None,
    }
}

impl<'a> Check<'a> {
    fn expr(&mut self, node: &'a IdedExpr, depth: usize) -> Result<(), ConditionError> {
        if depth > MAX_DEPTH {
            let error = ConditionError::new(format!("it is nested deeper than {MAX_DEPTH} levels"));
            return Err(
                error.hint("a sum of many parts is deep too: brackets around halves of it make it flatter")
            );
        }
        match &node.expr {
            Expr::Literal(_) => Ok(()),
            Expr::Ident(name) => self.name(name, None),
            Expr::Select(select) if select.test && matches!(select.operand.expr, Expr::Ident(_)) => {
                if let Expr::Ident(name) = &select.operand.expr {
                    self.name(name, Some(&select.field))?;
                    self.tested(name, &select.field);
                }
                Ok(())
            }
            Expr::Select(select) => match root(&select.operand) {
                Some((name, key)) => self.name(name, Some(key.unwrap_or(&select.field))),
                None => self.expr(&select.operand, depth + 1),
            },
            Expr::Call(call) => self.call(call, depth),
            Expr::List(list) => list
                .elements
                .iter()
                .try_for_each(|item| self.expr(item, depth + 1)),
            Expr::Map(map) => map.entries.iter().try_for_each(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => {
                    self.expr(&entry.key, depth + 1)?;
                    self.expr(&entry.value, depth + 1)
                }
                EntryExpr::StructField(field) => Err(self.misplaced(&field.field)),
            }),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension, depth),
            Expr::Struct(message) => Err(self.misplaced(&message.type_name)),
            Expr::Unspecified => Err(ConditionError::new("something is missing in it")),
        }
    }

    fn misplaced(&self, name: &str) -> ConditionError {
        let error = ConditionError::new(self.placed(
            name,
            false,
            format!("`{}` cannot have `{{` behind it", shown(name)),
        ));
        error.hint("a map is written `{\"key\": value}`")
    }

    /// A name, and the key that is read of it.
    fn name(&mut self, name: &'a str, key: Option<&str>) -> Result<(), ConditionError> {
        let ranging = std::mem::take(&mut self.ranging);
        if name.starts_with('@') || self.items.contains(&name) {
            return Ok(());
        }
        if let Some(variable) = self.variables.iter().find(|variable| **variable == name) {
            let key: Option<Arc<str>> = key.map(Arc::from);
            if self.loops > 0 && !ranging {
                self.facts.repeated.insert((variable, key.clone()));
            }
            let used = self.facts.uses.entry(variable).or_default();
            match key {
                Some(key) => drop(used.keys.insert(key)),
                None => used.whole = true,
            }
            return Ok(());
        }
        if TYPES.contains(&name) {
            return Ok(());
        }
        let error = ConditionError::new(self.placed(name, false, format!("unknown name `{}`", shown(name))));
        let known = || self.variables.iter().chain(&self.items).copied();
        let listed: Vec<String> = known().map(|name| format!("`{name}`")).collect();
        Err(error.hint(match nearest(name, known()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if name.eq_ignore_ascii_case("and") => "and is written `&&`".to_owned(),
            None if name.eq_ignore_ascii_case("or") => "or is written `||`".to_owned(),
            None if name.eq_ignore_ascii_case("not") => "not is written `!`".to_owned(),
            None => format!("what can be named: {}; text stands in quotes", listed.join(", ")),
        }))
    }

    /// Whether a key of a variable is there is asked.
    fn tested(&mut self, name: &str, key: &str) {
        if let Some(used) = self.facts.uses.get_mut(name) {
            used.tested.insert(Arc::from(key));
        }
    }

    fn call(&mut self, call: &'a CallExpr, depth: usize) -> Result<(), ConditionError> {
        function::check(call).map_err(|error| ConditionError {
            message: self.placed(&call.func_name, call.target.is_some(), error.message),
            hint: error.hint,
        })?;
        match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::INDEX, [value, _]) if keyed(&call.args).is_some() => {
                let (Expr::Ident(name), key) = (&value.expr, keyed(&call.args)) else {
                    return Ok(());
                };
                return self.name(name, key);
            }
            (operators::IN, [key, value]) => {
                if let (Expr::Literal(LiteralValue::String(key)), Expr::Ident(name)) =
                    (&key.expr, &value.expr)
                {
                    self.name(name, Some(key.inner()))?;
                    self.tested(name, key.inner());
                    return Ok(());
                }
            }
            _ => {}
        }
        let parts = call.target.iter().map(|target| &**target).chain(&call.args);
        parts.into_iter().try_for_each(|part| self.expr(part, depth + 1))
    }

    fn comprehension(&mut self, parts: &'a ComprehensionExpr, depth: usize) -> Result<(), ConditionError> {
        self.ranging = matches!(parts.iter_range.expr, Expr::Ident(_)) || root(&parts.iter_range).is_some();
        self.expr(&parts.iter_range, depth + 1)?;
        self.ranging = false;
        self.expr(&parts.accu_init, depth + 1)?;
        let item = parts.iter_var.as_str();
        if self.variables.contains(&item) {
            let error = ConditionError::new(format!("`{item}` cannot be the name of an item too"));
            return Err(error.hint("give the item another name, as in `context.items.all(item, item > 3)`"));
        }
        self.loops += 1;
        self.facts.loops += 1;
        self.facts.nested_loops = self.facts.nested_loops.max(self.loops);
        if self.loops > MAX_LOOPS {
            let error = ConditionError::new(format!(
                "more than {MAX_LOOPS} of {} are inside each other",
                LOOPS.join(", ")
            ));
            return Err(error.hint("let an agent work out part of it and write the result"));
        }
        self.items.push(item);
        self.expr(&parts.loop_cond, depth + 1)?;
        self.expr(&parts.loop_step, depth + 1)?;
        self.expr(&parts.result, depth + 1)?;
        self.items.pop();
        self.loops -= 1;
        Ok(())
    }

    /// `message` with the first place where the text has `name`.
    fn placed(&self, name: &str, field: bool, message: impl Into<String>) -> String {
        let bare = name.trim_start_matches('.');
        let field = field || bare != name;
        match self
            .names
            .iter()
            .find(|known| known.text == bare && known.field == field)
        {
            Some(place) => ConditionError::at(self.source, place.offset, message).message,
            None => message.into(),
        }
    }
}

/// The literal key of `value["key"]`.
fn keyed(args: &[IdedExpr]) -> Option<&str> {
    match args {
        [value, key] => match (&value.expr, &key.expr) {
            (Expr::Ident(_), Expr::Literal(LiteralValue::String(key))) => Some(key.inner()),
            _ => None,
        },
        _ => None,
    }
}

/// The name that `a.b.c` starts with, and the first field behind it; of a mere name, no field.
fn root(node: &IdedExpr) -> Option<(&str, Option<&str>)> {
    let mut node = node;
    let mut key = None;
    loop {
        match &node.expr {
            Expr::Ident(name) => return Some((name, key)),
            Expr::Select(select) if !select.test => {
                key = Some(select.field.as_str());
                node = &select.operand;
            }
            _ => return None,
        }
    }
}
