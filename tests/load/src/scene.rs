//! The agents and graphs that are served: honest ones, and hostile ones.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Result;
use hap_hostile::{ECHO, wat_agent};

/// The graphs of hostile agents, and what their runs may take.
pub(crate) const HOSTILE: &[(&str, &str)] = &[
    (
        "spins",
        "(func (export \"hap:agent/agent@0.1.0#invoke\") (param i32 i32 i32 i32) (result i32)\n(loop $l (br $l))\nunreachable)",
    ),
    (
        "grows",
        "(func (export \"hap:agent/agent@0.1.0#invoke\") (param i32 i32 i32 i32) (result i32)\n(loop $l (drop (memory.grow (i32.const 64))) (br $l))\nunreachable)",
    ),
    (
        "breaks",
        "(func (export \"hap:agent/agent@0.1.0#invoke\") (param i32 i32 i32 i32) (result i32) unreachable)",
    ),
    (
        "floods",
        "(import \"hap:agent/log@0.1.0\" \"write\" (func $log (param i32 i32 i32 i32 i32 i32)))\n(func (export \"hap:agent/agent@0.1.0#invoke\") (param i32 i32 i32 i32) (result i32)\n(loop $l (call $log (i32.const 2) (i32.const 0) (i32.const 60000) (i32.const 0) (i32.const 0) (i32.const 0)) (br $l))\nunreachable)",
    ),
];

/// An agent that says of which version it is.
fn version(number: u32) -> Result<Vec<u8>> {
    wat_agent(&format!(
        r#"
        (data (i32.const 1024) "{{\"version\":{number}}}")
        (func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
          (call $ok (i32.const 1024) (i32.const 13)))"#
    ))
}

/// Writes everything into a folder: `agents` and `graphs`.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn write(folder: &Path) -> Result<()> {
    let (agents, graphs) = (folder.join("agents"), folder.join("graphs"));
    fs::create_dir_all(agents.join("load"))?;
    fs::create_dir_all(&graphs)?;
    fs::write(agents.join("load/echo.wasm"), wat_agent(ECHO)?)?;
    for (name, nodes) in [("one", 1), ("ten", 10), ("hundred", 100)] {
        let mut text = "nodes:\n".to_owned();
        for node in 0..nodes {
            let next = if node + 1 < nodes {
                format!(", next: n{}", node + 1)
            } else {
                String::new()
            };
            writeln!(text, "  n{node}: {{agent: 'load:echo'{next}}}")?;
        }
        fs::write(graphs.join(format!("{name}.yaml")), text)?;
    }
    for (name, body) in HOSTILE {
        fs::write(agents.join(format!("load/{name}.wasm")), wat_agent(body)?)?;
        // What a stranger's graph may spend here is little, so that thousands of them fit into the time of a test.
        let budget = "{fuel: 200000000, wall-time: 100ms, memory: 8MiB}";
        let text = format!("budget: {budget}\nnodes: {{only: {{agent: 'load:{name}'}}}}\n");
        fs::write(graphs.join(format!("{name}.yaml")), text)?;
    }
    write_version(folder, 0)
}

/// Puts another version of the agent `load:version`, and of the graph `version`, in place.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn write_version(folder: &Path, number: u32) -> Result<()> {
    let place = |name: &str, bytes: &[u8]| -> Result<()> {
        let part = folder.join("part");
        fs::write(&part, bytes)?;
        // In one step, as whoever deploys does it.
        Ok(fs::rename(part, folder.join(name))?)
    };
    place("agents/load/version.wasm", &version(number % 10)?)?;
    let text = format!("description: version {number}\nnodes: {{only: {{agent: 'load:version'}}}}\n");
    place("graphs/version.yaml", text.as_bytes())
}
