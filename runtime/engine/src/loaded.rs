//! A plan whose agents are all here: what can be run.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use hap_model::{Agent, FallbackIndex, NodeIndex, NodePath, Plan, PlanBody, PlanNode, Problem, Problems};

use crate::schema::Schemas;

/// A plan, with the agents of its nodes and of the graphs in it. Cheap to clone.
#[derive(Clone)]
pub struct LoadedGraph(Arc<Inner>);

struct Inner {
    plan: Arc<Plan>,
    nodes: Vec<Body>,
    fallbacks: Vec<Body>,
}

/// What does the work of one node.
#[derive(Clone)]
pub enum Body {
    /// An agent.
    Agent(LoadedAgent),
    /// A graph.
    Graph(LoadedGraph),
}

/// An agent, with its schemas compiled. Cheap to clone.
#[derive(Clone)]
pub struct LoadedAgent {
    agent: Arc<dyn Agent>,
    pub(crate) schemas: Schemas,
    /// Why a schema is not checked.
    warnings: Arc<[String]>,
}

impl LoadedAgent {
    fn new(agent: Arc<dyn Agent>) -> LoadedAgent {
        let (schemas, warnings) = Schemas::of(agent.manifest());
        LoadedAgent {
            agent,
            schemas,
            warnings: warnings.into(),
        }
    }

    /// The agent itself.
    pub fn agent(&self) -> &Arc<dyn Agent> {
        &self.agent
    }
}

impl Body {
    /// The agent, where it is one.
    pub fn agent(&self) -> Option<&Arc<dyn Agent>> {
        match self {
            Body::Agent(loaded) => Some(&loaded.agent),
            Body::Graph(_) => None,
        }
    }

    /// What reports call it: the agent's name, or the graph's.
    pub fn name(&self) -> String {
        match self {
            Body::Agent(loaded) => loaded.agent.manifest().name.clone(),
            Body::Graph(graph) => match graph.plan().name() {
                Some(name) => format!("graph {name}"),
                None => "graph".to_owned(),
            },
        }
    }
}

/// Which work of a graph: that of a node, or that of a fallback.
#[derive(Clone, Copy)]
pub(crate) enum Which {
    /// A node's.
    Node(NodeIndex),
    /// A fallback's.
    Fallback(FallbackIndex),
}

/// Gives the agent of a node of a plan.
pub type FindAgent<'a> = dyn FnMut(&Plan, &PlanNode) -> Option<Arc<dyn Agent>> + 'a;

/// What was joined already: a graph or an agent that many nodes name is joined once.
#[derive(Default)]
struct Joined {
    graphs: HashMap<*const Plan, LoadedGraph>,
    agents: HashMap<*const (), LoadedAgent>,
}

impl Joined {
    fn agent(&mut self, agent: Arc<dyn Agent>) -> LoadedAgent {
        let key = Arc::as_ptr(&agent).cast();
        self.agents
            .entry(key)
            .or_insert_with(|| LoadedAgent::new(agent))
            .clone()
    }
}

impl LoadedGraph {
    /// Joins a plan, and the plans in it, with their agents. `find` gives the agent of a node of a plan; the whole is `None`
    /// when it gives `None`.
    pub fn new(plan: Arc<Plan>, find: &mut FindAgent<'_>) -> Option<LoadedGraph> {
        LoadedGraph::join(plan, find, &mut Joined::default())
    }

    fn join(plan: Arc<Plan>, find: &mut FindAgent<'_>, joined: &mut Joined) -> Option<LoadedGraph> {
        if let Some(known) = joined.graphs.get(&Arc::as_ptr(&plan)) {
            return Some(known.clone());
        }
        let mut bodies = |nodes: &[PlanNode]| -> Option<Vec<Body>> {
            let mut bodies = Vec::with_capacity(nodes.len());
            for node in nodes {
                bodies.push(match &node.body {
                    PlanBody::Agent(_) => Body::Agent(joined.agent(find(&plan, node)?)),
                    PlanBody::Graph(nested) => Body::Graph(LoadedGraph::join(nested.clone(), find, joined)?),
                });
            }
            Some(bodies)
        };
        let nodes = bodies(plan.nodes())?;
        let fallbacks = bodies(plan.fallbacks())?;
        let key = Arc::as_ptr(&plan);
        let loaded = LoadedGraph(Arc::new(Inner {
            plan,
            nodes,
            fallbacks,
        }));
        joined.graphs.insert(key, loaded.clone());
        Some(loaded)
    }

