//! Graph files: from YAML or JSON text to a [`Graph`], with every problem that the text alone shows.

mod fields;
mod graph_file;
mod tree;

pub(crate) use graph_file::parse_graph;
