//! What `hap check` tells of a graph: its problems, in which order its nodes would run and what decides that, which keys
//! they read and write, and what their agents may ask for.

mod flow;
mod keys;
mod text;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use hap::{Json, LoadedGraph, Plan, PlanBody, PlanNode, Problem};
use serde::Serialize;

use crate::exit::Stop;
use crate::{authority, pretty};

use flow::Flow;
use keys::Keys;

pub(crate) use text::text;

/// What the check found.
#[derive(Serialize)]
pub(crate) struct Report<'a> {
    pub(crate) ok: bool,
    pub(crate) problems: Vec<&'a Problem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) plan: Option<PlanReport<'a>>,
}

/// In which order the nodes would run, and what their agents are.
#[derive(Serialize)]
pub(crate) struct PlanReport<'a> {
    #[serde(flatten)]
    graph: GraphReport<'a>,
    /// The graphs in it, each once.
    graphs: Vec<GraphReport<'a>>,
    agents: BTreeMap<String, AgentReport>,
}

/// One graph, without those in it.
#[derive(Serialize)]
struct GraphReport<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    /// The places of the nodes whose work it is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    work_of: Vec<String>,
    nodes: usize,
    edges: usize,
    #[serde(flatten)]
    flow: Flow<'a>,
    keys: Keys<'a>,
}

/// The agent of one node.
#[derive(Serialize)]
pub(crate) struct AgentReport {
    entrypoint: String,
    name: String,
    version: String,
    digest: Option<String>,
    imports: Vec<ImportReport>,
}

/// One thing that an agent may ask for.
#[derive(Serialize)]
pub(crate) struct ImportReport {
    name: String,
    meaning: String,
}

impl Report<'_> {
    /// The report for programs.
    pub(crate) fn to_json(&self) -> Result<String, Stop> {
        let json = Json::from_value(self).map_err(|error| Stop::internal(error.to_string()))?;
        Ok(pretty::value(&json))
    }
}

fn count_edges(plan: &Plan) -> usize {
    let group_edges = |group: &hap::Group| group.predecessors.len() * group.members.len();
    plan.groups().iter().map(group_edges).sum()
}

/// A graph and those in it, each once, the outermost first.
fn graphs(outermost: &Plan) -> Vec<GraphReport<'_>> {
    let mut reports = vec![GraphReport::new(outermost)];
    let mut plans = vec![outermost];
    let mut known: HashMap<*const Plan, usize> = HashMap::new();
    let mut next = 0;
    while let Some(plan) = plans.get(next).copied() {
        let around = reports
            .get(next)
            .and_then(|report| report.work_of.first().cloned());
        for node in plan.nodes().iter().chain(plan.fallbacks()) {
            let PlanBody::Graph(inner) = &node.body else {
                continue;
            };
            let at = *known.entry(Arc::as_ptr(inner)).or_insert_with(|| {
                plans.push(inner);
                reports.push(GraphReport::new(inner));
                reports.len() - 1
            });
            if let Some(report) = reports.get_mut(at) {
                report.work_of.push(match &around {
                    Some(around) => format!("{around}/{}", node.id),
                    None => node.id.to_string(),
                });
            }
        }
        next += 1;
    }
    reports
}

impl<'a> GraphReport<'a> {
    fn new(plan: &'a Plan) -> GraphReport<'a> {
        GraphReport {
            name: plan.name(),
            work_of: Vec::new(),
            nodes: plan.len(),
            edges: count_edges(plan),
            flow: Flow::new(plan),
            keys: Keys::new(plan),
        }
    }
}

impl<'a> PlanReport<'a> {
    /// What is known of a loaded graph.
    pub(crate) fn new(loaded: &'a LoadedGraph) -> Option<PlanReport<'a>> {
        let mut agents = BTreeMap::new();
        loaded.visit_agents(&mut |found| {
            let (node, agent) = (found.node, found.agent);
            let report = AgentReport {
                entrypoint: body_text(node),
                name: agent.manifest().name.clone(),
                version: agent.manifest().version.clone(),
                digest: agent.digest().map(|digest| digest.to_string()),
                imports: agent
                    .imports()
                    .iter()
                    .map(|name| ImportReport {
                        name: name.clone(),
                        meaning: authority::words(name, Some(&node.grants)),
                    })
                    .collect(),
            };
            agents.insert(found.path.to_string(), report);
        });
        let mut graphs = graphs(loaded.plan()).into_iter();
        Some(PlanReport {
            graph: graphs.next()?,
            graphs: graphs.collect(),
            agents,
        })
    }
}

/// The work of a node as its graph names it.
fn body_text(node: &PlanNode) -> String {
    match &node.body {
        PlanBody::Agent(agent) => agent.to_string(),
        PlanBody::Graph(plan) => format!("graph {}", plan.name().unwrap_or("(nested)")),
    }
}
