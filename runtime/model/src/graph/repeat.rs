//! How often a node's work is done: once, for each item of a list, or until a condition holds.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::Located;

/// The most items that a map can be allowed.
pub const MAX_MAP_ITEMS: u64 = 1_000_000;

/// The most rounds that a loop can be allowed.
pub const MAX_LOOP_ROUNDS: u32 = 10_000;

/// How often a node's work is done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Repeat {
    /// Once.
    #[default]
    Once,
    /// For each item of a list.
    Map(Map),
    /// Until a condition holds.
    Loop(Loop),
}

impl From<Map> for Repeat {
    fn from(map: Map) -> Repeat {
        Repeat::Map(map)
    }
}

impl From<Loop> for Repeat {
    fn from(repeated: Loop) -> Repeat {
        Repeat::Loop(repeated)
    }
}

/// The node's work is done for each item of a list; the node's output is the list of the outputs, in the items' order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map {
    /// The list: a context key, or a path of keys such as `report.sections`.
    pub over: Located,
    /// The key under which the work sees its item. It does not see the list.
    pub item: Located,
    /// The key under which the outputs are written; `None` is the node's name.
    pub into: Option<Located>,
    /// How many items may be worked on at one time; `None` is as many as the run allows.
    pub max_parallel: Option<NonZeroU32>,
    /// The most items that the list may have.
    pub max_items: u64,
    /// What becomes of an item whose work fails.
    pub failed_items: FailedItems,
}

impl Map {
    /// A map over the list under `over`, whose items are seen under `item`; ten thousand items at most.
    pub fn new(over: impl Into<Located>, item: impl Into<Located>) -> Map {
        Map {
            over: over.into(),
            item: item.into(),
            into: None,
            max_parallel: None,
            max_items: 10_000,
            failed_items: FailedItems::Fail,
        }
    }
}

/// What becomes of an item of a map whose work fails. All items are worked on in any case, so that what happens does not
/// depend on timing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum FailedItems {
    /// The node fails.
    Fail,
    /// It is left out of the list.
    Skip,
    /// `null` stands in its place.
    Null,
}

impl FailedItems {
    /// All of them, with the names used in graph files.
    pub const NAMES: [(&'static str, FailedItems); 3] = [
        ("fail", FailedItems::Fail),
        ("skip", FailedItems::Skip),
        ("null", FailedItems::Null),
    ];
}

/// The node's work is done again and again; each round sees what the rounds before it wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loop {
    /// The condition over `context`, `output` and `round` that ends it, held against each round's end.
    pub until: Located,
    /// The most rounds.
    pub max_rounds: u32,
    /// What happens when the condition does not hold after the last of them.
    pub at_max: AtMax,
}

impl Loop {
    /// A loop of at most `max_rounds` rounds that ends when `until` holds, and fails when it never does.
    pub fn new(until: impl Into<Located>, max_rounds: u32) -> Loop {
        Loop {
            until: until.into(),
            max_rounds,
            at_max: AtMax::Fail,
        }
    }
}

/// What happens when the condition of a loop does not hold after its last round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtMax {
    /// The node fails.
    Fail,
    /// What the rounds wrote is kept, as if the condition held.
    Keep,
}

impl AtMax {
    /// All of them, with the names used in graph files.
    pub const NAMES: [(&'static str, AtMax); 2] = [("fail", AtMax::Fail), ("keep", AtMax::Keep)];
}
