//! Whether what nodes give fits what the nodes after them want, as far as their schemas tell before anything runs.
//!
//! Everything that cannot be known is taken to be fine: an agent without an output schema may write anything, unless the
//! node's `writes` say which keys.

mod conditions;
mod facts;
mod state;

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use hap_model::{
    Agent, EdgeKind, NodeIndex, Plan, PlanNode, PlanOnFailure, PlanRepeat, Problem, nearest, sanitize,
};

use crate::loaded::LoadedGraph;

use facts::{Facts, Kinds};
use state::Keys;

/// The most keys that are followed through the graph, and the most problems that are told: schemas come from strangers.
const MAX_KEYS: usize = 4096;
const MAX_PROBLEMS: usize = 100;

/// The plan as this module sees it: nodes in topological order, what leads to each, and what their agents' schemas say.
struct Flow<'a> {
    plan: &'a Plan,
    facts: Vec<Arc<Facts>>,
    /// Whether no edge has a condition.
    unconditional: bool,
}

/// The nodes in order, with their agents where they have one.
fn nodes(graph: &LoadedGraph) -> impl Iterator<Item = (&PlanNode, Option<&Arc<dyn Agent>>)> {
    let count = graph.plan().nodes().len();
    graph
        .bodies()
        .take(count)
        .map(|(node, body)| (node, body.agent()))
}

/// The agent of a node that does what its agent does: once, and whose output nothing else can replace. Of other nodes
/// nothing is known.
fn plain<'a>(node: &PlanNode, agent: Option<&'a Arc<dyn Agent>>) -> Option<&'a Arc<dyn Agent>> {
    let once = matches!(node.repeat, PlanRepeat::Once);
    let own = matches!(node.on_failure, PlanOnFailure::Fail | PlanOnFailure::Stop);
    agent.filter(|_| once && own)
}

impl<'a> Flow<'a> {
    fn new(graph: &'a LoadedGraph) -> Flow<'a> {
        // A file that many nodes name is one agent.
        let mut known: HashMap<*const (), Arc<Facts>> = HashMap::new();
        let nothing = Arc::new(Facts::none());
        let facts = |(node, agent): (&PlanNode, Option<&Arc<dyn Agent>>)| match plain(node, agent) {
            None => nothing.clone(),
            Some(agent) => {
                let facts = known.entry(Arc::as_ptr(agent).cast());
                facts
                    .or_insert_with(|| Arc::new(Facts::of(agent.manifest())))
                    .clone()
            }
        };
        let plan = graph.plan();
        Flow {
            plan,
            facts: nodes(graph).map(facts).collect(),
            // Behind a condition nothing is certain.
            unconditional: plan
                .groups()
                .iter()
                .all(|group| group.edges.iter().all(|edge| *edge == EdgeKind::Always)),
        }
    }

    /// The nodes with what their agents' schemas say.
    fn nodes(&self) -> impl Iterator<Item = (usize, &'a PlanNode, &Arc<Facts>)> {
        let nodes = self.plan.nodes().iter().zip(&self.facts).enumerate();
        nodes.map(|(index, (node, facts))| (index, node, facts))
    }

    fn predecessors(&self, index: usize) -> &'a [NodeIndex] {
        self.plan.predecessors(NodeIndex(index as u32))
    }
}

/// Finds nodes of a graph, not of those in it, that want what the nodes before them do not give: keys that nobody
/// provides, and values of another type. `input_keys` are the keys of the graph's input, where it is known.
///
/// Follows 4096 keys at most and tells 100 problems at most.
pub fn check_flow(graph: &LoadedGraph, input_keys: Option<&BTreeSet<Arc<str>>>) -> Vec<Problem> {
    let plan = &**graph.plan();
    let agents: Vec<Option<&Arc<dyn Agent>>> = nodes(graph).map(|(_, agent)| agent).collect();
    let agents = agents.as_slice();
    let has_schema = |agent: &&Arc<dyn Agent>| {
        let manifest = agent.manifest();
        manifest.context_schema.is_some() || manifest.output_schema.is_some()
    };
    if !agents.iter().flatten().any(has_schema) {
        return Vec::new();
    }
    let flow = Flow::new(graph);
    let mut problems = not_read(&flow, agents);
    problems.extend(conditions::unanswerable(&flow));
    let has_input = |key: &str| input_keys.is_none_or(|keys| keys.contains(key));
    let keys: Vec<&str> = keys(&flow, input_keys).into_iter().take(MAX_KEYS).collect();
    for batch in keys.chunks(64) {
        let bits = |holds: &dyn Fn(&str) -> bool| {
            let held = batch.iter().enumerate().filter(|(_, key)| holds(key));
            held.fold(0u64, |bits, (bit, _)| bits | 1 << bit)
        };
        let from_input = bits(&has_input);
        // What a reducer makes of the input and what is written is not known.
        let unknown = from_input & bits(&|key| plan.reducers().contains_key(key));
        state::each(&flow, &Keys::new(batch.iter().copied()), |index, said, before| {
            let reads = plan.nodes().get(index).and_then(|node| node.reads.as_ref());
            let missing = before.missing(said) & !from_input;
            let spoilt = before.spoilt(said, from_input) & !unknown;
            if missing | spoilt != 0 {
                let read = batch
                    .iter()
                    .enumerate()
                    .filter(|(_, key)| reads.is_none_or(|reads| reads.contains(**key)));
                for (bit, key) in read {
                    if missing & (1 << bit) != 0 {
                        problems.push(nobody_provides(&flow, agents, index, key, input_keys));
                    } else if spoilt & (1 << bit) != 0 {
                        problems.extend(other_type(&flow, agents, index, key, before.kinds(bit)));
                    }
                }
            }
            problems.len() < MAX_PROBLEMS
        });
    }
    problems.truncate(MAX_PROBLEMS);
    problems
}

