//! `hap run --server`: the same command with the run on a server. A file is sent and forgotten afterwards; what is no file
//! is the name of a graph of the server's.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::StreamExt;
use hap::{Budget, Json};
use hap_client::{Client, ClientError, HttpClient, RunEvent};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::RunArgs;
use crate::exit::{Exit, Stop};
use crate::input::{self, Sources};
use crate::signals::Signals;
use crate::terminal::Terminal;
use crate::{format, graph_file, pretty, remote};

/// How a run ended, as far as it is told.
#[derive(Deserialize)]
struct Outcome {
    status: String,
    outputs: Box<RawValue>,
    graph_context: BTreeMap<String, Box<RawValue>>,
    failure: Option<Value>,
    agent_metadata: BTreeMap<String, Record>,
}

#[derive(Deserialize)]
struct Record {
    status: String,
    failure: Option<Value>,
}

#[derive(Deserialize)]
struct Detached {
    run_id: String,
}

#[derive(Deserialize)]
struct Told {
    outcome: Option<Box<RawValue>>,
}

/// Runs the graph on the server at `address`.
pub(super) fn run(args: &RunArgs, address: &str, terminal: &Terminal) -> Result<Exit, Stop> {
    let client = args.token.client(address)?;
    let sources = Sources {
        input: args.input.as_deref(),
        files: &args.files,
        sets: &args.sets,
    };
    let input = raw(input::assemble(sources, &Budget::default())?)?;
    let sent = if args.graph.is_file() {
        Some(text(&args.graph)?)
    } else {
        None
    };
    super::super::block_on(async {
        let mut signals = Signals::take()?;
        let Some(text) = sent else {
            let name = args.graph.display().to_string();
            return follow(args, &client, &name, &input, &mut signals, terminal).await;
        };
        let name = unique_name();
        let params = object(&[("name", &quoted(&name)?), ("graph", &quoted(&text)?)])?;
        called(&client, "graph/create", params).await?;
        let ended = follow(args, &client, &name, &input, &mut signals, terminal).await;
        // That it cannot be deleted is told, but what came of the run counts.
        let named = object(&[("name", &quoted(&name)?)])?;
        if let Err(stop) = called(&client, "graph/delete", named).await {
            terminal.warning(
                &format!("graph `{name}` stays on the server: {}", stop.message),
                None,
            );
        }
        ended
    })
}

/// The text of a graph file that can be used.
fn text(path: &Path) -> Result<String, Stop> {
    graph_file::read(path)?;
    std::fs::read_to_string(path)
        .map_err(|error| Stop::bad_input(format!("cannot read `{}`: {error}", path.display())))
}

/// A name that no other graph has.
fn unique_name() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("run-{}-{}", std::process::id(), since.as_nanos())
}

async fn called(client: &HttpClient, method: &str, params: Box<RawValue>) -> Result<Box<RawValue>, Stop> {
    let called = client.call_raw(method, params).await;
    called.map_err(|error| remote::stop(&error))
}

/// Runs the server's graph `name` to its end.
async fn follow(
    args: &RunArgs,
    client: &HttpClient,
    name: &str,
    input: &RawValue,
    signals: &mut Signals,
    terminal: &Terminal,
) -> Result<Exit, Stop> {
    let name = quoted(name)?;
    if args.events {
        return watch(client, &name, input, signals, terminal).await;
    }
    let params = object(&[("name", &name), ("input", input)])?;
    let answer = tokio::select! {
        answer = called(client, "graph/execute", params) => answer?,
        // The server cancels a run that nobody waits for any more.
        () = signals.next() => {
            terminal.error("the run was cancelled", None);
            return Ok(Exit::Cancelled);
        }
    };
    let outcome = read(&answer)?;
    let printed = args.print_remote(&answer, &outcome, terminal);
    let exit = outcome.tell(terminal);
    match exit {
        Exit::Success => printed.map(|()| exit),
        // That a key is missing follows from the failure, which has been told.
        _ => Ok(exit),
    }
}

