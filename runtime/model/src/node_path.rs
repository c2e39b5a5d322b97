//! Where a node stands in a run whose graphs are nested: `split`, `review/split`, `each[3]/split`, `polish#2`.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::id::NodeId;

/// The place of one piece of work in a run: the node's name behind those of the nodes around it, with the item of a map in
/// brackets (from 0) and the round of a loop behind `#` (from 1). Unique in its run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodePath(Arc<str>);

impl From<&NodeId> for NodePath {
    fn from(id: &NodeId) -> NodePath {
        NodePath(id.shared())
    }
}

impl NodePath {
    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A node of the graph that is the work of this one.
    pub fn child(&self, id: &NodeId) -> NodePath {
        NodePath(format!("{}/{id}", self.0).into())
    }

    /// One item of this map.
    pub fn item(&self, index: usize) -> NodePath {
        NodePath(format!("{}[{index}]", self.0).into())
    }

    /// One round of this loop.
    pub fn round(&self, round: u32) -> NodePath {
        NodePath(format!("{}#{round}", self.0).into())
    }

    /// Whether `other` is this place or lies within it.
    pub fn contains(&self, other: &NodePath) -> bool {
        other
            .0
            .strip_prefix(&*self.0)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '[', '#']))
    }

    /// Whether it is a node of the outermost graph, and not within one.
    pub fn is_outermost(&self) -> bool {
        !self.0.contains(['/', '[', '#'])
    }
}

impl fmt::Display for NodePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for NodePath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for NodePath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<NodePath, D::Error> {
        Ok(NodePath(String::deserialize(deserializer)?.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_contains_what_lies_in_it_and_nothing_that_is_only_spelt_alike() {
        let each = NodePath::from(&NodeId::new("each").unwrap());
        let split = each.item(3).child(&NodeId::new("split").unwrap());
        assert_eq!(split.as_str(), "each[3]/split");
        assert_eq!(split.round(2).as_str(), "each[3]/split#2");
        assert!(each.contains(&split) && each.item(3).contains(&split) && each.contains(&each));
        assert!(!each.item(30).contains(&split) && !split.contains(&each));
        assert!(!each.contains(&NodePath::from(&NodeId::new("each-one").unwrap())));
        assert!(each.is_outermost() && !split.is_outermost());
    }
}
