//! `hap run --server`: the same command with the run on a server. A file is sent and forgotten afterwards; what is no file
//! is the name of a graph of the server's.

use std::path::Path;
use std::process;
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::StreamExt;
use hap::{Budget, Json, RunOutcome};
use hap_client::{Client, ClientError, HttpClient, RunEvent, WebSocketClient};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::oneshot;

use super::RunArgs;
use crate::exit::{Exit, Stop};
use crate::input::{self, Sources};
use crate::signals::Signals;
use crate::terminal::Terminal;
use crate::{graph_file, pretty, remote};

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
        return watch(args, client, &name, input, signals, terminal).await;
    }
    let params = object(&[("name", &name), ("input", input)])?;
    let answer = match client.websocket().await {
        Ok(socket) => until_signal(&socket, params, signals).await?,
        // Something on the way lets no WebSocket through.
        Err(ClientError::Status(_)) => tokio::select! {
            answer = called(client, "graph/execute", params) => answer?,
            // The server cancels a run that nobody waits for any more, unless it is set otherwise.
            () = signals.next() => {
                terminal.error("the run was cancelled", None);
                return Ok(Exit::Cancelled);
            }
        },
        Err(error) => return Err(remote::stop(&error)),
    };
    let outcome = read(&answer)?;
    let printed = match args.json {
        // As the server wrote it, which may know more than this release does.
        true => terminal.print(&laid_out(&answer)),
        false => args.print(&outcome, terminal),
    };
    args.conclude(&outcome, printed, terminal)
}

/// Runs the graph to its end. The first signal cancels the run, whose outcome is waited for; the second ends the process.
async fn until_signal(
    socket: &WebSocketClient,
    params: Box<RawValue>,
    signals: &mut Signals,
) -> Result<Box<RawValue>, Stop> {
    let (first, asked) = oneshot::channel();
    let asked = async {
        // The sender lives as long as this.
        let _ = asked.await;
    };
    tokio::select! {
        answer = socket.call_until("graph/execute", &params, asked) => {
            answer.map_err(|error| remote::stop(&error))
        }
        () = signals.twice(first) => process::exit(Exit::Cancelled as i32),
    }
}

/// Runs it and prints its events while they happen.
async fn watch(
    args: &RunArgs,
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
    let printed = terminal.print(&format!("{{\"outcome\":{}}}", answer.get()));
    args.conclude(&outcome, printed, terminal)
}

fn read(answer: &RawValue) -> Result<RunOutcome, Stop> {
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
