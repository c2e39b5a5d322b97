//! What a call says while it runs: log records, printed lines and progress, all out of one budget, all cleaned
//! before anybody sees them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hap_model::{
    Call, CallObserver, Failure, HostCall, Json, Level, Limit, LogRecord, LogSource, NodePath, Progress,
    sanitize,
};

/// The records kept for the report of a failure.
const KEPT_RECORDS: usize = 20;

/// The host calls kept for the report of a failure.
const KEPT_CALLS: usize = 10;

/// How many calls to the host of one attempt are told as they happen: an agent must not be able to write a log by calling.
const MAX_TOLD_CALLS: u32 = 100;

/// How many refusals of one call are told to the operator.
const MAX_REFUSALS: u32 = 10;

/// The longest subject of one of them.
const MAX_SUBJECT_BYTES: usize = 200;

/// The longest text of one record; the rest is cut off.
const MAX_RECORD_BYTES: usize = 16 << 10;

/// The longest line of standard output or error; a longer one becomes several records.
const MAX_LINE_BYTES: usize = 8 << 10;

/// The records of one call. Clones are the same.
#[derive(Clone)]
pub(crate) struct Recorder(Arc<Mutex<Inner>>);

struct Inner {
    path: NodePath,
    observer: Arc<dyn CallObserver>,
    allowed_records: u64,
    allowed_bytes: u64,
    allowed_updates: u64,
    allowed_rate: u64,
    allowed_call_bytes: u64,
    /// When the second began in which records are counted, and how many there were.
    second: Option<(Instant, u64)>,
    spent: Spent,
    refusals: u32,
    told_calls: u32,
    last: VecDeque<LogRecord>,
    calls: VecDeque<HostCall>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    refused: Option<Failure>,
}

/// What a call has spent on saying things.
#[derive(Clone, Copy, Default)]
pub(crate) struct Spent {
    /// Log records and printed lines.
    pub(crate) records: u64,
    /// Bytes of text in them and in progress updates.
    pub(crate) bytes: u64,
    /// Progress updates.
    pub(crate) updates: u64,
    /// The most bytes that one call to the host took over.
    pub(crate) most_in_a_call: u64,
    /// The most records within a second, where that is limited.
    pub(crate) most_in_a_second: u64,
}

