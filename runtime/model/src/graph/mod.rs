//! The graph as it was written, in a file or in Rust. It may still be wrong; [`Plan`](crate::Plan) is what has
//! been checked and can run.

mod node;
mod recovery;
mod repeat;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use crate::agent::Agent;
use crate::budget::Budget;
use crate::entrypoint::Entrypoint;
use crate::problem::{Place, Problems};
use crate::reducer::Reducer;

pub use node::{Edge, NestedGraph, Node, NodeAgent, NodeBody, When};
pub use recovery::{CircuitBreaker, MAX_ATTEMPTS, MAX_WAIT, OnFailure, Retry, RetryOn};
pub use repeat::{AtMax, FailedItems, Loop, MAX_LOOP_ROUNDS, MAX_MAP_ITEMS, Map, Repeat};

/// A text with its place in the graph file; without one for graphs built in Rust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The text.
    pub text: String,
    /// Where it stands.
    pub place: Option<Place>,
}

impl From<&str> for Located {
    fn from(text: &str) -> Located {
        Located {
            text: text.to_owned(),
            place: None,
        }
    }
}

impl From<String> for Located {
    fn from(text: String) -> Located {
        Located { text, place: None }
    }
}

/// A graph of agents as it was written.
///
/// ```
/// use hap_model::{Graph, Plan};
/// let graph = Graph::from_text("g.yaml", "
/// nodes:
///   split: {agent: text:split, next: [count]}
///   count: {agent: text:count}
/// ").unwrap();
/// let plan = Plan::new(&graph).unwrap();
/// let order: Vec<_> = plan.topological_order().map(|id| id.as_str()).collect();
/// assert_eq!(order, ["split", "count"]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// For people and reports.
    pub name: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// Where the run begins; empty is every node that nothing leads to.
    pub entry: Vec<Located>,
    /// The nodes in the order of declaration.
    pub nodes: Vec<Node>,
    /// How concurrent writes to a key are combined, by key.
    pub reducers: BTreeMap<Arc<str>, Reducer>,
    /// Graphs that nodes of this one, or of each other, name as their work.
    pub graphs: BTreeMap<Arc<str>, Arc<Graph>>,
    /// What nodes do about failures unless they say otherwise.
    pub defaults: Defaults,
    /// What an attempt of a node may spend: narrows the runtime's budget. `None` where nothing is set.
    pub budget: Option<Budget>,
    /// What all attempts of a run may spend together: narrows the runtime's. `None` where nothing is set.
    pub run_budget: Option<Budget>,
    /// The file it came from, as messages name it.
    pub source: Option<Arc<str>>,
}

/// What the nodes of a graph do about failures unless they say otherwise.
#[derive(Clone, Debug, Default)]
pub struct Defaults {
    /// When a failed attempt of an agent is made again.
    pub retry: Option<Retry>,
    /// When an agent is left alone because it keeps failing.
    pub circuit_breaker: Option<CircuitBreaker>,
    /// How long a node may take with all its attempts and waits.
    pub deadline: Option<Duration>,
    /// What happens when a node fails for good; another node cannot be named here.
    pub on_failure: Option<OnFailure>,
}

impl Graph {
    /// An empty graph.
    pub fn new() -> Graph {
        Graph::default()
    }

    /// Reads a graph from YAML or JSON text. `source` names the file in messages.
    ///
    /// # Errors
    /// Every problem of the text, each with its place.
    pub fn from_text(source: &str, text: &str) -> Result<Graph, Problems> {
        crate::file::parse_graph(source, text)
    }

    /// Adds a node.
    pub fn add_node(&mut self, node: Node) -> &mut Graph {
        self.nodes.push(node);
        self
    }

    /// Adds a node that is served by an agent of this program.
    pub fn add_agent_node<T: Into<Edge>>(
        &mut self,
        id: impl Into<Located>,
        agent: Arc<dyn Agent>,
        next: impl IntoIterator<Item = T>,
    ) -> &mut Graph {
        self.add_node(Node::new(id, NodeAgent::Instance(agent)).next(next))
    }

    /// Adds a node whose agent is found by its entrypoint, such as `agents/split.wasm` or `review:find-terms`.
    pub fn add_entrypoint_node<T: Into<Edge>>(
        &mut self,
        id: impl Into<Located>,
        entrypoint: &str,
        next: impl IntoIterator<Item = T>,
    ) -> &mut Graph {
        self.add_node(Node::new(id, NodeAgent::Entrypoint(Entrypoint::new(entrypoint))).next(next))
    }

    /// This graph and the graphs in it, each once, outermost first. Those in files that were not read are left out.
    pub fn with_nested(&self) -> Vec<&Graph> {
        let mut all: Vec<&Graph> = vec![self];
        let mut seen: HashSet<*const Graph> = HashSet::from([std::ptr::from_ref(self)]);
        let mut next = 0;
        while let Some(graph) = all.get(next).copied() {
            let inline = graph.nodes.iter().filter_map(|node| match &node.body {
                NodeBody::Graph(NestedGraph::Inline(nested)) => Some(&**nested),
                _ => None,
            });
            all.extend(
                graph
                    .graphs
                    .values()
                    .map(|named| &**named)
                    .chain(inline)
                    .filter(|nested| seen.insert(std::ptr::from_ref(*nested))),
            );
            next += 1;
        }
        all
    }

    /// The node called `id`.
    pub fn node(&self, id: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.id.text == id)
    }
}
