//! The pages that show graph files: every file on them is written to a folder, every command is run there in the order of
//! the page, and what it prints is held against the page. `…` on a page stands for anything within a line, and alone on a
//! line for any lines. With `BLESS=1` in the environment, what differs is written into the page.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

#[test]
fn the_graph_file() {
    check("graph-file.md");
}

#[test]
fn routing_and_repetition() {
    check("routing-and-repetition.md");
}

#[test]
fn recovery() {
    check("recovery.md");
}

#[test]
fn problems() {
    check("problems.md");
}

#[test]
fn the_server() {
    check("server.md");
}

/// The tables of the page about the server say what the code says.
#[test]
fn tables_of_the_server() {
    let page = fs::read_to_string(root().join("docs/server.md")).unwrap();
    assert!(page.contains(&hap_server::rpc::Code::markdown()));
    let settings = format!("{:?}", hap_server::Settings::default());
    let names = settings
        .split([' ', '{', ','])
        .filter_map(|word| word.strip_suffix(':'));
    for name in names {
        assert!(page.contains(&format!("| `{name}` |")), "{name}");
    }
}

/// The answers in the tables of the page about conditions.
#[test]
fn answers_of_conditions() {
    let page = fs::read_to_string(root().join("docs/conditions.md")).unwrap();
    let (_, json) = page.split_once("```json\n").unwrap();
    let (json, _) = json.split_once("```").unwrap();
    let context = hap::Json::parse(json, 100).unwrap();
    let rows = page.lines().filter_map(|line| {
        let (condition, answer) = line
            .strip_prefix("| `")?
            .strip_suffix(" |")?
            .rsplit_once("` | ")?;
        ["true", "false", "error"]
            .contains(&answer)
            .then(|| (condition.replace("\\|", "|"), answer))
    });
    let mut count = 0;
    for (condition, answer) in rows {
        let told = hap::Condition::new(&condition, &["context", "output"])
            .and_then(|parsed| parsed.evaluate(&[("context", hap::ConditionValue::Json(&context))]));
        let told = told.map_or_else(|_| "error".to_owned(), |held| held.to_string());
        assert_eq!(told, answer, "{condition}");
        count += 1;
    }
    assert!(count > 50, "{count}");
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Runs one page.
fn check(name: &str) {
    let path = root().join("docs").join(name);
    let page = fs::read_to_string(&path).unwrap();
    let shell = Shell::new();
    let told = shell.page(&page);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &told).unwrap();
    }
    for (number, (told, written)) in told.lines().zip(page.lines()).enumerate() {
        assert_eq!(told, written, "{name}:{}", number + 1);
    }
    assert_eq!(told.len(), page.len(), "{name}");
}

/// A folder in which a page's commands run.
struct Shell(TempDir);

impl Shell {
    fn new() -> Shell {
        let folder = tempfile::tempdir().unwrap();
        let agents = folder.path().join("target/agents/test");
        fs::create_dir_all(&agents).unwrap();
        fs::copy(
            root().join("target/agents/test/scripted.wasm"),
            agents.join("scripted.wasm"),
        )
        .expect("the test agents are built: `cargo xtask agents`");
        Shell(folder)
    }