/// The keys that something could be wrong with: needed ones that the input lacks, and those for which anybody promises a
/// type that somebody else does not want.
fn keys<'a>(flow: &'a Flow<'_>, input_keys: Option<&BTreeSet<Arc<str>>>) -> BTreeSet<&'a str> {
    let mut promised: HashMap<&str, Vec<Kinds>> = HashMap::new();
    let mut agents: HashMap<*const Facts, &Facts> = HashMap::new();
    for (_, node, facts) in flow.nodes() {
        if facts.other != Kinds::ALL {
            promise(&mut promised, node.id.as_str(), facts.other);
        }
        agents.insert(Arc::as_ptr(facts), facts);
    }
    for facts in agents.values() {
        for (key, (kinds, _)) in facts.gives.iter().filter(|(_, (kinds, _))| *kinds != Kinds::ALL) {
            promise(&mut promised, key, *kinds);
        }
    }
    let mut keys = BTreeSet::new();
    for facts in agents.values() {
        let missing = |key: &&String| input_keys.is_some_and(|keys| !keys.contains(key.as_str()));
        keys.extend(facts.required.iter().filter(missing).map(String::as_str));
        let spoilt = |(key, wanted): &(&String, &Kinds)| {
            let given = promised.get(key.as_str());
            given.is_some_and(|given| given.iter().any(|given| given.and(**wanted) == Kinds::NONE))
        };
        keys.extend(facts.wants.iter().filter(spoilt).map(|(key, _)| key.as_str()));
    }
    keys
}

fn promise<'a>(promised: &mut HashMap<&'a str, Vec<Kinds>>, key: &'a str, kinds: Kinds) {
    let all = promised.entry(key).or_default();
    // There are no more than 128 sets.
    if !all.contains(&kinds) {
        all.push(kinds);
    }
}

fn shown(text: &str) -> String {
    sanitize(text, 120).replace(['\n', '\t'], " ")
}

fn agent_name(agent: Option<&Option<&Arc<dyn Agent>>>) -> String {
    agent
        .copied()
        .flatten()
        .map(|agent| shown(&agent.manifest().name))
        .unwrap_or_default()
}

/// Needed keys that the `reads` of nodes leave out.
fn not_read(flow: &Flow<'_>, agents: &[Option<&Arc<dyn Agent>>]) -> Vec<Problem> {
    let left_out = flow.nodes().flat_map(|(index, node, facts)| {
        let reads = node.reads.as_ref().map(|reads| (reads, &facts.required));
        let keys = reads
            .into_iter()
            .flat_map(|(reads, keys)| keys.iter().filter(|key| !reads.contains(key.as_str())));
        keys.map(move |key| (index, node, key))
    });
    let problem = |(index, node, key): (usize, &PlanNode, &String)| {
        let (agent, key, id) = (agent_name(agents.get(index)), shown(key), &node.id);
        let message =
            format!("node `{id}`: agent `{agent}` needs `{key}`, which is not in the node's `reads`");
        Problem::error(node.body_place, message).hint(format!("add `{key}` to `reads` of node `{id}`"))
    };
    left_out.take(MAX_PROBLEMS).map(problem).collect()
}

fn nobody_provides(
    flow: &Flow<'_>,
    agents: &[Option<&Arc<dyn Agent>>],
    index: usize,
    wanted: &str,
    input_keys: Option<&BTreeSet<Arc<str>>>,
) -> Problem {
    let node = flow.plan.node(NodeIndex(index as u32));
    let (agent, key) = (agent_name(agents.get(index)), shown(wanted));
    let id = &node.id;
    let message = format!(
        "node `{id}`: agent `{agent}` needs `{key}`, which neither the input nor any node before it provides"
    );
    let near = nearest(wanted, input_keys.into_iter().flatten().map(|key| &**key));
    let hint = match near {
        Some(near) => format!("the input has `{}`: rename it, or add `{key}`", shown(near)),
        None => format!("add `{key}` to the input, or lead a node to `{id}` that writes it"),
    };
    Problem::error(node.body_place, message).hint(hint)
}

fn other_type(
    flow: &Flow<'_>,
    agents: &[Option<&Arc<dyn Agent>>],
    index: usize,
    wanted: &str,
    given: Kinds,
) -> Option<Problem> {
    let node = flow.plan.node(NodeIndex(index as u32));
    let writer = &flow
        .plan
        .node(NodeIndex(state::nearest_writer(flow, index, wanted)? as u32))
        .id;
    let (agent, key, id) = (agent_name(agents.get(index)), shown(wanted), &node.id);
    let (wants, gives) = (flow.facts.get(index)?.wants.get(wanted)?.show(), given.show());
    let message = format!(
        "node `{id}`: agent `{agent}` wants `{key}` to be {wants}, and node `{writer}` before it writes {gives}"
    );
    let hint =
        format!("put a node between `{writer}` and `{id}` that makes {wants} of `{key}`, or use another key");
    Some(Problem::error(node.body_place, message).hint(hint))
}
