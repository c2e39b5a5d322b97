//! `hap call`: calls one method of a server and prints what it answers.

use std::io::Read;

use clap::Args;
use hap::Json;
use hap_client::Client;
use serde_json::value::RawValue;

use crate::exit::{Exit, Stop};
use crate::pretty;
use crate::remote::{self, ServerArgs};
use crate::signals::Signals;
use crate::terminal::Terminal;

/// The longest parameters, in bytes.
const MAX_PARAMS: u64 = 64 << 20;

/// The arguments of `hap call`.
#[derive(Debug, Args)]
#[command(after_help = Exit::HELP)]
pub(crate) struct CallArgs {
    /// The method, such as `graph/list`
    method: String,
    /// Its parameters, a JSON object: as text, or from standard input (`-`)
    #[arg(value_name = "JSON|-", allow_hyphen_values = true)]
    params: Option<String>,
    /// The server
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8480")]
    server: String,
    #[command(flatten)]
    token: ServerArgs,
    /// Print the result on one line
    #[arg(long)]
    json: bool,
}

/// Calls the method.
pub(crate) fn call(args: &CallArgs, terminal: &Terminal) -> Result<Exit, Stop> {
    let client = args.token.client(&args.server)?;
    let params = args.params()?;
    super::block_on(async {
        let mut signals = Signals::take()?;
        let result = tokio::select! {
            result = client.call_raw(&args.method, params) => result.map_err(|error| remote::stop(&error))?,
            () = signals.next() => {
                terminal.error("cancelled before the server answered", None);
                return Ok(Exit::Cancelled);
            }
        };
        match Json::parse(result.get(), hap::MAX_JSON_DEPTH) {
            Ok(json) if !args.json => terminal.print(&pretty::value(&json))?,
            _ => terminal.print(result.get())?,
        }
        Ok(Exit::Success)
    })
}

impl CallArgs {
    fn params(&self) -> Result<Box<RawValue>, Stop> {
        let text = match self.params.as_deref() {
            None => "{}".to_owned(),
            Some("-") => {
                let mut text = String::new();
                let read = std::io::stdin().lock().take(MAX_PARAMS).read_to_string(&mut text);
                read.map_err(|error| Stop::bad_input(format!("cannot read standard input: {error}")))?;
                text
            }
            Some(text) => text.to_owned(),
        };
        RawValue::from_string(text).map_err(|error| {
            let stop = Stop::bad_input(format!("the parameters are no JSON: {error}"));
            stop.hint("write a JSON object such as '{\"name\": \"…\"}'")
        })
    }
}
