//! Does what its context says: the agent with which `hap conform` checks the Rust SDK.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hap_guest::{Context, Error, Result, log, progress, resources};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

static SERVED: AtomicU32 = AtomicU32::new(0);

/// The behaviour and its arguments.
#[derive(Deserialize, JsonSchema)]
struct Input {
    /// The behaviour.
    #[serde(rename = "do")]
    behaviour: String,
    #[serde(flatten)]
    arguments: Map<String, Value>,
}

#[derive(Serialize, JsonSchema)]
struct Output {
    answer: Value,
}

/// Does what its context says, so that a host can be shown to carry it.
#[hap_guest::agent(read_only, idempotent)]
fn conformance(input: Input, cx: &Context) -> Result<Output> {
    SERVED.fetch_add(1, Ordering::Relaxed);
    let arguments = Arguments(input.arguments);
    perform(&input.behaviour, &arguments, cx).map(|answer| Output { answer })
}

fn perform(behaviour: &str, arguments: &Arguments, cx: &Context) -> Result<Value> {
    Ok(match behaviour {
        "echo" => arguments.get("value")?,
        "params" => cx.params()?,
        "fail" => return Err(failure(arguments)?),
        "throw" => panic!("{}", arguments.get::<String>("message")?),
        "log" => write_log(arguments)?,
        "print" => each_line(arguments, |line| println!("{line}"))?,
        "print-error" => each_line(arguments, |line| eprintln!("{line}"))?,
        "progress" => report_progress(arguments)?,
        "run" => run(cx),
        "resources" => list_resources(),
        "resource" => json!(resources::read_to_string(&arguments.get::<String>("name")?)?),
        "clock" => clock()?,
        "random" => json!([random(), random(), random(), random()]),
        "sleep" => sleep(Duration::from_millis(arguments.get("ms")?)),
        "spin" => spin(),
        "allocate" => allocate(),
        "recurse" => json!(depth(0)),
        "until-cancelled" => return Err(until_cancelled(cx)),
        "output" => json!("x".repeat(arguments.get("bytes")?)),
        "ambient" => ambient(),
        "twice" => json!(SERVED.load(Ordering::Relaxed)),
        _ => {
            let message = format!("`do` names no behaviour of this agent: {behaviour}");
            return Err(Error::invalid_input(message).with_details(json!({ "unsupported": behaviour })));
        }
    })
}

/// What the context has beside `do`.
struct Arguments(Map<String, Value>);

impl Arguments {
    fn get<T: DeserializeOwned>(&self, key: &str) -> Result<T> {
        let value = self.0.get(key).cloned().unwrap_or(Value::Null);
        serde_json::from_value(value).map_err(|error| Error::invalid_input(format!("`{key}`: {error}")))
    }
}

fn failure(arguments: &Arguments) -> Result<Error> {
    let message: String = arguments.get("message")?;
    let error = match arguments.get::<String>("kind")?.as_str() {
        "invalid-input" => Error::invalid_input(message),
        "unavailable" => match arguments.get::<Option<u64>>("retry_after_ms")? {
            Some(delay) => Error::unavailable(message).retry_after(Duration::from_millis(delay)),
            None => Error::unavailable(message),
        },
        _ => Error::failed(message),
    };
    Ok(match arguments.get::<Option<Value>>("details")? {
        Some(details) => error.with_details(details),
        None => error,
    })
}

#[derive(Deserialize)]
struct Record {
    level: String,
    message: String,
    fields: Option<Value>,
}

fn write_log(arguments: &Arguments) -> Result<Value> {
    let records: Vec<Record> = arguments.get("records")?;
    for record in &records {
        let level = match record.level.as_str() {
            "trace" => log::Level::Trace,
            "debug" => log::Level::Debug,
            "info" => log::Level::Info,
            "warn" => log::Level::Warn,
            _ => log::Level::Error,
        };
        match (&record.fields, level) {
            (Some(fields), level) => log::write(level, &record.message, fields),
            (None, log::Level::Trace) => log::trace(&record.message),
            (None, log::Level::Debug) => log::debug(&record.message),
            (None, log::Level::Info) => log::info(&record.message),
            (None, log::Level::Warn) => log::warn(&record.message),
            (None, log::Level::Error) => log::error(&record.message),
        }
    }
    Ok(json!(records.len()))
}

fn each_line(arguments: &Arguments, print: fn(&str)) -> Result<Value> {
    let lines: Vec<String> = arguments.get("lines")?;
    lines.iter().for_each(|line| print(line));
    Ok(json!(lines.len()))
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Update {
    Status(String),
    Fraction(f32),
    Partial(Value),
}

fn report_progress(arguments: &Arguments) -> Result<Value> {
    let updates: Vec<Update> = arguments.get("updates")?;
    for update in &updates {
        match update {
            Update::Status(line) => progress::status(line),
            Update::Fraction(done) => progress::fraction(*done),
            Update::Partial(piece) => progress::partial(piece)?,
        }
    }
    Ok(json!(updates.len()))
}

fn run(cx: &Context) -> Value {
    json!({
        "id": cx.run_id(),
        "node": cx.node(),
        "operation_id": cx.operation_id(),
        "attempt": cx.attempt(),
        "remaining_ms": cx.remaining().map(|left| left.as_millis() as u64),
        "is_cancelled": cx.is_cancelled(),
    })
}

fn list_resources() -> Value {
    let entry = |entry: resources::Entry| json!({ "name": entry.name, "media_type": entry.media_type, "size": entry.size });
    resources::list().into_iter().map(entry).collect()
}

fn clock() -> Result<Value> {
    let start = Instant::now();
    let unix = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(json!({ "unix_ms": unix.as_millis() as u64, "elapsed_ns": start.elapsed().as_nanos() as u64 }))
}

/// What std has of randomness: the keys of a hash map.
fn random() -> String {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0).to_string()
}

fn sleep(duration: Duration) -> Value {
    let start = Instant::now();
    std::thread::sleep(duration);
    json!({ "elapsed_ms": start.elapsed().as_millis() as u64 })
}

fn spin() -> Value {
    loop {
        std::hint::black_box(());
    }
}

fn allocate() -> Value {
    let mut held = Vec::new();
    loop {
        held.push(std::hint::black_box(vec![b'x'; 1 << 20]));
    }
}

fn depth(above: u64) -> u64 {
    let here = std::hint::black_box(above) + 1;
    if here == 0 {
        0
    } else {
        depth(here) + std::hint::black_box(here)
    }
}

fn until_cancelled(cx: &Context) -> Error {
    while !cx.is_cancelled() {
        std::thread::sleep(Duration::from_millis(1));
    }
    Error::failed("stopped early, as asked")
}

fn ambient() -> Value {
    json!({
        "variables": std::env::vars().count(),
        "arguments": std::env::args().count(),
        "reads_files": std::fs::read("/etc/passwd").is_ok(),
        "writes_files": std::fs::write("/tmp/conformance", "x").is_ok(),
        "connects": std::net::TcpStream::connect("127.0.0.1:80").is_ok(),
    })
}
