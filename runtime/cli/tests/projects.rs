//! The built command on agent projects: made, built, run, served and watched. The "language" here is files that are
//! copied, so that what is tested is the command and no toolchain; the languages themselves are tested in `tests/`.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod serving;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use hap_hostile::{ECHO, module_text, wat_agent};
use serde_json::Value;
use tempfile::TempDir;

use serving::{Serving, says, stderr};

const HAP_TOML: &str = r#"
[agent]
name = "test-agent"
language = "copied"
contract = "0.1.0"

[build]
commands = [["cp", "source", "{output}"]]
output = "build/agent.wasm"
"#;

/// A folder with the project `p` and a graph that names it.
fn project() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("p")).unwrap();
    fs::write(folder.path().join("p/hap.toml"), HAP_TOML).unwrap();
    fs::write(folder.path().join("p/source"), says(r#"{"n":1}"#)).unwrap();
    fs::write(folder.path().join("g.yaml"), "nodes: {a: {agent: ./p}}\n").unwrap();
    folder
}

fn set(folder: &Path, from: &str, to: &str) {
    assert!(HAP_TOML.contains(from), "{from}");
    fs::write(folder.join("p/hap.toml"), HAP_TOML.replace(from, to)).unwrap();
}

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = serving::command(folder, args);
    command
        .env("XDG_STATE_HOME", folder.join("state"))
        .env_remove("HAP_TOOLS");
    command
}

fn hap(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let output: Output = command(folder, args).output().unwrap();
    let told = stderr(&output);
    assert!(!told.contains("panicked"), "{told}");
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
        told,
    )
}

#[track_caller]
fn refused(folder: &Path, args: &[&str], code: i32, parts: &[&str]) {
    let (ended, stdout, stderr) = hap(folder, args);
    assert_eq!(ended, Some(code), "{stdout}{stderr}");
    for part in parts {
        assert!(stderr.contains(part), "missing {part:?} in:\n{stderr}");
    }
}

fn built(folder: &Path) -> Value {
    let (code, stdout, stderr) = hap(folder, &["build", "--json"]);
    assert_eq!(code, Some(0), "{stderr}");
    serde_json::from_str(&stdout).unwrap()
}

