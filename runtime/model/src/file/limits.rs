//! Budgets and grants of a graph file.

use crate::budget::{Budget, Limit};
use crate::grants::{Grants, ResourcePattern};
use crate::identity::IdentityPart;
use crate::problem::{Problem, Problems, nearest, shown};

use super::fields::{Fields, located};
use super::tree::{Tree, Value};

/// What an attempt may spend.
pub(super) fn budget(tree: &Tree, problems: &mut Problems) -> Budget {
    let Value::Map(members) = &tree.value else {
        let message = format!(
            "`budget` must be a mapping from limit to value, not {}",
            tree.kind()
        );
        problems.push(Problem::error(Some(tree.place), message));
        return Budget::unlimited();
    };
    let mut budget = Budget::unlimited();
    for (key, place, value) in members {
        let Some(limit) = Limit::from_name(key) else {
            let names = Limit::ALL.map(Limit::name);
            let hint = match nearest(key, names) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the limits are {}", names.join(", ")),
            };
            problems
                .push(Problem::error(Some(*place), format!("there is no limit `{}`", shown(key))).hint(hint));
            continue;
        };
        let Some(text) = located(value, key, problems) else {
            continue;
        };
        match limit.parse_value(&text.text) {
            Ok(value) => budget = budget.with(limit, value),
            Err(message) => problems.push(Problem::error(text.place, message)),
        }
    }
    budget
}

/// A run's budget: the limits that add up over its attempts.
pub(super) fn run_budget(tree: &Tree, problems: &mut Problems) -> Budget {
    for (key, place, _) in tree.members() {
        if let Some(limit) = Limit::from_name(key).filter(|limit| !limit.adds_up()) {
            let message =
                format!("`{limit}` holds for each attempt by itself, so a run's budget cannot hold it");
            problems.push(Problem::error(Some(place), message).hint("set it in `budget`"));
        }
    }
    budget(tree, problems)
}

/// What a node may use.
pub(super) fn grants(tree: &Tree, problems: &mut Problems) -> Grants {
    let mut fields = Fields::of(tree, "`grants`", problems);
    let mut resources = Vec::new();
    for pattern in fields.texts(&["resources"], problems).unwrap_or_default() {
        match ResourcePattern::new(&pattern.text) {
            Ok(good) => resources.push(good),
            Err(message) => problems.push(Problem::error(pattern.place, message)),
        }
    }
    let mut identity = Vec::new();
    for part in fields.texts(&["identity"], problems).unwrap_or_default() {
        match IdentityPart::parse(&part.text) {
            Ok(good) => identity.push(good),
            Err(message) => problems.push(Problem::error(part.place, message)),
        }
    }
    fields.finish(problems);
    Grants { resources, identity }
}
