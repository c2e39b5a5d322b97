//! The built command on every bad input that needs no working agent: the exit code, no panic, and a message that names
//! the thing and its remedy. Runs with real agents are tested in the workspace's `tests/`.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

const SUCCESS: i32 = 0;
const FAILED: i32 = 1;
const BAD_INPUT: i32 = 2;

/// A folder of its own, in which the command runs.
struct Folder(TempDir);

/// How the command ended.
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().expect("the host has a folder for temporary files"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The folder with one more file.
    fn with(self, name: &str, content: impl AsRef<[u8]>) -> Folder {
        fs::write(self.path(name), content).expect("the folder is writable");
        self
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hap"));
        command
            .args(args)
            .current_dir(self.0.path())
            .env("XDG_CACHE_HOME", self.path("cache"))
            .stdin(Stdio::null());
        command
    }

    fn hap(&self, args: &[&str]) -> Ended {
        Ended::new(self.command(args).output().expect("the command starts"))
    }
}

impl Ended {
    fn new(output: Output) -> Ended {
        let ended = Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("stdout is text"),
            stderr: String::from_utf8(output.stderr).expect("stderr is text"),
        };
        assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
        assert!(
            !ended.stderr.contains('\x1b'),
            "escapes in a pipe: {}",
            ended.stderr
        );
        ended
    }

    #[track_caller]
    fn expect(&self, code: i32, stderr: &[&str]) -> &Ended {
        assert_eq!(self.code, Some(code), "{}{}", self.stdout, self.stderr);
        for part in stderr {
            assert!(
                self.stderr.contains(part),
                "missing {part:?} in:\n{}",
                self.stderr
            );
        }
        self
    }
}

/// A graph that is right but for its agent, which is missing.
const GRAPH: &str = "nodes: {a: {agent: ./missing.wasm}}";

/// The same, and its agent's file has that content: `check` must refuse it.
#[track_caller]
fn check_component(content: &[u8], message: &str) {
    let folder = Folder::new()
        .with("g.yaml", "nodes: {a: {agent: ./a.wasm}}")
        .with("a.wasm", content);
    let expected = [
        "g.yaml:1:20: node `a`: `./a.wasm`: ",
        message,
        "error: g.yaml: 1 error",
    ];
    folder.hap(&["check", "g.yaml"]).expect(FAILED, &expected);
    folder.hap(&["run", "g.yaml"]).expect(BAD_INPUT, &expected);
    folder
        .hap(&["inspect", "a.wasm"])
        .expect(BAD_INPUT, &["`a.wasm`: ", message]);
}

/// A graph that is wrong: `check` fails, `run` and `show` refuse it, and all tell the same.
#[track_caller]
fn check_graph(text: &str, expected: &[&str]) {
    let folder = Folder::new().with("g.yaml", text);
    folder
        .hap(&["check", "g.yaml"])
        .expect(FAILED, expected)
        .expect(FAILED, &["error: g.yaml: "]);
    folder.hap(&["run", "g.yaml"]).expect(BAD_INPUT, expected);
    let shown = folder.hap(&["show", "g.yaml"]);
    shown.expect(BAD_INPUT, expected);
    assert_eq!(shown.stdout, "");
}

#[test]
fn a_graph_that_cannot_be_read_is_bad_input() {
    let folder = Folder::new()
        .with("g.yaml", [b'n', 0xff])
        .with("g.wasm", [0, b'a', b's', b'm', 0xff]);
    fs::create_dir(folder.path("folder")).unwrap();
    for command in ["run", "check", "show"] {
        let missing = folder.hap(&[command, "missing.yaml"]);
        missing.expect(
            BAD_INPUT,
            &["error: cannot read `missing.yaml`", "hint: correct the path"],
        );
        let binary = folder.hap(&[command, "g.yaml"]);
        binary.expect(
            BAD_INPUT,
            &[
                "error: cannot read `g.yaml`",
                "hint: a graph file is YAML or JSON text",
            ],
        );
        folder
            .hap(&[command, "g.wasm"])
            .expect(BAD_INPUT, &["hint: this is a component", "hap inspect"]);
        folder
            .hap(&[command, "folder"])
            .expect(BAD_INPUT, &["cannot read `folder`", "hint: name a graph file"]);
    }
    File::create(folder.path("huge.yaml"))
        .unwrap()
        .set_len(100 << 20)
        .unwrap();
    folder
        .hap(&["show", "huge.yaml"])
        .expect(BAD_INPUT, &["104857600 bytes long", "hint: "]);
}

#[test]
fn what_is_no_yaml_is_told_with_its_place() {
    check_graph("nodes: {a: [", &["g.yaml:1:"]);
    check_graph("nodes:\n\ta: x\n", &["g.yaml:2:"]);
}

