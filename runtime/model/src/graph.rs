//! The graph as it was written, in a file or in Rust. It may still be wrong; [`Plan`](crate::Plan) is what has
//! been checked and can run.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::agent::Agent;
use crate::budget::Budget;
use crate::entrypoint::Entrypoint;
use crate::grants::Grants;
use crate::json::Json;
use crate::problem::{Place, Problems};
use crate::reducer::Reducer;

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

/// What serves a node.
#[derive(Clone)]
pub enum NodeAgent {
    /// An agent that is found by its entrypoint when the graph is loaded.
    Entrypoint(Entrypoint),
    /// An agent that is here already.
    Instance(Arc<dyn Agent>),
}

impl fmt::Display for NodeAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NodeAgent::Entrypoint(entrypoint) => entrypoint.fmt(f),
            NodeAgent::Instance(agent) => f.write_str(&agent.manifest().name),
        }
    }
}

impl fmt::Debug for NodeAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One node as it was written.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its name, not checked yet.
    pub id: Located,
    /// What serves it.
    pub agent: NodeAgent,
    /// Where the agent is named.
    pub agent_place: Option<Place>,
    /// The nodes that come after it.
    pub next: Vec<Located>,
    /// The settings handed to the agent: a JSON object.
    pub params: Json,
    /// The context keys that it may see; `None` is all of its view.
    pub reads: Option<Vec<Located>>,
    /// The context keys that it may write; `None` is any.
    pub writes: Option<Vec<Located>>,
    /// For people.
    pub description: Option<String>,
    /// What it may use.
    pub grants: Grants,
    /// What an attempt of it may spend: narrows the graph's budget.
    pub budget: Budget,
}

impl Node {
    /// A node called `id`, served by `agent`, with nothing after it and every setting at its default.
    pub fn new(id: impl Into<Located>, agent: NodeAgent) -> Node {
        Node {
            id: id.into(),
            agent,
            agent_place: None,
            next: Vec::new(),
            params: Json::empty_object(),
            reads: None,
            writes: None,
            description: None,
            grants: Grants::none(),
            budget: Budget::unlimited(),
        }
    }

    /// The same node followed by `next`.
    pub fn next<T: Into<Located>>(mut self, next: impl IntoIterator<Item = T>) -> Node {
        self.next = next.into_iter().map(Into::into).collect();
        self
    }

    /// The same node with settings for its agent; they must be a JSON object.
    pub fn params(mut self, params: Json) -> Node {
        self.params = params;
        self
    }

    /// The same node, which sees only these keys.
    pub fn reads<T: Into<Located>>(mut self, keys: impl IntoIterator<Item = T>) -> Node {
        self.reads = Some(keys.into_iter().map(Into::into).collect());
        self
    }

    /// The same node, which may write only these keys.
    pub fn writes<T: Into<Located>>(mut self, keys: impl IntoIterator<Item = T>) -> Node {
        self.writes = Some(keys.into_iter().map(Into::into).collect());
        self
    }

    /// The same node with another budget.
    pub fn budget(mut self, budget: Budget) -> Node {
        self.budget = budget;
        self
    }

    /// The same node with grants.
    pub fn grants(mut self, grants: Grants) -> Node {
        self.grants = grants;
        self
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
    /// What an attempt of a node may spend: narrows the runtime's budget. `None` where nothing is set.
    pub budget: Option<Budget>,
    /// What all attempts of a run may spend together: narrows the runtime's. `None` where nothing is set.
    pub run_budget: Option<Budget>,
    /// The file it came from, as messages name it.
    pub source: Option<Arc<str>>,
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
    pub fn add_agent_node<T: Into<Located>>(
        &mut self,
        id: impl Into<Located>,
        agent: Arc<dyn Agent>,
        next: impl IntoIterator<Item = T>,
    ) -> &mut Graph {
        self.add_node(Node::new(id, NodeAgent::Instance(agent)).next(next))
    }

    /// Adds a node whose agent is found by its entrypoint, such as `agents/split.wasm` or `review:find-terms`.
    pub fn add_entrypoint_node<T: Into<Located>>(
        &mut self,
        id: impl Into<Located>,
        entrypoint: &str,
        next: impl IntoIterator<Item = T>,
    ) -> &mut Graph {
        self.add_node(Node::new(id, NodeAgent::Entrypoint(Entrypoint::new(entrypoint))).next(next))
    }

    /// The node called `id`.
    pub fn node(&self, id: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.id.text == id)
    }
}
