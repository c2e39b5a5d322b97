//! The audit log in a file: a JSON object a line for every call, written when the call ends. It only ever grows; whoever
//! rotates it moves it away and sends SIGHUP, upon which it is opened anew.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use hap_server::AuditRecord;
use serde::Serialize;

use crate::exit::Stop;
use crate::terminal::Terminal;
use crate::time;

/// An open audit log.
pub(crate) struct AuditFile {
    path: PathBuf,
    terminal: Terminal,
    state: Mutex<State>,
}

struct State {
    file: File,
    /// Whether the last record could not be written: that is told once, until one can be again.
    failing: bool,
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    #[serde(flatten)]
    record: &'a AuditRecord,
}

impl AuditFile {
    /// Opens the file, which is made when it is missing, for its owner alone.
    pub(crate) fn open(path: &Path, terminal: &Terminal) -> Result<AuditFile, Stop> {
        let file = open(path).map_err(|error| {
            let stop = Stop::bad_input(format!(
                "cannot write to `--audit-log {}`: {error}",
                path.display()
            ));
            stop.hint("name a file in a folder that the server may write to")
        })?;
        let state = State { file, failing: false };
        Ok(AuditFile {
            path: path.to_owned(),
            terminal: *terminal,
            state: Mutex::new(state),
        })
    }

    /// Writes a record. A full disk does not stop the server: what cannot be written is told, and lost.
    pub(crate) fn write(&self, record: &AuditRecord) {
        let time = time::now_text();
        // A record always has a JSON form.
        let mut line = serde_json::to_vec(&Line { time, record }).unwrap_or_default();
        line.push(b'\n');
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // One write, so that a line is there as a whole or not at all.
        let written = state.file.write_all(&line);
        let failed = written.is_err();
        if let (Err(error), false) = (written, state.failing) {
            self.warn(&format!(
                "cannot be written to: {error}; calls are not told until it can"
            ));
        }
        state.failing = failed;
    }

    /// Opens the file anew, after the old one was moved away.
    pub(crate) fn reopen(&self) {
        match open(&self.path) {
            Ok(file) => self.state.lock().unwrap_or_else(PoisonError::into_inner).file = file,
            Err(error) => self.warn(&format!(
                "cannot be opened anew: {error}; the old file is still written to"
            )),
        }
    }

    fn warn(&self, what: &str) {
        let message = format!("the audit log `{}` {what}", self.path.display());
        self.terminal.warning(&message, None);
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