#[test]
fn an_unknown_field_is_told_with_the_nearest() {
    check_graph(
        "nodes:\n  a: {agnet: ./a.wasm}\n",
        &[
            "g.yaml:2:7: node `a` has no field `agnet`\n  hint: did you mean `agent`?",
            "2 errors",
        ],
    );
}

#[test]
fn nodes_that_do_not_fit_together_are_told_with_their_places() {
    check_graph(
        "nodes:\n  - {id: a, agent: ./a.wasm}\n  - {id: a, agent: ./b.wasm}\n",
        &["g.yaml:3:10: there are two nodes called `a`\n  hint: rename one"],
    );
    check_graph(
        "nodes:\n  first: {agent: ./a.wasm, next: secnd}\n  second: {agent: ./a.wasm}\n",
        &["node `first` leads to `secnd`, which is no node\n  hint: did you mean `second`?"],
    );
    check_graph(
        "nodes:\n  a: {agent: ./a.wasm, next: b}\n  b: {agent: ./a.wasm, next: c}\n  c: {agent: ./a.wasm, next: a}\n",
        &["cycle: a -> b -> c -> a\n  hint: remove one of its edges"],
    );
    check_graph(
        "nodes: {a: {agent: ./a.wasm, next: a}}",
        &["node `a` leads to itself\n  hint: remove the edge"],
    );
    check_graph(
        "entry: strat\nnodes: {start: {agent: ./a.wasm}}",
        &["g.yaml:1:8: the entry names `strat`, which is no node\n  hint: did you mean `start`?"],
    );
    check_graph(
        "nodes: {}",
        &["g.yaml: the graph has no nodes\n  hint: add at least one node"],
    );
    check_graph("", &["g.yaml: the file is empty\n  hint: "]);
    check_graph(
        "nodes: {a: {agent: nonsense}}",
        &["`nonsense` is no entrypoint", "namespace:name[@version]"],
    );
}

#[test]
fn names_cannot_steer_the_terminal() {
    // `Ended` refuses any escape on stderr.
    let folder = Folder::new().with("g.yaml", "nodes: {\"a\\e[31m\": {agent: ./a.wasm}}");
    folder
        .hap(&["check", "g.yaml"])
        .expect(FAILED, &["is no node name"]);
    folder
        .hap(&["show", "no\x1b[31m.yaml"])
        .expect(BAD_INPUT, &["cannot read"]);
}

#[test]
fn an_unreachable_node_is_drawn_as_never_run() {
    let text = "entry: a\nnodes: {a: {agent: ./a.wasm}, b: {agent: ./b.wasm}}";
    let folder = Folder::new().with("g.yaml", text);
    let shown = folder.hap(&["show", "g.yaml"]);
    shown.expect(SUCCESS, &[]);
    assert!(shown.stdout.contains("never run"), "{}", shown.stdout);
}

#[test]
fn agents_that_cannot_be_found_are_told_with_where_they_were_looked_for() {
    let folder = Folder::new()
        .with("g.yaml", GRAPH)
        .with("named.yaml", "nodes: {a: {agent: 'text:coutn'}}");
    fs::create_dir_all(folder.path("agents/text")).unwrap();
    let folder = folder.with("agents/text/count.wasm", "");
    let missing = [
        "g.yaml:1:20: node `a`: cannot read the component",
        "missing.wasm",
        "hint: build the agent",
    ];
    folder.hap(&["check", "g.yaml"]).expect(FAILED, &missing);
    folder.hap(&["run", "g.yaml"]).expect(BAD_INPUT, &missing);
    folder
        .hap(&["check", "named.yaml"])
        .expect(FAILED, &["no agent folder is set", "hint: pass `--agents"]);
    let near = folder.hap(&["check", "named.yaml", "--agents", "agents"]);
    near.expect(
        FAILED,
        &[
            "there is no agent `text:coutn`",
            "hint: did you mean `text:count`?",
        ],
    );
    let no_folder = folder.hap(&["check", "named.yaml", "--agents", "agnets"]);
    no_folder.expect(BAD_INPUT, &["`--agents agnets` is no folder", "hint: "]);
}

#[test]
fn what_is_no_component_is_told_as_what_it_is() {
    check_component(
        &[0, b'a', b's', b'm', 1, 0, 0, 0],
        "core WebAssembly module, not a component: build it for",
    );
    check_component(b"fn main() {}\n", "a text file, not a WebAssembly component");
    check_component(b"", "the file is empty: build the agent again");
    check_component(b"\0asm", "the file is cut off");
    check_component(&[0xff, 0xfe, 0, 1], "not a WebAssembly component");
    let truncated = [&[0, b'a', b's', b'm', 0x0d, 0, 1, 0][..], &[7; 92]].concat();
    check_component(&truncated, "the component is invalid");
}