/// Runs it and prints its events while they happen.
async fn watch(
    client: &HttpClient,
    name: &RawValue,
    input: &RawValue,
    signals: &mut Signals,
    terminal: &Terminal,
) -> Result<Exit, Stop> {
    let yes = raw("true".to_owned())?;
    let params = object(&[("name", name), ("input", input), ("detached", &yes)])?;
    let started = called(client, "graph/execute", params).await?;
    let Detached { run_id } = serde_json::from_str(started.get()).map_err(|error| unreadable(&error))?;
    let run = object(&[("run", &quoted(&run_id)?)])?;
    let mut events = client.events(&run_id, 0);
    let mut cancelled = false;
    loop {
        let event = tokio::select! {
            event = events.next() => event,
            () = signals.next(), if !cancelled => {
                cancelled = true;
                called(client, "run/cancel", run.clone()).await?;
                continue;
            }
        };
        match event {
            Some(Ok(RunEvent::Event { event, .. })) => terminal.print(event.get())?,
            Some(Ok(RunEvent::Missed(count))) => {
                terminal.warning(&format!("{count} events came too fast to be read"), None);
            }
            Some(Err(error)) => return Err(remote::stop(&error)),
            None => break,
        }
    }
    let told = called(client, "run/get", run).await?;
    let told: Told = serde_json::from_str(told.get()).map_err(|error| unreadable(&error))?;
    let Some(answer) = told.outcome else {
        return Err(remote::stop(&ClientError::Broken("the run goes on".to_owned())));
    };
    let outcome = read(&answer)?;
    terminal.print(&format!("{{\"outcome\":{}}}", answer.get()))?;
    Ok(outcome.tell(terminal))
}

fn read(answer: &RawValue) -> Result<Outcome, Stop> {
    serde_json::from_str(answer.get()).map_err(|error| unreadable(&error))
}

fn unreadable(error: &serde_json::Error) -> Stop {
    remote::stop(&ClientError::Answer(error.to_string()))
}

fn raw(text: String) -> Result<Box<RawValue>, Stop> {
    RawValue::from_string(text).map_err(|error| Stop::internal(format!("cannot write JSON: {error}")))
}

fn quoted(text: &str) -> Result<Box<RawValue>, Stop> {
    raw(pretty::string(text))
}

fn object(members: &[(&str, &RawValue)]) -> Result<Box<RawValue>, Stop> {
    let members: Vec<String> = members
        .iter()
        .map(|(key, value)| format!("{}:{}", pretty::string(key), value.get()))
        .collect();
    raw(format!("{{{}}}", members.join(",")))
}

/// Lays a result out, or prints it as it is where it is nested too deeply.
fn laid_out(value: &RawValue) -> String {
    Json::parse(value.get(), hap::MAX_JSON_DEPTH)
        .map_or_else(|_| value.get().to_owned(), |json| pretty::value(&json))
}

impl RunArgs {
    fn print_remote(&self, answer: &RawValue, outcome: &Outcome, terminal: &Terminal) -> Result<(), Stop> {
        let Some(key) = &self.get else {
            let shown = if self.json { answer } else { &outcome.outputs };
            return terminal.print(&laid_out(shown));
        };
        let Some(value) = outcome.graph_context.get(key) else {
            let keys = outcome.graph_context.keys().map(String::as_str);
            let stop = Stop::bad_input(format!("the run's context has no key `{key}`"));
            return Err(stop.hint(format!("the keys are {}", format::list(keys, 30))));
        };
        let text = serde_json::from_str::<String>(value.get());
        terminal.print(&text.unwrap_or_else(|_| laid_out(value)))
    }
}

impl Outcome {
    /// Tells what went wrong, and gives the exit code.
    fn tell(&self, terminal: &Terminal) -> Exit {
        let text = |failure: &Value, key: &str| failure.get(key).and_then(Value::as_str).map(str::to_owned);
        for (node, record) in &self.agent_metadata {
            if let (Some(failure), "failed" | "limited") = (&record.failure, record.status.as_str()) {
                let message = text(failure, "message").unwrap_or_default();
                let hint = text(failure, "hint");
                terminal.error(&format!("node `{node}` failed: {message}"), hint.as_deref());
            }
        }
        if let Some(failure) = &self.failure {
            let hint = text(failure, "hint");
            terminal.error(&text(failure, "message").unwrap_or_default(), hint.as_deref());
        }
        let counts = self.counts();
        match self.status.as_str() {
            "success" => Exit::Success,
            "partial" => {
                terminal.warning(&format!("the run is partial: {counts}"), None);
                Exit::Partial
            }
            "cancelled" => {
                terminal.error(&format!("the run was cancelled: {counts}"), None);
                Exit::Cancelled
            }
            _ => {
                terminal.error(&format!("the run failed: {counts}"), None);
                Exit::Failed
            }
        }
    }

    fn counts(&self) -> String {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for record in self.agent_metadata.values() {
            *counts.entry(&record.status).or_default() += 1;
        }
        let counts: Vec<String> = counts
            .iter()
            .map(|(status, number)| format!("{number} {status}"))
            .collect();
        counts.join(", ")
    }
}
