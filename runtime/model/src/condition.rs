//! Conditions of edges and loops: expressions of CEL, the Common Expression Language.
//!
//! A condition sees only what it is given, and CEL without its clock, its time zones and its regular
//! expressions; so the same values always give the same answer. Its text is bounded, and so are the depth of
//! its tree, the loops in each other and the steps that these may take, so that whatever the text and the
//! values are, checking and evaluating it end soon and fit on a small stack.

mod check;
mod explain;
mod function;
mod scan;
#[cfg(test)]
mod tests;
mod value;

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, LazyLock};

use cel::common::ast::IdedExpr;
use cel::common::types::CelInt;
use cel::objects::Value;
use cel::parser::PrattParser;
use cel::{Context, Env};

use crate::json::{self, Json};
use check::{Facts, Use};
use value::{Boxed, Members, Size};

/// The longest text that a condition can have, in bytes.
pub const MAX_CONDITION_BYTES: usize = 2000;

/// The values that the loops of one evaluation (`all`, `exists`, `map`, `filter`) may copy, by an estimate.
const MAX_STEPS: usize = 5_000_000;

/// CEL's own functions.
static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// A CEL expression over named variables whose value must be a boolean. Cheap to clone; two are equal when
/// their texts are.
#[derive(Clone)]
pub struct Condition(Arc<Inner>);

struct Inner {
    source: Box<str>,
    tree: IdedExpr,
    facts: Facts,
}

/// A value that a condition is evaluated with.
#[derive(Clone, Copy, Debug)]
pub enum ConditionValue<'a> {
    /// Any JSON value.
    Json(&'a Json),
    /// An object, given by its members.
    Members(&'a [(Arc<str>, Json)]),
    /// A whole number.
    Integer(i64),
}

/// What is wrong with a condition, or why it has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConditionError {
    /// What is wrong, with its place in the text where that is known.
    pub message: String,
    /// What would mend it.
    pub hint: Option<String>,
}

impl ConditionError {
    fn new(message: impl Into<String>) -> ConditionError {
        ConditionError {
            message: message.into(),
            hint: None,
        }
    }

    /// An error at a byte of `source`.
    fn at(source: &str, offset: usize, message: impl Into<String>) -> ConditionError {
        let before = source.get(..offset).unwrap_or(source);
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let message = message.into();
        if source.trim_end().contains('\n') {
            let line = before.matches('\n').count() + 1;
            return ConditionError::new(format!("{message} (line {line}, column {column})"));
        }
        ConditionError::new(format!("{message} (column {column})"))
    }

    fn hint(mut self, hint: impl Into<String>) -> ConditionError {
        self.hint = Some(hint.into());
        self
    }
}

