//! The built command as a server, and as its client.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod serving;
mod signed;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use serde_json::{Value, json};

use serving::{GRAPH, Serving, command, project, says, stderr};

#[test]
fn a_server_is_started_called_and_stopped() {
    let folder = project();
    let serving = Serving::start(folder.path(), &[]);
    assert!(serving.token.starts_with("hap_"), "{}", serving.told);
    assert_eq!(
        serving.told.matches(&serving.token).count(),
        1,
        "{}",
        serving.told
    );
    let info = serving.value(folder.path(), &["call", "server/info"]);
    assert_eq!(
        (&info["user"], &info["scopes"][0]),
        (&"operator".into(), &"admin".into())
    );
    let ran = serving.value(
        folder.path(),
        &["call", "agent/execute", r#"{"agent":"test:one"}"#],
    );
    assert_eq!(
        (&ran["status"], &ran["output"]["n"]),
        (&"success".into(), &1.into())
    );
    let (code, rest) = serving.end();
    assert_eq!((code, rest.as_str()), (Some(0), ""));
}

#[test]
fn a_graph_runs_there_as_it_does_here() {
    let folder = project();
    let serving = Serving::start(folder.path(), &[]);
    let local = command(folder.path(), &["run", "own.yaml", "--agents", "agents"])
        .output()
        .unwrap();
    assert_eq!(local.status.code(), Some(0), "{}", stderr(&local));
    for graph in ["own.yaml", "g"] {
        let there = serving.call(folder.path(), &serving.token, &["run", graph]);
        assert_eq!(
            (there.status.code(), &there.stdout, stderr(&there).as_str()),
            (Some(0), &local.stdout, "")
        );
    }
    let got = serving.call(folder.path(), &serving.token, &["run", "g", "--get", "n"]);
    assert_eq!(got.stdout, b"1\n");
    let events = serving.call(folder.path(), &serving.token, &["run", "g", "--events"]);
    let events = String::from_utf8(events.stdout).unwrap();
    let lines: Vec<Value> = events
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(lines.len() > 2, "{events}");
    assert_eq!(lines.last().unwrap()["outcome"]["status"], "success");
    // What was sent is gone again.
    let graphs = serving.value(folder.path(), &["call", "graph/list"]);
    assert_eq!(graphs["graphs"].as_array().unwrap().len(), 1, "{graphs}");
    let none = serving.call(folder.path(), &serving.token, &["run", "gg"]);
    assert_eq!(none.status.code(), Some(1));
    assert!(
        stderr(&none).contains("not-found") && stderr(&none).contains("hint:"),
        "{}",
        stderr(&none)
    );
}

#[test]
fn who_has_no_good_token_is_told_so() {
    let folder = project();
    let serving = Serving::start(folder.path(), &[]);
    let wrong = format!("hap_{}", "A".repeat(43));
    for token in [wrong.as_str(), "", "a.b.c"] {
        let output = serving.call(folder.path(), token, &["call", "server/info"]);
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        assert!(
            stderr(&output).contains("1001, unauthenticated"),
            "{}",
            stderr(&output)
        );
        assert!(output.stdout.is_empty());
    }
    drop(serving);
    let gone = command(
        folder.path(),
        &["call", "server/info", "--server", "http://127.0.0.1:1"],
    );
    let gone = { gone }.output().unwrap();
    assert_eq!(gone.status.code(), Some(1));
    assert!(
        stderr(&gone).contains("is the server running?"),
        "{}",
        stderr(&gone)
    );
}

#[test]
fn tokens_of_a_file_are_good_within_their_scopes() {
    let folder = project();
    let token = |args: &[&str]| {
        let output = command(
            folder.path(),
            &[&["token"], args, &["--tokens", "tokens"]].concat(),
        )
        .output()
        .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let create = [
        "create",
        "--scopes",
        "graph:read,graph:execute:g",
        "--user",
        "ada",
        "--name",
        "ci",
        "--expires",
        "30d",
    ];
    let secret = token(&create);
    let listed: Value = serde_json::from_str(&token(&["list", "--json"])).unwrap();
    assert_eq!(
        (&listed[0]["user"], &listed[0]["name"]),
        (&"ada".into(), &"ci".into())
    );
    assert!(!listed.to_string().contains(&secret));
    let id = listed[0]["id"].as_str().unwrap();
    let serving = Serving::start(folder.path(), &["--tokens", "tokens"]);
    assert!(serving.token.is_empty(), "{}", serving.told);
    fs::write(folder.path().join("secret"), &secret).unwrap();
    let run = serving.call(folder.path(), "", &["run", "g", "--token-file", "secret"]);
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    let refused = serving.call(folder.path(), &secret, &["call", "agent/list"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        stderr(&refused).contains("1002, forbidden"),
        "{}",
        stderr(&refused)
    );
    let rotated = token(&["rotate", id]);
    assert_ne!(rotated, secret);
    token(&["revoke", id]);
    assert_eq!(token(&["list", "--json"]), "[]");
}

#[test]
fn what_changes_in_the_folders_is_served() {
    let folder = project();
    let mut serving = Serving::start(folder.path(), &["--verbose"]);
    fs::write(folder.path().join("graphs/late.yaml"), GRAPH).unwrap();
    serving.until("graph `late` is ready");
    let run = serving.call(folder.path(), &serving.token, &["run", "late", "--get", "n"]);
    assert_eq!(run.stdout, b"1\n", "{}", stderr(&run));
    // A broken file does not take the place of a good one.
    fs::write(
        folder.path().join("graphs/late.yaml"),
        "nodes: {one: {agnet: x}}\n",
    )
    .unwrap();
    serving.until("graph `late` cannot be used");
    let run = serving.call(folder.path(), &serving.token, &["run", "late", "--get", "n"]);
    assert_eq!(run.stdout, b"1\n", "{}", stderr(&run));
}

#[test]
fn one_caller_is_served_on_standard_streams() {
    let folder = project();
    let mut child = command(
        folder.path(),
        &["serve", "--stdio", "--agents", "agents", "--graphs", "graphs"],
    )
    .stdin(Stdio::piped())
    .stdout(Stdio::piped())
    .spawn()
    .unwrap();
    let request = r#"{"jsonrpc":"2.0","id":7,"method":"graph/execute","params":{"name":"g"}}"#;
    // The input ends when it is dropped.
    writeln!(child.stdin.take().unwrap(), "{request}").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&answer["id"], &answer["result"]["outputs"]["n"]),
        (&7.into(), &1.into())
    );
}

#[test]
fn what_cannot_be_served_is_told_with_its_remedy() {
    let folder = project();
    let cases: [(&[&str], &str); 5] = [
        (&["--auth", "none", "--listen", "0.0.0.0:0"], "lets everybody in"),
        (&["--agents", "none"], "is no folder"),
        (&["--listen", "nowhere"], "cannot listen"),
        (&["--auth", "jwt"], "needs an issuer"),
        (&["--config", "own.yaml"], "own.yaml:1: "),
    ];
    for (args, told) in cases {
        let output = command(folder.path(), &[&["serve"], args].concat())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(told), "{args:?}: {}", stderr(&output));
    }
}

