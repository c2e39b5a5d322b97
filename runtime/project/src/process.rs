//! A program run to its end: its output kept, its time bounded, and itself and all that it started ended with it.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::Command;
use tokio::sync::mpsc;

/// How much of the output is kept, its end: a compiler's last words tell most.
const MAX_OUTPUT_BYTES: usize = 256 << 10;

/// The longest line that is kept whole.
const MAX_LINE_BYTES: u64 = 16 << 10;

/// A program to run.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// The program and its arguments.
    pub(crate) words: Vec<String>,
    /// Where it runs.
    pub(crate) folder: PathBuf,
    /// What is added to this process's environment.
    pub(crate) env: Vec<(String, OsString)>,
    /// What it may take.
    pub(crate) time: Duration,
}

/// How a program ended, and the end of what it printed.
#[derive(Debug)]
pub(crate) struct Ended {
    /// `None` where its time was up.
    pub(crate) status: Option<ExitStatus>,
    /// Both streams, line by line as they came.
    pub(crate) output: String,
}

/// Runs a program; `line` is given each line that it prints. Dropping the future ends the program.
pub(crate) async fn run(program: &Program, line: &(dyn Fn(&str) + Send + Sync)) -> io::Result<Ended> {
    let (name, arguments) = program.words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let path = program
        .env
        .iter()
        .find(|(name, _)| name == "PATH")
        .map(|(_, path)| path.clone());
    let found = find(name, path.or_else(|| std::env::var_os("PATH")), &program.folder)
        .ok_or(io::ErrorKind::NotFound)?;
    let mut command = Command::new(found);
    command
        .args(arguments)
        .current_dir(&program.folder)
        .envs(program.env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    let mut child = command.spawn()?;
    let group = Group(child.id());
    let (lines, mut come) = mpsc::channel(256);
    if let Some(stdout) = child.stdout.take() {
        tokio::spawn(send_lines(stdout, lines.clone()));
    }
    if let Some(stderr) = child.stderr.take() {
        tokio::spawn(send_lines(stderr, lines.clone()));
    }
    drop(lines);
    let mut tail = Tail::default();
    let work = async {
        while let Some(text) = come.recv().await {
            line(text.trim_end_matches(['\n', '\r']));
            tail.push(text);
        }
        child.wait().await
    };
    let status = match tokio::time::timeout(program.time, work).await {
        Ok(status) => Some(status?),
        Err(_) => None,
    };
    drop(group);
    Ok(Ended {
        status,
        output: tail.text(),
    })
}

/// Where the program `name` is: a path is taken relative to `folder`, and a name is looked up in `path`.
pub(crate) fn find(name: &str, path: Option<OsString>, folder: &Path) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(folder.join(name)).filter(|path| path.is_file());
    }
    let folders: Vec<PathBuf> = std::env::split_paths(&path?).collect();
    let mut candidates = folders.iter().map(|in_path| folder.join(in_path).join(name));
    candidates.find(|candidate| is_program(candidate))
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

/// The process and all that it started, ended when this is dropped.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(id) = self.0.and_then(|id| rustix::process::Pid::from_raw(id as i32)) {
            // Best effort: as a rule nothing is left of the group.
            let _ = rustix::process::kill_process_group(id, rustix::process::Signal::KILL);
        }
    }
}

/// Sends what comes, line by line; a line that is too long in pieces.
async fn send_lines(stream: impl AsyncRead + Unpin, lines: mpsc::Sender<String>) {
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut stream)
            .take(MAX_LINE_BYTES)
            .read_until(b'\n', &mut line)
            .await
        {
            Ok(1..) => {}
            _ => return,
        }
        if lines
            .send(String::from_utf8_lossy(&line).into_owned())
            .await
            .is_err()
        {
            return;
        }
    }
}

/// The end of a text that may be long.
#[derive(Default)]
struct Tail {
    lines: VecDeque<String>,
    bytes: usize,
    dropped: bool,
}

impl Tail {
    fn push(&mut self, line: String) {
        self.bytes += line.len();
        self.lines.push_back(line);
        while self.bytes > MAX_OUTPUT_BYTES {
            let Some(first) = self.lines.pop_front() else {
                break;
            };
            self.bytes -= first.len();
            self.dropped = true;
        }
    }

    fn text(self) -> String {
        let mut text = if self.dropped {
            "…\n".to_owned()
        } else {
            String::new()
        };
        text.extend(self.lines);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(script: &str, time: Duration) -> Program {
        Program {
            words: ["sh", "-c", script].map(str::to_owned).to_vec(),
            folder: std::env::temp_dir(),
            env: vec![("GREETING".to_owned(), "hello".into())],
            time,
        }
    }

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn both_streams_and_the_status_come_back() {
        let ended = run(&program("echo $GREETING; echo bad >&2; exit 3", LONG), &|_| {})
            .await
            .unwrap();
        assert_eq!(ended.status.unwrap().code(), Some(3));
        let mut lines: Vec<&str> = ended.output.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, ["bad", "hello"]);
    }

    #[tokio::test]
    async fn only_the_end_of_a_long_output_is_kept() {
        let ended = run(&program("seq 1 100000", LONG), &|_| {}).await.unwrap();
        assert!(ended.output.starts_with("…\n"));
        assert!(ended.output.ends_with("\n100000\n"));
        assert!(ended.output.len() < MAX_OUTPUT_BYTES + 10);
    }

    #[tokio::test]
    async fn what_a_program_started_ends_with_it_when_its_time_is_up() {
        let folder = tempfile::tempdir().unwrap();
        let mut program = program(
            "(sleep 600; echo x) & echo $! > child; wait",
            Duration::from_millis(500),
        );
        program.folder = folder.path().to_owned();
        let ended = run(&program, &|_| {}).await.unwrap();
        assert!(ended.status.is_none());
        let child = std::fs::read_to_string(folder.path().join("child")).unwrap();
        let stat = format!("/proc/{}/stat", child.trim());
        // It is gone, or waits for somebody to take note of its end.
        let ended = || std::fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z "));
        let deadline = std::time::Instant::now() + LONG;
        while !ended() && std::time::Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(ended());
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_told() {
        let mut program = program("", LONG);
        program.words = vec!["no-such-program".to_owned()];
        assert_eq!(
            run(&program, &|_| {}).await.unwrap_err().kind(),
            io::ErrorKind::NotFound
        );
    }
}
