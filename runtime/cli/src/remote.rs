//! Servers that commands call: with which token, and what is told when they answer with an error.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use hap_client::{ClientError, HttpClient, RpcError, TOKEN_VARIABLE};
use hap_server::auth::Secret;

use crate::exit::{Exit, Stop};

/// The longest file with a token, in bytes.
const MAX_TOKEN_BYTES: u64 = 64 << 10;

/// How many problems of a graph are told.
const MAX_PROBLEMS: usize = 20;

/// How a command shows a server who it is.
#[derive(Debug, Args)]
pub(crate) struct ServerArgs {
    /// A file with the token to show the server; the variable `HAP_TOKEN` unless given
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// The authority whose certificates are believed (PEM), instead of those that this machine knows
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

impl ServerArgs {
    /// A client of the server at `address`.
    pub(crate) fn client(&self, address: &str) -> Result<HttpClient, Stop> {
        let client = HttpClient::new(address).map_err(|error| {
            let stop = Stop::bad_input(error.to_string());
            stop.hint(error.hint().unwrap_or("write `http://HOST:PORT`"))
        })?;
        let client = match &self.ca_file {
            None => client,
            Some(path) => client.authorities_file(path).map_err(|error| {
                let stop = Stop::bad_input(format!("cannot use `--ca-file`: {error}"));
                stop.hint(error.hint().unwrap_or_default())
            })?,
        };
        let client = client.traceparent_from_env();
        let Some(path) = &self.token_file else {
            return Ok(client.token_from_env());
        };
        let cannot =
            |why: String| Stop::bad_input(format!("cannot use `--token-file {}`: {why}", path.display()));
        let length = fs::metadata(path)
            .map_err(|error| cannot(error.to_string()))?
            .len();
        if length > MAX_TOKEN_BYTES {
            return Err(cannot("it is too long for a token".to_owned()));
        }
        let token = fs::read_to_string(path).map_err(|error| cannot(error.to_string()))?;
        Ok(client.token(Secret::new(token.trim().to_owned())))
    }
}

/// What is told of a call that failed.
pub(crate) fn stop(error: &ClientError) -> Stop {
    let mut message = error.to_string();
    if let Some(server) = error.as_server() {
        message = format!("{message} ({})", code(server));
        for problem in problems(server) {
            message = format!("{message}\n  {problem}");
        }
    }
    let stop = Stop {
        exit: Exit::Failed,
        ..Stop::bad_input(message)
    };
    let hint = match error {
        ClientError::Tls { .. } => Some(
            "`--ca-file` names the certificate of a private authority; a server without TLS is `http://…`",
        ),
        ClientError::Authorities(_) => Some("`--ca-file` names the certificate of the server's authority"),
        _ => error.hint().or_else(|| remedy(error)),
    };
    match hint {
        Some(hint) => stop.hint(hint),
        None => stop,
    }
}

/// The code, with its name where it has one.
fn code(error: &RpcError) -> String {
    match error.known_code() {
        Some(code) => format!("{}, {}", error.code, code.kind()),
        None => error.code.to_string(),
    }
}

/// The problems of a graph that the server found.
fn problems(error: &RpcError) -> Vec<String> {
    let list = error
        .data
        .as_ref()
        .and_then(|data| data.get("problems")?.as_array());
    let text = |problem: &serde_json::Value| {
        let message = problem.get("message")?.as_str()?;
        let hint = problem.get("hint").and_then(|hint| hint.as_str());
        Some(match hint {
            Some(hint) => format!("{message} ({hint})"),
            None => message.to_owned(),
        })
    };
    let list = list.into_iter().flatten().filter_map(text);
    list.take(MAX_PROBLEMS).collect()
}

fn remedy(error: &ClientError) -> Option<&'static str> {
    if let ClientError::Tls { .. } = error {
        return Some(
            "name the certificate of a private authority with `--ca-file`; a server without TLS is `http://…`",
        );
    }
    let code = error.as_server()?.known_code()?;
    match code {
        hap_server::rpc::Code::Unauthenticated if std::env::var_os(TOKEN_VARIABLE).is_none() => {
            Some("give a token in the variable `HAP_TOKEN` or with `--token-file`")
        }
        hap_server::rpc::Code::Unauthenticated => Some("is the token one of this server's, and still good?"),
        _ => None,
    }
}