    /// The page with what the commands print where it is not what stands there.
    fn page(&self, page: &str) -> String {
        let mut out = String::new();
        let mut lines = page.lines();
        let mut before = "";
        while let Some(line) = lines.next() {
            writeln!(out, "{line}").unwrap();
            let Some(language) = line.strip_prefix("```") else {
                before = if line.is_empty() { before } else { line };
                continue;
            };
            let block: Vec<&str> = lines
                .by_ref()
                .take_while(|line| !line.starts_with("```"))
                .collect();
            if let Some(name) = file_name(before) {
                let path = self.0.path().join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, block.join("\n") + "\n").unwrap();
            }
            let block = match language {
                "console" => self.console(&block),
                _ => block.into_iter().map(str::to_owned).collect(),
            };
            for line in block {
                writeln!(out, "{line}").unwrap();
            }
            out.push_str("```\n");
            before = "";
        }
        out
    }

    /// Runs the commands of a block, those lines that begin with `$`.
    fn console(&self, block: &[&str]) -> Vec<String> {
        let mut out = Vec::new();
        let mut code = 0;
        let mut rest = block;
        while let Some((line, below)) = rest.split_first() {
            let end = below
                .iter()
                .position(|line| line.starts_with("$ "))
                .unwrap_or(below.len());
            let (written, next) = below.split_at(end);
            let (told, ended) = self.run(line.strip_prefix("$ ").expect("a block begins with `$`"), code);
            code = ended;
            rest = next;
            out.push((*line).to_owned());
            let lines: Vec<&str> = told.lines().collect();
            if matches(written, &lines) {
                out.extend(written.iter().map(|line| (*line).to_owned()));
            } else {
                out.extend(lines.iter().map(|line| without_chance(line)));
            }
        }
        out
    }

    /// What a command prints, first on its standard output, and its exit code. `code` is that of the command before it.
    fn run(&self, command: &str, code: i32) -> (String, i32) {
        let hap = Path::new(env!("CARGO_BIN_EXE_hap")).parent().unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let output = Command::new("sh")
            .args(["-c", &format!("(exit {code}); {command}")])
            .current_dir(self.0.path())
            .env("PATH", format!("{}:{path}", hap.display()))
            .env("XDG_CACHE_HOME", self.0.path().join("cache"))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let told = text(output.stdout) + &text(output.stderr);
        (told, output.status.code().unwrap_or(-1))
    }
}

/// The name of the file that a line announces: `` `name.yaml`: ``.
fn file_name(line: &str) -> Option<&str> {
    let name = line.strip_prefix('`')?.strip_suffix("`:")?;
    (!name.contains(['`', ' '])).then_some(name)
}

/// Whether the lines are those of the page.
fn matches(written: &[&str], lines: &[&str]) -> bool {
    match written.split_first() {
        None => lines.is_empty(),
        Some((&"…", rest)) => (0..=lines.len()).any(|skipped| matches(rest, &lines[skipped..])),
        Some((first, rest)) => lines
            .split_first()
            .is_some_and(|(line, below)| line_matches(first, line) && matches(rest, below)),
    }
}

fn line_matches(written: &str, line: &str) -> bool {
    match written.split_once('…') {
        None => written == line,
        Some((start, rest)) => line.strip_prefix(start).is_some_and(|line| {
            let ends = line.char_indices().map(|(at, _)| at).chain([line.len()]);
            ends.into_iter().any(|at| line_matches(rest, &line[at..]))
        }),
    }
}

/// A line for the page, without what differs from run to run or from build to build.
fn without_chance(line: &str) -> String {
    if line.starts_with("  used: ") {
        return "  used: fuel …, memory …, time …".to_owned();
    }
    if let Some(counts) = line.strip_prefix("success: ")
        && let Some((counts, _)) = counts.split_once(" in ")
    {
        return format!("success: {counts} in …");
    }
    // The table of nodes: time, fuel and memory.
    if line.starts_with('─') {
        return "─…".to_owned();
    }
    let columns: Vec<&str> = line
        .split("   ")
        .map(str::trim)
        .filter(|cell| !cell.is_empty())
        .collect();
    if let [.., last, time, _, memory] = columns.as_slice()
        && (memory.ends_with("iB") || *memory == "memory")
        && let Some(at) = line.rfind(time)
    {
        let end = line[..at].rfind(last).map_or(at, |start| start + last.len());
        return format!("{} …", &line[..end]);
    }
    match line.split_once("(sha256:") {
        Some((before, digest)) => {
            let rest = digest.trim_start_matches(|c: char| c.is_ascii_hexdigit());
            format!("{before}(sha256:…{rest}")
        }
        None => line.to_owned(),
    }
}

#[test]
fn an_ellipsis_stands_for_anything() {
    assert!(line_matches("time …, fuel …", "time 3 ms, fuel 12"));
    assert!(!line_matches("time …, fuel 13", "time 3 ms, fuel 12"));
    assert!(matches(&["a", "…", "b"], &["a", "x", "y", "b"]));
    assert!(!matches(&["a", "…", "b"], &["a", "x", "y"]));
    assert_eq!(file_name("`sub/a.yaml`:"), Some("sub/a.yaml"));
    assert_eq!(file_name("`a` and `b`:"), None);
}