#[test]
fn an_application_that_starts_it_calls_its_tools() {
    let folder = project();
    let too_large = says(r#"{"n":1e999}"#);
    fs::write(folder.path().join("agents/test/two.wasm"), too_large).unwrap();
    let args = ["mcp", "--agents", "agents", "--graphs", "graphs"];
    let mut child = command(folder.path(), &args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut ask = |method: &str, params: Value| -> Value {
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        writeln!(input, "{message}").unwrap();
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("{method}: {line:?}"))
    };
    let hello = ask(
        "initialize",
        json!({
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" },
        }),
    );
    assert_eq!(hello["result"]["serverInfo"]["name"], "hap", "{hello}");
    let tools = ask("tools/list", json!({}));
    let names: Vec<&Value> = tools["result"]["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| &tool["name"])
        .collect();
    assert_eq!(names, ["agent__test__one", "agent__test__two", "g"]);
    for name in ["agent__test__one", "g"] {
        let called = ask("tools/call", json!({ "name": name, "arguments": {} }));
        assert_eq!(
            called["result"]["structuredContent"],
            json!({ "n": 1 }),
            "{called}"
        );
    }
    let called = ask("tools/call", json!({ "name": "agent__test__two" }));
    assert_eq!(called["result"]["isError"], true, "{called}");
    let text = called["result"]["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("1e999"), "{text}");
    drop(input);
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), stderr(&ended).as_str()), (Some(0), ""));
}

#[test]
fn what_the_network_needs_it_does_not_take() {
    let folder = project();
    for flag in ["--listen=127.0.0.1:0", "--auth=none", "--stdio", "--host=a"] {
        let output = command(folder.path(), &["mcp", flag]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{flag}: {}", stderr(&output));
    }
    let output = command(folder.path(), &["mcp", "--documents-uri", "run://"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("`--documents-uri`"),
        "{}",
        stderr(&output)
    );
    let output = command(folder.path(), &["mcp", "--agents", "none"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("is no folder"), "{}", stderr(&output));
}
