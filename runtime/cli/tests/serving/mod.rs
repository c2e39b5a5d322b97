//! A server that a test starts, and the folder that it serves.
#![allow(dead_code, reason = "each suite uses a part of it")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use hap_hostile::wat_agent;
use serde_json::Value;
use tempfile::TempDir;

/// Answers every call with this output.
pub(crate) fn says(output: &str) -> Vec<u8> {
    let (length, data) = (output.len(), output.replace('"', "\\22"));
    wat_agent(&format!(
        r#"
        (data (i32.const 4096) "{data}")
        (func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
          (call $ok (i32.const 4096) (i32.const {length})))"#
    ))
    .unwrap()
}

/// A folder with an agent and a graph.
pub(crate) fn project() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("agents/test")).unwrap();
    fs::create_dir_all(folder.path().join("graphs")).unwrap();
    fs::write(folder.path().join("agents/test/one.wasm"), says(r#"{"n":1}"#)).unwrap();
    fs::write(folder.path().join("graphs/g.yaml"), GRAPH).unwrap();
    fs::write(folder.path().join("own.yaml"), GRAPH).unwrap();
    folder
}

pub(crate) const GRAPH: &str = "nodes: {one: {agent: 'test:one'}}\n";

pub(crate) fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hap"));
    command
        .args(args)
        .current_dir(folder)
        .env("XDG_CACHE_HOME", folder.join("cache"))
        .env_remove("HAP_TOKEN")
        .stdin(Stdio::null());
    command
}

/// A server that listens. It is killed when the test forgets it.
pub(crate) struct Serving {
    child: Child,
    stderr: BufReader<ChildStderr>,
    /// What it told before it listened.
    pub(crate) told: String,
    pub(crate) url: String,
    pub(crate) token: String,
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Serving {
    pub(crate) fn start(folder: &Path, args: &[&str]) -> Serving {
        Serving::start_with(folder, args, &[])
    }

    /// As [`Serving::start`], with variables of the environment.
    pub(crate) fn start_with(folder: &Path, args: &[&str], environment: &[(&str, &str)]) -> Serving {
        let listen = match args.contains(&"--listen") {
            true => [].as_slice(),
            false => &["--listen", "127.0.0.1:0"],
        };
        let all = ["--agents", "agents", "--graphs", "graphs"];
        let mut child = command(folder, &[&["serve"], listen, &all, args].concat())
            .envs(environment.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let mut serving = Serving {
            child,
            stderr,
            told: String::new(),
            url: String::new(),
            token: String::new(),
        };
        let line = serving.until("listening on ");
        let (_, url) = line.split_once("listening on ").unwrap();
        url.split('"').next().unwrap().clone_into(&mut serving.url);
        let token = serving.told.lines().find_map(|line| line.strip_prefix("token: "));
        serving.token = token.unwrap_or_default().to_owned();
        serving
    }

    /// The next line with this text.
    pub(crate) fn until(&mut self, text: &str) -> String {
        loop {
            let mut line = String::new();
            let read = self.stderr.read_line(&mut line).unwrap();
            assert!(read > 0, "it ended before {text:?}:\n{}", self.told);
            self.told.push_str(&line);
            if line.contains(text) {
                return line.trim_end().to_owned();
            }
        }
    }

    pub(crate) fn call(&self, folder: &Path, token: &str, args: &[&str]) -> Output {
        let server = ["--server", &self.url];
        command(folder, &[args, &server].concat())
            .env("HAP_TOKEN", token)
            .output()
            .unwrap()
    }

    pub(crate) fn value(&self, folder: &Path, args: &[&str]) -> Value {
        let output = self.call(folder, &self.token, args);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Sends it a signal, by its name.
    pub(crate) fn signal(&self, name: &str) {
        let kill = Command::new("kill")
            .args(["-s", name, &self.child.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
    }

    /// Asks it to end, and gives its exit code and what else it told.
    #[allow(dead_code, reason = "not every suite ends its server")]
    pub(crate) fn end(self) -> (Option<i32>, String) {
        self.signal("TERM");
        self.ended()
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits until it has ended.
    pub(crate) fn ended(mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut self.stderr, &mut rest).unwrap();
        (self.child.wait().unwrap().code(), rest)
    }
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
