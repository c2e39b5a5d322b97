//! MCP as its clients meet it, in both forms of the protocol.

mod client;
mod resources;
mod sessions;
mod told;
mod tools;
mod under_way;

use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::methods::analyzer;
use crate::support::{Running, Setup, Table, agents};

/// A server with the agents `data_analyzer`, `test:echo` and `test:scripted`, the graphs `g` and `fails`, and
/// documents; and the folder of its agents.
async fn server(auth: Table) -> (Running, TempDir) {
    let folder = analyzer();
    std::fs::create_dir(folder.path().join("test")).unwrap();
    for agent in ["echo.wasm", "scripted.wasm"] {
        std::fs::copy(agents().join(agent), folder.path().join("test").join(agent)).unwrap();
    }
    let runtime = |builder: hap::RuntimeBuilder| {
        let documents = hap::MemoryResources::default()
            .with("a b/ü.txt", "all that is gold")
            .with("b.bin", [0xff, 0xfe])
            .with("large", vec![b'a'; 5 << 20]);
        let large = |_| Ok(json!({ "text": "a".repeat(9 << 20) }));
        builder.resources(Arc::new(documents)).agent_fn("t:large", large)
    };
    let server = Setup {
        auth,
        runtime,
        agents: vec![folder.path().to_owned()],
        ..Setup::default()
    }
    .start()
    .await;
    server.graph("g", "t:echo").await;
    server.graph("fails", "t:fail").await;
    (server, folder)
}

fn root() -> Table {
    Table::default().with("root", "acme", "admin")
}

fn names(list: &Value, of: &str, key: &str) -> Vec<String> {
    let list = list["result"][of].as_array().unwrap_or_else(|| panic!("{list}"));
    list.iter()
        .map(|one| one[key].as_str().unwrap().to_owned())
        .collect()
}
