//! What a project's component was made from, kept beside it in `.hap/build.json`.

use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::ProjectError;
use crate::files;
use crate::inputs::Inputs;
use crate::project::Project;

/// The version of the file.
const VERSION: u32 = 1;

/// What was built.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    version: u32,
    inputs: String,
    output: String,
}

/// Whether the component is there and was made from these inputs.
pub(crate) fn is_fresh(project: &Project, inputs: &Inputs) -> bool {
    let stamp = || {
        let text = fs::read(path(project)).ok()?;
        serde_json::from_slice::<Stamp>(&text).ok()
    };
    let (Some(stamp), Some(output)) = (stamp(), output_hash(project)) else {
        return false;
    };
    stamp.version == VERSION && stamp.output == output && stamp.inputs == inputs.digest(project)
}

/// Remembers that the component was made from these inputs.
pub(crate) fn set(project: &Project, inputs: &Inputs) -> Result<(), ProjectError> {
    let Some(output) = output_hash(project) else {
        return Ok(());
    };
    let inputs = inputs.digest(project);
    let stamp = Stamp {
        version: VERSION,
        inputs,
        output,
    };
    let text =
        serde_json::to_vec(&stamp).map_err(|error| ProjectError::io("write", path(project))(error.into()))?;
    files::write(&path(project), &text)
}

fn output_hash(project: &Project) -> Option<String> {
    let bytes = fs::read(project.output()).ok()?;
    Some(blake3::hash(&bytes).to_hex().to_string())
}

fn path(project: &Project) -> PathBuf {
    project.private().join("build.json")
}
