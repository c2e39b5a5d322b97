//! Reading a graph file, with remedies for what a person may have mistyped.

use std::io::ErrorKind;
use std::path::Path;

use hap::{Error, Graph};

use crate::exit::Stop;

/// The longest graph file that is read, in bytes: a hundred thousand nodes fit, a video does not.
const MAX_GRAPH_BYTES: u64 = 64 << 20;

/// Reads the graph file `path`.
pub(crate) fn read(path: &Path) -> Result<Graph, Stop> {
    if let Ok(metadata) = path.metadata()
        && metadata.len() > MAX_GRAPH_BYTES
    {
        let shown = path.display();
        let stop = Stop::bad_input(format!(
            "`{shown}` is {} bytes long, and a graph file may have {MAX_GRAPH_BYTES}",
            metadata.len()
        ));
        return Err(stop.hint("name a graph file: YAML or JSON text"));
    }
    hap::read_graph(path).map_err(|error| {
        let hint = match &error {
            Error::Read { source, .. } => Some(hint(source.kind(), path)),
            _ => None,
        };
        let stop = Stop::of(error, path);
        match hint {
            Some(hint) => stop.hint(hint),
            None => stop,
        }
    })
}

fn hint(kind: ErrorKind, path: &Path) -> &'static str {
    match kind {
        ErrorKind::NotFound => "correct the path: it is relative to the current folder",
        ErrorKind::PermissionDenied => "make the file readable",
        ErrorKind::InvalidData if path.extension().is_some_and(|extension| extension == "wasm") => {
            "this is a component: look at it with `hap inspect`, and name it in a graph file to run it"
        }
        ErrorKind::InvalidData => "a graph file is YAML or JSON text in UTF-8",
        _ => "name a graph file: YAML or JSON text",
    }
}
