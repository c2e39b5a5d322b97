//! The order of a graph's nodes, and what decides which of them run.

use std::collections::BTreeMap;

use hap::{EdgeKind, NodeIndex, Plan, PlanOnFailure, PlanRepeat};
use serde::Serialize;

/// In which order nodes run, and what decides whether they do.
#[derive(Serialize)]
pub(super) struct Flow<'a> {
    pub(super) order: Vec<&'a str>,
    pub(super) layers: Vec<Vec<&'a str>>,
    /// The longest way through the graph, by the number of its nodes; the first one where there are several.
    pub(super) critical_path: Vec<&'a str>,
    pub(super) never_run: Vec<&'a str>,
    /// The edges that are not always taken.
    pub(super) conditions: Vec<Conditional<'a>>,
    /// The nodes whose work is done again, with the words for how often.
    pub(super) repeats: BTreeMap<&'a str, String>,
    /// For nodes with a fallback, its name.
    pub(super) fallbacks: BTreeMap<&'a str, &'a str>,
}

/// An edge that is not always taken.
#[derive(Serialize)]
pub(super) struct Conditional<'a> {
    pub(super) from: &'a str,
    pub(super) to: &'a str,
    /// The condition; without one it is taken when no other holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) when: Option<&'a str>,
}

impl<'a> Flow<'a> {
    pub(super) fn new(plan: &'a Plan) -> Flow<'a> {
        let name = |index: NodeIndex| plan.node(index).id.as_str();
        let layers = plan.layers();
        let all = || plan.nodes().iter().chain(plan.fallbacks());
        Flow {
            order: plan.topological_order().map(hap::NodeId::as_str).collect(),
            critical_path: critical_path(plan, &layers).into_iter().map(name).collect(),
            layers: layers
                .into_iter()
                .map(|layer| layer.into_iter().map(name).collect())
                .collect(),
            never_run: plan.unreachable().iter().map(|(id, _)| id.as_str()).collect(),
            conditions: conditions(plan),
            repeats: all()
                .filter_map(|node| Some((node.id.as_str(), repeat(&node.repeat)?)))
                .collect(),
            fallbacks: all()
                .filter_map(|node| match node.on_failure {
                    PlanOnFailure::Node(index) => Some((node.id.as_str(), plan.fallback(index).id.as_str())),
                    _ => None,
                })
                .collect(),
        }
    }
}

/// From the first node of the last layer back, each time to a predecessor in the layer before: there always is one.
fn critical_path(plan: &Plan, layers: &[Vec<NodeIndex>]) -> Vec<NodeIndex> {
    let mut layer_of = vec![0; plan.nodes().len()];
    for (layer, nodes) in layers.iter().enumerate() {
        for node in nodes {
            if let Some(place) = layer_of.get_mut(node.get()) {
                *place = layer;
            }
        }
    }
    let mut path = Vec::with_capacity(layers.len());
    let mut next = layers.last().and_then(|last| last.first()).copied();
    while let Some(node) = next {
        path.push(node);
        next = plan
            .predecessors(node)
            .iter()
            .max_by_key(|before| (layer_of.get(before.get()), std::cmp::Reverse(**before)))
            .copied();
    }
    path.reverse();
    path
}

/// In the order of the nodes that they leave.
fn conditions(plan: &Plan) -> Vec<Conditional<'_>> {
    let mut found = Vec::new();
    for (at, group) in plan.groups().iter().enumerate() {
        for (before, kind) in group.predecessors.iter().zip(&group.edges) {
            let when = match kind {
                EdgeKind::Always => continue,
                EdgeKind::If(position) => plan
                    .links(*before)
                    .conditions
                    .get(*position as usize)
                    .map(hap::Condition::source),
                EdgeKind::Else => None,
            };
            let order = (*before, kind, at);
            for member in &group.members {
                let conditional = Conditional {
                    from: plan.node(*before).id.as_str(),
                    to: plan.node(*member).id.as_str(),
                    when,
                };
                found.push((order, conditional));
            }
        }
    }
    found.sort_by_key(|(order, _)| *order);
    found.into_iter().map(|(_, conditional)| conditional).collect()
}

fn repeat(repeat: &PlanRepeat) -> Option<String> {
    match repeat {
        PlanRepeat::Once => None,
        PlanRepeat::Map(map) => Some(format!(
            "for each item of `{}`, at most {}",
            map.over.join("."),
            map.max_items
        )),
        PlanRepeat::Loop(repeated) => Some(format!(
            "until `{}`, at most {} rounds",
            repeated.until.source(),
            repeated.max_rounds
        )),
    }
}