#[test]
fn a_truncated_component_of_ours_is_invalid() {
    if let Some(component) = built_agent() {
        let bytes = fs::read(component).unwrap();
        check_component(&bytes[..100], "the component is invalid");
    }
}

#[test]
fn a_problem_list_is_json_for_programs() {
    let folder = Folder::new().with("g.yaml", "nodes: {a: {agnet: ./a.wasm}}");
    let checked = folder.hap(&["check", "g.yaml", "--json"]);
    checked.expect(FAILED, &[]);
    let report: serde_json::Value = serde_json::from_str(&checked.stdout).unwrap();
    assert_eq!(report["ok"], false);
    assert_eq!(report["problems"][1]["place"]["line"], 1);
    assert_eq!(report["problems"][1]["hint"], "did you mean `agent`?");
}

#[test]
fn input_that_is_no_object_is_told_with_what_to_write() {
    let folder = Folder::new()
        .with("g.yaml", GRAPH)
        .with("in.json", "{\"a\": }")
        .with("list.json", "[1]");
    let run = |input: &str| folder.hap(&["run", "g.yaml", "--input", input]);
    run("{x").expect(
        BAD_INPUT,
        &[
            "the text after `--input` cannot be the input: it is not JSON",
            "hint: write a JSON",
        ],
    );
    run("3").expect(
        BAD_INPUT,
        &[
            "it is a number, where an object is needed",
            "hint: write a JSON object",
        ],
    );
    run("").expect(BAD_INPUT, &["it is not JSON"]);
    run("-").expect(BAD_INPUT, &["standard input cannot be the input: it is not JSON"]);
    run("@in.json").expect(BAD_INPUT, &["`in.json` cannot be the input", "line 1 column 7"]);
    run("@list.json").expect(BAD_INPUT, &["`list.json` cannot be the input: it is a list"]);
    run("@gone.json").expect(BAD_INPUT, &["cannot read `gone.json`", "hint: correct the path"]);
    run("in.json").expect(BAD_INPUT, &["hint: to read the file, write `--input @in.json`"]);
    run("{\"k\": 1, \"k\": 2}").expect(BAD_INPUT, &["the key `k` stands twice", "hint: rename"]);
}

