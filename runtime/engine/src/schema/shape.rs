//! The graph of a schema's subschemas: how much work it can ask for, and how deep a check of it can go.

use std::collections::HashMap;

use super::walk::MAX_SUBSCHEMAS;

/// The deepest nesting of the data that is checked, as `serde_json` reads it.
const DATA_LEVELS: usize = 128;
/// The most subschemas that may be open at once. Each takes up to 500 bytes of a thread's stack, measured with optimised
/// dependencies, and the threads of a tokio runtime have 2 MiB.
const MAX_OPEN: usize = 1024;

/// What a subschema is applied to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    /// The same value as the schema around it.
    InPlace,
    /// An item, a member or a key.
    Below,
}

#[derive(Default)]
struct Node {
    cost: usize,
    children: Vec<(Edge, usize)>,
    /// The definition that it refers to.
    refers: Option<usize>,
}

/// The subschemas and what holds what.
#[derive(Default)]
pub(super) struct Shape {
    nodes: Vec<Node>,
    definitions: HashMap<usize, usize>,
}

impl Shape {
    pub(super) fn add(&mut self) -> usize {
        self.nodes.push(Node {
            cost: 1,
            ..Node::default()
        });
        self.nodes.len() - 1
    }

    pub(super) fn set_cost(&mut self, node: usize, cost: usize) {
        if let Some(node) = self.nodes.get_mut(node) {
            node.cost = cost;
        }
    }

    pub(super) fn connect(&mut self, parent: usize, edge: Edge, child: usize) {
        if let Some(parent) = self.nodes.get_mut(parent) {
            parent.children.push((edge, child));
        }
    }

    pub(super) fn refer(&mut self, node: usize, definition: usize) {
        if let Some(node) = self.nodes.get_mut(node) {
            node.refers = Some(definition);
        }
    }

    pub(super) fn define(&mut self, definition: usize, node: usize) {
        self.definitions.insert(definition, node);
    }

    /// The unfolded number of subschemas below `top`, in which a recursive reference counts once.
    ///
    /// # Errors
    /// When there are too many, when a value is checked against itself without end, or when a check would go too deep.
    pub(super) fn weigh(mut self, top: usize) -> Result<usize, String> {
        for index in 0..self.nodes.len() {
            let definition = self.nodes.get(index).and_then(|node| node.refers);
            if let Some(target) = definition.and_then(|definition| self.definitions.get(&definition)) {
                self.connect(index, Edge::InPlace, *target);
            }
        }
        let in_place = self.order(top, |edge| edge == Edge::InPlace);
        if in_place.back_edges {
            return Err("it refers to itself without going deeper into the value".to_owned());
        }
        let all = self.order(top, |_| true);
        self.check_depth(&in_place.finished, top, all.back_edges)?;
        let mut weights = vec![0usize; self.nodes.len()];
        for &index in &all.finished {
            let Some(node) = self.nodes.get(index) else {
                continue;
            };
            // A child that is not finished yet is where the schema is recursive.
            let below = node
                .children
                .iter()
                .map(|(_, child)| weights.get(*child).map_or(1, |&weight| weight.max(1)));
            let weight = below.fold(node.cost, usize::saturating_add);
            if weight > MAX_SUBSCHEMAS {
                return Err(format!("it unfolds to more than {MAX_SUBSCHEMAS} subschemas"));
            }
            if let Some(slot) = weights.get_mut(index) {
                *slot = weight;
            }
        }
        Ok(weights.get(top).copied().unwrap_or(1))
    }

    /// Bounds how many subschemas are open at once, on data of any depth that is accepted.
    fn check_depth(&self, in_place: &[usize], top: usize, recursive: bool) -> Result<(), String> {
        let mut one_less = vec![0usize; self.nodes.len()];
        let mut open = one_less.clone();
        // Without recursion the order of all edges would do; the number of levels is bounded by nesting all the same.
        for _ in 0..DATA_LEVELS {
            for &index in in_place {
                let Some(node) = self.nodes.get(index) else {
                    continue;
                };
                let deepest = node.children.iter().map(|&(edge, child)| {
                    let table = if edge == Edge::InPlace { &open } else { &one_less };
                    table.get(child).copied().unwrap_or_default()
                });
                let deepest = 1 + deepest.max().unwrap_or_default();
                if deepest > MAX_OPEN {
                    let kind = if recursive { "recursion" } else { "nesting" };
                    return Err(format!(
                        "its {kind} can have more than {MAX_OPEN} subschemas open at once"
                    ));
                }
                if let Some(slot) = open.get_mut(index) {
                    *slot = deepest;
                }
            }
            if open.get(top) == one_less.get(top) && open == one_less {
                return Ok(());
            }
            one_less.clone_from(&open);
        }
        Ok(())
    }

    /// Visits what `top` leads to, depth first and without recursion; `follow` chooses edges, but everything is visited.
    fn order(&self, top: usize, follow: impl Fn(Edge) -> bool) -> Order {
        #[derive(Clone, Copy, PartialEq)]
        enum State {
            New,
            Open,
            Done,
        }
        let mut states = vec![State::New; self.nodes.len()];
        let mut order = Order {
            finished: Vec::new(),
            back_edges: false,
        };
        for start in std::iter::once(top).chain(0..self.nodes.len()) {
            if states.get(start) != Some(&State::New) {
                continue;
            }
            let mut path = vec![(start, 0)];
            while let Some((index, next)) = path.pop() {
                if let Some(state) = states.get_mut(index) {
                    *state = State::Open;
                }
                match self.nodes.get(index).and_then(|node| node.children.get(next)) {
                    Some(&(edge, child)) => {
                        path.push((index, next + 1));
                        if follow(edge) {
                            match states.get(child) {
                                Some(State::New) => path.push((child, 0)),
                                Some(State::Open) => order.back_edges = true,
                                _ => {}
                            }
                        }
                    }
                    None => {
                        if let Some(state) = states.get_mut(index) {
                            *state = State::Done;
                        }
                        order.finished.push(index);
                    }
                }
            }
        }
        order
    }
}

/// Nodes after all that they lead to, but for the edges that close a circle.
struct Order {
    finished: Vec<usize>,
    back_edges: bool,
}
