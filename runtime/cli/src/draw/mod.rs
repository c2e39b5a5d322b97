//! Drawings of graphs: as text, as Mermaid and as SVG; and of runs, as a timeline. Each is made from a [`Drawing`]: names,
//! words and numbers, nothing else.

mod build;
mod layers;
mod layout;
mod marks;
mod mermaid;
mod placement;
mod ran;
mod svg;
mod text;
mod timeline;

use hap::{Graph, Plan};

use crate::run_file::Status;

pub(crate) use mermaid::mermaid;
pub(crate) use ran::lay_over;
pub(crate) use svg::svg;
pub(crate) use text::text;
pub(crate) use timeline::timeline;

/// What is drawn of a graph. All its texts stand on one line and are free of control characters.
#[derive(Debug)]
pub(crate) struct Drawing {
    /// The graph itself, then the graphs in it, each once.
    pub(crate) panels: Vec<Panel>,
    /// How a run of it ended, where one is drawn.
    pub(crate) run: Option<String>,
}

/// What is drawn of one of its graphs.
#[derive(Debug)]
pub(crate) struct Panel {
    /// What to call the graph.
    pub(crate) title: String,
    /// The places of the nodes whose work it is; none for the graph itself.
    pub(crate) work_of: Vec<String>,
    /// What its nodes do about failures unless they say otherwise.
    pub(crate) defaults: Vec<String>,
    /// In the order of declaration.
    pub(crate) nodes: Vec<DrawnNode>,
    /// The edges, and those to fallbacks.
    pub(crate) edges: Vec<DrawnEdge>,
}

/// What is drawn of a node.
#[derive(Debug)]
pub(crate) struct DrawnNode {
    /// Its name.
    pub(crate) name: String,
    /// What does its work, as the graph names it.
    pub(crate) work: String,
    /// When it runs.
    pub(crate) place: NodePlace,
    /// How often its work is done, and what happens when it fails: a few words each.
    pub(crate) marks: Vec<String>,
    /// The panel of the graph that is its work.
    pub(crate) inner: Option<usize>,
    /// What became of it, where a run is drawn.
    pub(crate) ran: Option<Ran>,
}

/// When a node runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NodePlace {
    /// With the others of this layer of the plan.
    Layer(usize),
    /// In the place of another that failed.
    Fallback,
    /// Never: the entry does not lead to it.
    Never,
}

/// What is drawn of an edge.
#[derive(Debug)]
pub(crate) struct DrawnEdge {
    /// Where it begins, in the panel's nodes.
    pub(crate) from: usize,
    /// Where it ends.
    pub(crate) to: usize,
    /// When it is taken.
    pub(crate) kind: EdgeLook,
}

/// When an edge is taken.
#[derive(Debug)]
pub(crate) enum EdgeLook {
    /// Always.
    Always,
    /// When this condition holds.
    When(String),
    /// When no condition holds.
    Else,
    /// When its node failed.
    Fallback,
}

/// What became of a node in a run; of a node of a graph that is the work of several, in all of them.
#[derive(Debug)]
pub(crate) struct Ran {
    /// How it ended; the worst of its ends.
    pub(crate) status: Status,
    /// The same with its time, in a few words.
    pub(crate) words: String,
}

impl Drawing {
    /// What is drawn of `graph`, whose plan is `plan`.
    pub(crate) fn new(graph: &Graph, plan: &Plan) -> Drawing {
        Drawing {
            panels: build::panels(graph, plan),
            run: None,
        }
    }

    /// What the whole is called.
    pub(crate) fn title(&self) -> &str {
        self.panels.first().map_or("graph", |panel| &panel.title)
    }
}

impl Panel {
    /// The title, and whose work the graph is.
    pub(crate) fn heading(&self) -> String {
        /// How many nodes are named.
        const MAX_NODES: usize = 4;
        if self.work_of.is_empty() {
            return self.title.clone();
        }
        let names = self.work_of.iter().map(String::as_str);
        format!(
            "{}, the work of {}",
            self.title,
            crate::format::list(names, MAX_NODES)
        )
    }

    /// How many edges it has, those to fallbacks left out.
    pub(crate) fn count_edges(&self) -> usize {
        self.edges
            .iter()
            .filter(|edge| !matches!(edge.kind, EdgeLook::Fallback))
            .count()
    }
}

impl EdgeLook {
    /// What is written on the edge, of a condition at most `max_chars` characters.
    pub(crate) fn label(&self, max_chars: usize) -> Option<String> {
        match self {
            EdgeLook::Always => None,
            EdgeLook::When(condition) => Some(crate::format::shorten(condition, max_chars)),
            EdgeLook::Else => Some("else".to_owned()),
            EdgeLook::Fallback => Some("fallback".to_owned()),
        }
    }
}

#[cfg(test)]
pub(crate) fn drawing(text: &str) -> Drawing {
    let graph = Graph::from_text("g.yaml", text).unwrap();
    let plan = Plan::new(&graph).unwrap();
    Drawing::new(&graph, &plan)
}

#[cfg(test)]
pub(crate) mod samples {
    /// A graph with every feature.
    pub(crate) const FEATURES: &str = r#"
name: Features
defaults: {retry: 3, deadline: 1m}
graphs:
  check:
    name: Check
    nodes:
      look: {agent: 'x:look', next: [{to: judge, when: 'context.size > 10'}]}
      judge: {agent: 'x:judge', loop: {until: output.sure, max_rounds: 5, at_max: keep}}
nodes:
  fetch: {agent: 'x:fetch', retry: {attempts: 5, on: [unavailable, timeout]}, on_failure: {node: cached}, next: triage}
  cached: {agent: 'x:cached', on_failure: {output: {documents: []}}}
  triage:
    agent: 'x:triage'
    circuit_breaker: {}
    next:
      - {to: each, when: 'size(context.documents) > 0'}
      - {else: nothing}
      - log
  each: {graph: check, map: {over: documents, as: document, max_parallel: 4, failed_items: skip}, next: brief}
  again: {graph: check, on_failure: continue, next: brief}
  nothing: {agent: 'x:nothing', on_failure: stop, next: again}
  log: {agent: 'x:log', deadline: 500ms}
  brief: {graph: {nodes: {write: {agent: 'x:write', map: {over: r.parts, as: part}}}}, loop: {until: 'output.words < 100', max_rounds: 3}}
"#;
}