    /// The plan.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.0.plan
    }

    /// What does the work of a node.
    pub fn body(&self, node: NodeIndex) -> &Body {
        &self.0.nodes[node.get()]
    }

    /// What does the work of a fallback.
    pub fn fallback(&self, fallback: FallbackIndex) -> &Body {
        &self.0.fallbacks[fallback.get()]
    }

    /// A piece of work: the node and what does it.
    pub(crate) fn work(&self, which: Which) -> (&PlanNode, &Body) {
        match which {
            Which::Node(index) => (self.plan().node(index), self.body(index)),
            Which::Fallback(index) => (self.plan().fallback(index), self.fallback(index)),
        }
    }

    /// The warnings of the plan, and what else is probably not as meant now that the agents are known.
    pub fn warnings(&self) -> Problems {
        let mut warnings = self.plan().warnings().clone();
        let mut seen: HashSet<*const ()> = HashSet::new();
        self.visit_agents(&mut |found| {
            if !seen.insert(Arc::as_ptr(found.agent).cast()) {
                return;
            }
            let mut told = Problems::new(found.source.cloned());
            for warning in found.schema_warnings {
                let message = format!("node `{}`: {warning}", found.path);
                told.push(Problem::warning(found.node.body_place, message));
            }
            warnings.extend(told);
        });
        warnings.sort();
        warnings
    }

    /// This graph and the graphs in it, each once, outermost first.
    pub fn graphs(&self) -> Vec<LoadedGraph> {
        let mut all = vec![self.clone()];
        let mut seen = HashSet::from([Arc::as_ptr(&self.0)]);
        let mut next = 0;
        while let Some(graph) = all.get(next).cloned() {
            for (_, body) in graph.bodies() {
                if let Body::Graph(nested) = body
                    && seen.insert(Arc::as_ptr(&nested.0))
                {
                    all.push(nested.clone());
                }
            }
            next += 1;
        }
        all
    }

    /// Every node and fallback of this graph, not of those in it, with what does its work.
    pub fn bodies(&self) -> impl Iterator<Item = (&PlanNode, &Body)> {
        let nodes = self.plan().nodes().iter().zip(&self.0.nodes);
        nodes.chain(self.plan().fallbacks().iter().zip(&self.0.fallbacks))
    }

    /// Shows every agent to `visitor`, with its node and where that stands: those of this graph and of the graphs in it. A
    /// graph that many nodes name is visited once, where it is named first.
    pub fn visit_agents(&self, visitor: &mut dyn FnMut(&AgentNode<'_>)) {
        self.visit(None, &mut HashSet::new(), visitor);
    }

    fn visit(
        &self,
        path: Option<&NodePath>,
        seen: &mut HashSet<*const Inner>,
        visitor: &mut dyn FnMut(&AgentNode<'_>),
    ) {
        if !seen.insert(Arc::as_ptr(&self.0)) {
            return;
        }
        for (node, body) in self.bodies() {
            let path = path.map_or_else(|| NodePath::from(&node.id), |path| path.child(&node.id));
            match body {
                Body::Graph(nested) => nested.visit(Some(&path), seen, visitor),
                Body::Agent(loaded) => visitor(&AgentNode {
                    path,
                    node,
                    agent: &loaded.agent,
                    schema_warnings: &loaded.warnings,
                    source: self.plan().source(),
                }),
            }
        }
    }
}

/// A node whose work an agent does.
pub struct AgentNode<'a> {
    /// Where it stands.
    pub path: NodePath,
    /// The node.
    pub node: &'a PlanNode,
    /// The agent.
    pub agent: &'a Arc<dyn Agent>,
    /// Why a schema of the agent is not checked.
    pub schema_warnings: &'a [String],
    /// The graph file that the node stands in.
    pub source: Option<&'a Arc<str>>,
}