#[test]
fn input_beyond_the_limits_is_refused_before_it_costs_anything() {
    let folder = Folder::new().with("g.yaml", GRAPH);
    File::create(folder.path("huge"))
        .unwrap()
        .set_len(100 << 20)
        .unwrap();
    let too_long = [
        "`huge` is 104857600 bytes long, and the limit `input` is 16 MiB",
        "hint: raise it with `--budget",
    ];
    folder
        .hap(&["run", "g.yaml", "--input", "@huge"])
        .expect(BAD_INPUT, &too_long);
    folder
        .hap(&["run", "g.yaml", "--file", "k=huge"])
        .expect(BAD_INPUT, &too_long);
    let huge = File::open(folder.path("huge")).unwrap();
    let piped = folder
        .command(&["run", "g.yaml", "--input", "-"])
        .stdin(huge)
        .output()
        .unwrap();
    Ended::new(piped).expect(BAD_INPUT, &["standard input is more than 16777216 bytes long"]);
    let deep = format!("{{\"k\": {}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let folder = folder.with("deep.json", deep);
    let deep = folder.hap(&["run", "g.yaml", "--input", "@deep.json"]);
    deep.expect(
        BAD_INPUT,
        &[
            "`deep.json` cannot be the input: it is nested deeper than 100 levels",
            "json-depth",
        ],
    );
}

#[test]
fn additions_to_the_input_are_checked() {
    let folder = Folder::new().with("g.yaml", GRAPH).with("latin", b"caf\xe9");
    let run = |args: &[&str]| folder.hap(&[&["run", "g.yaml"], args].concat());
    run(&["--file", "k=gone"]).expect(BAD_INPUT, &["cannot read `gone`", "hint: correct the path"]);
    run(&["--file", "k=."]).expect(BAD_INPUT, &["`.` is a folder", "hint: name a file"]);
    run(&["--file", "k=latin"]).expect(
        BAD_INPUT,
        &["`latin` is not text in UTF-8: byte 3", "hint: convert"],
    );
    run(&["--set", "k=1", "--set", "k=2"])
        .expect(BAD_INPUT, &["`k` is given twice by `--set`", "hint: keep one"]);
    run(&["--set", "novalue"]).expect(BAD_INPUT, &["--set <KEY=VALUE>", "no `=`"]);
    run(&["--budget", "fule=1"]).expect(BAD_INPUT, &["did you mean `fuel`?"]);
    run(&["--budget", "memory=lots"]).expect(BAD_INPUT, &["`lots` is no value for `memory`"]);
    run(&["--start-time", "noon"]).expect(BAD_INPUT, &["no instant: write `2026-01-31T08:30:00Z`"]);
    run(&["--max-parallel", "0"]).expect(BAD_INPUT, &["--max-parallel"]);
    run(&["--json", "--events"]).expect(BAD_INPUT, &["cannot be used with"]);
}

#[test]
fn help_tells_the_exit_codes_and_usage_errors_are_bad_input() {
    let folder = Folder::new();
    let help = folder.hap(&["--help"]);
    help.expect(SUCCESS, &[]);
    assert!(
        help.stdout.contains("130  cancelled by Ctrl-C"),
        "{}",
        help.stdout
    );
    folder.hap(&[]).expect(BAD_INPUT, &["Usage: hap"]);
    folder
        .hap(&["chekc"])
        .expect(BAD_INPUT, &["unrecognized subcommand 'chekc'", "'check'"]);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = folder.hap(&["completions", shell]);
        script.expect(SUCCESS, &[]);
        assert!(script.stdout.contains("inspect"), "{shell}");
    }
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let nodes: String = (0..20_000)
        .map(|n| format!("  node-{n}: {{agent: ./a.wasm}}\n"))
        .collect();
    let folder = Folder::new().with("g.yaml", format!("nodes:\n{nodes}"));
    let mut child = folder
        .command(&["show", "g.yaml"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    Ended::new(child.wait_with_output().unwrap()).expect(SUCCESS, &[]);
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_told() {
    let folder = Folder::new().with("g.yaml", GRAPH);
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ended = Ended::new(folder.command(&["show", "g.yaml"]).stdout(full).output().unwrap());
    ended.expect(4, &["cannot write to standard output"]);
}

#[test]
fn an_agent_of_ours_is_inspected_and_run() {
    let Some(component) = built_agent() else {
        // Through the handle: what the macro prints is captured when the test passes.
        let _ = writeln!(
            std::io::stderr(),
            "skipped: build the review agents with `cargo xtask agents`"
        );
        return;
    };
    let component = component.display();
    let text = format!("entry: a\nnodes: {{a: {{agent: '{component}'}}, b: {{agent: '{component}'}}}}");
    let folder = Folder::new().with("g.yaml", text);
    let inspected = folder.hap(&["inspect", &component.to_string()]);
    inspected.expect(SUCCESS, &[]);
    assert!(
        inspected.stdout.starts_with("split-sections "),
        "{}",
        inspected.stdout
    );
    let checked = folder.hap(&["check", "g.yaml"]);
    checked.expect(SUCCESS, &["warning: node `b` is never run"]);
    assert!(
        checked.stdout.starts_with("g.yaml: fine, 2 nodes"),
        "{}",
        checked.stdout
    );
    folder
        .hap(&["check", "g.yaml", "--strict"])
        .expect(FAILED, &["error: g.yaml: 1 warning"]);
    let ran = folder.hap(&["run", "g.yaml", "--set", "text=# One"]);
    ran.expect(SUCCESS, &[]);
    assert_eq!(ran.stderr, "");
    let no_key = folder.hap(&["run", "g.yaml", "--set", "text=# One", "--get", "sectoins"]);
    no_key.expect(
        BAD_INPUT,
        &["no key `sectoins`", "hint: did you mean `sections`?"],
    );
}

#[cfg(unix)]
#[test]
fn a_signal_cancels_the_run_and_what_was_done_is_printed() {
    use std::io::{BufRead, BufReader};

    let scripted = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/agents/test/scripted.wasm");
    if !scripted.is_file() {
        let _ = writeln!(
            std::io::stderr(),
            "skipped: build the test agents with `cargo xtask agents`"
        );
        return;
    }
    let agent = scripted.display();
    let folder = Folder::new().with(
        "g.yaml",
        format!(
            "nodes:\n  a: {{agent: '{agent}', params: {{steps: [{{emit: {{first: 1}}}}]}}, next: b}}\n  \
             b: {{agent: '{agent}', params: {{steps: [{{progress: 0.5}}, {{sleep-ms: 25000}}]}}}}\n"
        ),
    );
    let mut command = folder.command(&["run", "g.yaml", "--events"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    assert!(lines.any(|line| line.contains("node-progress")));
    let id = child.id().to_string();
    // Twice, as `timeout` does: that is still one wish.
    let status = Command::new("kill").args(["-TERM", &id, &id]).status().unwrap();
    assert!(status.success());
    let last = lines.last().unwrap();
    let outcome: serde_json::Value = serde_json::from_str(&last).unwrap();
    assert_eq!(outcome["outcome"]["status"], "cancelled");
    assert_eq!(outcome["outcome"]["outputs"]["first"], 1);
    Ended::new(child.wait_with_output().unwrap())
        .expect(130, &["error: the run was cancelled: 1 cancelled, 1 done"]);
}

/// A component of the example agents, where they have been built.
fn built_agent() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/agents/review/split-sections.wasm");
    path.is_file().then_some(path)
}
