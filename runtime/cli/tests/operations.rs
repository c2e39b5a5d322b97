//! The server as its operator meets it: signals, logs, and what the process manager is told.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test says what went wrong by panicking"
)]

mod serving;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use serving::{GRAPH, Serving, command, project, stderr};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

/// A folder with a graph whose only node takes this step.
fn slow(step: &str) -> TempDir {
    let folder = project();
    let agents = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/agents/test");
    let scripted = folder.path().join("agents/test/scripted.wasm");
    fs::copy(agents.join("scripted.wasm"), scripted)
        .expect("the test agents are built: `cargo xtask agents`");
    let graph = format!("nodes: {{one: {{agent: 'test:scripted', params: {{steps: [{step}]}}}}}}");
    fs::write(folder.path().join("graphs/slow.yaml"), graph).unwrap();
    folder
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < LONG, "{what}: it never came to be");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The status of a page; 0 when nobody listens any more.
fn status(serving: &Serving, page: &str) -> u16 {
    let address = serving.url.strip_prefix("http://").unwrap();
    let Ok(mut stream) = TcpStream::connect(address) else {
        return 0;
    };
    let mut answer = String::new();
    let asked = write!(
        stream,
        "GET {page} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
    );
    if asked.and_then(|()| stream.read_to_string(&mut answer)).is_err() {
        return 0;
    }
    answer.split(' ').nth(1).map_or(0, |code| code.parse().unwrap())
}

/// A caller that waits for a run of the slow graph, which has begun.
fn waiting(folder: &Path, serving: &Serving) -> Child {
    let call = [
        "call",
        "graph/execute",
        r#"{"name":"slow"}"#,
        "--server",
        &serving.url,
    ];
    let child = command(folder, &call)
        .env("HAP_TOKEN", &serving.token)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    until("a run is under way", || {
        let runs = serving.value(folder, &["call", "run/list"]);
        runs["runs"]
            .as_array()
            .unwrap()
            .iter()
            .any(|run| run["status"] == "running")
    });
    child
}

fn outcome(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", stderr(output)))
}

#[test]
fn a_signal_lets_runs_end_and_turns_others_away() {
    let folder = slow("{sleep-ms: 1500}, {emit: {n: 1}}");
    let serving = Serving::start(folder.path(), &[]);
    let caller = waiting(folder.path(), &serving);
    assert_eq!(status(&serving, "/readyz"), 200);
    serving.signal("TERM");
    until("it is not ready", || status(&serving, "/readyz") != 200);
    // Either it still waits for the run, or the run has just ended.
    assert!([503, 0].contains(&status(&serving, "/readyz")));
    let caller = caller.wait_with_output().unwrap();
    assert_eq!(outcome(&caller)["status"], "success", "{}", stderr(&caller));
    let (code, rest) = serving.ended();
    assert_eq!((code, rest.as_str()), (Some(0), ""));
}

#[test]
fn what_does_not_end_in_time_is_cancelled() {
    let folder = slow("until-cancelled");
    let serving = Serving::start(folder.path(), &["--set", "limits.drain=200ms"]);
    let caller = waiting(folder.path(), &serving);
    serving.signal("INT");
    let caller = caller.wait_with_output().unwrap();
    assert_eq!(outcome(&caller)["status"], "cancelled", "{}", stderr(&caller));
    assert_eq!(serving.ended().0, Some(0));
}

#[test]
fn the_second_signal_ends_it_at_once() {
    let folder = slow("until-cancelled");
    let mut serving = Serving::start(folder.path(), &[]);
    let caller = waiting(folder.path(), &serving);
    serving.signal("TERM");
    until("it is not ready", || status(&serving, "/readyz") == 503);
    // Signals that come close together are one wish.
    until("it has ended", || {
        serving.signal("TERM");
        serving.has_ended()
    });
    assert_eq!(serving.ended().0, Some(130));
    assert!(!caller.wait_with_output().unwrap().status.success());
}

/// A token of the file `tokens`.
fn token(folder: &Path) -> String {
    let args = [
        "token", "create", "--tokens", "tokens", "--scopes", "admin", "--user", "ada", "--name", "a",
    ];
    let made = command(folder, &args).output().unwrap();
    assert_eq!(made.status.code(), Some(0), "{}", stderr(&made));
    String::from_utf8(made.stdout).unwrap().trim().to_owned()
}

fn lines(text: &str) -> Vec<Value> {
    let line = |line: &str| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}\n{text}"));
    text.lines().map(line).collect()
}