#[test]
fn a_project_is_built_once_and_again_when_its_source_changes() {
    let folder = project();
    let first = built(folder.path());
    assert_eq!(
        (&first[0]["ok"], &first[0]["fresh"]),
        (&true.into(), &false.into())
    );
    assert_eq!(first[0]["component_info"]["manifest"]["name"], "test-agent");
    assert_eq!(built(folder.path())[0]["fresh"], true);
    fs::write(folder.path().join("p/source"), says(r#"{"n":2}"#)).unwrap();
    assert_eq!(built(folder.path())[0]["fresh"], false);
    fs::remove_file(folder.path().join("p/build/agent.wasm")).unwrap();
    assert_eq!(built(folder.path())[0]["fresh"], false);
    let (_, table, _) = hap(folder.path(), &["build"]);
    assert!(table.contains("test-agent   copied     up to date"), "{table}");
}

#[test]
fn a_core_module_becomes_a_component_of_the_guest_world() {
    let folder = project();
    set(
        folder.path(),
        "commands = [[\"cp\", \"source\", \"{output}\"]]",
        "commands = [[\"cp\", \"source\", \"{core}\"]]\ncore = \"build/core.wasm\"",
    );
    let module = wat::parse_str(module_text(ECHO)).unwrap();
    fs::write(folder.path().join("p/source"), module).unwrap();
    assert_eq!(built(folder.path())[0]["ok"], true);
    let ran = hap(folder.path(), &["run", "g.yaml", "--set", "x=1"]);
    assert_eq!(ran.0, Some(0), "{}", ran.2);
    fs::write(folder.path().join("p/source"), b"\0asm\x01\0\0\0").unwrap();
    refused(
        folder.path(),
        &["build"],
        1,
        &["no component can be made from", "hap:agent/agent@0.1.0"],
    );
}

#[test]
fn a_run_builds_what_its_user_has_built_before_and_nothing_else() {
    let folder = project();
    refused(
        folder.path(),
        &["run", "g.yaml"],
        2,
        &[
            "nobody has asked this machine to build",
            "cp source build/agent.wasm",
            "hap build",
        ],
    );
    assert!(!folder.path().join("p/build").exists());
    built(folder.path());
    let run = || hap(folder.path(), &["run", "g.yaml", "--get", "n"]);
    assert_eq!(run(), (Some(0), "1\n".to_owned(), String::new()));
    fs::write(folder.path().join("p/source"), says(r#"{"n":2}"#)).unwrap();
    let unbuilt = hap(folder.path(), &["run", "g.yaml", "--get", "n", "--no-build"]);
    assert_eq!(unbuilt.1, "1\n");
    assert_eq!(run().1, "2\n");
    // Whoever changes the commands makes another project of it.
    set(folder.path(), "[\"cp\",", "[\"touch\", \"ran\"], [\"cp\",");
    refused(
        folder.path(),
        &["run", "g.yaml"],
        2,
        &["nobody has asked", "touch ran; cp source"],
    );
    assert!(!folder.path().join("p/ran").exists());
}

#[test]
fn what_a_failed_command_printed_is_shown() {
    let folder = project();
    let fails = "[\"sh\", \"-c\", \"echo to stdout; echo error in line 3 >&2; exit 7\"]";
    set(folder.path(), "[\"cp\", \"source\", \"{output}\"]", fails);
    let parts = [
        "to stdout\n",
        "error in line 3\n",
        "agent `test-agent`: `sh -c",
        "failed (exit status: 7)",
    ];
    refused(folder.path(), &["build"], 1, &parts);
    let (code, stdout, _) = hap(folder.path(), &["build", "--json"]);
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &report[0]["ok"]), (Some(1), &false.into()));
    assert!(report[0]["output"].as_str().unwrap().contains("error in line 3"));
    refused(folder.path(), &["run", "g.yaml"], 2, &parts);
}

#[test]
fn a_command_that_takes_too_long_is_ended() {
    let folder = project();
    set(
        folder.path(),
        "[\"cp\", \"source\", \"{output}\"]",
        "[\"sleep\", \"600\"]",
    );
    refused(
        folder.path(),
        &["build", "--max-time", "1s"],
        1,
        &["took longer than 1 s", "--max-time"],
    );
}

#[test]
fn bad_projects_are_told_with_what_to_do() {
    let folder = project();
    fs::create_dir(folder.path().join("empty")).unwrap();
    fs::write(folder.path().join("e.yaml"), "nodes: {a: {agent: ./empty}}\n").unwrap();
    refused(
        folder.path(),
        &["build", "empty"],
        2,
        &["no `hap.toml` in it or below it", "hap new"],
    );
    refused(
        folder.path(),
        &["run", "e.yaml"],
        2,
        &["`./empty` is no agent project", "hap new"],
    );
    refused(folder.path(), &["build", "absent"], 2, &["is no agent project"]);
    set(folder.path(), "name =", "nome =");
    refused(
        folder.path(),
        &["build"],
        2,
        &["hap.toml", "unknown field `nome`", "line"],
    );
    set(folder.path(), "0.1.0", "0.0.9");
    refused(
        folder.path(),
        &["build"],
        2,
        &[
            "written for version 0.0.9",
            "this hap speaks 0.1.0",
            "CHANGELOG.md",
        ],
    );
    set(folder.path(), "\"cp\"", "\"no-such-tool\"");
    refused(
        folder.path(),
        &["build"],
        1,
        &["needs the program `no-such-tool`, which is not installed"],
    );
    set(
        folder.path(),
        "[build]",
        "[tools]\nprograms = [\"wit-bindgen-of-nobody\", \"cp\"]\n[build]",
    );
    refused(folder.path(), &["build"], 1, &["wit-bindgen-of-nobody"]);
    set(folder.path(), "[\"cp\", \"source\", \"{output}\"]", "[\"true\"]");
    refused(
        folder.path(),
        &["build"],
        1,
        &["build/agent.wasm` is not there", "build.output"],
    );
    set(folder.path(), "test-agent", "other-name");
    refused(
        folder.path(),
        &["build"],
        1,
        &["the component says that its name is `test-agent`"],
    );
    set(folder.path(), "[build]", "[build]\ninputs = [\"absent\"]");
    refused(
        folder.path(),
        &["build"],
        1,
        &["`absent`, which `build.inputs` names"],
    );
}

#[test]
fn components_that_are_no_agents_are_told_after_the_build() {
    let folder = project();
    let source = folder.path().join("p/source");
    fs::write(&source, b"\0asm\x0d\0\x01\0").unwrap();
    refused(
        folder.path(),
        &["build"],
        1,
        &["agent `test-agent`: ", "hap:agent/agent"],
    );
    let mut other = wat_agent(ECHO).unwrap();
    let version = b"hap:agent/agent@0.1.0";
    let places: Vec<usize> = (0..other.len())
        .filter(|at| other[*at..].starts_with(version))
        .collect();
    for at in places {
        other[at + version.len() - 3] = b'9';
    }
    fs::write(&source, other).unwrap();
    refused(folder.path(), &["build"], 1, &["0.9.0", "0.1.0"]);
    fs::write(&source, "no wasm at all").unwrap();
    refused(folder.path(), &["build"], 1, &["agent `test-agent`"]);
}

#[test]
fn a_folder_of_projects_is_built_together() {
    let folder = project();
    for name in ["q", "r"] {
        let place = folder.path().join("more").join(name);
        fs::create_dir_all(&place).unwrap();
        fs::write(place.join("hap.toml"), HAP_TOML).unwrap();
        fs::write(place.join("source"), says("{}")).unwrap();
    }
    fs::remove_file(folder.path().join("more/r/source")).unwrap();
    let (code, stdout, stderr) = hap(folder.path(), &["build", "--json", "-j", "2"]);
    assert_eq!(code, Some(1), "{stderr}");
    let report: Value = serde_json::from_str(&stdout).unwrap();
    let ok: Vec<&Value> = report
        .as_array()
        .unwrap()
        .iter()
        .map(|report| &report["ok"])
        .collect();
    assert_eq!(ok, [true, false, true]);
    assert!(stderr.contains("source"), "{stderr}");
}

#[test]
fn new_makes_a_project_that_is_trusted_and_refuses_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let (code, _, told) = hap(folder.path(), &["new", "agents/my-agent", "--lang", "rust"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("hap build agents/my-agent"), "{told}");
    assert!(folder.path().join("agents/my-agent/src/lib.rs").is_file());
    assert_eq!(
        fs::read_dir(folder.path().join("state/hap/projects"))
            .unwrap()
            .count(),
        1
    );
    refused(
        folder.path(),
        &["new", "agents/my-agent", "--lang", "rust"],
        2,
        &["is there already"],
    );
    refused(
        folder.path(),
        &["new", "My_Agent", "--lang", "rust"],
        2,
        &["such as `word-count`"],
    );
    refused(
        folder.path(),
        &["new", "x", "--lang", "cobol"],
        2,
        &["no template for `cobol`", "rust"],
    );
}

#[test]
fn a_server_serves_projects_and_builds_them_only_when_asked() {
    let folder = project();
    fs::create_dir_all(folder.path().join("agents/ns")).unwrap();
    fs::create_dir_all(folder.path().join("graphs")).unwrap();
    fs::rename(folder.path().join("p"), folder.path().join("agents/ns/p")).unwrap();
    fs::write(
        folder.path().join("graphs/g.yaml"),
        "nodes: {a: {agent: 'ns:p'}}\n",
    )
    .unwrap();
    let unbuilt = Serving::start(folder.path(), &[]);
    let agents = unbuilt.value(folder.path(), &["call", "agent/list"]);
    assert!(!agents.to_string().contains("ns:p"), "{agents}");
    assert!(!folder.path().join("agents/ns/p/build").exists());
    drop(unbuilt);
    let serving = Serving::start(folder.path(), &["--build"]);
    let ran = serving.value(folder.path(), &["call", "agent/execute", r#"{"agent":"ns:p"}"#]);
    assert_eq!(
        (&ran["status"], &ran["output"]["n"]),
        (&"success".into(), &1.into())
    );
    let ran = serving.call(folder.path(), &serving.token, &["run", "g", "--get", "n"]);
    assert_eq!(ran.stdout, b"1\n", "{}", stderr(&ran));
}

#[test]
fn conform_tells_what_an_agent_does_and_fails_when_it_should() {
    let folder = project();
    refused(
        folder.path(),
        &["conform", "p"],
        2,
        &["has not been built", "hap build p"],
    );
    built(folder.path());
    let (code, stdout, stderr) = hap(folder.path(), &["conform", "p"]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    assert!(
        stdout.contains("test-agent 0.1.0: 11 passed, 0 not offered, 0 failed"),
        "{stdout}"
    );
    let traps =
        r#"(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32) unreachable)"#;
    fs::write(folder.path().join("t.wasm"), wat_agent(traps).unwrap()).unwrap();
    let (code, stdout, _) = hap(folder.path(), &["conform", "t.wasm", "--json"]);
    assert_eq!(code, Some(1));
    let report: Value = serde_json::from_str(&stdout).unwrap();
    let verdict = |name: &str| {
        let checks = report["checks"].as_array().unwrap().iter();
        checks
            .filter(|check| check["name"] == name)
            .map(|check| check["verdict"].clone())
            .next()
            .unwrap()
    };
    assert_eq!(
        (verdict("describe"), verdict("answers")),
        ("passed".into(), "failed".into())
    );
    refused(
        folder.path(),
        &["conform", "t.wasm", "--only", "no-such"],
        2,
        &["no check has such a name"],
    );
    refused(folder.path(), &["conform", "g.yaml"], 2, &["g.yaml"]);
}

/// `hap dev`, killed when the test forgets it.
struct Dev(Child, BufReader<std::process::ChildStderr>);

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Dev {
    fn until(&mut self, text: &str) -> String {
        let mut told = String::new();
        loop {
            let mut line = String::new();
            assert!(
                self.1.read_line(&mut line).unwrap() > 0,
                "it ended before {text:?}:\n{told}"
            );
            told.push_str(&line);
            if line.contains(text) {
                return told;
            }
        }
    }
}

#[test]
fn dev_runs_again_when_a_source_changes_and_tells_what_changed() {
    let folder = project();
    built(folder.path());
    let mut child = command(folder.path(), &["dev", "g.yaml"])
        .stdout(fs::File::create(folder.path().join("out")).unwrap())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let mut dev = Dev(child, stderr);
    dev.until("watching ");
    fs::write(folder.path().join("p/source"), says(r#"{"n":2,"new":true}"#)).unwrap();
    dev.until("2 changes in the result");
    dev.until("watching ");
    fs::write(folder.path().join("g.yaml"), "nodes: {a: {agnt: ./p}}\n").unwrap();
    dev.until("error");
    dev.until("watching ");
    fs::write(folder.path().join("g.yaml"), "nodes: {b: {agent: ./p}}\n").unwrap();
    dev.until("the same result");
    dev.until("watching ");
    let out = fs::read_to_string(folder.path().join("out")).unwrap();
    assert_eq!(out, "{\n  \"n\": 1\n}\n~ n: 1 -> 2\n+ new: true\n");
    assert!(
        Command::new("kill")
            .arg(dev.0.id().to_string())
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(dev.0.wait().unwrap().code(), Some(0));
}