impl Recorder {
    pub(crate) fn new(call: &Call) -> Recorder {
        Recorder(Arc::new(Mutex::new(Inner {
            path: call.path.clone(),
            observer: call.observer.clone(),
            allowed_records: call.budget.get(Limit::LogRecords),
            allowed_bytes: call.budget.get(Limit::LogBytes),
            allowed_updates: call.budget.get(Limit::ProgressUpdates),
            allowed_rate: call.budget.get(Limit::LogRate),
            allowed_call_bytes: call.budget.get(Limit::HostCallBytes),
            second: None,
            spent: Spent::default(),
            refusals: 0,
            told_calls: 0,
            last: VecDeque::new(),
            calls: VecDeque::new(),
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
        let bytes = message.len() + fields.map_or(0, str::len);
        inner.take_over(bytes)?;
        inner.spend_record(bytes)?;
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

    /// Takes what a progress update of so many bytes costs.
    pub(crate) fn spend_update(&self, bytes: usize) -> Result<(), Failure> {
        let mut inner = self.inner();
        inner.take_over(bytes)?;
        inner.spend_update(bytes)
    }

    /// Counts what one host call took over from the guest.
    pub(crate) fn take_over(&self, bytes: usize) -> Result<(), Failure> {
        self.inner().take_over(bytes)
    }

    /// Takes a progress update that was paid for.
    pub(crate) fn progress(&self, progress: Progress) {
        let inner = self.inner();
        inner.observer.progress(&inner.path, progress);
    }

    /// Takes printed bytes; each whole line becomes a record.
    pub(crate) fn print(&self, source: LogSource, bytes: &[u8]) -> Result<(), Failure> {
        let mut inner = self.inner();
        inner.take_over(bytes.len())?;
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

    /// Remembers a call to the host. `subject` is made safe only when it is kept.
    pub(crate) fn called(&self, function: &'static str, subject: &str, result: &'static str) {
        let mut inner = self.inner();
        if inner.calls.len() == KEPT_CALLS {
            inner.calls.pop_front();
        }
        inner.calls.push_back(HostCall {
            function: function.into(),
            subject: sanitize(subject, MAX_SUBJECT_BYTES),
            result: result.into(),
        });
    }

    /// As [`Recorder::called`], for a call that began at `began` and went outside the sandbox: it is also told as it happens.
    pub(crate) fn called_outside(
        &self,
        began: Instant,
        function: &'static str,
        subject: &str,
        result: &'static str,
    ) {
        self.called(function, subject, result);
        let mut inner = self.inner();
        if inner.told_calls < MAX_TOLD_CALLS
            && let Some(call) = inner.calls.back().cloned()
        {
            inner.told_calls += 1;
            inner.observer.host_call(&inner.path, call, began.elapsed());
        }
    }

    /// Tells the operator that the agent was refused something; the agent learns no reason. Only so many times a call: an agent
    /// must not be able to write a log by asking.
    pub(crate) fn refused_grant(&self, message: &str) {
        let mut inner = self.inner();
        if inner.refusals < MAX_REFUSALS {
            inner.refusals += 1;
            let message = sanitize(message, MAX_RECORD_BYTES);
            inner.push(LogRecord {
                level: Level::Warn,
                source: LogSource::Host,
                message,
                fields: None,
            });
        }
    }

    /// The last calls to the host, oldest first.
    pub(crate) fn last_calls(&self) -> Vec<HostCall> {
        self.inner().calls.iter().cloned().collect()
    }

    /// What was spent so far.
    pub(crate) fn spent(&self) -> Spent {
        self.inner().spent
    }
}

impl Inner {
    fn spend_record(&mut self, bytes: usize) -> Result<(), Failure> {
        self.spend_bytes(bytes)?;
        self.spent.records += 1;
        self.within(Limit::LogRecords, self.allowed_records, self.spent.records)?;
        self.spend_rate()
    }

    /// Looks at the clock only where the rate is lower than the number of records that are allowed anyway.
    fn spend_rate(&mut self) -> Result<(), Failure> {
        if self.allowed_rate >= self.allowed_records {
            return Ok(());
        }
        let now = Instant::now();
        let (began, count) = match self.second {
            Some((began, count)) if now.duration_since(began) < Duration::from_secs(1) => (began, count + 1),
            _ => (now, 1),
        };
        self.second = Some((began, count));
        self.spent.most_in_a_second = self.spent.most_in_a_second.max(count);
        self.within(Limit::LogRate, self.allowed_rate, count)
    }

    fn spend_update(&mut self, bytes: usize) -> Result<(), Failure> {
        self.spend_bytes(bytes)?;
        self.spent.updates += 1;
        self.within(Limit::ProgressUpdates, self.allowed_updates, self.spent.updates)
    }

    fn spend_bytes(&mut self, bytes: usize) -> Result<(), Failure> {
        self.spent.bytes = self.spent.bytes.saturating_add(bytes as u64);
        self.within(Limit::LogBytes, self.allowed_bytes, self.spent.bytes)
    }

    fn take_over(&mut self, bytes: usize) -> Result<(), Failure> {
        let bytes = bytes as u64;
        self.spent.most_in_a_call = self.spent.most_in_a_call.max(bytes);
        self.within(Limit::HostCallBytes, self.allowed_call_bytes, bytes)
    }

    fn within(&mut self, limit: Limit, allowed: u64, used: u64) -> Result<(), Failure> {
        if used <= allowed {
            return Ok(());
        }
        let failure = Failure::limit(limit, allowed, used);
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
        self.spend_record(line.len())?;
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
        self.observer.log(&self.path, record);
    }
}