#[test]
fn a_log_of_json_tells_what_happens_and_no_secret() {
    let folder = project();
    let secret = token(folder.path());
    let args = ["--tokens", "tokens", "--log-format", "json"];
    let mut serving = Serving::start(folder.path(), &args);
    let input = r#"{"name":"g","input":{"password":"xyzzy"}}"#;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let call = ["call", "graph/execute", input, "--server", &serving.url];
    let ran = command(folder.path(), &call)
        .env("HAP_TOKEN", &secret)
        .env("TRACEPARENT", format!("00-{trace}-00f067aa0ba902b7-01"))
        .output()
        .unwrap();
    assert_eq!(ran.status.code(), Some(0), "{}", stderr(&ran));
    let refused = serving.call(folder.path(), "hap_wrongwrong", &["call", "server/info"]);
    assert_eq!(refused.status.code(), Some(1));
    fs::write(folder.path().join("graphs/late.yaml"), GRAPH).unwrap();
    serving.until("\"late\"");
    fs::write(folder.path().join("graphs/late.yaml"), "nodes: 1").unwrap();
    serving.until("refused");
    let mut text = std::mem::take(&mut serving.told);
    let (code, rest) = serving.end();
    assert_eq!(code, Some(0));
    text.push_str(&rest);
    let log = lines(&text);
    for line in &log {
        assert!(line["time"].as_str().unwrap().ends_with('Z'), "{line}");
        assert!(
            ["info", "warning"].contains(&line["level"].as_str().unwrap()),
            "{line}"
        );
    }
    let find = |event: &str| {
        let found = log.iter().filter(|line| line["event"] == event);
        found.cloned().collect::<Vec<Value>>()
    };
    let (began, ended) = (&find("run-started")[0], &find("run-finished")[0]);
    assert_eq!((&began["kind"], &began["name"]), (&"graph".into(), &"g".into()));
    assert_eq!(
        (&ended["run_id"], &ended["status"]),
        (&began["run_id"], &"success".into())
    );
    assert_eq!(
        (&began["trace_id"], &ended["trace_id"]),
        (&trace.into(), &trace.into())
    );
    let calls = find("call");
    assert_eq!(
        (&calls[0]["method"], &calls[0]["user"]),
        (&"graph/execute".into(), &"ada".into())
    );
    assert!(
        calls[0]["token_id"].as_str().unwrap().starts_with("tok_"),
        "{calls:?}"
    );
    let codes: Vec<_> = find("request")
        .iter()
        .map(|line| line["status"].clone())
        .collect();
    assert!(
        codes.contains(&200.into()) && codes.contains(&401.into()),
        "{codes:?}"
    );
    let changes: Vec<_> = find("catalog")
        .iter()
        .map(|line| line["change"].clone())
        .collect();
    assert_eq!(changes, ["added", "added", "added", "refused"]);
    for hidden in [secret.as_str(), "hap_wrong", "xyzzy"] {
        assert!(!text.contains(hidden), "{hidden}\n{text}");
    }
}

#[test]
fn a_token_is_never_made_for_a_log() {
    let folder = project();
    for check in [&["--check"][..], &[]] {
        let args = ["serve", "--log-format", "json", "--listen", "127.0.0.1:0"];
        let output = command(folder.path(), &[&args, check].concat()).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let told = stderr(&output);
        assert!(
            told.contains("has no place for it") && !told.contains("hap_"),
            "{told}"
        );
    }
}

#[test]
fn calls_are_told_to_a_file_that_can_be_rotated() {
    let folder = project();
    let serving = Serving::start(folder.path(), &["--audit-log", "audit.jsonl"]);
    let (file, old) = (
        folder.path().join("audit.jsonl"),
        folder.path().join("audit.jsonl.1"),
    );
    serving.value(folder.path(), &["call", "graph/execute", r#"{"name":"g"}"#]);
    let records = lines(&fs::read_to_string(&file).unwrap());
    assert_eq!(records.len(), 1, "{records:?}");
    assert_eq!(
        (&records[0]["method"], &records[0]["subject"], &records[0]["code"]),
        (&"graph/execute".into(), &"g".into(), &Value::Null)
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    fs::rename(&file, &old).unwrap();
    serving.signal("HUP");
    until("it is opened anew", || file.exists());
    serving.value(folder.path(), &["call", "server/info"]);
    assert_eq!(lines(&fs::read_to_string(&old).unwrap()).len(), 1);
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(lines(&text)[0]["method"], "server/info");
    assert!(!text.contains(&serving.token));
    assert_eq!(serving.end().0, Some(0));
}

#[test]
fn an_audit_log_that_cannot_be_written_is_told() {
    let folder = project();
    let args = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--audit-log",
        "nowhere/audit.jsonl",
    ];
    for check in [&["--check"][..], &[]] {
        let output = command(folder.path(), &[&args, check].concat()).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(
            stderr(&output).contains("cannot write to `--audit-log"),
            "{}",
            stderr(&output)
        );
    }
    // A full disk stops nothing, and is told once.
    if Path::new("/dev/full").exists() {
        let serving = Serving::start(folder.path(), &["--audit-log", "/dev/full"]);
        for _ in 0..3 {
            serving.value(folder.path(), &["call", "server/info"]);
        }
        let (code, rest) = serving.end();
        assert_eq!(
            (code, rest.matches("cannot be written to").count()),
            (Some(0), 1),
            "{rest}"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_process_manager_is_told_when_it_is_ready_and_when_it_stops() {
    use std::os::unix::net::UnixDatagram;
    let folder = project();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(LONG)).unwrap();
    let received = || {
        let mut bytes = [0; 100];
        let length = socket.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    };
    let variable = [("NOTIFY_SOCKET", path.to_str().unwrap())];
    let serving = Serving::start_with(folder.path(), &[], &variable);
    assert_eq!(received(), "READY=1");
    assert_eq!(status(&serving, "/readyz"), 200);
    serving.signal("TERM");
    assert_eq!(received(), "STOPPING=1");
    assert_eq!(serving.ended(), (Some(0), String::new()));
}
