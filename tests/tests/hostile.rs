//! Hostile agents: each file of `tests/hostile` says what it attempts and what must come of it. Beside each attack runs an
//! honest node, which must not notice.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::fmt::Write as _;
use std::fs;
use std::sync::Arc;
use std::time::Instant;

use hap::{Budget, FailureKind, Graph, Limit, MemoryResources, NodeStatus, RunOutcome, Runtime};
use hap_tests::{ECHO, builder, component_of, folder_of, root, setting, wat_agent};

/// The graph of one attack, and the honest node beside it.
fn graph(text: &str) -> String {
    let list = |key: &str| {
        setting(text, key)
            .map(|value| format!(", {key}: [{value}]"))
            .unwrap_or_default()
    };
    let grants = setting(text, "grants")
        .map(|value| format!(", grants: {{resources: ['{value}']}}"))
        .unwrap_or_default();
    format!(
        "nodes:\n  attack: {{agent: attack.wasm{}{grants}}}\n  honest: {{agent: echo.wasm, reads: [honest]}}\n",
        list("writes")
    )
}

fn budget(text: &str) -> Budget {
    let settings = setting(text, "budget").unwrap_or_default().split_whitespace();
    settings.fold(
        Budget::default().with(Limit::Fuel, 300_000_000),
        |budget, setting| {
            let (name, value) = setting.split_once('=').unwrap();
            let limit = Limit::from_name(name).unwrap();
            budget.with(limit, limit.parse_value(value).unwrap())
        },
    )
}

/// What came of an attack, in the words of the `expect` line.
fn told(outcome: &Result<RunOutcome, hap::Error>) -> String {
    let outcome = match outcome {
        Err(error) => return format!("refused {error}"),
        Ok(outcome) => outcome,
    };
    let record = |name: &str| {
        outcome
            .agent_metadata
            .iter()
            .find(|(id, _)| id.as_str() == name)
            .unwrap()
            .1
    };
    let honest = &record("honest").status;
    if *honest != NodeStatus::Done {
        return format!("the honest node is {honest:?}");
    }
    let attack = record("attack");
    match &attack.failure {
        None => "nothing: the attack succeeded".to_owned(),
        Some(failure) => match &failure.kind {
            FailureKind::Limit { limit, .. } => format!("limit {limit}"),
            kind => format!("{} {}", kind.name(), failure.message),
        },
    }
}

fn attack(runtime: &Runtime, text: &str) -> Result<RunOutcome, hap::Error> {
    let whole = text.contains(";; whole-module");
    let bytes = if whole {
        component_of(text).unwrap()
    } else {
        wat_agent(text).unwrap()
    };
    let folder = folder_of(&[("attack", bytes), ("echo", wat_agent(ECHO).unwrap())]).unwrap();
    let source = folder.path().join("graph.yaml").display().to_string();
    let graph = Graph::from_text(&source, &graph(text)).unwrap();
    runtime.run_blocking(&graph, r#"{"honest": true}"#)
}

#[test]
fn every_attack_is_contained_and_explained() {
    let documents = Arc::new(
        MemoryResources::default()
            .with("open/a", "x")
            .with("secret/key.pem", "secret"),
    );
    let (mut report, mut count) = (String::new(), 0);
    let mut files: Vec<_> = fs::read_dir(root().join("tests/hostile"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let expected = setting(&text, "expect").unwrap();
        assert!(
            setting(&text, "purpose").is_some(),
            "{} has no purpose",
            file.display()
        );
        let runtime = builder()
            .resources(documents.clone())
            .budget(budget(&text))
            .build()
            .unwrap();
        let started = Instant::now();
        let told = told(&attack(&runtime, &text));
        count += 1;
        let (kind, words) = expected.split_once(' ').unwrap();
        let contained = told.starts_with(kind) && told.contains(words) && told.len() < 20_000;
        let name = file.file_stem().unwrap().to_string_lossy();
        let printable = told.chars().all(|c| !c.is_control() || c == '\n');
        if !contained || !printable {
            let shown: String = told.chars().take(500).collect();
            writeln!(
                report,
                "{name}: expected `{expected}`, got `{shown}` after {:?}",
                started.elapsed()
            )
            .unwrap();
        }
    }
    assert!(count >= 37, "only {count} attacks");
    assert!(report.is_empty(), "\n{report}");
}
