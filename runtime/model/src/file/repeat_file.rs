//! `map` and `loop` of a node of a graph file.

use std::num::NonZeroU32;

use crate::graph::{AtMax, FailedItems, Loop, MAX_LOOP_ROUNDS, MAX_MAP_ITEMS, Map, Repeat};
use crate::problem::{Problem, Problems};

use super::fields::{Fields, located};
use super::tree::Tree;
use super::values::{one_of, whole};

/// How often the node's work is done.
pub(super) fn repeat(fields: &mut Fields<'_>, problems: &mut Problems) -> Repeat {
    let map = fields.take(&["map"], problems);
    let repeated = fields.take(&["loop"], problems);
    if let (Some(_), Some(tree)) = (map, repeated) {
        let problem = Problem::error(Some(tree.place), "a node has a `map` or a `loop`, not both");
        problems.push(
            problem.hint("nest one in the other: `map: …` over `graph: {nodes: {step: {…, loop: …}}}`"),
        );
    }
    match (map, repeated) {
        (Some(tree), _) => read_map(tree, problems).map_or(Repeat::Once, Repeat::Map),
        (None, Some(tree)) => read_loop(tree, problems).map_or(Repeat::Once, Repeat::Loop),
        (None, None) => Repeat::Once,
    }
}

fn read_map(tree: &Tree, problems: &mut Problems) -> Option<Map> {
    let mut fields = Fields::of(tree, "`map`", problems);
    let over = fields.text(&["over"], problems);
    let item = fields.text(&["as"], problems);
    let into = fields.text(&["into"], problems);
    let max_parallel = fields.text(&["max_parallel"], problems);
    let max_items = fields.text(&["max_items"], problems);
    let failed_items = fields.take_or_null(&["failed_items"], problems);
    let is_map = fields.is_mapping();
    fields.finish(problems);
    if !is_map {
        return None;
    }
    let (Some(over), Some(item)) = (over, item) else {
        let problem = Problem::error(Some(tree.place), "`map` needs `over` and `as`");
        problems.push(problem.hint("for example `map: {over: documents, as: document}`"));
        return None;
    };
    let map = Map::new(over, item);
    Some(Map {
        into,
        max_parallel: max_parallel
            .and_then(|text| whole("max_parallel", &text, 1..=10_000, problems))
            .and_then(|number| NonZeroU32::new(number as u32)),
        max_items: max_items
            .and_then(|text| whole("max_items", &text, 1..=MAX_MAP_ITEMS, problems))
            .unwrap_or(map.max_items),
        failed_items: match failed_items {
            // The word is also YAML's for nothing.
            Some(tree) if tree.is_null() => FailedItems::Null,
            Some(tree) => located(tree, "failed_items", problems)
                .and_then(|text| one_of("failed_items", &text, &FailedItems::NAMES, problems))
                .unwrap_or(map.failed_items),
            None => map.failed_items,
        },
        ..map
    })
}

fn read_loop(tree: &Tree, problems: &mut Problems) -> Option<Loop> {
    let mut fields = Fields::of(tree, "`loop`", problems);
    let until = fields.text(&["until"], problems);
    let max_rounds = fields.text(&["max_rounds"], problems);
    let at_max = fields.text(&["at_max"], problems);
    let is_map = fields.is_mapping();
    fields.finish(problems);
    if !is_map {
        return None;
    }
    let (Some(until), Some(max_rounds)) = (until, max_rounds) else {
        let problem = Problem::error(Some(tree.place), "`loop` needs `until` and `max_rounds`");
        problems.push(problem.hint("for example `loop: {until: 'output.score >= 0.9', max_rounds: 5}`"));
        return None;
    };
    let max_rounds = whole("max_rounds", &max_rounds, 1..=MAX_LOOP_ROUNDS.into(), problems)?;
    let repeated = Loop::new(until, max_rounds as u32);
    Some(Loop {
        at_max: at_max
            .and_then(|text| one_of("at_max", &text, &AtMax::NAMES, problems))
            .unwrap_or(repeated.at_max),
        ..repeated
    })
}
