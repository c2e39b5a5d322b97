//! Drawings of graphs: as text, as Mermaid and as SVG. Each is made from a [`Drawing`]: names and numbers, nothing else.

mod layers;
mod layout;
mod mermaid;
mod placement;
mod svg;
mod text;

use std::collections::HashMap;

use hap::{Graph, Plan};

pub(crate) use mermaid::mermaid;
pub(crate) use svg::svg;
pub(crate) use text::text;

/// What is drawn of a graph.
#[derive(Debug)]
pub(crate) struct Drawing {
    /// What to call the graph.
    pub(crate) title: String,
    /// In the order of declaration.
    pub(crate) nodes: Vec<DrawnNode>,
    /// From and to, as places in `nodes`.
    pub(crate) edges: Vec<(usize, usize)>,
}

/// What is drawn of a node.
#[derive(Debug)]
pub(crate) struct DrawnNode {
    /// Its name.
    pub(crate) name: String,
    /// Its agent as the graph names it.
    pub(crate) agent: String,
    /// Its layer in the plan; `None` when the entry does not lead to it.
    pub(crate) layer: Option<usize>,
}

impl Drawing {
    /// What is drawn of `graph`, whose plan is `plan`.
    pub(crate) fn new(graph: &Graph, plan: &Plan) -> Drawing {
        let mut layer_of = HashMap::new();
        for (layer, indices) in plan.layers().into_iter().enumerate() {
            layer_of.extend(
                indices
                    .into_iter()
                    .map(|index| (plan.node(index).id.as_str(), layer)),
            );
        }
        let nodes: Vec<DrawnNode> = graph
            .nodes
            .iter()
            .map(|node| DrawnNode {
                name: node.id.text.clone(),
                agent: node.body.to_string(),
                layer: layer_of.get(node.id.text.as_str()).copied(),
            })
            .collect();
        let position: HashMap<&str, usize> = nodes
            .iter()
            .enumerate()
            .map(|(position, node)| (node.name.as_str(), position))
            .collect();
        let mut edges = Vec::new();
        for (from, node) in graph.nodes.iter().enumerate() {
            let targets = node
                .next
                .iter()
                .filter_map(|edge| position.get(edge.to.text.as_str()));
            edges.extend(targets.map(|&to| (from, to)));
        }
        let title = graph
            .name
            .as_deref()
            .or(graph.source.as_deref())
            .unwrap_or("graph");
        Drawing {
            title: crate::terminal::clean_line(title),
            nodes,
            edges,
        }
    }
}

#[cfg(test)]
pub(crate) fn drawing(text: &str) -> Drawing {
    let graph = Graph::from_text("g.yaml", text).unwrap();
    let plan = Plan::new(&graph).unwrap();
    Drawing::new(&graph, &plan)
}
