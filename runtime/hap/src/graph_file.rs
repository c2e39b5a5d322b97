//! Reading a graph file, with the files of the graphs that its nodes name.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hap_model::{Graph, MAX_NESTED_GRAPHS, NestedGraph, Node, NodeBody, Problem, Problems};

use crate::error::{Error, Result};
use crate::runtime::{MAX_FILE_BYTES, read_file};

/// How many files one graph can be made of.
const MAX_FILES: usize = 1000;

/// Reads a graph file, and the files that its nodes name as their graphs.
///
/// # Errors
/// When it cannot be read, or for every problem of its text and of the other files.
pub fn read_graph(path: impl AsRef<Path>) -> Result<Graph> {
    read_graph_with_files(path).0
}

/// As [`read_graph`], with the other files that the graph names as graphs, at any depth, whether they can be read or not:
/// for whoever watches them.
pub fn read_graph_with_files(path: impl AsRef<Path>) -> (Result<Graph>, Vec<PathBuf>) {
    let mut reader = Reader::default();
    let graph = reader.whole(path.as_ref());
    (graph, reader.files.into_keys().collect())
}

/// Reads files, each once.
#[derive(Default)]
struct Reader {
    files: HashMap<PathBuf, Option<Arc<Graph>>>,
    /// The files that are being read, the first one outermost.
    open: Vec<(PathBuf, String)>,
}

impl Reader {
    fn whole(&mut self, path: &Path) -> Result<Graph> {
        let mut problems = Problems::new(Some(path.display().to_string().into()));
        let graph = self.read(path)?;
        self.open.push((identity(path), path.display().to_string()));
        let graph = self.resolve(graph, &mut problems);
        Ok(problems.into_result(graph)?)
    }

    fn read(&self, path: &Path) -> Result<Graph> {
        let text = String::from_utf8(read_file(path, MAX_FILE_BYTES)?).map_err(|_| Error::Read {
            path: path.to_owned(),
            source: io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text"),
        })?;
        Ok(Graph::from_text(&path.display().to_string(), &text)?)
    }

    /// The same graph with the graphs of all files in it.
    fn resolve(&mut self, mut graph: Graph, problems: &mut Problems) -> Graph {
        let base = graph
            .source
            .as_deref()
            .and_then(|source| Path::new(source).parent())
            .unwrap_or(Path::new(""))
            .to_owned();
        for nested in graph.graphs.values_mut() {
            let inner = std::mem::take(Arc::make_mut(nested));
            *nested = Arc::new(self.resolve(inner, problems));
        }
        for node in &mut graph.nodes {
            let resolved = match &node.body {
                NodeBody::Graph(NestedGraph::File(file)) => {
                    self.file(node, &base.join(&file.text), &graph.source, problems)
                }
                NodeBody::Graph(NestedGraph::Inline(inner)) => {
                    let inner = Graph::clone(inner);
                    Some(Arc::new(self.resolve(inner, problems)))
                }
                _ => None,
            };
            if let Some(resolved) = resolved {
                node.body = NodeBody::Graph(NestedGraph::Inline(resolved));
            }
        }
        graph
    }

    /// The graph in a file that a node names.
    fn file(
        &mut self,
        node: &Node,
        path: &Path,
        source: &Option<Arc<str>>,
        problems: &mut Problems,
    ) -> Option<Arc<Graph>> {
        let key = identity(path);
        let mut tell = |message: String, hint: &str| {
            let mut told = Problems::new(source.clone());
            let message = format!("node `{}`: {message}", node.id.text);
            told.push(Problem::error(node.body_place, message).hint(hint));
            problems.extend(told);
        };
        if let Some(start) = self.open.iter().position(|(open, _)| *open == key) {
            let mut chain: Vec<&str> = self
                .open
                .iter()
                .skip(start)
                .map(|(_, name)| name.as_str())
                .collect();
            let name = path.display().to_string();
            chain.push(&name);
            let message = format!("a graph includes itself: {}", chain.join(" -> "));
            tell(message, "use `loop` to do work again");
            return None;
        }
        if let Some(known) = self.files.get(&key) {
            return known.clone();
        }
        if self.open.len() > MAX_NESTED_GRAPHS {
            let message = format!("graphs are nested more than {MAX_NESTED_GRAPHS} levels deep");
            tell(message, "let one graph do the work of several levels");
            return None;
        }
        if self.files.len() >= MAX_FILES {
            tell(
                format!("the graph is made of more than {MAX_FILES} files"),
                "join some of them under `graphs`",
            );
            return None;
        }
        let read = match self.read(path) {
            Ok(graph) => Some(graph),
            Err(Error::Graph(found)) => {
                problems.extend(found);
                None
            }
            Err(error) => {
                tell(
                    error.to_string(),
                    "name a graph file, relative to the folder of this one",
                );
                None
            }
        };
        let graph = read.map(|graph| {
            self.open.push((key.clone(), path.display().to_string()));
            let graph = self.resolve(graph, problems);
            self.open.pop();
            Arc::new(graph)
        });
        self.files.insert(key, graph.clone());
        graph
    }
}

/// The file itself, however it is spelt.
fn identity(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
