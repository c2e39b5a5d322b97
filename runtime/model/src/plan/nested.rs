//! Graphs in graphs: what a node's graph is, by the names that are known where the node stands, each checked once.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::file::MAX_NESTED_GRAPHS;
use crate::graph::{Graph, Located, NestedGraph, Node};
use crate::problem::{Problem, Problems, nearest, shown};

use super::Plan;

/// Graphs under names.
type Named = BTreeMap<Arc<str>, Arc<Graph>>;

/// Which graph, and which names are known in it: the same graph in another place may mean others by its names.
type Key = (*const Graph, Option<*const Named>);

/// Plans of nested graphs, each made once however many nodes name it.
#[derive(Default)]
pub(super) struct Nested<'a> {
    /// The graphs that are known by name where the graph under way stands: innermost last.
    scopes: Vec<&'a Named>,
    plans: HashMap<Key, Option<Arc<Plan>>>,
    /// The graphs that are being checked, outermost first, with the names by which they are included.
    open: Vec<(*const Graph, String)>,
    /// The file that the graph under way came from.
    source: Option<Arc<str>>,
}

impl<'a> Nested<'a> {
    /// For the outermost graph.
    pub(super) fn outermost(graph: &'a Graph) -> Nested<'a> {
        Nested {
            scopes: vec![&graph.graphs],
            plans: HashMap::new(),
            open: vec![(std::ptr::from_ref(graph), "the graph".to_owned())],
            source: graph.source.clone(),
        }
    }

    /// The plan of the graph that a node names; its problems are added to `problems`.
    pub(super) fn plan(
        &mut self,
        node: &'a Node,
        nested: &'a NestedGraph,
        problems: &mut Problems,
    ) -> Option<Arc<Plan>> {
        let own = shown(&node.id.text);
        match nested {
            NestedGraph::Inline(graph) => self.plan_of(node, graph, format!("node `{own}`"), problems),
            NestedGraph::File(file) => {
                let message = format!(
                    "node `{own}`: the graph file `{}` has not been read",
                    shown(&file.text)
                );
                problems
                    .push(Problem::error(file.place, message).hint("read the graph with `hap::read_graph`"));
                None
            }
            NestedGraph::Named(name) => {
                let Some(at) = self
                    .scopes
                    .iter()
                    .rposition(|named| named.contains_key(name.text.as_str()))
                else {
                    problems.push(self.unknown(&own, name));
                    return None;
                };
                let graph = self.scopes.get(at)?.get(name.text.as_str())?;
                // A named graph knows the names that are known where it stands, not those where it is used.
                let inner = self.scopes.split_off(at + 1);
                let plan = self.plan_of(node, graph, format!("`{}`", shown(&name.text)), problems);
                self.scopes.extend(inner);
                plan
            }
        }
    }

    /// Checks the graphs of `graph` that no node names, and warns of them.
    pub(super) fn check_unused(
        &mut self,
        graph: &'a Graph,
        problems: &mut Problems,
        warnings: &mut Problems,
    ) {
        let innermost = self.scopes.last().map(|named| std::ptr::from_ref(*named));
        for (name, unused) in &graph.graphs {
            if self.plans.contains_key(&(Arc::as_ptr(unused), innermost)) {
                continue;
            }
            let told = shown(name);
            warnings.push(
                Problem::warning(None, format!("graph `{told}` is used by no node"))
                    .hint(format!("let a node's work be it, `graph: {told}`, or remove it")),
            );
            self.check(unused, format!("`{told}`"), problems);
        }
    }

    fn unknown(&self, own: &str, name: &Located) -> Problem {
        let message = format!(
            "node `{own}`: there is no graph `{}` under `graphs`",
            shown(&name.text)
        );
        let known = self
            .scopes
            .iter()
            .flat_map(|named| named.keys())
            .map(|key| &**key);
        Problem::error(name.place, message).hint(match nearest(&name.text, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "add it under `graphs`, or name a file such as `./other.yaml`".to_owned(),
        })
    }

    fn plan_of(
        &mut self,
        node: &Node,
        graph: &'a Arc<Graph>,
        name: String,
        problems: &mut Problems,
    ) -> Option<Arc<Plan>> {
        let own = shown(&node.id.text);
        let pointer = Arc::as_ptr(graph);
        if let Some(start) = self.open.iter().position(|(open, _)| *open == pointer) {
            let mut path: Vec<&str> = self
                .open
                .iter()
                .skip(start)
                .map(|(_, name)| name.as_str())
                .collect();
            path.push(&name);
            let message = format!("node `{own}`: a graph includes itself: {}", path.join(" -> "));
            problems.push(Problem::error(node.body_place, message).hint("use `loop` to do work again"));
            return None;
        }
        let key = (
            pointer,
            self.scopes.last().map(|named| std::ptr::from_ref(*named)),
        );
        if let Some(known) = self.plans.get(&key) {
            return known.clone();
        }
        if self.open.len() > MAX_NESTED_GRAPHS {
            let message =
                format!("node `{own}`: graphs are nested more than {MAX_NESTED_GRAPHS} levels deep");
            let problem = Problem::error(node.body_place, message);
            problems.push(problem.hint("let one graph do the work of several levels"));
            return None;
        }
        let plan = self.check(graph, name, problems).map(Arc::new);
        self.plans.insert(key, plan.clone());
        plan
    }

    /// Checks a graph with the names that are known in it: its own, and, unless it came from another file, those around.
    fn check(&mut self, graph: &'a Arc<Graph>, name: String, problems: &mut Problems) -> Option<Plan> {
        let around = if graph.source == self.source {
            None
        } else {
            Some((
                std::mem::take(&mut self.scopes),
                std::mem::replace(&mut self.source, graph.source.clone()),
            ))
        };
        self.open.push((Arc::as_ptr(graph), name));
        self.scopes.push(&graph.graphs);
        let planned = super::check::check_nested(graph, self);
        self.scopes.pop();
        self.open.pop();
        if let Some((scopes, source)) = around {
            self.scopes = scopes;
            self.source = source;
        }
        match planned {
            Ok(plan) => Some(plan),
            Err(found) => {
                problems.extend(found);
                None
            }
        }
    }
}
