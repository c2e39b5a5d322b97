//! From a graph and its plan to what is drawn of them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use hap::{Graph, NestedGraph, Node, NodeBody, OnFailure, Plan, PlanBody, PlanNode, When};

use crate::terminal::clean_line;

use super::{DrawnEdge, DrawnNode, EdgeLook, NodePlace, Panel, marks};

/// The panels of a graph: itself, then the graphs in it, each once.
pub(super) fn panels(graph: &Graph, plan: &Plan) -> Vec<Panel> {
    let mut builder = Builder {
        named: &graph.graphs,
        found: vec![Found {
            graph,
            plan,
            work_of: Vec::new(),
        }],
        known: HashMap::new(),
    };
    let mut panels = Vec::new();
    while let Some((graph, plan)) = builder
        .found
        .get(panels.len())
        .map(|found| (found.graph, found.plan))
    {
        panels.push(builder.panel(panels.len(), graph, plan));
    }
    for (panel, found) in panels.iter_mut().zip(builder.found) {
        panel.work_of = found.work_of;
    }
    panels
}

struct Builder<'a> {
    /// The outermost graph's `graphs`.
    named: &'a BTreeMap<Arc<str>, Arc<Graph>>,
    /// The graphs in the order of their panels.
    found: Vec<Found<'a>>,
    /// Their panels, by plan.
    known: HashMap<*const Plan, usize>,
}

struct Found<'a> {
    graph: &'a Graph,
    plan: &'a Plan,
    work_of: Vec<String>,
}

impl<'a> Builder<'a> {
    fn panel(&mut self, own: usize, graph: &'a Graph, plan: &'a Plan) -> Panel {
        let planned = planned(plan);
        let mut nodes = Vec::with_capacity(graph.nodes.len());
        for node in &graph.nodes {
            let (place, body) = match planned.get(node.id.text.as_str()) {
                Some((place, node)) => (*place, Some(&node.body)),
                None => (NodePlace::Never, None),
            };
            nodes.push(DrawnNode {
                name: clean_line(&node.id.text),
                work: self.work(node),
                place,
                marks: marks::of_node(node, &graph.defaults),
                inner: body.and_then(|body| self.inner(own, node, body)),
                ran: None,
            });
        }
        let title = match own {
            0 => {
                let title = graph.name.as_deref().or(graph.source.as_deref());
                clean_line(title.unwrap_or("graph"))
            }
            _ => self.title(graph).unwrap_or_else(|| "graph".to_owned()),
        };
        Panel {
            title,
            work_of: Vec::new(),
            defaults: marks::of_defaults(&graph.defaults),
            nodes,
            edges: edges(graph),
        }
    }

    /// What does a node's work, as its graph names it.
    fn work(&self, node: &Node) -> String {
        let named = match &node.body {
            NodeBody::Graph(NestedGraph::Inline(graph)) => self.title(graph),
            _ => None,
        };
        named.unwrap_or_else(|| clean_line(&node.body.to_string()))
    }

    /// What a graph in the graph is called: its name, or its file where that is another than the outermost graph's.
    fn title(&self, graph: &Graph) -> Option<String> {
        let outermost = self.found.first().map(|found| &found.graph.source);
        let source = graph
            .source
            .as_deref()
            .filter(|_| Some(&graph.source) != outermost);
        let title = graph.name.as_deref().or(source)?;
        Some(format!("graph {}", clean_line(title)))
    }

    /// The panel of the graph that is a node's work.
    fn inner(&mut self, own: usize, node: &'a Node, body: &'a PlanBody) -> Option<usize> {
        let (NodeBody::Graph(nested), PlanBody::Graph(plan)) = (&node.body, body) else {
            return None;
        };
        let graph: &'a Graph = match nested {
            NestedGraph::Inline(graph) => graph,
            NestedGraph::Named(name) => self.named.get(name.text.as_str())?,
            NestedGraph::File(_) => return None,
        };
        let around = self.found.get(own).and_then(|found| found.work_of.first());
        let path = match around {
            Some(around) => format!("{around}/{}", clean_line(&node.id.text)),
            None => clean_line(&node.id.text),
        };
        let panel = *self.known.entry(Arc::as_ptr(plan)).or_insert_with(|| {
            self.found.push(Found {
                graph,
                plan,
                work_of: Vec::new(),
            });
            self.found.len() - 1
        });
        if let Some(found) = self.found.get_mut(panel) {
            found.work_of.push(path);
        }
        Some(panel)
    }
}

/// The nodes of a plan by name, with their places.
fn planned(plan: &Plan) -> HashMap<&str, (NodePlace, &PlanNode)> {
    let mut planned = HashMap::with_capacity(plan.len());
    for (layer, indices) in plan.layers().into_iter().enumerate() {
        let nodes = indices.into_iter().map(|index| plan.node(index));
        planned.extend(nodes.map(|node| (node.id.as_str(), (NodePlace::Layer(layer), node))));
    }
    let fallbacks = plan.fallbacks().iter();
    planned.extend(fallbacks.map(|node| (node.id.as_str(), (NodePlace::Fallback, node))));
    planned
}

fn edges(graph: &Graph) -> Vec<DrawnEdge> {
    let position: HashMap<&str, usize> = graph
        .nodes
        .iter()
        .enumerate()
        .map(|(position, node)| (node.id.text.as_str(), position))
        .collect();
    let mut edges = Vec::new();
    for (from, node) in graph.nodes.iter().enumerate() {
        for edge in &node.next {
            let kind = match &edge.when {
                When::Always => EdgeLook::Always,
                When::If(condition) => EdgeLook::When(clean_line(&condition.text)),
                When::Else => EdgeLook::Else,
            };
            if let Some(&to) = position.get(edge.to.text.as_str()) {
                edges.push(DrawnEdge { from, to, kind });
            }
        }
        if let Some(OnFailure::Node(name)) = &node.on_failure
            && let Some(&to) = position.get(name.text.as_str())
        {
            let kind = EdgeLook::Fallback;
            edges.push(DrawnEdge { from, to, kind });
        }
    }
    edges
}
