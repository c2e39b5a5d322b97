//! One node as it was written: what does its work, how often, what comes after it, and what happens when it fails.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::agent::Agent;
use crate::budget::Budget;
use crate::entrypoint::Entrypoint;
use crate::grants::Grants;
use crate::json::Json;
use crate::problem::Place;

use super::{CircuitBreaker, Graph, Located, OnFailure, Repeat, Retry};

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

/// What does a node's work.
#[derive(Clone, Debug)]
pub enum NodeBody {
    /// An agent.
    Agent(NodeAgent),
    /// A graph of its own.
    Graph(NestedGraph),
}

impl fmt::Display for NodeBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NodeBody::Agent(agent) => agent.fmt(f),
            NodeBody::Graph(graph) => graph.fmt(f),
        }
    }
}

/// Where a nested graph stands.
#[derive(Clone, Debug)]
pub enum NestedGraph {
    /// Here.
    Inline(Arc<Graph>),
    /// Under this name in `graphs` of the outermost graph.
    Named(Located),
    /// In another file, named relative to the folder of this one. It must be read before the graph can be checked.
    File(Located),
}

impl fmt::Display for NestedGraph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NestedGraph::Inline(graph) => write!(f, "graph {}", graph.name.as_deref().unwrap_or("(nested)")),
            NestedGraph::Named(name) | NestedGraph::File(name) => write!(f, "graph {}", name.text),
        }
    }
}

/// An edge as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The node that it leads to.
    pub to: Located,
    /// When it is taken.
    pub when: When,
}

/// When an edge is taken, once the node that it leaves has an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// Always.
    Always,
    /// When this condition over `context` and `output` holds.
    If(Located),
    /// When none of the node's conditions holds.
    Else,
}

impl From<Located> for Edge {
    fn from(to: Located) -> Edge {
        Edge {
            to,
            when: When::Always,
        }
    }
}

impl From<&str> for Edge {
    fn from(to: &str) -> Edge {
        Located::from(to).into()
    }
}

impl From<String> for Edge {
    fn from(to: String) -> Edge {
        Located::from(to).into()
    }
}

impl Edge {
    /// An edge to `to` that is taken when `condition` holds.
    pub fn when(to: impl Into<Located>, condition: impl Into<Located>) -> Edge {
        Edge {
            to: to.into(),
            when: When::If(condition.into()),
        }
    }

    /// An edge to `to` that is taken when none of the node's conditions holds.
    pub fn otherwise(to: impl Into<Located>) -> Edge {
        Edge {
            to: to.into(),
            when: When::Else,
        }
    }
}

/// One node as it was written.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its name, not checked yet.
    pub id: Located,
    /// What does its work.
    pub body: NodeBody,
    /// Where that is named.
    pub body_place: Option<Place>,
    /// How often the work is done.
    pub repeat: Repeat,
    /// The edges to what comes after it.
    pub next: Vec<Edge>,
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
    /// When a failed attempt is made again; `None` is as the graph's defaults say.
    pub retry: Option<Retry>,
    /// When the agent is left alone because it keeps failing; `None` is as the graph's defaults say.
    pub circuit_breaker: Option<CircuitBreaker>,
    /// How long the node may take with all its attempts and waits; `None` is as the graph's defaults say.
    pub deadline: Option<Duration>,
    /// What happens when it fails for good; `None` is as the graph's defaults say.
    pub on_failure: Option<OnFailure>,
}

impl Node {
    /// A node called `id`, served by `agent`, with nothing after it and every setting at its default.
    pub fn new(id: impl Into<Located>, agent: NodeAgent) -> Node {
        Node::with_body(id, NodeBody::Agent(agent))
    }

    /// A node called `id` whose work is done by another graph.
    pub fn nested(id: impl Into<Located>, graph: impl Into<Arc<Graph>>) -> Node {
        Node::with_body(id, NodeBody::Graph(NestedGraph::Inline(graph.into())))
    }

    /// A node called `id` with that body.
    pub fn with_body(id: impl Into<Located>, body: NodeBody) -> Node {
        Node {
            id: id.into(),
            body,
            body_place: None,
            repeat: Repeat::Once,
            next: Vec::new(),
            params: Json::empty_object(),
            reads: None,
            writes: None,
            description: None,
            grants: Grants::none(),
            budget: Budget::unlimited(),
            retry: None,
            circuit_breaker: None,
            deadline: None,
            on_failure: None,
        }
    }

    /// The same node followed by `next`: names, or [`Edge`]s with conditions.
    pub fn next<T: Into<Edge>>(mut self, next: impl IntoIterator<Item = T>) -> Node {
        self.next = next.into_iter().map(Into::into).collect();
        self
    }

    /// The same node, whose work is done as often as `repeat` says.
    pub fn repeat(mut self, repeat: impl Into<Repeat>) -> Node {
        self.repeat = repeat.into();
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

    /// The same node, whose failed attempts are made again.
    pub fn retry(mut self, retry: Retry) -> Node {
        self.retry = Some(retry);
        self
    }

    /// The same node, whose agent is left alone for a while when it keeps failing.
    pub fn circuit_breaker(mut self, breaker: CircuitBreaker) -> Node {
        self.circuit_breaker = Some(breaker);
        self
    }

    /// The same node, which may take that long with all its attempts and waits.
    pub fn deadline(mut self, deadline: Duration) -> Node {
        self.deadline = Some(deadline);
        self
    }

    /// The same node with another end when it fails.
    pub fn on_failure(mut self, on_failure: OnFailure) -> Node {
        self.on_failure = Some(on_failure);
        self
    }
}
