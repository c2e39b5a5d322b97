//! Does what its params say: the agent with which the suites make every kind of node.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hap_guest::{Context, Error, Result, log, progress, resources};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

#[derive(Deserialize, JsonSchema)]
struct Input {
    #[serde(flatten)]
    context: Map<String, Value>,
}

#[derive(Serialize, JsonSchema)]
#[serde(transparent)]
struct Output(Value);

/// One step of a script.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Step {
    /// Writes these keys.
    Emit(Map<String, Value>),
    /// Writes the whole context under this key.
    See(String),
    /// Fails with this case of the contract and the message.
    Fail {
        case: String,
        message: String,
    },
    /// As `Fail`, on the first attempts alone, and without saying when to come back.
    FailFirst {
        attempts: u32,
        case: String,
        message: String,
    },
    /// Does these steps where the context has one of those values under the key.
    Choose {
        key: String,
        among: Vec<Value>,
        steps: Vec<Step>,
    },
    /// Writes what the context has under this key and one more; one where it has no number there.
    Count(String),
    /// Writes under this key what it sees: every key, and the value where that is short.
    Look(String),
    /// Answers with this at once, whatever was written until then.
    Answer(Value),
    Panic(String),
    SleepMs(u64),
    Print(String),
    PrintError(String),
    Log(String),
    Progress(f32),
    /// Takes this many bytes of memory and touches each page.
    Allocate(usize),
    /// Waits until the run is cancelled.
    UntilCancelled,
    /// Writes what the clocks, randomness, environment and file system say under this key.
    Probe(String),
    /// Reads a document into this key.
    Read {
        name: String,
        key: String,
    },
}

#[derive(Deserialize, Default)]
struct Params {
    #[serde(default)]
    steps: Vec<Step>,
}

/// Does what its params say.
#[hap_guest::agent]
fn scripted(input: Input, cx: &Context) -> Result<Output> {
    let params: Params = cx.params()?;
    let mut output = Map::new();
    if let Some(answer) = perform(params.steps, &input.context, cx, &mut output)? {
        return Ok(Output(answer));
    }
    Ok(Output(Value::Object(output)))
}

/// Takes the steps, one after the other; gives what is to be answered at once, if a step says so.
fn perform(
    steps: Vec<Step>,
    context: &Map<String, Value>,
    cx: &Context,
    output: &mut Map<String, Value>,
) -> Result<Option<Value>> {
    for step in steps {
        match step {
            Step::Emit(keys) => output.extend(keys),
            Step::See(key) => drop(output.insert(key, Value::Object(context.clone()))),
            Step::Fail { case, message } => {
                let error = error(&case, message);
                return Err(match case.as_str() {
                    "unavailable" => error.retry_after(Duration::from_millis(1500)),
                    _ => error,
                });
            }
            Step::FailFirst {
                attempts,
                case,
                message,
            } => {
                if cx.attempt() <= attempts {
                    return Err(error(&case, message));
                }
            }
            Step::Choose { key, among, steps } => {
                if context.get(&key).is_some_and(|value| among.contains(value))
                    && let Some(answer) = perform(steps, context, cx, output)?
                {
                    return Ok(Some(answer));
                }
            }
            Step::Count(key) => {
                let before = context.get(&key).and_then(Value::as_i64).unwrap_or(0);
                output.insert(key, json!(before + 1));
            }
            Step::Look(key) => drop(output.insert(key, look(context))),
            Step::Answer(value) => return Ok(Some(value)),
            Step::Panic(message) => panic!("{message}"),
            Step::SleepMs(ms) => std::thread::sleep(Duration::from_millis(ms)),
            Step::Print(text) => println!("{text}"),
            Step::PrintError(text) => eprintln!("{text}"),
            Step::Log(text) => log::info(text),
            Step::Progress(fraction) => progress::fraction(fraction),
            Step::Allocate(bytes) => allocate(bytes),
            Step::UntilCancelled => {
                while !cx.is_cancelled() {
                    std::thread::sleep(Duration::from_millis(1));
                }
                return Err(Error::failed("stopped early, as asked"));
            }
            Step::Probe(key) => drop(output.insert(key, probe(cx))),
            Step::Read { name, key } => {
                let text = resources::read_to_string(&name)?;
                output.insert(key, Value::String(text));
            }
        }
    }
    Ok(None)
}

fn error(case: &str, message: String) -> Error {
    match case {
        "invalid-input" => Error::invalid_input(message),
        "unavailable" => Error::unavailable(message),
        _ => Error::failed(message).with_details(json!({ "why": "scripted" })),
    }
}

/// The context with the length of its text in the place of every value that is long, so that looks at looks do not grow.
fn look(context: &Map<String, Value>) -> Value {
    let short = |(key, value): (&String, &Value)| {
        let length = value.to_string().len();
        let value = if length > 40 { json!(length) } else { value.clone() };
        (key.clone(), value)
    };
    Value::Object(context.iter().map(short).collect())
}

fn allocate(bytes: usize) {
    let mut memory = vec![0u8; bytes];
    for at in (0..bytes).step_by(4096) {
        memory[at] = 1;
    }
    std::hint::black_box(&memory);
}

fn probe(cx: &Context) -> Value {
    let start = Instant::now();
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let random = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), 1u8);
    json!({
        "unix_seconds": since_epoch.as_secs(),
        "elapsed_nanos": start.elapsed().as_nanos() as u64,
        "random": random.to_string(),
        "variables": std::env::vars().count(),
        "arguments": std::env::args().count(),
        "root": std::fs::read_dir("/").is_ok(),
        "file": std::fs::File::create("x").is_ok(),
        "connects": std::net::TcpStream::connect("127.0.0.1:80").is_ok(),
        "resolves": std::net::ToSocketAddrs::to_socket_addrs(&("localhost", 80)).is_ok(),
        "node": cx.node(),
        "attempt": cx.attempt(),
        "operation": cx.operation_id().ends_with(&cx.node()),
    })
}
