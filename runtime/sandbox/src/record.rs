//! What a call says while it runs: log records, printed lines and progress, all out of one budget, all cleaned
//! before anybody sees them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hap_model::{
    Call, CallObserver, Failure, Json, Level, Limit, LogRecord, LogSource, NodeId, Progress, sanitize,
};

/// The records kept for the report of a failure.
const KEPT_RECORDS: usize = 20;

/// The longest text of one record; the rest is cut off.
const MAX_RECORD_BYTES: usize = 16 << 10;

/// The longest line of standard output or error; a longer one becomes several records.
const MAX_LINE_BYTES: usize = 8 << 10;

/// The records of one call. Clones are the same.
#[derive(Clone)]
pub(crate) struct Recorder(Arc<Mutex<Inner>>);

struct Inner {
    node: NodeId,
    observer: Arc<dyn CallObserver>,
    allowed_records: u64,
    allowed_bytes: u64,
    records: u64,
    bytes: u64,
    last: VecDeque<LogRecord>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    refused: Option<Failure>,
}

impl Recorder {
    pub(crate) fn new(call: &Call) -> Recorder {
        Recorder(Arc::new(Mutex::new(Inner {
            node: call.node.clone(),
            observer: call.observer.clone(),
            allowed_records: call.budget.get(Limit::LogRecords),
            allowed_bytes: call.budget.get(Limit::LogBytes),
            records: 0,
            bytes: 0,
            last: VecDeque::new(),
            stdout: Vec::new(),
            stderr: Vec::new(),
            refused: None,
        })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a log record.
    pub(crate) fn log(&self, level: Level, message: &str, fields: Option<&str>) -> Result<(), Failure> {
        let mut inner = self.inner();
        inner.spend(message.len() + fields.map_or(0, str::len))?;
        // Fields that are no JSON are kept as text: a log must not fail because of what it says.
        let fields = fields.and_then(|text| {
            let json = if text.len() <= MAX_RECORD_BYTES {
                Json::parse(text, 32).ok()
            } else {
                None
            };
            json.or_else(|| Json::from_value(&sanitize(text, MAX_RECORD_BYTES)).ok())
        });
        inner.push(LogRecord {
            level,
            source: LogSource::Log,
            message: sanitize(message, MAX_RECORD_BYTES),
            fields,
        });
        Ok(())
    }

    /// Takes a progress update.
    pub(crate) fn progress(&self, bytes: usize, progress: Progress) -> Result<(), Failure> {
        let mut inner = self.inner();
        inner.spend(bytes)?;
        let node = inner.node.clone();
        inner.observer.progress(&node, progress);
        Ok(())
    }

    /// Takes printed bytes; each whole line becomes a record.
    pub(crate) fn print(&self, source: LogSource, bytes: &[u8]) -> Result<(), Failure> {
        let mut inner = self.inner();
        let mut pending = std::mem::take(inner.stream(source));
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            pending.extend_from_slice(piece);
            if pending.ends_with(b"\n") || pending.len() >= MAX_LINE_BYTES {
                inner.line(source, &pending)?;
                pending.clear();
            }
        }
        *inner.stream(source) = pending;
        Ok(())
    }

    /// Makes records of what was printed without a newline at the end.
    pub(crate) fn finish(&self) -> Result<(), Failure> {
        let mut inner = self.inner();
        for source in [LogSource::Stdout, LogSource::Stderr] {
            let pending = std::mem::take(inner.stream(source));
            if !pending.is_empty() {
                inner.line(source, &pending)?;
            }
        }
        Ok(())
    }

    /// The failure of the limit that was reached, if one was.
    pub(crate) fn refused(&self) -> Option<Failure> {
        self.inner().refused.clone()
    }

    /// The last records, oldest first.
    pub(crate) fn last(&self) -> Vec<LogRecord> {
        self.inner().last.iter().cloned().collect()
    }

    /// Records and bytes so far.
    pub(crate) fn spent(&self) -> (u64, u64) {
        let inner = self.inner();
        (inner.records, inner.bytes)
    }
}

impl Inner {
    fn spend(&mut self, bytes: usize) -> Result<(), Failure> {
        let (records, bytes) = (self.records + 1, self.bytes.saturating_add(bytes as u64));
        let failure = if records > self.allowed_records {
            Failure::limit(Limit::LogRecords, self.allowed_records, records)
        } else if bytes > self.allowed_bytes {
            Failure::limit(Limit::LogBytes, self.allowed_bytes, bytes)
        } else {
            (self.records, self.bytes) = (records, bytes);
            return Ok(());
        };
        self.refused.get_or_insert(failure.clone());
        Err(failure)
    }

    fn stream(&mut self, source: LogSource) -> &mut Vec<u8> {
        if source == LogSource::Stdout {
            &mut self.stdout
        } else {
            &mut self.stderr
        }
    }

    fn line(&mut self, source: LogSource, line: &[u8]) -> Result<(), Failure> {
        self.spend(line.len())?;
        let level = if source == LogSource::Stdout {
            Level::Info
        } else {
            Level::Warn
        };
        let text = String::from_utf8_lossy(line);
        let message = sanitize(text.trim_end_matches(['\r', '\n']), MAX_RECORD_BYTES);
        self.push(LogRecord {
            level,
            source,
            message,
            fields: None,
        });
        Ok(())
    }

    fn push(&mut self, record: LogRecord) {
        if self.last.len() == KEPT_RECORDS {
            self.last.pop_front();
        }
        self.last.push_back(record.clone());
        self.observer.log(&self.node, record);
    }
}
