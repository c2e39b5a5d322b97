//! Where the settings of `hap serve` come from, and what `--check` tells of them.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod serving;

use std::fs;
use std::path::Path;
use std::process::Output;

use serving::{GRAPH, command, project, stderr};

const FILE: &str = "agents = ['agents']\ngraphs = ['graphs']\nlisten = '127.0.0.1:0'\n";

fn check(folder: &Path, args: &[&str], environment: &[(&str, &str)]) -> Output {
    command(folder, &[&["serve", "--check"], args].concat())
        .envs(environment.iter().copied())
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn a_check_tells_what_would_be_served() {
    let folder = project();
    fs::write(folder.path().join("hap.toml"), FILE).unwrap();
    let checked = check(folder.path(), &["--config", "hap.toml"], &[]);
    assert_eq!(checked.status.code(), Some(0), "{}", stderr(&checked));
    assert_eq!(
        stdout(&checked),
        "listens on: 127.0.0.1:0\nlets in: a token that is made at the start\nagents: test:one\ngraphs: g\n"
    );
    assert_eq!(stderr(&checked), "");
    // The environment comes over the file, and flags over both; the file can be named by the environment.
    let environment = [
        ("HAP_SERVE_CONFIG", "hap.toml"),
        ("HAP_SERVE_LISTEN", "127.0.0.1:1"),
        ("HAP_SERVE_AUTH_MODE", "none"),
    ];
    let checked = check(folder.path(), &["--listen", "127.0.0.1:2"], &environment);
    assert_eq!(checked.status.code(), Some(0), "{}", stderr(&checked));
    assert!(
        stdout(&checked).starts_with("listens on: 127.0.0.1:2\nlets in: everybody on this machine\n"),
        "{}",
        stdout(&checked)
    );
}

#[test]
fn a_check_tells_every_problem() {
    let folder = project();
    fs::write(
        folder.path().join("graphs/bad.yaml"),
        "nodes: {a: {agent: 'test:none'}}",
    )
    .unwrap();
    fs::write(folder.path().join("agents/test/bad.wasm"), "no component").unwrap();
    let args = [
        "--agents", "agents", "--graphs", "graphs", "--agents", "nowhere", "--listen", "nowhere",
    ];
    let checked = check(folder.path(), &args, &[]);
    assert_eq!(checked.status.code(), Some(2));
    let told = stderr(&checked);
    for problem in [
        "error: `--agents nowhere` is no folder",
        "error: cannot listen on `nowhere`",
        "error: agent `test:bad` cannot be used",
        "error: graph `bad` cannot be used",
        "there is no agent `test:none`",
    ] {
        assert!(told.contains(problem), "{problem}: {told}");
    }
    assert!(
        stdout(&checked).contains("agents: test:one\ngraphs: g\n"),
        "{}",
        stdout(&checked)
    );

    fs::write(folder.path().join("tokens"), "these are no tokens").unwrap();
    for (args, problem) in [
        (&["--tokens", "tokens"][..], "tokens"),
        (
            &["--jwt-issuer", "i", "--jwt-audience", "a", "--jwt-key", "nothing"][..],
            "nothing",
        ),
        (
            &["--jwt-key", "own.yaml"][..],
            "need both an issuer and an audience",
        ),
        (
            &["--resources", "nowhere"][..],
            "cannot open `--resources nowhere`",
        ),
        (
            &["--auth", "none", "--listen", "0.0.0.0:80"][..],
            "lets everybody in",
        ),
    ] {
        let checked = check(folder.path(), args, &[]);
        assert_eq!(checked.status.code(), Some(2), "{args:?}: {}", stderr(&checked));
        assert!(
            stderr(&checked).contains(problem),
            "{args:?}: {}",
            stderr(&checked)
        );
    }
}

#[test]
fn settings_that_cannot_be_used_are_told_with_their_place() {
    let folder = project();
    fs::write(
        folder.path().join("hap.toml"),
        format!("{FILE}[limits]\nmax_rnus = 1\n"),
    )
    .unwrap();
    let checked = check(folder.path(), &["--config", "hap.toml"], &[]);
    assert_eq!(checked.status.code(), Some(2));
    assert_eq!(
        stderr(&checked),
        "error: hap.toml:5: there is no key `max_rnus` here\n  hint: did you mean `max_runs`?\n"
    );
    let checked = check(folder.path(), &[], &[("HAP_SERVE_LISTN", "x")]);
    assert_eq!(checked.status.code(), Some(2));
    assert!(
        stderr(&checked).contains("did you mean `HAP_SERVE_LISTEN`?"),
        "{}",
        stderr(&checked)
    );
    let checked = check(folder.path(), &["--set", "limits.drain=soon"], &[]);
    assert_eq!(checked.status.code(), Some(2));
    assert!(
        stderr(&checked).contains("`soon` is not a time"),
        "{}",
        stderr(&checked)
    );
}

#[test]
fn a_file_that_one_names_from_elsewhere_has_its_own_folder() {
    let folder = project();
    fs::create_dir(folder.path().join("etc")).unwrap();
    let file = "agents = ['../agents']\ngraphs = ['graphs']\n";
    fs::write(folder.path().join("etc/hap.toml"), file).unwrap();
    fs::create_dir(folder.path().join("etc/graphs")).unwrap();
    fs::write(folder.path().join("etc/graphs/there.yaml"), GRAPH).unwrap();
    let checked = check(folder.path(), &["--config", "etc/hap.toml"], &[]);
    assert_eq!(checked.status.code(), Some(0), "{}", stderr(&checked));
    assert!(
        stdout(&checked).ends_with("agents: test:one\ngraphs: there\n"),
        "{}",
        stdout(&checked)
    );
}