impl Condition {
    /// Checks `source`: its syntax, its size and its depth, and that it names nothing but `variables` and CEL's
    /// own functions.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn new(source: &str, variables: &[&'static str]) -> Result<Condition, ConditionError> {
        if source.len() > MAX_CONDITION_BYTES {
            let error = ConditionError::new(format!("it is longer than {MAX_CONDITION_BYTES} bytes"));
            return Err(error.hint("let an agent work out part of it and write the result"));
        }
        let names = scan::scan(source)?;
        if source.trim().is_empty() {
            return Err(ConditionError::new("it is empty").hint("as in `output.verdict == \"good\"`"));
        }
        // Unlike the parser that cel uses by default, this one takes little stack, also when it is built without
        // optimisation. It bounds the depth of brackets only; `scan` has bounded the rest.
        let parser = PrattParser::new().max_recursion_depth(64).error_recovery_limit(1);
        let tree = parser
            .parse(source)
            .map_err(|errors| explain::parse(source, &errors.errors))?;
        let facts = check::check(source, &names, &tree, variables)?;
        if let Some(kind) = check::never_boolean(&tree) {
            let error = ConditionError::new(format!("it gives {kind}, not true or false"));
            return Err(error.hint("compare it with something, as in `output.score >= 3`"));
        }
        Ok(Condition(Arc::new(Inner {
            source: source.into(),
            tree,
            facts,
        })))
    }

    /// The text.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// The top-level keys of `variable` that the expression reads or asks for, as in `context.a`,
    /// `context["a"]`, `has(context.a)` and `"a" in context`; `None` when it uses the whole value, or a key that
    /// only the evaluation tells.
    pub fn keys_of(&self, variable: &str) -> Option<BTreeSet<Arc<str>>> {
        match self.0.facts.uses.get(variable) {
            None => Some(BTreeSet::new()),
            Some(used) if used.whole => None,
            Some(used) => Some(used.keys.clone()),
        }
    }

    /// As [`Condition::keys_of`], without the keys of which it asks whether they are there: `has(output.a)`, `"a" in output`.
    /// Where one of these is not there, it has no answer; none where the whole of `variable` is used.
    pub fn needs_of(&self, variable: &str) -> BTreeSet<Arc<str>> {
        match self.0.facts.uses.get(variable) {
            Some(used) if !used.whole => used.keys.difference(&used.tested).cloned().collect(),
            _ => BTreeSet::new(),
        }
    }

    /// Whether it names `variable`.
    pub fn names(&self, variable: &str) -> bool {
        self.0.facts.uses.contains_key(variable)
    }

    /// The answer for these values of the variables. Those that it does not name are not looked at.
    ///
    /// A loop over a list copies its items one by one, and a loop in a loop does that for each item of the outer
    /// list. Where the values given are so large that it could be millions of steps, the evaluation is refused
    /// before it starts; what is not refused can still take a second or two. Lists written with variables in them
    /// and sums of lists copy these as well, as often as they are named, which nothing bounds but the text.
    ///
    /// # Errors
    /// When it gives anything but a boolean, reads a key that is not there, divides by zero, and so on.
    pub fn evaluate(&self, values: &[(&str, ConditionValue<'_>)]) -> Result<bool, ConditionError> {
        let facts = &self.0.facts;
        let mut context = Context::with_env(ENV.clone());
        let mut sizes = Sizes::default();
        for (name, used) in &facts.uses {
            // The last one of a name counts, should a caller give two.
            if let Some((_, value)) = values.iter().rev().find(|(given, _)| given == name) {
                context.add_variable_as_val(*name, sizes.build(name, used, value)?);
            }
        }
        sizes.check(&self.0)?;
        // Not `resolve_val`: that would be compiled into this crate, and take far more stack where this crate
        // is built without optimisation.
        match Value::resolve(&self.0.tree, &context) {
            Ok(Value::Bool(answer)) => Ok(answer),
            Ok(other) => Err(explain::not_boolean(&other)),
            Err(error) => Err(explain::execution(&error, facts)),
        }
    }
}

/// How large the values of one evaluation are.
#[derive(Default)]
struct Sizes {
    all: Size,
    /// Of each variable and each of its keys, how many values there are in it.
    parts: HashMap<(&'static str, Option<Arc<str>>), usize>,
}

impl Sizes {
    /// What the condition needs of `value`.
    fn build(
        &mut self,
        name: &'static str,
        used: &Use,
        value: &ConditionValue<'_>,
    ) -> Result<Boxed, ConditionError> {
        let wanted = |key: &str| used.whole || used.keys.contains(key);
        let members: Vec<(&str, &str)>;
        let own;
        match value {
            ConditionValue::Integer(number) => return Ok(Box::new(CelInt::from(*number))),
            ConditionValue::Members(list) => {
                members = list.iter().map(|(key, value)| (&**key, value.as_str())).collect();
            }
            ConditionValue::Json(json) if json.as_str().trim_start().starts_with('{') => {
                own = json::members(json.as_str()).unwrap_or_default();
                members = own.iter().map(|(key, value)| (&**key, *value)).collect();
            }
            ConditionValue::Json(json) => return self.read(name, None, json.as_str()),
        }
        let mut map = Members::new();
        let before = self.all.values.get();
        for (key, text) in members.into_iter().filter(|(key, _)| wanted(key)) {
            map.insert(value::key(key), self.read(name, Some(key), text)?);
        }
        self.parts.insert((name, None), self.all.values.get() - before);
        Ok(value::object(map, &self.all))
    }

    fn read(&mut self, name: &'static str, key: Option<&str>, text: &str) -> Result<Boxed, ConditionError> {
        let before = self.all.values.get();
        let value = value::read(text, &self.all).map_err(|_| {
            let place = key.map_or_else(String::new, |key| format!(".{}", crate::problem::shown(key)));
            ConditionError::new(format!("`{name}{place}` holds a number that is too large"))
        })?;
        self.parts
            .insert((name, key.map(Arc::from)), self.all.values.get() - before);
        Ok(value)
    }

    /// Refuses what could take too many steps. Going through a list copies all that is in it; a loop in a loop
    /// does so for each item of the longest list; and each step may copy what it reads outside of its loop.
    fn check(&self, condition: &Inner) -> Result<(), ConditionError> {
        let facts = &condition.facts;
        let literal = condition.source.len() / 2;
        let all = self.all.values.get().max(literal);
        let longest = self.all.longest.get().max(literal);
        let read: usize = facts
            .repeated
            .iter()
            .filter_map(|part| self.parts.get(part))
            .sum();
        let outer = u32::try_from(facts.nested_loops.saturating_sub(1)).unwrap_or(u32::MAX);
        let steps = [all, longest.saturating_pow(outer), read.max(1), facts.loops]
            .into_iter()
            .fold(1, usize::saturating_mul);
        if steps <= MAX_STEPS {
            return Ok(());
        }
        let message = format!("its lists are so long that it could take more than {MAX_STEPS} steps");
        Err(ConditionError::new(message).hint("let an agent work out part of it and write the result"))
    }
}

impl PartialEq for Condition {
    fn eq(&self, other: &Condition) -> bool {
        self.source() == other.source()
    }
}

impl Eq for Condition {}

impl Hash for Condition {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.source().hash(state);
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Condition").field(&self.source()).finish()
    }
}
