//! `hap run --server` beside `hap run`, and a server with TLS.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod serving;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use hap_hostile::wat_agent;

use serving::{Serving, command, project, stderr};

/// Says that it failed, with a word in the log before.
const FAILS: &str = r#"
(import "hap:agent/log@0.1.0" "write" (func $log (param i32 i32 i32 i32 i32 i32)))
(data (i32.const 4096) "no pages left\1b[2J")
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (call $log (i32.const 3) (i32.const 4096) (i32.const 5) (i32.const 0) (i32.const 0) (i32.const 0))
  (call $error (i32.const 2) (i32.const 4096) (i32.const 13)))
"#;

const TRAPS: &str = r#"
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  unreachable)
"#;

const LOOPS: &str = r#"
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (loop $for_ever (br $for_ever))
  unreachable)
"#;

fn agents(folder: &Path) {
    for (name, text) in [("fails", FAILS), ("traps", TRAPS), ("loops", LOOPS)] {
        let path = folder.join("agents/test").join(format!("{name}.wasm"));
        fs::write(path, wat_agent(text).unwrap()).unwrap();
    }
}

/// What is told, without times, which differ from run to run.
fn told(output: &Output) -> String {
    let line = |line: &str| match line.split_once(", time ") {
        Some((before, _)) => format!("{before}\n"),
        None => format!("{line}\n"),
    };
    stderr(output).lines().map(line).collect()
}

#[test]
fn a_run_that_fails_there_is_told_as_one_that_fails_here() {
    let folder = project();
    agents(folder.path());
    let serving = Serving::start(folder.path(), &[]);
    for (graph, code, says) in [
        (
            "nodes: {z: {agent: 'test:fails', next: a}, a: {agent: 'test:one'}}",
            1,
            "no pages left",
        ),
        (
            "nodes: {z: {agent: 'test:traps'}, a: {agent: 'test:fails', retry: {attempts: 2}}}",
            1,
            "attempt",
        ),
        (
            "nodes: {z: {agent: 'test:fails', on_failure: {node: y}}, y: {agent: 'test:traps', on_failure: {node: x}}, \
             x: {agent: 'test:one'}, b: {agent: 'test:one'}}",
            3,
            "its fallback `y` took its place",
        ),
        (
            "nodes: {z: {on_failure: continue, graph: {nodes: {in: {agent: 'test:fails'}, of: {agent: 'test:one'}}}}}",
            3,
            "`z/in`",
        ),
        (
            "nodes: {z: {agent: 'test:fails', map: {over: items, as: item, failed_items: 'null'}}}",
            3,
            "`null` stands in their place",
        ),
        (
            "nodes: {z: {agent: 'test:loops', budget: {fuel: 100M}}}",
            1,
            "budget.fuel",
        ),
    ] {
        fs::write(folder.path().join("it.yaml"), format!("{graph}\n")).unwrap();
        let set = ["run", "it.yaml", "--set", "items=[1,2]"];
        for more in [[].as_slice(), &["--get", "m"]] {
            let args = [&set, more].concat();
            let here = command(folder.path(), &[&args[..], &["--agents", "agents"]].concat())
                .output()
                .unwrap();
            let there = serving.call(folder.path(), &serving.token, &args);
            assert_eq!(told(&there), told(&here), "{graph}");
            assert!(told(&here).contains(says), "{}", told(&here));
            assert_eq!(there.stdout, here.stdout, "{graph}");
            assert_eq!(
                (there.status.code(), here.status.code()),
                (Some(code), Some(code)),
                "{graph}"
            );
        }
    }
}

/// Starts a run that never ends, and gives the client once the run is under way.
fn under_way(folder: &Path, serving: &Serving, args: &[&str]) -> std::process::Child {
    let server = ["--server", &serving.url];
    let child = command(folder, &[args, &server].concat())
        .env("HAP_TOKEN", &serving.token)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait(|| serving.value(folder, &["call", "server/info"])["active_runs"] == 1);
    child
}

fn wait(mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(60), "it never came to be");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_signal_cancels_the_remote_run_and_its_end_is_told() {
    let folder = project();
    let agents = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/agents/test");
    fs::copy(
        agents.join("scripted.wasm"),
        folder.path().join("agents/test/scripted.wasm"),
    )
    .expect("the test agents are built: `cargo xtask agents`");
    let long = "nodes: {z: {agent: 'test:scripted', params: {steps: [until-cancelled]}}}\n";
    fs::write(folder.path().join("graphs/long.yaml"), long).unwrap();
    let serving = Serving::start(folder.path(), &[]);
    for args in [["run", "long", "--quiet"], ["run", "long", "--events"]] {
        let child = under_way(folder.path(), &serving, &args);
        let kill = Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
        assert!(
            stderr(&output).contains("the run was cancelled: 1 cancelled"),
            "{}",
            stderr(&output)
        );
        let runs = serving.value(folder.path(), &["call", "run/list"]);
        assert_eq!(runs["runs"][0]["status"], "cancelled", "{runs}");
    }
}

#[test]
fn a_server_with_a_certificate_speaks_tls() {
    let folder = project();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    fs::write(folder.path().join("cert.pem"), made.cert.pem()).unwrap();
    fs::write(folder.path().join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    let tls = ["--tls-cert", "cert.pem", "--tls-key", "key.pem"];
    let serving = Serving::start(folder.path(), &tls);
    assert!(serving.url.starts_with("https://127.0.0.1:"), "{}", serving.url);
    let ran = serving.call(
        folder.path(),
        &serving.token,
        &["run", "g", "--get", "n", "--ca-file", "cert.pem"],
    );
    assert_eq!(
        (ran.stdout.as_slice(), stderr(&ran).as_str()),
        (b"1\n".as_slice(), "")
    );
    let stranger = serving.call(folder.path(), &serving.token, &["call", "server/info"]);
    assert_eq!(stranger.status.code(), Some(1));
    assert!(stderr(&stranger).contains("--ca-file"), "{}", stderr(&stranger));
    let none = ["call", "server/info", "--ca-file", "nowhere.pem"];
    let none = serving.call(folder.path(), &serving.token, &none);
    assert_eq!(none.status.code(), Some(2));
    // The network is no reason to warn any more.
    let open = Serving::start(folder.path(), &[&tls[..], &["--listen", "0.0.0.0:0"]].concat());
    assert!(!open.told.contains("unencrypted"), "{}", open.told);
    for (args, says) in [
        (
            ["--tls-cert", "cert.pem", "--tls-key", "cert.pem"].as_slice(),
            "no private key in PEM",
        ),
        (&["--tls-cert", "cert.pem"], "--tls-key"),
    ] {
        let output = command(folder.path(), &[&["serve"], args].concat())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(stderr(&output).contains(says), "{}", stderr(&output));
    }
}
