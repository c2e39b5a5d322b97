//! Graph files: from YAML or JSON text to a [`Graph`], with every problem that the text alone shows.

mod fields;
mod graph_file;
mod limits;
mod node_file;
mod recovery_file;
mod repeat_file;
mod tree;
mod values;

pub use graph_file::MAX_NESTED_GRAPHS;
pub(crate) use graph_file::parse_graph;
