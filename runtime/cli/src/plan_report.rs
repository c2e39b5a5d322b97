//! What `hap check` tells of a graph: its problems, in which order its nodes would run, and what their agents may ask for.

use std::collections::BTreeMap;
use std::path::Path;

use hap::{Json, LoadedGraph, Plan, PlanBody, PlanNode, Problem};
use serde::Serialize;

use crate::exit::Stop;
use crate::terminal::clean;
use crate::{authority, format, pretty};

/// How many names of a layer are listed.
const MAX_NAMES: usize = 12;

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
    nodes: usize,
    edges: usize,
    order: Vec<&'a str>,
    layers: Vec<Vec<&'a str>>,
    never_run: Vec<&'a str>,
    agents: BTreeMap<String, AgentReport>,
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

fn layers(plan: &Plan) -> Vec<Vec<&str>> {
    let names = |layer: Vec<hap::NodeIndex>| {
        layer
            .into_iter()
            .map(|index| plan.node(index).id.as_str())
            .collect()
    };
    plan.layers().into_iter().map(names).collect()
}

fn count_edges(plan: &Plan) -> usize {
    let group_edges = |group: &hap::Group| group.predecessors.len() * group.members.len();
    plan.groups().iter().map(group_edges).sum()
}

impl<'a> PlanReport<'a> {
    /// What is known of a loaded graph.
    pub(crate) fn new(loaded: &'a LoadedGraph) -> PlanReport<'a> {
        let plan = loaded.plan();
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
        PlanReport {
            nodes: plan.len(),
            edges: count_edges(plan),
            order: plan.topological_order().map(hap::NodeId::as_str).collect(),
            layers: layers(plan),
            never_run: plan.unreachable().iter().map(|(id, _)| id.as_str()).collect(),
            agents,
        }
    }
}

/// The same for people.
pub(crate) fn text(path: &Path, loaded: &LoadedGraph) -> String {
    let plan = loaded.plan();
    let layers = layers(plan);
    let widest = layers.iter().map(Vec::len).max().unwrap_or(0);
    let mut lines = vec![format!(
        "{}: fine, {} and {} in {}, at most {widest} at one time",
        path.display(),
        format::things(plan.len(), "node"),
        format::things(count_edges(plan), "edge"),
        format::things(layers.len(), "layer"),
    )];
    lines.push("\norder".to_owned());
    let width = layers.len().to_string().len();
    for (index, layer) in layers.iter().enumerate() {
        let names = format::list(layer.iter().copied(), MAX_NAMES);
        lines.push(format!("  {:>width$}  {names}", index + 1));
    }
    if !plan.unreachable().is_empty() {
        let names = plan.unreachable().iter().map(|(id, _)| id.as_str());
        lines.push(format!("  never run: {}", format::list(names, MAX_NAMES)));
    }
    lines.push("\nagents and what they may ask for".to_owned());
    let mut seen: Vec<(Vec<String>, Vec<String>)> = Vec::new();
    loaded.visit_agents(&mut |found| {
        let manifest = found.agent.manifest();
        let title = format!(
            "{} {} ({})",
            manifest.name,
            manifest.version,
            body_text(found.node)
        );
        let mut about = vec![title];
        about.extend(authority::summary(found.agent.imports(), &found.node.grants));
        match seen.iter_mut().find(|(_, known)| *known == about) {
            Some((names, _)) => names.push(found.path.to_string()),
            None => seen.push((vec![found.path.to_string()], about)),
        }
    });
    for (names, about) in seen {
        lines.push(format!(
            "  {}",
            format::list(names.iter().map(String::as_str), MAX_NAMES)
        ));
        lines.extend(about.iter().map(|line| format!("    {line}")));
    }
    clean(&lines.join("\n"))
}

/// The work of a node as its graph names it.
fn body_text(node: &PlanNode) -> String {
    match &node.body {
        PlanBody::Agent(agent) => agent.to_string(),
        PlanBody::Graph(plan) => format!("graph {}", plan.name().unwrap_or("(nested)")),
    }
}
